"""The datagrams of Zoom's own program, framed as Michel et al. found them ("Enabling Passive Measurement of Zoom
Performance in Production Networks", IMC 2022, doi 10.1145/3517745.3561414), and as later versions send them.

Numbers count the datagrams of a stream; what would be encrypted is noise.
"""

import random
import struct

TO_SERVER, FROM_SERVER = 0, 4
SCREEN_BY_SERVER, AUDIO, VIDEO, BANDWIDTH_PROBE, SCREEN = 13, 15, 16, 21, 30
RTCP = (33, 34, 35)
THROUGH_SERVER = (SCREEN_BY_SERVER, AUDIO, VIDEO, *RTCP)
BETWEEN_PEERS = (AUDIO, VIDEO, SCREEN, *RTCP)

NOISE = random.Random("zoom").randbytes(1000)
CONNECTION, COOKIE, TOKEN = NOISE[:16], NOISE[16:20], NOISE[20:84]
PARTICIPANT = bytes.fromhex("0100fb90")  # behind the type octet of nearly all media
CLOCK = 0x006f63af
SSRC = 0x01000400  # the participant; its audio, video and screen count from here
LATER_HELLO = bytes.fromhex("00400040000075300001000300022000")
LATER_ECHO = bytes.fromhex("004000400003e00300")


# A connection to a server of Zoom: 01 and 02 open it, 03 and 04 keep it alive, 05 is media.

def hello(version=3):
    """The client's first datagram: 107 octets in version 2, 123 in version 3."""
    clocks = struct.pack("!II", CLOCK, CLOCK)
    later = LATER_HELLO if version > 2 else b""
    return bytes([1, 0, version]) + CONNECTION + bytes(7) + b"\2" + clocks + block4(TOKEN) + bytes(4) + later


def echo(version=3):
    """The server's answer to it."""
    head = bytes([2, 0, version]) + CONNECTION + COOKIE + struct.pack("!I", CLOCK) + bytes(8)
    return head + (LATER_ECHO if version > 2 else b"")


def keep_alive(number, answer=False, version=3):
    """03, and 04 which says the same again. Version 3 adds a token."""
    head = struct.pack("!BII", 4 if answer else 3, number, CLOCK + number) + COOKIE
    return head + (b"\1\5" + bytes([len(TOKEN)]) + TOKEN + b"\0" if version > 2 else b"")


def by_server(kind, number, direction=TO_SERVER):
    """Media to or from a server."""
    return struct.pack("!BH", 5, number) + COOKIE + bytes([direction]) + media(kind, number)


def server_conversation(rounds=6, version=3):
    """A connection from its begin: what the client and the server say in turns."""
    said = [("client", hello(version)), ("server", echo(version)),
            ("server", keep_alive(1, False, version)), ("client", keep_alive(1, True, version)),
            ("server", by_server(BANDWIDTH_PROBE, 0, FROM_SERVER))]
    for number in range(rounds):
        for kind in THROUGH_SERVER:
            said.append(("client", by_server(kind, number)))
            said.append(("server", by_server(kind, number, FROM_SERVER)))
    return said


# A call of two: a STUN exchange with Zoom's servers, then media from the same port to the peer.

def stun_probe():
    """RFC 3489, with an attribute of Zoom's. The client repeats it unchanged until it is answered."""
    return struct.pack("!HH", 0x0001, 24) + NOISE[84:100] + struct.pack("!HH", 0x0101, 20) + b"1234567890123456789\0"


def stun_answer(port=40000):
    """In a type and an attribute of Zoom's own."""
    return struct.pack("!HH", 0x0002, 12) + NOISE[84:100] + struct.pack("!HHHH4s", 0x0103, 8, 1, port, NOISE[100:104])


def stun_conversation():
    return 10 * [("client", stun_probe()), ("server", stun_answer())]


def opening(address, number):
    """What peers send each other first, with the address that they hope to reach."""
    head = bytes.fromhex("1f0201") + struct.pack("!HHH", 8, 1, 4) + b"\0" + NOISE[104:108]
    head += struct.pack("!I", number) + b"\0\0" + struct.pack("!I", CLOCK)
    return head + block4(address.encode()) + block4(b"01234567-89AB-4CDE-8F01-23456789ABCD") + bytes(4)


def peer_conversation(address, first="client", rounds=6):
    """Media between two clients, without a server's octets; either may begin."""
    second = "server" if first == "client" else "client"
    said = [(speaker, opening(address, number)) for number in range(3) for speaker in (first, second)]
    for number in range(rounds):
        for kind in BETWEEN_PEERS:
            said += [(first, media(kind, number)), (second, media(kind, number))]
    return said


# Media encapsulation.

def media(kind, number):
    """What stands behind a server's octets, and alone between peers."""
    counters = struct.pack("!HI", number, CLOCK + number)
    if kind == SCREEN_BY_SERVER:
        head = struct.pack("!HHH", number, number, 0) + b"\x1e" + PARTICIPANT + b"\x17\x14\x48\x01" + counters
        return bytes([kind]) + head + b"\0\0\xfb\x90\x19" + rtp(99, 3, number)
    if kind == AUDIO:
        return bytes([kind]) + PARTICIPANT + b"\x10\x11\x04\1" + counters + b"\1\0\0\x48" + rtp(112, 2, number)
    if kind == VIDEO and number % 2:
        return bytes([kind]) + PARTICIPANT + b"\x16\x14\x0c\3" + counters + bytes(5) + rtp(98, 1, number)
    if kind == VIDEO:  # with the frame's number and how many packets it takes
        frame = b"\2" + struct.pack("!HB", number, 5)
        return bytes([kind]) + PARTICIPANT + b"\x16\x18\x0c\3" + counters + bytes(5) + frame + rtp(98, 1, number)
    if kind == SCREEN:
        return bytes([kind]) + PARTICIPANT + b"\x13\x14\x08\1" + counters + b"\2\0\xfb\x90\x17" + rtp(99, 3, number)
    if kind == BANDWIDTH_PROBE:
        head = b"\1" + bytes(7) + bytes.fromhex("33010dff") + counters + struct.pack("!I", 1000)
        return bytes([kind]) + head + bytes(4) + 1000 * b"\1"
    return bytes([kind]) + PARTICIPANT + b"\x10\x10" + bytes(9) + sender_report(number)


def rtp(payload_type, stream, number):
    """RFC 3550 5.1 with an extension of one word (RFC 8285)."""
    head = struct.pack("!BBHII", 0x90, payload_type, number, CLOCK + 960 * number, SSRC + stream)
    return head + bytes.fromhex("bede0001" "50640068") + NOISE[200:300 + 8 * number]


def sender_report(number):
    """RFC 3550 6.4.1, and a source description behind it."""
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, SSRC, 0xe5982854, number, CLOCK, number, 100 * number)
    return report + struct.pack("!BBHII", 0x81, 202, 2, SSRC, 0x01000000)


def block4(data):
    return struct.pack("!I", len(data)) + data
