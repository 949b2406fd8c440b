"""What a soak sends: real clients, calls, questions, garbage and changes of the policy, all at once. Each part knows what
has to become of what it sends."""

import itertools
import random
import socket
import struct
import threading
from pathlib import Path

import clients
import conversation
import damaged
import packets
import teams_media
import zoom_media
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL, PASSED_NAMES, REFUSED_NAMES, TEAMS, VISIO, ZOOM

SEED = 20261127
PATIENCE = 30  # of a client, in seconds: the machine may be busy
CAPTURES = Path(__file__).resolve().parents[1] / "captures" / "clients"
ANY_PORT, MEDIA_PORT = 40123, 40124
# Below what the kernel gives to other sockets: a port that comes again meets the verdict of its earlier flow, where a QUIC
# server has another port than 443.
QUIC_CLIENT_PORTS = range(10000, 30000)
# What a client's port was used for, octroi remembers for two minutes: another conversation from there would be the same call.
MEDIA_CLIENT_PORTS = range(30000, 32000)


class Part(threading.Thread):
    """Does one thing again and again, with a pause between. What goes otherwise than it must is kept, and ends nothing."""

    def __init__(self, name, act, pause):
        super().__init__(name=name, daemon=True)
        self.done = 0
        self.failures = []
        self._act, self._pause = act, pause
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(self._pause):
            try:
                self._act(self.done)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(f"{self.name} {self.done}: {error!r}")
            self.done += 1

    def end(self):
        self._over.set()
        self.join(3 * PATIENCE)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def tls(lab, number):
    """curl asks for a name: refused by the name or the address, or answered whole."""
    name = (REFUSED_NAMES + PASSED_NAMES)[number % len(REFUSED_NAMES + PASSED_NAMES)]
    address = NEUTRAL.v6 if number % 2 else NEUTRAL.v4
    answer = clients.curl(lab, name, address, max_time=PATIENCE)
    if name in REFUSED_NAMES:
        expect(answer.exit_code in clients.CURL_RESET, f"{name}: {answer.exit_code} {answer.error}")
    else:
        expect(answer.body == page_of(name), f"{name}: {answer.exit_code} {answer.error}")


def download(lab, number):
    """A decided connection carries a file whole, whatever happens to the daemon meanwhile."""
    name = PASSED_NAMES[number % len(PASSED_NAMES)]
    address = VISIO if name.startswith("visio") else NEUTRAL.v4
    answer = clients.curl(lab, name, address, path="/blob", max_time=PATIENCE)
    expect(answer.exit_code == 0, f"{name}: {answer.exit_code} {answer.error}")


def talk(lab, address, port, said, passes, client_port=0):
    """A conversation in datagrams: all of it comes through, or its sender is told."""
    caller = conversation.Caller(lab, address, PATIENCE, client_port)
    try:
        fates = caller.talk(address, port, said)
    finally:
        caller.close()
    expect((False not in fates) == passes, f"{address} port {port}: {fates}")


def question(number):
    """RFC 1035 4.1: a question for an address, and its answer."""
    name = f"\x06host{number % 100:02}\x07example\0".encode()
    asked = struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
    answer = asked[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + asked[12:]
    return asked, answer + b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 60, 4) + socket.inet_aton(NEUTRAL.v4)


def dns(lab, number):
    asked, answer = question(number)
    talk(lab, OTHER_NEUTRAL, 53, [("client", asked), ("server", answer)], True)


def initials(capture):
    """The client's first two datagrams of a capture: a ClientHello over QUIC."""
    sent = [frame[damaged.ETHERNET_HEADER:] for frame in damaged.frames((CAPTURES / capture).read_bytes())]
    sent = [packet for packet in sent if packet[12:14] == damaged.CLIENT_NETWORK]
    return [packet[4 * (packet[0] & 15) + 8:] for packet in sent[:2]]


def quic(lab, number, refused, passed):
    """A client's first flight for a refused name, and for another."""
    passes = number % 2 == 1
    flight = passed if passes else refused
    said = [("client", datagram) for datagram in flight] + [("client", flight[-1])]
    talk(lab, NEUTRAL.v4, ANY_PORT, said, passes, QUIC_CLIENT_PORTS[number % len(QUIC_CLIENT_PORTS)])


def media(lab, number, webrtc):
    """Zoom and Teams at their own addresses are refused, WebRTC anywhere else passes."""
    address, said, passes = (
        (ZOOM.v4, zoom_media.server_conversation(2), False), (TEAMS.v4, teams_media.relay_conversation(2), False),
        (ZOOM.v6, zoom_media.server_conversation(2), False), (NEUTRAL.v4, webrtc, True))[number % 4]
    talk(lab, address, MEDIA_PORT, said, passes, MEDIA_CLIENT_PORTS[number % len(MEDIA_CLIENT_PORTS)])


def garbage(lab, number, kinds):
    """Damaged payloads of real clients, over both transports."""
    generator = random.Random(SEED + number)
    damaged.send_datagrams(lab, generator, kinds[socket.IPPROTO_UDP], NEUTRAL.v4, 443, 20)
    damaged.send_streams(lab, generator, kinds[socket.IPPROTO_TCP], NEUTRAL.v4, 1)


def malformed(lab, number):
    """Headers that are cut off: octroi discards these."""
    with packets.RawSender(lab.client) as sender:
        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            payload = bytes(range(number % 8))
            sender.send(packets.ip(clients.PILOT.v4, NEUTRAL.v4, protocol, payload), NEUTRAL.v4)


def parts(lab):
    """All parts but those that touch the daemon."""
    webrtc, kinds = conversation.call()[:60], damaged.payloads()
    refused, passed = initials("chromium_quic.pcap"), initials("chromium_quic_olvid.pcap")
    acts = ((tls, 0.5, ()), (download, 2, ()), (dns, 0.2, ()), (quic, 0.5, (refused, passed)), (media, 0.5, (webrtc,)),
            (garbage, 1, (kinds,)))
    return [Part(act.__name__, bound(act, lab, more), pause) for act, pause, more in acts]


def bound(act, lab, more):
    return lambda number: act(lab, number, *more)


def reloads(daemon, policies):
    """A part that has the daemon reload one policy after the other."""
    turn = itertools.cycle(policies)

    def act(_):
        daemon.write_policy(next(turn))
        code, said = daemon.ask_for_reload()
        expect(code == 0, said)

    return Part("reload", act, 5)
