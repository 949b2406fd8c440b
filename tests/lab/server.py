"""What answers in the server's namespace: caddy for HTTPS under any name, and an echo service."""

import os
import random
import selectors
import socket
import ssl
import threading

from processes import wait_until
from topology import NAMES, NEUTRAL, OTHER_NEUTRAL, SERVED, ZOOM

BLOB = random.Random(8).randbytes(8 * 1024 * 1024)

# Bound to each address: else caddy answers a datagram from the one of its link.
CADDYFILE = f"""
{{{{
	admin off
	default_bind {" ".join(SERVED)}
	skip_install_trust
	auto_https disable_redirects
	storage file_system {{folder}}/storage
	servers {{{{
		protocols h1 h2 h3
	}}}}
}}}}
https:// {{{{
	tls internal {{{{
		on_demand
	}}}}
	handle /blob {{{{
		root * {{folder}}
		file_server
	}}}}
	handle {{{{
		respond "octroi lab, {{{{host}}}}"
	}}}}
}}}}
"""


def page_of(name):
    """What a client reads at https://name/."""
    return f"octroi lab, {name}".encode()


def start_caddy(lab, folder, caddyfile=CADDYFILE, names=NAMES):
    """Starts the web server and gives the certificate of its authority, which makes a certificate for
    each name that a client asks. All that caddy stores stays in `folder`; by default it would add
    its authority to the machine's trust store."""
    folder.mkdir()
    (folder / "blob").write_bytes(BLOB)
    (folder / "Caddyfile").write_text(caddyfile.format(folder=folder))
    for name in names:
        hold_place(folder / "storage" / "certificates" / "local" / name)
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    caddy = lab.start(lab.server, folder / "log", "caddy", "run", "--adapter", "caddyfile",
                      "--config", folder / "Caddyfile", env={"PATH": os.environ["PATH"], **home})
    for address in NEUTRAL:
        wait_until(lambda: not caddy.running or accepts(lab.client, address), "caddy's answer")
    if not caddy.running:
        raise RuntimeError(f"caddy did not start: {caddy.said()}")
    for name in names:
        wait_until(lambda name=name: has_certificate(lab.client, name), f"a certificate of {name}")
    return folder / "storage" / "pki" / "authorities" / "local" / "root.crt"


def hold_place(place):
    """Makes a folder that is not empty. While caddy starts it removes empty ones from its store, also one that it has
    just made for a certificate, and then tries again after a minute only."""
    place.mkdir(parents=True)
    (place / "held").touch()


def accepts(namespace, address, port=443):
    """Whether the way to this address is open and something listens there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.socket(family, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((address, port)) == 0


def has_certificate(namespace, name):
    """Asks for a name before any test does. A certificate is valid from the second in which it is made,
    and time(2), which OpenSSL asks, may still show the second before. While it is being made, a handshake
    may fail."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    with namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.connect((NEUTRAL.v4, 443))
        try:
            unverified.wrap_socket(connection, server_hostname=name).close()
            return True
        except ssl.SSLError:
            return False


class EchoService:
    """Sends back what it is sent, over TCP and UDP, on one thread.

    UDP sockets are bound to one address each: an answer from a wildcard socket would leave with the
    server's primary address.
    """

    ADDRESSES = (*ZOOM, *NEUTRAL, OTHER_NEUTRAL)
    PORTS = (7777, 8801)  # an ordinary one, and one of Zoom's media ports

    def __init__(self, namespace):
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        for address in self.ADDRESSES:
            for port in self.PORTS:
                self._listen(namespace, address, port)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._wake.close()
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _listen(self, namespace, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind, answer in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, echo_datagram)):
            listener = namespace.socket(family, kind)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
            self._selector.register(listener, selectors.EVENT_READ, answer)

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                key.data(key.fileobj)

    def _accept(self, listener):
        connection, _ = listener.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._echo_stream)

    def _echo_stream(self, connection):
        try:
            data = connection.recv(65536)
            connection.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()


def echo_datagram(listener):
    data, sender = listener.recvfrom(65536)
    listener.sendto(data, sender)
