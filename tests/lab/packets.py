"""Packets made by hand, and the raw sockets that send them."""

import socket
import struct

SYN, RST, PSH, ACK, URG = 0x02, 0x04, 0x08, 0x10, 0x20

NO_OPERATION = b"\x01"
MD5_SIGNATURE = b"\x13\x12" + bytes(16) + 2 * NO_OPERATION  # RFC 2385 3.0

# linux/tcp.h; the socket module does not have them.
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_TIMESTAMP = 19, 20, 21, 24
TCP_RECV_QUEUE, TCP_SEND_QUEUE, TCP_REPAIR_OFF_NO_PROBE = 1, 2, -1


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    # A number is congruent to the sum of its digits, so this is the one's complement sum.
    return 0xFFFF - (int.from_bytes(data, "big") % 0xFFFF)


def timestamps(value, echo):
    """RFC 7323 3.2."""
    return 2 * NO_OPERATION + struct.pack("!BBII", 8, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def ip(source, destination, protocol, payload, hops=64):
    """An IP packet. A raw socket fills in what is 0 in the IPv4 header: identification, checksum."""
    ends = packed(source) + packed(destination)
    if ":" in source:  # RFC 8200 3
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + ends + payload
    # RFC 791 3.1
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, hops, protocol, 0) + ends + payload


def tcp(source, destination, flags, sequence, acknowledgement=0, payload=b"", options=b"", urgent=0, hops=64, wrong=0):
    """A TCP segment in its IP packet; source and destination are (address, port). `wrong` is added to its checksum."""
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF,
                         (5 + len(options) // 4) << 4, flags, 64240, 0, urgent) + options  # RFC 9293 3.1
    pseudo = struct.pack("!II", len(header) + len(payload), socket.IPPROTO_TCP)
    ends = packed(source[0]) + packed(destination[0])
    check = struct.pack("!H", (checksum(ends + pseudo + header + payload) + wrong) & 0xFFFF)
    segment = header[:16] + check + header[18:] + payload
    return ip(source[0], destination[0], socket.IPPROTO_TCP, segment, hops)


def udp(source, destination, payload, hops=64, wrong=0):
    """A datagram in its IP packet; source and destination are (address, port). `wrong` is added to its checksum."""
    length = 8 + len(payload)
    header = struct.pack("!HHHH", source[1], destination[1], length, 0)  # RFC 768
    pseudo = packed(source[0]) + packed(destination[0]) + struct.pack("!II", length, socket.IPPROTO_UDP)
    check = (checksum(pseudo + header + payload) + wrong) & 0xFFFF or 0xFFFF
    return ip(source[0], destination[0], socket.IPPROTO_UDP, header[:6] + struct.pack("!H", check) + payload, hops)


class RawSender:
    """Sends whole IP packets from a namespace."""

    def __init__(self, namespace, family=socket.AF_INET):
        self._socket = namespace.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, packet, destination):
        self._socket.sendto(packet, (destination, 0))


def sequence_numbers(connection):
    """The next sequence number that a TCP connection will send, and the next that it expects
    (tcp repair mode, as checkpoint/restore uses it)."""
    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    try:
        numbers = []
        for queue in (TCP_SEND_QUEUE, TCP_RECV_QUEUE):
            connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            numbers.append(connection.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) & 0xFFFFFFFF)
        return numbers
    finally:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_PROBE)


def inject(namespace, connection, payload, offset=0, acknowledge=0, flags=PSH | ACK, **fields):
    """Sends a segment behind the connection's back, as send_ahead does; `acknowledge` is added to the acknowledgement,
    the other fields are those of tcp()."""
    sequence, acknowledgement = sequence_numbers(connection)
    source, destination = connection.getsockname()[:2], connection.getpeername()[:2]
    with RawSender(namespace, connection.family) as sender:
        sender.send(tcp(source, destination, flags, sequence + offset, acknowledgement + acknowledge, payload, **fields),
                    destination[0])


def send_ahead(namespace, connection, offset, payload):
    """Sends `payload` as a segment that stands `offset` octets after what the connection has sent,
    behind the connection's back: it will send these octets again itself."""
    sequence, acknowledgement = sequence_numbers(connection)
    source, destination = connection.getsockname()[:2], connection.getpeername()[:2]
    with RawSender(namespace, connection.family) as sender:
        sender.send(tcp(source, destination, PSH | ACK, (sequence + offset) & 0xFFFFFFFF,
                        acknowledgement, payload), destination[0])
