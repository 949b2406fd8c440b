#!/usr/bin/python3
"""What the user sees of a refusal: at once, on every transport; and of monitor mode: nothing."""

import time
import unittest

from chromium import Chromium, allow_quic, force_quic
from clients_case import RESET, ClientsCase, is_refused, pages
from clients_lab import REFUSED, SUB_NAMES, UNTOUCHED
from firefox import Firefox
from gateway import POLICIES
from name_server import https_record
from server import page_of

NAMES = (*REFUSED, *UNTOUCHED)
# The names whose browsers may use QUIC here: one refused, one not.
QUIC_NAMES = ("us05web-0.zoom.us", "us05web-0.www.example.org")

QUIC_ERROR = "net::ERR_QUIC_PROTOCOL_ERROR"

# An error page must come within this time. The quickest of a few tries counts: the machine may be busy.
AT_ONCE = 0.5
TRIES = 5


class Refusal(ClientsCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def write_policy(self, enforced):
        text = (POLICIES / "clients.yaml").read_text()
        self.daemon.write_policy(text if enforced else text.replace("mode: enforce", "mode: monitor"))
        self.daemon.reload()

    def test_chromium_shows_its_error_page_at_once(self):
        self.name_server()
        with Chromium(self.lab, self.folder / "chromium") as browser:
            visits = [browser.page().visit(f"https://{name}/") for name in SUB_NAMES[:TRIES]]
        self.assertEqual({visit.error for visit in visits}, {RESET})
        self.assertLess(min(visit.seconds for visit in visits), AT_ONCE)

    def test_firefox_shows_its_error_page_at_once(self):
        self.name_server()
        with Firefox(self.lab, self.folder / "firefox") as browser:
            visits = [browser.visit(f"https://{name}/") for name in SUB_NAMES[:TRIES]]
        self.assertEqual({visit.error for visit in visits}, {"nssFailure2"})
        self.assertLess(min(visit.seconds for visit in visits), AT_ONCE)

    def test_chromium_is_told_of_refused_quic_at_once(self):
        """ICMP tells the browser: an error where it may use QUIC alone, else TCP at once, which is refused too.
        (Of two errors it may show either.)"""
        names = SUB_NAMES[:TRIES]
        self.name_server(https={name: https_record() for name in names})
        for flag, error in ((force_quic(*names), QUIC_ERROR), (allow_quic(*names), RESET)):
            with self.subTest(flag=flag), Chromium(self.lab, self.folder / error[-9:], flag) as browser:
                visits = [browser.page().visit(f"https://{name}/") for name in names]
                self.assertLessEqual({visit.error for visit in visits}, {error, QUIC_ERROR})
                self.assertLess(min(visit.seconds for visit in visits), AT_ONCE)
        quic = [event for event in self.daemon.events() if event["proto"] == "UDP" and event["dest_port"] == 443]
        self.assertEqual({event["server_name"] for event in quic if event["action"] == "reject"}, set(names))

    def test_an_established_http_2_session_is_cut_by_a_reload(self):
        self.assert_cut("h2")

    def test_an_established_http_3_session_is_cut_by_a_reload(self):
        self.assert_cut("h3", force_quic(*QUIC_NAMES))

    def assert_cut(self, protocol, *flags):
        """From monitor to enforce by SIGHUP: the next request on the session fails within a second, and so does
        a new visit; the session of an untouched site goes on."""
        self.name_server()
        self.write_policy(enforced=False)
        refused, untouched = pages(QUIC_NAMES)
        with Chromium(self.lab, self.folder / "chromium", *flags) as browser:
            tabs = {address: browser.page() for address in (refused, untouched)}
            for address, tab in tabs.items():
                self.assertEqual(tab.visit(address).protocol, protocol)
                self.assertEqual(tab.fetch_all([address])[address].protocol, protocol)
            self.write_policy(enforced=True)
            fetched = tabs[refused].fetch_all([refused])[refused]
            self.assertIsNone(fetched.body)
            self.assertLess(fetched.seconds, 1)
            self.assertIsNotNone(tabs[refused].visit(refused).error)
            self.assertEqual(tabs[untouched].fetch_all([untouched])[untouched].protocol, protocol)

    def test_monitored_nothing_changes(self):
        """Everything comes, over the protocol that it comes over without octroi, and in about its time."""
        self.name_server()
        self.write_policy(enforced=False)
        took = {}
        with Chromium(self.lab, self.folder / "chromium", force_quic(*SUB_NAMES)) as browser:
            page = browser.page()
            self.assertIsNone(page.visit("https://www.example.org/").error)
            for names, protocol in ((NAMES[:-1], "h2"), (SUB_NAMES, "h3")):
                begin = time.monotonic()
                for address, fetched in page.fetch_all(pages(names)).items():
                    self.assertEqual((fetched.body, fetched.protocol),
                                     (page_of(address.split("/")[2]).decode(), protocol))
                took[protocol] = time.monotonic() - begin
        self.assertLess(max(took.values()), 10, took)
        refused = [event for event in self.daemon.events() if event["action"] != "accept"]
        self.assertEqual(refused, [])
        would = {event["server_name"] for event in self.daemon.events()
                 if event["would"] == "reject" and is_refused(event["server_name"] or "")}
        self.assertEqual(would, {name for name in (*NAMES, *SUB_NAMES) if is_refused(name)})


if __name__ == "__main__":
    unittest.main()
