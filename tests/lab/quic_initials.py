"""QUIC's Initial packets made by hand (RFC 9000, RFC 9001), with a ClientHello of OpenSSL's in them."""

import os
import ssl
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from client_hello import extensions_offset

SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 5.2
VERSION = 1
FULL = 1200  # octets of the datagram that begins a connection, at least (RFC 9000 14.1)
PING = b"\x01"
TAG = 16
SERVER_HELLO = 2
TRANSPORT_PARAMETERS = 57  # RFC 9001 8.2


def expand(secret, label, size):
    """RFC 8446 7.1, with an empty context."""
    label = b"tls13 " + label
    info = struct.pack("!HB", size, len(label)) + label + b"\0"
    return HKDFExpand(hashes.SHA256(), size, info).derive(secret)


class Keys:
    """One side's keys of Initial packets (RFC 9001 5.2)."""

    def __init__(self, connection_id, side):
        extract = HMAC(SALT, hashes.SHA256())
        extract.update(connection_id)
        secret = expand(extract.finalize(), side, 32)
        self._key = expand(secret, b"quic key", 16)
        self._iv = expand(secret, b"quic iv", 12)
        self._header_key = expand(secret, b"quic hp", 16)

    def nonce(self, number):
        return (int.from_bytes(self._iv, "big") ^ number).to_bytes(12, "big")

    def seal(self, number, header, plain):
        return AESGCM(self._key).encrypt(self.nonce(number), plain, header)

    def open(self, number, header, sealed):
        return AESGCM(self._key).decrypt(self.nonce(number), sealed, header)

    def mask(self, sample):
        return Cipher(algorithms.AES(self._header_key), modes.ECB()).encryptor().update(sample)


def integer(value):
    """RFC 9000 16, in two octets or four."""
    return struct.pack("!H", 0x4000 | value) if value < 0x4000 else struct.pack("!I", 0x80000000 | value)


def crypto(offset, data):
    """A CRYPTO frame (RFC 9000 19.6)."""
    return b"\x06" + integer(offset) + integer(len(data)) + data


def client_hello(name, source_id=b""):
    """The ClientHello of a client of HTTP/3 that asks for `name`."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h3"])
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    body = outgoing.read()[9:]
    body = body[:34] + b"\0" + body[35 + body[34]:]  # no session id (RFC 9001 8.4)
    start = extensions_offset(body)
    parameters = b"".join(bytes([number, len(value)]) + value for number, value in (
        (0x04, integer(100_000)), (0x05, integer(10_000)), (0x07, integer(10_000)), (0x08, integer(100)), (0x09, integer(100)),
        (0x0F, source_id)))
    extensions = body[start + 2:] + struct.pack("!HH", TRANSPORT_PARAMETERS, len(parameters)) + parameters
    body = body[:start] + struct.pack("!H", len(extensions)) + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


class Connection:
    """What a client of one connection sends before it has an answer."""

    def __init__(self, name, connection_id=None, token=b""):
        self.id = connection_id or os.urandom(8)
        self.hello = client_hello(name)
        self._token = token
        self._keys = Keys(self.id, b"client in")
        self._server_keys = Keys(self.id, b"server in")
        self._next = 0

    def initial(self, frames, size=FULL, fixed_bit=0x40):
        """A datagram of `size` octets with these frames."""
        number, self._next = self._next, self._next + 1
        start = struct.pack("!IB", VERSION, len(self.id)) + self.id + b"\0" + integer(len(self._token)) + self._token
        first = 0x80 | fixed_bit | 0x03  # a packet number of four octets
        room = size - 1 - len(start) - 2 - 4 - TAG
        plain = frames.ljust(max(room, 4), b"\0")
        header = bytes([first]) + start + integer(4 + len(plain) + TAG) + struct.pack("!I", number)
        sealed = self._keys.seal(number, header, plain)
        mask = self._keys.mask(sealed[:16])
        protected = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5]))
        return bytes([first ^ mask[0] & 0x0F]) + header[1:-4] + protected + sealed

    def datagrams(self, pieces=1):
        """The whole ClientHello, in so many datagrams."""
        step = -(-len(self.hello) // pieces)
        return [self.initial(crypto(at, self.hello[at:at + step])) for at in range(0, len(self.hello), step)]

    def is_answered_by(self, datagram):
        """Whether a server's datagram has a ServerHello for this connection: its ClientHello was taken."""
        while datagram and datagram[0] & 0x80 and datagram[1:5] == struct.pack("!I", VERSION):
            packet, datagram, first, start = long_packet(datagram)
            if first & 0x30 == 0 and self._has_server_hello(packet, start):
                return True
        return False

    def _has_server_hello(self, packet, start):
        mask = self._server_keys.mask(packet[start + 4:start + 20])
        first = packet[0] ^ mask[0] & 0x0F
        size = (first & 3) + 1
        number = bytes(a ^ b for a, b in zip(packet[start:start + size], mask[1:]))
        header = bytes([first]) + packet[1:start] + number
        try:
            plain = self._server_keys.open(int.from_bytes(number, "big"), header, packet[start + size:])
        except Exception:  # not this connection's, which cryptography says by an exception without text
            return False
        return any(frame[:1] == bytes([SERVER_HELLO]) for frame in crypto_frames(plain))


def crypto_frames(plain):
    """The data of the CRYPTO frames of a server's first Initial, which has ACK (RFC 9000 19.3) beside them."""
    at = 0
    while at < len(plain):
        kind, at = plain[at], at + 1
        if kind == 0x02:
            ranges = 0
            for field in range(4):
                value, at = read_integer(plain, at)
                ranges = value if field == 2 else ranges
            for _ in range(2 * ranges):
                _, at = read_integer(plain, at)
        elif kind == 0x06:
            _, at = read_integer(plain, at)
            size, at = read_integer(plain, at)
            yield plain[at:at + size]
            at += size
        elif kind not in (0x00, 0x01):
            return


def long_packet(datagram):
    """The first packet, what follows it, its first octet, and where its packet number begins."""
    at = 5
    for _ in range(2):
        at += 1 + datagram[at]
    if datagram[0] & 0x30 == 0:
        token, at = read_integer(datagram, at)
        at += token
    size, at = read_integer(datagram, at)
    return datagram[:at + size], datagram[at + size:], datagram[0], at


def read_integer(data, at):
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at:at + size], "big") & (1 << 8 * size - 2) - 1, at + size
