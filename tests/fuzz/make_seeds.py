#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, a folder each: a few small inputs, the same octets every time.

usage: make_seeds.py [FOLDER]

What the captures of tests/captures hold is cut out of them: messages of the protocols that the
targets read, and packets. What no capture holds is written here, field by field.
"""

import pathlib
import shutil
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator

import text_seeds

HERE = pathlib.Path(__file__).resolve().parent
CAPTURES = HERE.parent / "captures"
MOST_SEEDS = 6  # of one target
LARGEST = 6000  # octets of one seed
ETHERNET, RAW_IP = 1, 101
TCP, UDP = 6, 17


def sized(width: int, content: bytes) -> bytes:
    """A vector with its length in front."""
    return len(content).to_bytes(width, "big") + content


# --- what the captures hold ------------------------------------------------------------------------


def packets(capture: pathlib.Path) -> Iterator[bytes]:
    """The IP packets of a capture of the classic format."""
    data = capture.read_bytes()
    order = ">" if data[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d") else "<"
    link_type = struct.unpack_from(order + "I", data, 20)[0]
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        if link_type == RAW_IP:
            yield frame
        elif link_type == ETHERNET:
            start = 12
            while frame[start:start + 2] in (b"\x81\x00", b"\x88\xa8"):
                start += 4
            if frame[start:start + 2] in (b"\x08\x00", b"\x86\xdd"):
                yield frame[start + 2:]


def transport(packet: bytes) -> tuple[int, int, int, bytes] | None:
    """Protocol, ports and payload of a plain packet; nothing for extension headers and fragments."""
    if len(packet) > 20 and packet[0] >> 4 == 4:
        protocol, segment = packet[9], packet[(packet[0] & 15) * 4:]
    elif len(packet) > 40 and packet[0] >> 4 == 6:
        protocol, segment = packet[6], packet[40:]
    else:
        return None
    if protocol not in (TCP, UDP) or len(segment) < (20 if protocol == TCP else 8):
        return None
    ports = struct.unpack_from("!HH", segment)
    header = (segment[12] >> 4) * 4 if protocol == TCP else 8
    return protocol, *ports, segment[header:]


def targets_of(protocol: int, ports: tuple[int, int], payload: bytes) -> Iterator[tuple[str, bytes]]:
    """The targets that a payload is a seed of, and the seed."""
    if protocol == UDP and 53 in ports:
        yield "fuzz_dns", payload
    if payload[4:8] == b"\x21\x12\xa4\x42":
        yield "fuzz_stun", payload
    if protocol == TCP and payload.split(b" ")[0] in (b"GET", b"POST", b"HEAD", b"CONNECT"):
        yield "fuzz_http", b"\x80" + payload
    if protocol == TCP and payload[:2] == b"\x16\x03" and payload[5:6] == b"\x02":
        yield "fuzz_certificate", b"\x80" + payload
    if protocol == UDP and payload[:1] and payload[0] & 0xC0 == 0xC0:
        yield "fuzz_quic", payload + numbers_of((1, 1), (1, 1), (0, 1), (0, 1), (len(payload), 2))
    if protocol == TCP and payload[:2] == b"\x16\x03" and payload[5:6] == b"\x01":
        yield "fuzz_tls_handshake", b"\x80" + payload
        yield "fuzz_openssl_server", payload + b"\0"
        length = int.from_bytes(payload[6:9], "big")
        if len(payload) >= 9 + length:
            yield "fuzz_client_hello", payload[5:9 + length]


def as_sequence(control: bytes, items: list[bytes]) -> bytes:
    """Items with a control octet and their length before each."""
    return b"".join(control + sized(2, item) for item in items)


def for_ndpi(found: list[bytes]) -> bytes:
    """The payloads of a capture as one flow of fuzz_ndpi: control, port, length, payload."""
    payloads = [read for read in map(transport, found) if read and read[3]]
    return b"".join(bytes([(protocol == TCP) | (source < target) << 1, 1]) + sized(2, payload)
                    for protocol, source, target, payload in payloads[:8])


def cut_from_captures(seeds: dict[str, list[bytes]]) -> None:
    for capture in sorted(CAPTURES.glob("*.pcap")):
        found = list(packets(capture))
        seeds["fuzz_pcap"].append(b"\1" + capture.read_bytes())
        seeds["fuzz_ndpi"].append(for_ndpi(found))
        seeds["fuzz_pipeline"].append(as_sequence(b"\1", found))
        for packet in found:
            seeds["fuzz_packet"].append(packet)
            read = transport(packet)
            if read is None or not read[3]:
                continue
            protocol, source, target, payload = read
            for name, seed in targets_of(protocol, (source, target), payload):
                seeds[name].append(seed)


# --- what is written here --------------------------------------------------------------------------


def dns_name(name: str) -> bytes:
    return b"".join(sized(1, label.encode()) for label in name.split(".")) + b"\0"


def dns_message(flags: int, name: str, *records: tuple[int, bytes]) -> bytes:
    """RFC 1035 4.1: one question; the records belong to its name."""
    head = struct.pack("!HHHHHH", 1, flags, 1, len(records), 0, 0)
    body = b"".join(b"\xc0\x0c" + struct.pack("!HHI", kind, 1, 300) + sized(2, data)
                    for kind, data in records)
    return head + dns_name(name) + struct.pack("!HH", 1, 1) + body


def dns() -> list[bytes]:
    binding = struct.pack("!H", 1) + dns_name("svc.example.net")
    binding += struct.pack("!H", 4) + sized(2, bytes([192, 0, 2, 7]))
    binding += struct.pack("!H", 6) + sized(2, bytes(16))
    return [dns_message(0x0100, "www.example.org"),
            dns_message(0x8180, "www.example.org", (5, b"\3cdn\xc0\x10"), (1, bytes([192, 0, 2, 7]))),
            dns_message(0x8180, "www.example.org", (65, binding), (28, bytes(16)))]


def stun_message(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    """RFC 8489 5."""
    body = b"".join(struct.pack("!H", number) + sized(2, value) + bytes(-len(value) % 4)
                    for number, value in attributes)
    return struct.pack("!HHI", kind, len(body), 0x2112A442) + b"transaction!" + body


def stun() -> list[bytes]:
    return [stun_message(0x0001, (0x8022, b"soft"), (0x8055, bytes(4))),
            stun_message(0x0113, (0x0014, b"turn.example"), (0x0015, b"nonce")),
            stun_message(0x0016, (0x0012, b"\0\1" + bytes(6)), (0x0013, b"data")),
            struct.pack("!HH", 1, 24) + bytes(16) + struct.pack("!H", 0x0101) + sized(2, bytes(20))]


def http() -> list[bytes]:
    return [b"\xc0" + request for request in
            (b"GET / HTTP/1.1\r\nAccept: */*\r\nHost: example.org:8080\r\n\r\n",
             b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: proxy\r\n\r\n",
             b"POST http://a@example.org/x?y#z HTTP/1.0\r\n\r\n", b"\r\nHEAD * HTTP/1.0\n\n")]


HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def http2() -> list[bytes]:
    """What follows the preface: SETTINGS, then RFC 7541 C.3.1 and C.4.1, whole and over two frames."""
    settings = sized(3, b"") + b"\4\0" + bytes(4)
    clear = b"\x82\x86\x84\x41\x0fwww.example.com"
    huffman = bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff")
    frame = lambda kind, flags, content: sized(3, content) + bytes([kind, flags]) + b"\0\0\0\1" + content
    return [clear, huffman, settings + frame(1, 4, clear), settings + frame(1, 4, huffman),
            frame(1, 0x28, b"\2" + bytes(5) + clear[:5] + bytes(2)) + frame(9, 4, clear[5:])]


def starttls() -> list[bytes]:
    hello = b"\x16\3\1\0\x2d" + b"\1" + sized(3, b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0")
    return [start + hello for start in
            (b"EHLO a.org\r\nSTARTTLS\r\n", b"a1 CAPABILITY\r\na2 STARTTLS\r\n", b"CAPA\r\nSTLS\r\n",
             b"FEAT\r\nAUTH TLS\r\n", b"EHLO a.org\r\nMAIL FROM:<a@a.org>\r\nDATA\r\n",
             b"<?xml version='1.0'?><stream:stream to='a.org'><starttls/>", b"\0\0\0\x08\4\xd2\x16\x2f",
             b"\x20\0\0\1\0\x08" + bytes(30),
             b"\x30\x1d\2\1\1\x77\x18\x80\x161.3.6.1.4.1.1466.20037",
             b"\3\0\0\x0b\6\xe0" + bytes(5))]


def client_requests() -> list[bytes]:
    """Layers around a request, and records that servers pass over."""
    connect = b"CONNECT 192.0.2.1:443 HTTP/1.1\r\n\r\n"
    socks_5 = b"\5\1\0\5\1\0\1\xc0\0\2\1\1\xbb"
    inside = starttls()[0].split(b"\r\n")[-1]
    fillers = b"\x15\3\1\0\2\1\x70" + b"\x16\3\1\0\0" + b"\x14\3\3\0\1\1"
    old = b"\x80\x1c\1\3\3\0\3\0\0\0\x10" + bytes(19)
    return [connect + inside, socks_5 + connect + fillers + inside, fillers + inside, old,
            b"PROPFIND / HTTP/1.1\r\nHost:\r\n example.org\r\n\r\n",
            HTTP2_PREFACE + http2()[3], *starttls(), *socks(), *(seed[1:] for seed in http())]


def der(tag: int, *parts: bytes) -> bytes:
    """ITU-T X.690 8.1."""
    content = b"".join(parts)
    length = sized(1, content) if len(content) < 128 else b"\x82" + sized(2, content)
    return bytes([tag]) + length


def certificate() -> bytes:
    """RFC 5280 4.1, with a common name and alternative names; key and signature are zeros."""
    algorithm = der(0x30, der(0x06, b"\x2b\x65\x70"))
    name = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x0C, b"common.example"))))
    validity = der(0x30, der(0x17, b"260101000000Z"), der(0x17, b"270101000000Z"))
    names = der(0x30, der(0x82, b"*.example.org"), der(0x87, bytes(4)), der(0x82, b"example.org"))
    extension = der(0x30, der(0x06, b"\x55\x1d\x11"), der(0x04, names))
    content = der(0x30, der(0xA0, der(0x02, b"\2")), der(0x02, b"\1"), algorithm, name, validity, name,
                  der(0x30, algorithm, der(0x03, bytes(33))), der(0xA3, der(0x30, extension)))
    return der(0x30, content, algorithm, der(0x03, bytes(65)))


def certificates() -> list[bytes]:
    """A certificate alone, and in the flight of a server (RFC 5246 7.4)."""
    hello = b"\2" + sized(3, bytes(70))
    message = b"\x0b" + sized(3, sized(3, sized(3, certificate())))
    records = [b"\x16\3\3" + sized(2, fragment) for fragment in
               (hello + message[:50], message[50:])]
    return [b"\x80" + certificate(), b"\xf0" + b"".join(records)]


def numbers_of(*pairs: tuple[int, int]) -> bytes:
    """Numbers of the given width where the targets look for them: at the end, the first one last."""
    return b"".join(value.to_bytes(width, "little") for value, width in reversed(pairs))


def streams() -> list[bytes]:
    """Segments of fuzz_tcp_stream: which range, offset, length, and whether an octet differs."""
    first = (1000, 4), (1, 1)
    in_order = [((1, 1), (2000 + at, 2), (500, 2), (0, 1)) for at in (0, 500, 1000)]
    swapped = [in_order[2], in_order[1], in_order[0]]
    differs = [in_order[0], ((1, 1), (2100, 2), (300, 2), (1, 1), (7, 2))]
    return [numbers_of(*first, *(number for segment in segments for number in segment))
            for segments in (in_order, swapped, differs)]


def socks() -> list[bytes]:
    """SOCKS 4 (Lee, 1992), 4a, and 5 (RFC 1928) without and with a password (RFC 1929)."""
    name = b"\5\1\0\3" + sized(1, b"example.org") + b"\1\xbb"
    return [b"\4\1\1\xbb\xc0\0\2\1me\0", b"\4\1\1\xbb\0\0\0\1me\0example.org\0",
            b"\5\1\0" + name + b"\x16\3\1", b"\5\2\0\2" + b"\1\2me\6secret" + name,
            b"\5\1\0" + b"\5\1\0\1\xc0\0\2\1\1\xbb", b"\5\1\0" + b"\5\1\0\4" + bytes(16) + b"\1\xbb"]


def gquic() -> list[bytes]:
    """A CHLO ("QUIC Crypto", Langley and Chang, 2016) behind the headers of Q043 and of Q046."""
    index, end = b"", 0
    values = ((b"PAD\0", b"-" * 40), (b"SNI\0", b"example.org"), (b"VER\0", b"Q043"))
    for tag, value in values:
        end += len(value)
        index += tag + struct.pack("<I", end)
    message = b"CHLO" + struct.pack("<HH", len(values), 0) + index + b"".join(v for _, v in values)
    frame = bytes(12) + b"\xa0\1" + sized(2, message)
    return [b"\x0d" + bytes(8) + b"Q043\1" + frame, b"\xc3Q046\x50" + bytes(8) + bytes(4) + frame]


def framings() -> list[bytes]:
    """Zoom's through a server and between peers, Teams' multiplexed TURN, Discord's, WhatsApp's."""
    audio = b"\x0f" + bytes(18) + b"\x80" + bytes(40)
    return [b"\5" + bytes(7) + audio, audio, b"\1\0\2" + bytes(95), b"\xff\x10\0\x0c" + bytes(20),
            b"\0\1\0\x46" + bytes(70), b"WA\6\3"]


def ipv4(protocol: int, payload: bytes) -> bytes:
    """RFC 791 3.1, without its checksum."""
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + bytes(
        [10, 0, 0, 1, 192, 0, 2, 1]) + payload


def udp(port: int, payload: bytes) -> bytes:
    return ipv4(UDP, struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload)


def tunnels() -> list[bytes]:
    """IP in IP, GRE with a key, GTP-U with an extension header, VXLAN, Teredo, one in another; Geneve, ERSPAN, a
    pseudowire under MPLS, CAPWAP with 802.11, L2TP."""
    inner = udp(443, b"data")
    inner_6 = struct.pack("!IHBB", 0x60000000, 12, UDP, 64) + bytes(32) + struct.pack(
        "!HHHH", 1, 2, 12, 0) + b"data"
    gre = ipv4(47, struct.pack("!HHI", 0x2000, 0x0800, 7) + inner)
    gtp = struct.pack("!BBHI", 0x34, 255, 8 + len(inner), 1) + b"\0\7\0\x85" + b"\1\0\x09\0" + inner
    vxlan = b"\x08" + bytes(7) + bytes(12) + b"\x86\xdd" + inner_6
    frame = bytes(12) + b"\x08\0" + inner
    geneve = b"\1\0\x65\x58" + bytes(8) + frame
    erspan = ipv4(47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10\7" + bytes(6) + frame)
    pseudowire = ipv4(137, b"\0\6\x51\x40" + bytes(4) + frame)
    wireless = b"\x88\1" + bytes(24) + b"\xaa\xaa\3\0\0\0\x08\0" + inner
    l2tp = b"\0\2\0\1\0\2\xff\3\0\x21" + inner
    return [ipv4(4, inner), gre, udp(2152, gtp), udp(4789, vxlan), udp(3544, inner_6), ipv4(4, gre),
            udp(6081, geneve), erspan, pseudowire, udp(5247, b"\0\x10\3\0" + bytes(4) + wireless),
            udp(1701, l2tp)]


def dtls() -> list[bytes]:
    """A certificate in one datagram behind a ServerHello, and in two."""
    message = sized(3, sized(3, b"\x30" + sized(1, bytes(90))))

    def record(kind: int, octets: bytes, offset: int, length: int) -> bytes:
        piece = bytes([kind]) + length.to_bytes(3, "big") + b"\0\1" + offset.to_bytes(3, "big") + sized(3, octets)
        return b"\x16\xfe\xfd" + bytes(8) + sized(2, piece)

    def datagram(content: bytes) -> bytes:
        return bytes([-(-len(content) // 8)]) + content + bytes(-len(content) % 8)

    hello = record(2, bytes(70), 0, 70)
    return [datagram(hello + record(11, message, 0, len(message))),
            datagram(record(11, message[50:], 50, len(message))) + datagram(record(11, message[:50], 0, len(message)))]


def written_here(seeds: dict[str, list[bytes]]) -> None:
    for name, written in (("fuzz_dns", dns()), ("fuzz_stun", stun()), ("fuzz_http", http()),
                          ("fuzz_dtls", dtls()),
                          ("fuzz_certificate", certificates()), ("fuzz_tcp_stream", streams()),
                          ("fuzz_socks", socks()), ("fuzz_gquic", gquic()),
                          ("fuzz_http2", http2()), ("fuzz_client_request", client_requests()),
                          ("fuzz_starttls", [b"\x80" + seed for seed in starttls()]),
                          ("fuzz_decapsulation", tunnels()), ("fuzz_signature", framings()),
                          *text_seeds.all_of_them()):
        seeds[name] += written
    # A ClientHello's frame in an authentic packet, and datagrams as they come.
    crypto = b"\6\0\x20" + b"\1" + sized(3, bytes(28))
    seeds["fuzz_quic"] += [crypto + numbers_of((1, 1), (1, 1), (1, 1), (3, 1), (len(crypto), 2)),
                           bytes(600) + numbers_of((0, 1), (3, 1))]
    for port, datagram in ((0, dns()[1]), (2, stun()[1]), (4, b"\5" + bytes(7) + b"\x0f" + bytes(18)
                                                          + b"\x80" + bytes(40))):
        seeds["fuzz_datagram_inspector"].append(
            datagram + numbers_of((port, 1), (1, 1), (0, 1), (len(datagram) - 1, 2)))


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "seeds"
    seeds: dict[str, list[bytes]] = defaultdict(list)
    written_here(seeds)
    cut_from_captures(seeds)
    if folder.exists():
        shutil.rmtree(folder)
    for name, candidates in sorted(seeds.items()):
        (folder / name).mkdir(parents=True)
        small = sorted({seed for seed in candidates if len(seed) <= LARGEST}, key=candidates.index)
        # Spread over what there is, so that not all are of the first capture.
        step = max(1, len(small) // MOST_SEEDS)
        for number, seed in enumerate(small[::step][:MOST_SEEDS]):
            (folder / name / f"{number}").write_bytes(seed)


if __name__ == "__main__":
    main()
