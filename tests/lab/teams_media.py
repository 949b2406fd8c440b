"""The datagrams of Teams' own program: Microsoft's TURN over UDP ([MS-TURN] 2.2), its multiplexed frames (2.2.3), its
connectivity checks ([MS-ICE2] 2.2) and SRTP."""

import random
import socket
import struct
import zlib

NOISE = random.Random("teams").randbytes(1000)
COOKIE = 0x2112A442
BINDING, ALLOCATE, SEND = 0x0001, 0x0003, 0x0004
SUCCESS, REFUSAL, DATA = 0x0100, 0x0110, 0x0115
SESSION = NOISE[:8]

# [MS-TURN] 2.2.2: NONCE and REALM have the number that the other has in RFC 8656.
MAGIC = (0x000f, bytes.fromhex("72c64bc6"))
VERSION = (0x8008, struct.pack("!I", 6))
NONCE, REALM = (0x0014, NOISE[8:28]), (0x0015, b'"rtcmedia"')
USER = (0x0006, bytes.fromhex("02000024") + NOISE[28:80])
BANDWIDTH = (0x0010, struct.pack("!I", 12000))
SEQUENCE = (0x8050, NOISE[112:136])
SERVICE_QUALITY = (0x8055, struct.pack("!HH", 2, 2))
# Seen in what Teams sends; what they say does not matter here.
ATTRIBUTE_8006 = (0x8006, struct.pack("!I", 1))
ATTRIBUTE_8036 = (0x8036, struct.pack("!I", 1))
ATTRIBUTE_8037 = (0x8037, struct.pack("!I", 2))
IMPLEMENTATION = (0x8070, struct.pack("!I", 7))
MULTIPLEXED_SESSION = (0x8095, SESSION)
RELAY_INTEGRITY = (0x0008, NOISE[80:112])
INTEGRITY = (0x0008, NOISE[80:100])


def message(kind, number, *attributes, aligned=False):
    """RFC 8489 5. Microsoft's TURN pads no value, unlike its connectivity checks."""
    body = b"".join(struct.pack("!HH", name, len(value)) + value + (bytes(-len(value) % 4) if aligned else b"")
                    for name, value in attributes)
    transaction = struct.pack("!I", COOKIE) + NOISE[200 + number:212 + number]
    return struct.pack("!HH", kind, len(body)) + transaction + body


# A relay of Microsoft's.

def allocate(number, authenticated=False):
    """The first allocation is refused and comes again, with the nonce that the refusal carried."""
    asked = (MAGIC, ATTRIBUTE_8037, VERSION, ATTRIBUTE_8006, BANDWIDTH, SERVICE_QUALITY)
    known = (MULTIPLEXED_SESSION, NONCE, REALM, USER, RELAY_INTEGRITY)
    return message(ALLOCATE, number, *asked, *(known if authenticated else ()))


def allocate_refused(number):
    text = b"The request did not contain a Message-Integrity attribute"
    return message(ALLOCATE | REFUSAL, number, MAGIC, VERSION, (0x0009, struct.pack("!I", 0x401) + text),
                   (0x000e, mapped()), NONCE, REALM, (0x0001, mapped()), MULTIPLEXED_SESSION, (0x8020, mapped()))


def allocated(number):
    return message(ALLOCATE | SUCCESS, number, MAGIC, (0x000d, struct.pack("!I", 60)), (0x0001, mapped()), VERSION,
                   (0x8020, mapped()), SEQUENCE, (0x8022, b"2.0.1.211"), BANDWIDTH, RELAY_INTEGRITY)


def send(number, data):
    """Data for a peer, through the relay."""
    return message(SEND, number, MAGIC, VERSION, USER, (0x0011, mapped()), (0x0013, data), RELAY_INTEGRITY)


def relayed(number, data):
    """Data from a peer, through the relay."""
    return message(DATA, number, MAGIC, (0x0012, mapped()), (0x0013, data))


def relay_conversation(rounds=4):
    """An allocation, and checks and media through it."""
    said = [("client", allocate(1)), ("server", allocate_refused(1)),
            ("client", allocate(2, authenticated=True)), ("server", allocated(2))]
    for number in range(rounds):
        said += [("client", send(10 + number, check(number))), ("server", relayed(10 + number, check_passed(number))),
                 ("client", send(20 + number, srtp(number))), ("server", relayed(20 + number, srtp(number)))]
    return said


def multiplexed(data):
    """[MS-TURN] 2.2.3: a channel that is none, the length of what follows, the session, the data."""
    return struct.pack("!HH", 0xff10, len(SESSION) + len(data)) + SESSION + data


def multiplexed_conversation(rounds=4):
    """To the relay of the other side, all on one of its ports: 3479 for sound, 3480 for pictures."""
    said = []
    for number in range(rounds):
        said += [("client", multiplexed(check(number))), ("server", multiplexed(check_passed(number))),
                 ("client", multiplexed(srtp(number))), ("server", multiplexed(srtp(number)))]
    return said


# Two clients that reach each other.

def check(number):
    """A connectivity check."""
    return sealed(message(
        BINDING, number, (0x0006, b"o5/I:FY32"), (0x802a, NOISE[120:128]), IMPLEMENTATION, ATTRIBUTE_8036,
        (0x0024, struct.pack("!I", 0x6efffeff)), ATTRIBUTE_8037, INTEGRITY, aligned=True))


def check_passed(number):
    return sealed(message(BINDING | SUCCESS, number, IMPLEMENTATION, (0x0020, mapped()),
                          ATTRIBUTE_8037, ATTRIBUTE_8036, INTEGRITY, aligned=True))


def peer_conversation(first="client", rounds=4):
    """Checks until one passes, then media."""
    second = "server" if first == "client" else "client"
    said = []
    for number in range(rounds):
        said += [(first, check(number)), (second, check_passed(number))]
    for number in range(rounds):
        said += [(first, srtp(number)), (second, srtp(number))]
    return said


def srtp(number):
    """RFC 3711: RTP in clear up to its payload."""
    return struct.pack("!BBHII", 0x80, 104, number, 960 * number, 0x74ec) + NOISE[300:400]


def mapped():
    """RFC 8489 14.1: an address and a port; which, does not matter."""
    return struct.pack("!BBH", 0, 1, 40000) + socket.inet_aton("198.51.100.61")


def sealed(sent):
    """With FINGERPRINT (RFC 8489 14.7), which the length counts as well."""
    head = sent[:2] + struct.pack("!H", len(sent) - 20 + 8) + sent[4:]
    return head + struct.pack("!HHI", 0x8028, 4, zlib.crc32(head) ^ 0x5354554e)
