#!/usr/bin/python3
"""Refused by name, whatever program asks; and nothing else is. Over TCP here, over QUIC in test_clients_quic.py."""

import unittest

from chromium import Chromium
from clients_case import RESET, ClientsCase, flows_of, is_refused, pages
from clients_lab import REFUSED, SUB_NAMES, UNTOUCHED
from firefox import Firefox
from server import page_of

NAMES = (*REFUSED, *UNTOUCHED)
# What each program calls a reset.
RESET_WORDS = ("reset by peer", "errno=104", "ECONNRESET")


class Names(ClientsCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def test_programs(self):
        self.name_server()
        self.assert_programs(NAMES, RESET_WORDS)
        self.assert_verdicts(self.daemon, NAMES)

    def test_firefox(self):
        """One refused name after the other, as a user meets them: asked for dozens at once, Firefox may forget
        to take note of a reset."""
        self.name_server()
        with Firefox(self.lab, self.folder / "firefox") as browser:
            for name in NAMES:
                with self.subTest(name=name):
                    visit = browser.visit(f"https://{name}/")
                    self.assertEqual(visit.text, "" if is_refused(name) else page_of(name).decode(), visit)
            self.assertIsNone(browser.visit("https://www.example.org/").error)
            self.assert_fetched(browser.fetch_all(pages(name for name in SUB_NAMES if not is_refused(name))))
        self.assert_verdicts(self.daemon, NAMES)

    # More than 100 connections of Chromium each: its ClientHello spans two segments, its extensions are in
    # another order each time, and the name is in the first segment, in the second or cut in two.

    def test_chromium_over_ipv4(self):
        self.name_server(families=["v4"])
        self.assert_chromium()

    def test_chromium_over_ipv6(self):
        self.name_server(families=["v6"])
        self.assert_chromium()

    def test_chromium_with_offloads(self):
        self.links(offloads=True)
        self.name_server()
        self.assert_chromium()

    def test_chromium_over_small_links(self):
        self.links(mtu=1280)
        self.name_server()
        self.assert_chromium()

    def test_chromium_resumes_sessions(self):
        """It comes again with a ticket: a longer ClientHello, the name still in clear."""
        self.name_server()
        with Chromium(self.lab, self.folder / "chromium") as browser:
            page = browser.page()
            self.assertIsNone(page.visit("https://www.example.org/").error)
            for _ in range(2):
                self.assert_fetched(page.fetch_all(pages(SUB_NAMES)))
                self.lab.client.run("ss", "--kill", "--tcp", "state", "established")
            results = page.fetch_all(pages(SUB_NAMES))
            self.assert_fetched(results)
        self.assert_verdicts(self.daemon, SUB_NAMES)

    def assert_chromium(self):
        with Chromium(self.lab, self.folder / "chromium") as browser:
            page = browser.page()
            self.assertIsNone(page.visit("https://www.example.org/").error)
            results = page.fetch_all(pages(SUB_NAMES))
        self.assert_fetched(results)
        self.assertEqual({fetched.error for fetched in results.values()}, {None, RESET})
        self.assert_verdicts(self.daemon, SUB_NAMES)
        self.assertGreater(flows_of(self.daemon.events(), "TCP"), 100)
        self.assertEqual(self.daemon.scrape().sum("octroi_parser_errors_total"), 0)


if __name__ == "__main__":
    unittest.main()
