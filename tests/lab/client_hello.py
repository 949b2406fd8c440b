"""Real ClientHellos, made by OpenSSL, and the odd ways to cut them."""

import fcntl
import os
import socket
import ssl
import struct
import time

SIOCOUTQNSD = 0x894B  # linux/sockios.h: octets written but not sent yet
HANDSHAKE_RECORD = 22  # RFC 8446 5.1
SERVER_NAME = 0  # RFC 6066 3
FILLER = 0xFF77  # an extension type for private use


def client_hello(name):
    """The handshake message (without a record header) of a client that asks for `name`."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()[5:]


def with_name(message, name):
    """The same ClientHello with these octets where the name stands (RFC 6066 3)."""
    body = message[4:]
    start = extensions_offset(body)
    others, at = b"", start + 2
    while at < len(body):
        kind, length = struct.unpack("!HH", body[at:at + 4])
        if kind != SERVER_NAME:
            others += body[at:at + 4 + length]
        at += 4 + length
    entry = b"\0" + struct.pack("!H", len(name)) + name
    named = struct.pack("!HHH", SERVER_NAME, len(entry) + 2, len(entry)) + entry
    body = body[:start] + struct.pack("!H", len(named + others)) + named + others
    return message[:1] + len(body).to_bytes(3, "big") + body


def stretched(message, size):
    """The same ClientHello of exactly `size` octets, its name at the end: all that is added comes as
    one extension before the others (RFC 8446 4.1.2)."""
    body = message[4:]
    start = extensions_offset(body)
    extensions = body[start + 2:]
    filler = size - len(message) - 4
    extensions = struct.pack("!HH", FILLER, filler) + bytes(filler) + extensions
    body = body[:start] + struct.pack("!H", len(extensions)) + extensions
    return message[:1] + len(body).to_bytes(3, "big") + body


def extensions_offset(body):
    """Where the extensions' length stands, behind version, random and three vectors."""
    offset = 2 + 32
    offset += 1 + body[offset]                               # legacy_session_id
    offset += 2 + int.from_bytes(body[offset:offset + 2], "big")  # cipher_suites
    offset += 1 + body[offset]                               # legacy_compression_methods
    return offset


def records(message, size=16384, version=0x0301):
    """The message in TLS records of at most `size` octets."""
    return b"".join(struct.pack("!BHH", HANDSHAKE_RECORD, version, len(part)) + part
                    for part in pieces(message, size))


def pieces(data, size):
    return [data[start:start + size] for start in range(0, len(data), size)]


def send_segments(connection, parts, seconds=20):
    """Sends each part as a TCP segment of its own: the next is written when the last has left, or the
    kernel would join the two."""
    deadline = time.monotonic() + seconds
    for part in parts:
        connection.sendall(part)
        while unsent(connection):
            raise_error_of(connection)  # what a reset leaves unsent stays so
            if time.monotonic() > deadline:
                raise TimeoutError("the segments were not sent")
            time.sleep(0.0002)


def raise_error_of(connection):
    error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def unsent(connection):
    return struct.unpack("i", fcntl.ioctl(connection, SIOCOUTQNSD, bytes(4)))[0]


def outcome(connection, parts):
    """What became of a ClientHello sent in these segments: "answered" by a TLS server, "reset",
    or "silence"."""
    try:
        send_segments(connection, parts)
        first = connection.recv(1)
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except TimeoutError:
        return "silence"
    return "answered" if first == bytes([HANDSHAKE_RECORD]) else f"ended by {first!r}"
