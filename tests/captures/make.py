#!/usr/bin/env python3
"""Writes the captures of this folder: one difficulty each, the same octets every time.

usage: make.py [FOLDER]

Every capture is named after its difficulty and holds what a gateway sees between a client and a
server. Addresses of servers are documentation addresses (RFC 5737, RFC 3849) unless the address is
the point. Packets carry right checksums, so that other tools read them as well.
"""

import hashlib
import ipaddress
import pathlib
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
ETHERNET, RAW_IP = 1, 101
START = 1_763_800_000  # of every capture, seconds since 1970


def octets(label: str, count: int) -> bytes:
    """Octets that look random and never change."""
    return hashlib.shake_128(label.encode()).digest(count)


def sized(width: int, content: bytes) -> bytes:
    """A vector with its length in front (RFC 8446 3.4)."""
    return len(content).to_bytes(width, "big") + content


# --- TLS -----------------------------------------------------------------------------------------


def extension(number: int, content: bytes) -> bytes:
    return struct.pack("!H", number) + sized(2, content)


def server_name(name: str) -> bytes:
    return extension(0, sized(2, b"\0" + sized(2, name.encode())))


def alpn(*protocols: str) -> bytes:
    return extension(16, sized(2, b"".join(sized(1, p.encode()) for p in protocols)))


def key_shares() -> bytes:
    """X25519MLKEM768 and X25519, as browsers send them: they fill more than one segment."""
    post_quantum = struct.pack("!H", 0x11EC) + sized(2, octets("mlkem", 1216))
    classic = struct.pack("!H", 0x001D) + sized(2, octets("x25519", 32))
    return extension(51, sized(2, post_quantum + classic))


def encrypted_client_hello() -> bytes:
    """The outer form (RFC 9849): a real one and a GREASE one look alike."""
    return extension(0xFE0D, b"\0" + struct.pack("!HHB", 1, 1, 42) + sized(2, octets("enc", 32))
                     + sized(2, octets("payload", 176)))


def client_hello(name: str, *, large: bool = True, ech: bool = False) -> bytes:
    """A ClientHello message (RFC 8446 4.1.2), its name at the end: the last octets decide."""
    extensions = extension(0x3A3A, b"")  # GREASE (RFC 8701)
    extensions += extension(43, sized(1, b"\x03\x04\x03\x03"))  # supported_versions
    if large:  # 1.9 KB, as browsers send
        extensions += key_shares() + extension(35, octets("ticket", 440))  # session_ticket
    extensions += encrypted_client_hello() if ech else b""
    extensions += alpn("h2", "http/1.1") + server_name(name)
    body = (b"\x03\x03" + octets("random", 32) + sized(1, octets("session", 32))
            + sized(2, b"\x13\x01\x13\x02\xc0\x2b") + sized(1, b"\0") + sized(2, extensions))
    return b"\x01" + sized(3, body)


def records(message: bytes, size: int = 16384) -> bytes:
    """A handshake message in TLS records of at most `size` octets."""
    return b"".join(b"\x16\x03\x01" + sized(2, message[i:i + size])
                    for i in range(0, len(message), size))


# --- TCP/IP --------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ip_packet(source: str, target: str, protocol: int, segment: bytes) -> bytes:
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if a.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64)
        return head + a.packed + b.packed + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0x4000, 64, protocol, 0)
    head += a.packed + b.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + segment


def with_checksum(source: str, target: str, protocol: int, segment: bytes, offset: int) -> bytes:
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(target)
    pseudo = a.packed + b.packed + struct.pack("!II", len(segment), protocol)
    value = struct.pack("!H", checksum(pseudo + segment))
    return segment[:offset] + value + segment[offset + 2:]


@dataclass(frozen=True)
class Connection:
    """One TCP connection; offsets count the octets of a stream from 0."""

    client: str = "10.1.2.3"
    server: str = "198.51.100.20"
    client_port: int = 50000
    server_port: int = 443
    client_start: int = 1_000_000  # sequence number of the SYN
    server_start: int = 2_000_000

    def segment(self, from_client: bool, offset: int, flags: int, data: bytes) -> bytes:
        """A TCP segment with its header (RFC 9293 3.1)."""
        ends = [(self.client, self.client_port, self.client_start),
                (self.server, self.server_port, self.server_start)]
        (source, sport, start), (target, dport, other) = ends if from_client else ends[::-1]
        head = struct.pack("!HHIIBBHHH", sport, dport, (start + offset) % 2**32,
                           (other + 1) % 2**32 if flags & ACK else 0, 5 << 4, flags, 65535, 0, 0)
        return with_checksum(source, target, 6, head + data, 16)

    def packet(self, from_client: bool, offset: int, flags: int, data: bytes) -> bytes:
        source, target = (self.client, self.server) if from_client else (self.server, self.client)
        return ip_packet(source, target, 6, self.segment(from_client, offset, flags, data))

    def syn(self, data: bytes = b"") -> bytes:
        return self.packet(True, 0, SYN, data)

    def handshake(self) -> list[bytes]:
        return [self.syn(), self.packet(False, 0, SYN | ACK, b""), self.packet(True, 1, ACK, b"")]

    def up(self, offset: int, data: bytes) -> bytes:
        return self.packet(True, 1 + offset, PSH | ACK, data)

    def down(self, offset: int, data: bytes) -> bytes:
        return self.packet(False, 1 + offset, PSH | ACK, data)

    def cut(self, stream: bytes, *cuts: int) -> list[bytes]:
        """The client's stream in segments that end at the cuts."""
        edges = [0, *cuts, len(stream)]
        return [self.up(a, stream[a:b]) for a, b in zip(edges, edges[1:])]

    def answer(self) -> bytes:
        """A ServerHello and what follows it in the clear in TLS 1.3: a ChangeCipherSpec."""
        body = b"\x03\x03" + octets("server", 32) + sized(1, octets("session", 32))
        body += b"\x13\x01\0" + sized(2, extension(43, b"\x03\x04"))
        return self.down(0, records(b"\x02" + sized(3, body)) + bytes.fromhex("140303000101"))


# --- captures ------------------------------------------------------------------------------------

FLOW = Connection()
SEGMENT = 1448  # octets of payload at an MTU of 1500 with TCP timestamps


def whole(connection: Connection, name: str, **kind: bool) -> list[bytes]:
    stream = records(client_hello(name, **kind))
    return [*connection.handshake(), *connection.cut(stream, SEGMENT), connection.answer()]


def two_segments() -> list[bytes]:
    return whole(FLOW, "us05web.zoom.us")


def two_segments_swapped() -> list[bytes]:
    first, second = FLOW.cut(records(client_hello("us05web.zoom.us")), SEGMENT)
    return [*FLOW.handshake(), second, first, FLOW.answer()]


def middle_segment_first() -> list[bytes]:
    first, middle, last = FLOW.cut(records(client_hello("teams.microsoft.com")), 500, 1000)
    return [*FLOW.handshake(), middle, first, last, FLOW.answer()]


def first_octet_alone() -> list[bytes]:
    stream = records(client_hello("meet.google.com"))
    return [*FLOW.handshake(), *FLOW.cut(stream, 1), FLOW.answer()]


def cut_inside_the_name() -> list[bytes]:
    stream = records(client_hello("visio.numerique.gouv.fr"))
    cut = stream.index(b"numerique") + 4
    return [*FLOW.handshake(), *FLOW.cut(stream, cut), FLOW.answer()]


def twenty_segments() -> list[bytes]:
    stream = records(client_hello("us05web.zoom.us"))
    cuts = [len(stream) * i // 20 for i in range(1, 20)]
    return [*FLOW.handshake(), *FLOW.cut(stream, *cuts), FLOW.answer()]


def first_segment_retransmitted() -> list[bytes]:
    first, second = FLOW.cut(records(client_hello("us05web.zoom.us")), SEGMENT)
    return [*FLOW.handshake(), first, first, second, FLOW.answer()]


def no_handshake_seen() -> list[bytes]:
    return whole(FLOW, "us05web.zoom.us")[3:]


def two_records() -> list[bytes]:
    stream = records(client_hello("us05web.zoom.us"), 900)
    return [*FLOW.handshake(), *FLOW.cut(stream, SEGMENT), FLOW.answer()]


def records_of_50_octets() -> list[bytes]:
    stream = records(client_hello("teams.microsoft.com"), 50)
    return [*FLOW.handshake(), *FLOW.cut(stream, SEGMENT), FLOW.answer()]


def overlap_that_differs() -> list[bytes]:
    """Twice the same sequence numbers, once with the name of Visio: an evasion."""
    decoy = records(client_hello("visio.gouv.fr.a"))
    zoom = records(client_hello("us05web.zoom.us"))
    return [*FLOW.handshake(), FLOW.up(1000, decoy[1000:]), FLOW.up(1000, zoom[1000:]),
            FLOW.up(0, zoom[:1000]), FLOW.answer()]


def overlap_that_agrees() -> list[bytes]:
    stream = records(client_hello("us05web.zoom.us"))
    return [*FLOW.handshake(), FLOW.up(0, stream[:1000]), FLOW.up(600, stream[600:1200]),
            FLOW.up(900, stream[900:]), FLOW.answer()]


def data_in_the_syn() -> list[bytes]:
    """TCP Fast Open (RFC 7413)."""
    stream = records(client_hello("us05web.zoom.us", large=False))
    taken = replace(FLOW, client_start=FLOW.client_start + 100)
    return [FLOW.syn(stream[:100]), taken.packet(False, 0, SYN | ACK, b""),
            FLOW.up(100, stream[100:]), FLOW.answer()]


def sequence_wraps() -> list[bytes]:
    return whole(replace(FLOW, client_start=2**32 - 700), "us05web.zoom.us")


def ipv6() -> list[bytes]:
    return whole(replace(FLOW, client="2001:db8:1::3", server="2001:db8:2::20"), "meet.google.com")


def ipv6_extension_headers() -> list[bytes]:
    """Hop-by-hop options, routing, an atomic fragment (RFC 8200 4), then TCP."""
    flow = replace(FLOW, client="2001:db8:1::3", server="2001:db8:2::20")
    stream = records(client_hello("us05web.zoom.us", large=False))
    hop_by_hop = bytes([43, 0, 1, 4, 0, 0, 0, 0])  # PadN
    segment_list = ipaddress.ip_address(flow.server).packed  # RFC 8754: one segment, none left
    routing = bytes([44, 2, 4, 0, 0, 0, 0, 0]) + segment_list
    fragment = bytes([6, 0, 0, 0, 0, 0, 0, 1])
    segments = [flow.segment(True, 0, SYN, b""), flow.segment(True, 1, PSH | ACK, stream)]
    return [ip_packet(flow.client, flow.server, 0, hop_by_hop + routing + fragment + segment)
            for segment in segments]


def vlan() -> list[bytes]:
    return whole(FLOW, "us05web.zoom.us")


def zoom_address() -> list[bytes]:
    """An address that is Zoom's alone: the SYN is enough."""
    return [replace(FLOW, server="170.114.52.2").syn()]


def zoom_address_over_udp() -> list[bytes]:
    head = struct.pack("!HHHH", 50000, 8801, 8 + 20, 0)
    datagram = with_checksum("10.1.2.3", "170.114.52.2", 17, head + bytes(20), 6)
    return [ip_packet("10.1.2.3", "170.114.52.2", 17, datagram)]


def zoom_address_with_name_of_visio() -> list[bytes]:
    """The client chooses the name, not the address."""
    return whole(replace(FLOW, server="170.114.52.2"), "visio.numerique.gouv.fr")


def encrypted_client_hello_seen() -> list[bytes]:
    return whole(FLOW, "cloudflare-ech.com", ech=True)


def ordinary_site() -> list[bytes]:
    return whole(FLOW, "www.example.org")


def no_name() -> list[bytes]:
    message = client_hello("x", large=False)
    nameless = message[4:].replace(server_name("x"), extension(21, bytes(6)))  # padding instead
    hello = FLOW.up(0, records(b"\x01" + sized(3, nameless)))
    return [*FLOW.handshake(), hello, FLOW.answer()]


def server_speaks_first() -> list[bytes]:
    greeting = b"220 mail.example.org ESMTP\r\n"
    mail = replace(FLOW, server_port=25)
    return [*mail.handshake(), mail.down(0, greeting), mail.up(0, b"EHLO client.example\r\n")]


def client_hello_of_64_kib() -> list[bytes]:
    extensions = extension(21, bytes(65000)) + server_name("us05web.zoom.us")  # padding (RFC 7685)
    body = (b"\x03\x03" + octets("random", 32) + sized(1, b"") + sized(2, b"\x13\x01")
            + sized(1, b"\0") + sized(2, extensions))
    stream = records(b"\x01" + sized(3, body))
    return [*FLOW.handshake(), *FLOW.cut(stream, *range(SEGMENT, len(stream), SEGMENT))]


def icmp_about_a_flow() -> list[bytes]:
    """A port unreachable that anyone could have sent belongs to no flow."""
    syn = replace(FLOW, server="170.114.52.2").syn()
    message = struct.pack("!BBHI", 3, 3, 0, 0) + syn[:28]
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return [ip_packet("192.0.2.9", "10.1.2.3", 1, message)]


def truncated_packets() -> list[bytes]:
    """Headers that end too early, between the packets of an honest flow."""
    packets = whole(FLOW, "us05web.zoom.us")
    broken = [packets[0][:13], packets[0][:30], b"\x60" + bytes(20), b"\x95" + bytes(40), b"\x45"]
    return packets[:3] + broken + packets[3:]


def later_fragment() -> list[bytes]:
    """A fragment without its TCP header: the kernel was not told to put it together."""
    packet = bytearray(FLOW.syn())
    packet[6:8] = struct.pack("!H", 0x2000 | 185)
    packet[10:12] = b"\0\0"
    packet[10:12] = struct.pack("!H", checksum(bytes(packet[:20])))
    return [bytes(packet)]


CAPTURES: list[Callable[[], list[bytes]]] = [
    two_segments, two_segments_swapped, middle_segment_first, first_octet_alone,
    cut_inside_the_name, twenty_segments, first_segment_retransmitted, no_handshake_seen,
    two_records, records_of_50_octets, overlap_that_differs, overlap_that_agrees, data_in_the_syn,
    sequence_wraps, ipv6, ipv6_extension_headers, vlan, zoom_address, zoom_address_over_udp,
    zoom_address_with_name_of_visio, encrypted_client_hello_seen, ordinary_site, no_name,
    server_speaks_first, client_hello_of_64_kib, icmp_about_a_flow, truncated_packets,
    later_fragment]


def frame(packet: bytes, tag: bytes) -> bytes:
    """An Ethernet frame, padded to its least size as on a wire (IEEE 802.3)."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return (bytes.fromhex("020000000001020000000002") + tag + kind + packet).ljust(60, b"\0")


def capture(packets: list[bytes], link_type: int) -> bytes:
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)
    for number, packet in enumerate(packets):
        file += struct.pack("<IIII", START, 1000 * number, len(packet), len(packet)) + packet
    return file


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__)
    folder = folder if folder.is_dir() else folder.parent
    raw = {truncated_packets}  # Ethernet would pad them
    tags = {vlan: bytes.fromhex("88a80064 81000065")}  # IEEE 802.1ad, two tags
    for make in CAPTURES:
        packets = make()
        if make not in raw:
            packets = [frame(packet, tags.get(make, b"")) for packet in packets]
        link_type = RAW_IP if make in raw else ETHERNET
        (folder / f"{make.__name__}.pcap").write_bytes(capture(packets, link_type))


if __name__ == "__main__":
    main()
