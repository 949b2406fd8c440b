#!/usr/bin/python3
"""Refused by name over QUIC, in each way by which browsers come to it."""

import time
import unittest

from chromium import Chromium, allow_quic, force_quic
from clients_case import RESET, ClientsCase, flows_of, flows_of_state_tools, is_refused, names_of, pages
from clients_lab import OTHER_SECOND_WEB, REFUSED, SECOND_WEB, SUB_NAMES, UNTOUCHED
from firefox import Firefox, mapped_to_quic
from gateway import POLICIES
from name_server import ech_config_list, https_record
from processes import wait_until
from quic_server import PAGE as FROM_NGTCP2
from quic_server import start_quic_server
from server import page_of

NAMES = (*REFUSED, *UNTOUCHED)
# On the server that comes with 0-RTT and Retry, which has one certificate an address.
UNTOUCHED_ONE, REFUSED_ONE = "us05web-0.www.example.org", "us05web-0.zoom.us"


class Quic(ClientsCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    # Forced: QUIC alone, no way back to TCP. More than 100 connections each.

    def test_chromium_over_ipv4(self):
        self.name_server(families=["v4"])
        self.assert_forced()

    def test_chromium_over_ipv6(self):
        self.name_server(families=["v6"])
        self.assert_forced()

    def test_chromium_with_offloads(self):
        self.links(offloads=True)
        self.name_server()
        self.assert_forced()

    def test_chromium_over_small_links(self):
        self.links(mtu=1280)
        self.name_server(families=["v4"])
        self.assert_forced()

    def test_chromium_in_version_2(self):
        """The server knows version 1 only and says so at once, to the first half of a ClientHello: no page comes,
        and what octroi says of each name counts."""
        self.name_server()
        with self.browser(force_quic(*SUB_NAMES), "--quic-version=RFCv2") as page:
            results = page.fetch_all(pages(SUB_NAMES))
        self.assertEqual([fetched for fetched in results.values() if fetched.body], [])
        self.assert_verdicts(self.daemon, SUB_NAMES, "UDP", reached=False)

    # As a browser comes to QUIC by itself: where QUIC is refused it takes TCP, which is refused too.

    def test_chromium_by_https_records(self):
        self.name_server(https={name: https_record() for name in SUB_NAMES})
        with self.browser(allow_quic(*SUB_NAMES)) as page:
            for _ in range(2):
                self.assert_natural(page.fetch_all(pages(SUB_NAMES)))
        self.assert_verdicts(self.daemon, SUB_NAMES, "TCP", "UDP")
        for name in filter(is_refused, SUB_NAMES):
            self.assertIn(name, names_of(self.daemon.events(), "TCP"))
        self.assertGreater(flows_of(self.daemon.events(), "UDP"), 50)

    def test_chromium_by_alternative_services(self):
        self.name_server()
        self.write_policy(enforced=False)
        with self.browser(allow_quic(*SUB_NAMES)) as page:
            page.fetch_all(pages(SUB_NAMES))  # learns from the answers that there is HTTP/3
        self.write_policy(enforced=True)
        before = len(self.daemon.events())
        with self.browser(allow_quic(*SUB_NAMES)) as page:
            self.assert_natural(page.fetch_all(pages(SUB_NAMES)))
        events = self.daemon.events()[before:]
        for name in filter(is_refused, SUB_NAMES):
            self.assertIn(name, names_of(events, "TCP"))
        self.assertGreater(flows_of(events, "UDP"), 50)
        self.assertEqual([event for event in events
                          if (event["action"] == "reject") != is_refused(event["server_name"] or "")], [])

    def test_firefox(self):
        """One name after the other: asked for many at once, some of them refused, Firefox may wait for tens of
        seconds before it ends a handshake, though each packet of it has arrived."""
        self.name_server()
        with Firefox(self.lab, self.folder / "firefox", **mapped_to_quic(*NAMES)) as browser:
            for name in NAMES:
                with self.subTest(name=name):
                    visit = browser.visit(f"https://{name}/")
                    self.assertEqual(visit.text, "" if is_refused(name) else page_of(name).decode(), visit)
        self.assert_verdicts(self.daemon, NAMES, "UDP")
        self.assertLessEqual(set(REFUSED), names_of(self.daemon.events(), "TCP"))

    # Encrypted ClientHello: nobody sees the inner name. The server does not know ECH, so that the browser
    # comes again with the name in clear, as where ECH has been taken out of use.

    def test_chromium_with_encrypted_client_hello(self):
        record = https_record(("h2",), ech_config_list("cover.example.org"))
        self.name_server(https={name: record for name in SUB_NAMES})
        with self.browser() as page:
            self.assert_fetched(page.fetch_all(pages(SUB_NAMES)))
        self.assert_verdicts(self.daemon, SUB_NAMES)
        self.assertIn("cover.example.org", names_of(self.daemon.events(), "TCP"))

    def test_chromium_with_encrypted_client_hello_over_quic(self):
        record = https_record(ech=ech_config_list("cover.example.org"))
        self.name_server(https={name: record for name in SUB_NAMES})
        with self.browser(allow_quic("cover.example.org", *SUB_NAMES)) as page:
            results = page.fetch_all(pages(SUB_NAMES))
        self.assert_fetched(results)
        self.assert_verdicts(self.daemon, SUB_NAMES, "TCP", "UDP")
        self.assertIn("cover.example.org", names_of(self.daemon.events(), "UDP"))

    # ngtcp2's server forgets an idle connection, and Chromium comes again with what it remembers.

    def test_chromium_with_0_rtt(self):
        self.assert_comes_again(retry=False)

    def test_chromium_after_a_retry(self):
        self.assert_comes_again(retry=True)

    def assert_comes_again(self, retry):
        self.name_server(families=["v4"], addresses={UNTOUCHED_ONE: [SECOND_WEB], REFUSED_ONE: [OTHER_SECOND_WEB]})
        for address, name in ((SECOND_WEB, UNTOUCHED_ONE), (OTHER_SECOND_WEB, REFUSED_ONE)):
            self.addCleanup(start_quic_server(self.lab, self.folder, address, name, retry).stop)
        self.write_policy(enforced=False)
        with self.browser(force_quic(UNTOUCHED_ONE, REFUSED_ONE)) as page:
            for name in (UNTOUCHED_ONE, REFUSED_ONE):
                self.assertEqual(page.visit(f"https://{name}/").text, FROM_NGTCP2)
            self.write_policy(enforced=True)
            before = len(self.daemon.events())
            time.sleep(2.5)  # quic_server.IDLE
            self.assertEqual(page.visit(f"https://{UNTOUCHED_ONE}/").text, FROM_NGTCP2)
            self.assertIn("QUIC", page.visit(f"https://{REFUSED_ONE}/").error)
        events = self.daemon.events()[before:]
        for name, action in ((UNTOUCHED_ONE, "accept"), (REFUSED_ONE, "reject")):
            self.assertEqual({event["action"] for event in events if event["server_name"] == name}, {action})

    def browser(self, *flags):
        return OnePage(Chromium(self.lab, self.folder / "chromium", *flags))

    def write_policy(self, enforced):
        text = (POLICIES / "clients.yaml").read_text()
        self.daemon.write_policy(text if enforced else text.replace("mode: enforce", "mode: monitor"))
        self.daemon.reload()

    def assert_forced(self):
        with self.browser(force_quic(*SUB_NAMES)) as page:
            results = page.fetch_all(pages(SUB_NAMES))
        self.assert_fetched(results)
        for fetched in results.values():
            self.assertIn("net::ERR_QUIC_PROTOCOL_ERROR" if fetched.error else "h3",
                          fetched.error or fetched.protocol)
        self.assert_verdicts(self.daemon, SUB_NAMES, "UDP")
        self.assertGreater(flows_of(self.daemon.events(), "UDP") + flows_of_state_tools(self.daemon), 100)
        self.assertEqual(self.daemon.scrape().sum("octroi_parser_errors_total"), 0)

    def assert_natural(self, results):
        """The refused names were reset over TCP in the end; others came over HTTP/3, where QUIC won the race."""
        self.assert_fetched(results)
        errors = {fetched.error for fetched in results.values() if fetched.error}
        self.assertIn(RESET, errors)
        self.assertEqual([error for error in errors - {RESET} if "QUIC" not in error], [])
        self.assertIn("h3", {fetched.protocol for fetched in results.values()})


class OnePage:
    """A browser with one tab on an ordinary site, from which it asks the others."""

    def __init__(self, browser):
        self._browser = browser

    def __enter__(self):
        page = self._browser.page()
        wait_until(lambda: page.visit("https://www.example.org/").error is None, "the ordinary site", 20)
        return page

    def __exit__(self, *_):
        self._browser.close()


if __name__ == "__main__":
    unittest.main()
