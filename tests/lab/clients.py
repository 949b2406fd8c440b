"""Clients in the client's namespace: curl, openssl s_client, and plain sockets."""

import contextlib
import os
import socket
import ssl
import struct
import time
from dataclasses import dataclass

from processes import DEADLINE, PATIENCE
from topology import PILOT

CURL_COULD_NOT_CONNECT = 7
CURL_TIMED_OUT = 28
CURL_RESET = (35, 56)  # in the TLS handshake, or when receiving (curl(1), EXIT CODES)


@dataclass(frozen=True)
class Answer:
    """How a client fared."""

    exit_code: int
    body: bytes
    seconds: float
    error: str


def pilot_address(destination):
    """The pilot client's address in the family of `destination`."""
    return PILOT.v6 if ":" in destination else PILOT.v4


def curl(lab, name, address, *, path="/", source=None, max_time=30 * PATIENCE, host=None):
    """https://name/path at this address, from `source` (the pilot client by default) on `host` (the client)."""
    done = (host or lab.client).run(
        "curl", "--disable", "--silent", "--show-error", "--cacert", lab.authority,
        "--max-time", max_time, "--resolve", f"{name}:443:[{address}]",
        "--interface", source or pilot_address(address), "--write-out", "\n%{time_total}",
        f"https://{name}{path}",
        env={"PATH": os.environ["PATH"]}, check=False)  # no proxy of the machine
    body, _, seconds = done.stdout.rpartition(b"\n")
    return Answer(done.returncode, body, float(seconds), done.stderr.decode().strip())


def s_client(lab, name, address):
    """A TLS handshake by `openssl s_client`, exit code 0 where the certificate is good."""
    begin = time.monotonic()
    done = lab.client.run(
        "timeout", 30 * PATIENCE, "openssl", "s_client", "-brief", "-verify_return_error", "-CAfile", lab.authority,
        "-servername", name, "-verify_hostname", name, "-connect", f"[{address}]:443",
        "-bind", f"[{pilot_address(address)}]:0", check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    return Answer(done.returncode, b"", time.monotonic() - begin, said.strip())


def client_socket(lab, address, kind, source=None, source_port=0):
    """An unconnected socket of the client that suits `address`. A TCP connection ends by a reset, so that
    no retransmission of one case reaches the next."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    result = lab.client.socket(family, kind)
    result.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    result.bind((source or pilot_address(address), source_port))
    return result


@contextlib.contextmanager
def tcp(lab, address, port=443, source=None, source_port=0):
    """A TCP connection from the client, each write a segment of its own."""
    with client_socket(lab, address, socket.SOCK_STREAM, source, source_port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((address, port))
        yield connection


def udp_echo(lab, address, port, source=None, data=b"octroi", seconds=DEADLINE):
    """Sends a datagram to the echo service and gives its answer. A connected socket is told of an
    ICMP port unreachable: ConnectionRefusedError. Who expects silence says for how many seconds."""
    with client_socket(lab, address, socket.SOCK_DGRAM, source) as connection:
        connection.settimeout(seconds * PATIENCE)
        connection.connect((address, port))
        connection.send(data)
        return connection.recv(65536)


@contextlib.contextmanager
def tls(lab, name, address):
    """A TLS connection whose receive window is small: while the client does not read, the server
    cannot send. So a test can stop in the middle of a download without timing anything."""
    context = ssl.create_default_context(cafile=lab.authority)
    with client_socket(lab, address, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect((address, 443))
        with context.wrap_socket(connection, server_hostname=name) as secured:
            yield secured


def request(connection, name, path="/"):
    """Sends an HTTP request and reads the answer's head; gives the length of the body to come."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(connection, 1)
    fields = dict(line.lower().split(": ", 1) for line in head.decode().splitlines()[1:] if line)
    return int(fields["content-length"])


def read(connection, size):
    """Exactly `size` octets."""
    parts = []
    while size:
        part = connection.recv(min(size, 65536))
        if not part:
            raise ConnectionError("the server closed the connection early")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
