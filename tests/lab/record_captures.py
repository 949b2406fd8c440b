#!/usr/bin/python3
"""Records the captures of tests/captures/clients anew: what real clients send, as the gateway sees it on its
client side, without octroi. Then `UPDATE_EXPECTED=1 tests/captures/check.sh OCTROI` writes what octroi makes of them.

    record_captures.py [NAME...]
"""

import contextlib
import sys
import time
from pathlib import Path

import calls
import programs
import teams_media
import zoom_media
from chromium import FAKE_CAMERA, Chromium, force_quic
from clients_lab import (GOOGLE_STUN, OTHER_SECOND_WEB, REFUSED, REFUSED_WEB, RELAY_NAMES, UNTOUCHED, VISIO_RELAY,
                         ClientsLab)
from conversation import Caller
from firefox import Firefox, mapped_to_quic
from media_lab import FOREIGN, NOBODYS_PORT, PEER, TEAMS_SHARED, MediaLab
from name_server import NameServer, ech_config_list, https_record
from processes import wait_until
from quic_server import start_quic_server
from topology import NEUTRAL, TEAMS, VISIO, ZOOM

FOLDER = Path(__file__).resolve().parents[1] / "captures" / "clients"
WEB_PACKETS, MEDIA_PACKETS = 24, 60
SITE = "visio.numerique.gouv.fr"
TURN = RELAY_NAMES["visio"]
OUTER_NAME = "cover.example.org"
ON_NGTCP2 = "us05web-0.zoom.us"


class Recorder:
    """One recording: a folder of its own, a name server, and tcpdump for one address."""

    def __init__(self, lab, name):
        self.lab = lab
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.file = FOLDER / f"{name}.pcap"
        self._capture = None

    def names(self, web=REFUSED_WEB.v4):
        """What is recorded has an address of its own, so that a browser's other errands stay out."""
        addresses = {name: [web] for name in (*REFUSED, *UNTOUCHED)}
        addresses |= {ON_NGTCP2: [OTHER_SECOND_WEB], TURN: [VISIO_RELAY], "stun.l.google.com": [GOOGLE_STUN]}
        return NameServer(self.lab, self.folder, everyone=(NEUTRAL.v4,), addresses=addresses)

    def start(self, expression, packets=WEB_PACKETS):
        log = self.folder / "tcpdump.log"
        log.unlink(missing_ok=True)  # what an earlier one said
        self._capture = self.lab.start(
            self.lab.gateway, log, "tcpdump", "-i", "clients", "--immediate-mode", "-U",
            "-Z", "root", "-c", packets, "-w", self.file, expression)
        wait_until(lambda: "listening on" in self._capture.said(), "tcpdump")

    def finish(self):
        """Waits a moment for packets that are still to come; a browser that was refused sends no more."""
        try:
            wait_until(lambda: not self._capture.running, "the packets", 2)
        except TimeoutError:
            self._capture.stop()

    def chromium(self, *flags):
        return Chromium(self.lab, self.folder / "chromium", *flags)


def chromium(recorder, name, *flags):
    server = recorder.names()
    with recorder.chromium(*flags) as browser:
        page = browser.page()
        recorder.start(f"host {REFUSED_WEB.v4}")
        page.visit(f"https://{name}/")
        recorder.finish()
    server.stop()


def chromium_with_ech(recorder):
    """Chromium does not wait long for the record: a few names at once over both families, until one is hidden."""
    trios = [[f"us05web-{number}.{name}" for name in ("zoom.us", "meet.google.com", "x.com")] for number in range(7)]
    record = https_record(("h2",), ech_config_list(OUTER_NAME))
    server = NameServer(recorder.lab, recorder.folder, addresses=dict.fromkeys(REFUSED, REFUSED_WEB),
                        https={name: record for trio in trios for name in trio})
    with recorder.chromium() as browser:
        page = browser.page()
        page.visit("https://www.example.org/")
        for trio in trios:
            recorder.start(f"host {REFUSED_WEB.v4} or host {REFUSED_WEB.v6}", 4 * WEB_PACKETS)
            page.fetch_all([f"https://{name}/" for name in trio])
            recorder.finish()
            if OUTER_NAME.encode() in recorder.file.read_bytes():
                break
    server.stop()


def chromium_again(recorder, retry):
    """The second visit to a server that has forgotten the first; with Retry the first visit is recorded."""
    server = recorder.names()
    quic = start_quic_server(recorder.lab, recorder.folder, OTHER_SECOND_WEB, ON_NGTCP2, retry)
    with recorder.chromium(force_quic(ON_NGTCP2)) as browser:
        page = browser.page()
        if not retry:
            page.visit(f"https://{ON_NGTCP2}/")
            time.sleep(2.5)  # quic_server.IDLE
        recorder.start(f"host {OTHER_SECOND_WEB}")
        page.visit(f"https://{ON_NGTCP2}/")
        recorder.finish()
    quic.stop()
    server.stop()


def firefox(recorder, name, **preferences):
    server = recorder.names()
    with Firefox(recorder.lab, recorder.folder / "firefox", **preferences) as browser:
        recorder.start(f"host {REFUSED_WEB.v4}")
        browser.visit(f"https://{name}/")
        recorder.finish()
    server.stop()


def program(recorder, run, name):
    server = recorder.names()
    recorder.start(f"host {REFUSED_WEB.v4}")
    run(recorder.lab, [name])
    recorder.finish()
    server.stop()


def call(recorder, expression, **parameters):
    server = recorder.names(web=NEUTRAL.v4)
    running = [calls.start_peer(recorder.lab, recorder.folder),
               calls.start_relay(recorder.lab, recorder.folder, VISIO_RELAY, TURN)]
    with recorder.chromium(*FAKE_CAMERA) as browser:
        recorder.start(expression, MEDIA_PACKETS)
        page = calls.start_call(browser, SITE, calls.Call(VISIO, **parameters))
        wait_until(lambda: calls.connected(page), "sound and pictures", 30)
        recorder.finish()
    for process in (*running, server):
        process.stop()


def relayed(recorder, url):
    call(recorder, f"host {VISIO_RELAY}", servers=(url,), relay=True)


def media(recorder, *talks):
    """Datagrams of Zoom's or Teams' own programs: one socket's conversations, (address, port, what is said) each."""
    recorder.start("udp", sum(len(said) for _, _, said in talks))
    caller = Caller(recorder.lab, talks[0][0])
    for address, port, said in talks:
        caller.talk(address, port, said)
    caller.close()
    recorder.finish()


RECORDINGS = {
    "chromium_tcp": lambda recorder: chromium(recorder, "zoom.us"),
    "chromium_tcp_visio": lambda recorder: chromium(recorder, SITE),
    "chromium_quic": lambda recorder: chromium(recorder, "meet.google.com", force_quic("meet.google.com")),
    "chromium_quic_olvid": lambda recorder: chromium(recorder, "server.olvid.io", force_quic("server.olvid.io")),
    "chromium_quic_v2": lambda recorder: chromium(
        recorder, "teams.microsoft.com", force_quic("teams.microsoft.com"), "--quic-version=RFCv2"),
    "chromium_quic_0rtt": lambda recorder: chromium_again(recorder, retry=False),
    "chromium_quic_retry": lambda recorder: chromium_again(recorder, retry=True),
    "chromium_ech": chromium_with_ech,
    "firefox_tcp": lambda recorder: firefox(recorder, "teams.live.com"),
    "firefox_quic": lambda recorder: firefox(recorder, "x.com", **mapped_to_quic("x.com")),
    "curl": lambda recorder: program(recorder, programs.curl, "www.tiktok.com"),
    "node": lambda recorder: program(recorder, programs.node, "app.slack.com"),
    "python": lambda recorder: program(recorder, programs.python, "matrix.agent.tchap.gouv.fr"),
    "call_udp": lambda recorder: call(recorder, f"host {VISIO}"),
    "call_ice_tcp_7881": lambda recorder: call(recorder, f"host {VISIO}", transport="tcp"),
    "call_turn_udp_3478": lambda recorder: relayed(recorder, f"turn:{TURN}:3478?transport=udp"),
    "call_turn_tcp_443": lambda recorder: relayed(recorder, f"turn:{TURN}:443?transport=tcp"),
    "call_turn_tls_443": lambda recorder: relayed(recorder, f"turns:{TURN}:443?transport=tcp"),
}


ZOOM_SERVER = zoom_media.server_conversation(rounds=2)
ZOOM_PEERS = zoom_media.peer_conversation(PEER.v4, rounds=2)
TEAMS_RELAY = teams_media.relay_conversation()
TEAMS_MULTIPLEXED = teams_media.multiplexed_conversation()
TEAMS_PEERS = teams_media.peer_conversation()

MEDIA_RECORDINGS = {
    "zoom_server": lambda recorder: media(recorder, (ZOOM.v4, 8801, ZOOM_SERVER)),
    "zoom_server_by_port": lambda recorder: media(recorder, (FOREIGN.v6, 8801, ZOOM_SERVER)),
    "zoom_peers": lambda recorder: media(recorder, (ZOOM.v4, 3478, zoom_media.stun_conversation()),
                                         (PEER.v4, NOBODYS_PORT, ZOOM_PEERS)),
    "zoom_framing_alone": lambda recorder: media(recorder, (FOREIGN.v4, NOBODYS_PORT, ZOOM_SERVER),
                                                 (PEER.v4, NOBODYS_PORT, ZOOM_PEERS)),
    "teams_relay": lambda recorder: media(recorder, (TEAMS.v4, 3478, TEAMS_RELAY), (TEAMS.v4, 3479, TEAMS_MULTIPLEXED),
                                          (PEER.v4, NOBODYS_PORT, TEAMS_PEERS)),
    "teams_relay_shared": lambda recorder: media(recorder, (TEAMS_SHARED, 3478, TEAMS_RELAY),
                                                 (TEAMS_SHARED, NOBODYS_PORT, TEAMS_MULTIPLEXED)),
    "teams_framing_alone": lambda recorder: media(recorder, (FOREIGN.v4, NOBODYS_PORT, TEAMS_MULTIPLEXED),
                                                  (PEER.v4, NOBODYS_PORT, TEAMS_PEERS)),
}


def main(names):
    FOLDER.mkdir(exist_ok=True)
    for kind, recordings in ((ClientsLab, RECORDINGS), (MediaLab, MEDIA_RECORDINGS)):
        chosen = {name: record for name, record in recordings.items() if name in names or not names}
        with kind() if chosen else contextlib.nullcontext() as lab:
            for name, record in chosen.items():
                record(Recorder(lab, name))
                print(name, (FOLDER / f"{name}.pcap").stat().st_size, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
