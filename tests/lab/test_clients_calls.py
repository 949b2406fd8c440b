#!/usr/bin/python3
"""Calls: those of Visio are unhurt under the default policy, enforced; those of Meet, Teams and Zoom fail on every
path, and the page learns it. OCTROI_CALL_SECONDS says how long each is watched (10 by default)."""

import unittest
from pathlib import Path

import calls
from calls import Call
from chromium import FAKE_CAMERA, Chromium
from clients_case import ClientsCase
from clients_lab import GOOGLE_STUN, RELAY_NAMES, VISIO_RELAY
from processes import wait_until
from topology import MEET, NEUTRAL, TEAMS, VISIO, ZOOM

DEFAULT_POLICY = Path(__file__).resolve().parents[2] / "rules" / "policies" / "default.yaml"
SITE = "visio.numerique.gouv.fr"
TURN = RELAY_NAMES["visio"]

# Each path of a call to Visio, and the pair of candidates that it must end on.
VISIO_PATHS = {
    "UDP": (Call(VISIO), ("host", "udp")),
    "UDP after stun.l.google.com": (Call(VISIO, servers=("stun:stun.l.google.com:19302",)), ("host", "udp")),
    "ICE over TCP 7881": (Call(VISIO, "tcp"), ("prflx", "tcp")),
    "TURN over UDP 3478": (Call(VISIO, "udp", (f"turn:{TURN}:3478?transport=udp",), True), ("relay", "udp")),
    "TURN over UDP 443": (Call(VISIO, "udp", (f"turn:{TURN}:443?transport=udp",), True), ("relay", "udp")),
    "TURN over TCP 443": (Call(VISIO, "udp", (f"turn:{TURN}:443?transport=tcp",), True), ("relay", "tcp")),
    "TURN over TLS 443": (Call(VISIO, "udp", (f"turns:{TURN}:443?transport=tcp",), True), ("relay", "tls")),
}
REFUSED_ADDRESSES = {"zoom": ZOOM.v4, "teams": TEAMS.v4, "meet": MEET.v4}
NEUTRAL_SITE = "www.example.org"
UNKNOWN_MEETINGS = """  - name: unknown-meetings
    when: {application: webrtc-call}
    then: reject
"""


def every_path(service):
    """A call that offers all it can: straight over UDP and TCP, and each kind of relay."""
    name = RELAY_NAMES[service]
    relays = (f"turn:{name}:3478?transport=udp", f"turn:{name}:443?transport=udp",
              f"turn:{name}:443?transport=tcp", f"turns:{name}:443?transport=tcp")
    return Call(REFUSED_ADDRESSES[service], "udp,tcp", relays)


@unittest.skipUnless(calls.INSTALLED, "werift is not there: run `npm ci` in tests/lab/call")
class Calls(ClientsCase):
    def setUp(self):
        super().setUp()
        addresses = {RELAY_NAMES[service]: [address] for service, address in REFUSED_ADDRESSES.items()}
        self.name_server(families=["v4"],
                         addresses={**addresses, TURN: [VISIO_RELAY], "stun.l.google.com": [GOOGLE_STUN]})
        self.addCleanup(calls.start_peer(self.lab, self.folder).stop)

    def relay(self, *arguments):
        self.addCleanup(calls.start_relay(self.lab, self.folder, *arguments).stop)

    def start_daemon(self, enforced=True, more=""):
        daemon = self.octroi("pilot.yaml")
        text = DEFAULT_POLICY.read_text().replace("\nexceptions:", more + "\nexceptions:")
        daemon.write_policy(text.replace("mode: monitor", "mode: enforce") if enforced else text)
        daemon.reload()
        return daemon

    def browser(self):
        return Chromium(self.lab, self.folder / "chromium", *FAKE_CAMERA)

    def test_a_call_of_visio_is_unhurt_on_every_path(self):
        self.relay(VISIO_RELAY, TURN)
        self.relay(GOOGLE_STUN, TURN, 19302)
        daemon = self.start_daemon()
        with self.browser() as browser:
            pages = [calls.start_call(browser, SITE, call) for call, _ in VISIO_PATHS.values()]
            for name, page in zip(VISIO_PATHS, pages):
                wait_until(lambda page=page: calls.connected(page), f"sound and pictures over {name}", 30)
            watched = calls.watch(pages, calls.SECONDS)
        for (name, (_, pair)), seen in zip(VISIO_PATHS.items(), watched):
            with self.subTest(path=name, seen=seen.last):
                self.assertEqual(seen.states, {"connected"})
                self.assertLess(seen.pause, calls.BEARABLE)
                self.assertEqual((seen.last["pair"]["type"], seen.last["pair"]["protocol"]), pair)
        self.assertEqual([event for event in daemon.events() if event["dest_ip"] != GOOGLE_STUN], [])

    def test_the_same_call_of_meet_teams_and_zoom_is_refused_on_every_path(self):
        for service, address in REFUSED_ADDRESSES.items():
            self.relay(address, RELAY_NAMES[service])
        daemon = self.start_daemon()
        with self.browser() as browser:
            pages = [calls.start_call(browser, NEUTRAL_SITE, every_path(service)) for service in REFUSED_ADDRESSES]
            for service, page in zip(REFUSED_ADDRESSES, pages):
                with self.subTest(service=service):
                    self.assertEqual(calls.outcome(page, 30), "failed")
                    self.assertLess(calls.seconds_to_fail(page), 20)
        for service in REFUSED_ADDRESSES:
            self.assertGreater(daemon.scrape().sum("octroi_flows_total", service=service, action="reject"), 0)

    def test_a_call_to_nobody_is_refused_by_its_shape_but_for_who_talks_to_visio(self):
        daemon = self.start_daemon(more=UNKNOWN_MEETINGS)
        with self.browser() as browser:
            page = calls.start_call(browser, NEUTRAL_SITE, Call(NEUTRAL.v4))
            self.assertEqual(calls.outcome(page, 30), "failed")
            event = daemon.event(rule="unknown-meetings")
            self.assertEqual((event["application"], event["service"]), ("webrtc-call", None))
            page = calls.start_call(browser, SITE, Call(NEUTRAL.v4))
            self.assertEqual(calls.outcome(page, 30), "connected")
        self.assertEqual(daemon.scrape().sum("octroi_flows_total", service="visio", action="reject"), 0)

    def test_monitored_the_same_calls_come_about(self):
        for service, address in REFUSED_ADDRESSES.items():
            self.relay(address, RELAY_NAMES[service])
        self.start_daemon(enforced=False)
        with self.browser() as browser:
            pages = [calls.start_call(browser, NEUTRAL_SITE, every_path(service)) for service in REFUSED_ADDRESSES]
            for service, page in zip(REFUSED_ADDRESSES, pages):
                with self.subTest(service=service):
                    self.assertEqual(calls.outcome(page, 30), "connected")


if __name__ == "__main__":
    unittest.main()
