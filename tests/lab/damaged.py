"""What real clients sent, damaged: the payloads of the shipped captures, cut, changed and mixed."""

import socket
import struct
from pathlib import Path

import clients
import packets

CAPTURES = Path(__file__).resolve().parents[1] / "captures" / "clients"
ETHERNET_HEADER, IPV4 = 14, 0x0800
CLIENT_NETWORK = bytes([10, 20])
LONGEST = 1472  # datagram of IPv4 on a link of 1500 octets


def payloads():
    """{protocol: [payload of a packet that a client sent]}, over IPv4."""
    found = {socket.IPPROTO_TCP: [], socket.IPPROTO_UDP: []}
    for file in sorted(CAPTURES.glob("*.pcap")):
        for frame in frames(file.read_bytes()):
            if struct.unpack("!H", frame[12:14])[0] != IPV4:
                continue
            packet = frame[ETHERNET_HEADER:]
            transport = packet[4 * (packet[0] & 15):struct.unpack("!H", packet[2:4])[0]]
            header = 8 if packet[9] == socket.IPPROTO_UDP else 4 * (transport[12] >> 4)
            if packet[12:14] == CLIENT_NETWORK and len(transport) > header:
                found[packet[9]].append(transport[header:])
    return found


def frames(capture):
    """The frames of a pcap file, as tcpdump writes it on this machine."""
    offset = 24
    while offset + 16 <= len(capture):
        size = struct.unpack("=I", capture[offset + 8:offset + 12])[0]
        yield capture[offset + 16:offset + 16 + size]
        offset += 16 + size


def damage(generator, payload):
    """One of the ways in which bytes go wrong."""
    start, end = sorted(generator.randrange(len(payload) + 1) for _ in range(2))
    way = generator.randrange(4)
    if way == 0:
        return payload[:end]
    if way == 1:
        return payload[start:]
    if way == 2:
        return payload[:end] + payload[start:]
    changed = bytearray(payload)
    for _ in range(generator.randrange(1, 9)):
        changed[generator.randrange(len(changed))] = generator.randrange(256)
    return bytes(changed)


def send_datagrams(lab, generator, kind, destination, port, count):
    """Damaged datagrams from ports of their own, so that each begins a flow."""
    source = clients.pilot_address(destination)
    with packets.RawSender(lab.client) as sender:
        for _ in range(count):
            payload = damage(generator, generator.choice(kind))[:LONGEST]
            ports = struct.pack("!HH", generator.randrange(1024, 20000), port)
            datagram = ports + struct.pack("!HH", 8 + len(payload), 0) + payload  # RFC 768: no checksum
            sender.send(packets.ip(source, destination, socket.IPPROTO_UDP, datagram), destination)


def send_streams(lab, generator, kind, destination, count):
    """Connections that say something damaged and end."""
    for _ in range(count):
        try:
            with clients.tcp(lab, destination) as connection:
                connection.sendall(damage(generator, generator.choice(kind)) or b"\0")
                connection.settimeout(0.02)
                connection.recv(1)
        except OSError:
            pass  # refused, closed or silent: as it likes


def answer_questions(lab, generator, count):
    """Datagrams from the name server's port to the client: half an answer, or none at all."""
    head = struct.pack("!6H", 1, 0x8180, 1, 4, 0, 0)
    loop = b"\xc0\x0c" * 4  # a name that points at itself
    with packets.RawSender(lab.server) as sender:
        for _ in range(count):
            body = generator.choice((loop, generator.randbytes(generator.randrange(400))))
            payload = head + body
            header = struct.pack("!HHHH", 53, generator.randrange(1024, 65536), 8 + len(payload), 0)
            sender.send(packets.ip("192.0.2.2", "10.20.4.7", socket.IPPROTO_UDP, header + payload), "10.20.4.7")
