#!/usr/bin/python3
"""What DNS answers do to real clients: a refused name does not exist for them, at once; and without the keys of an
Encrypted ClientHello the same browser that used them shows whom it asks."""

import unittest

from chromium import Chromium, allow_quic
from clients_case import ClientsCase, is_refused, names_of, pages
from clients_lab import OTHER_SECOND_WEB, REFUSED, SUB_NAMES, UNTOUCHED
from firefox import Firefox
from gateway import POLICIES
from name_server import ech_config_list, https_record
from server import page_of
from shared_web import start_shared_web

NAMES = (*REFUSED, *UNTOUCHED)
COVER = "cover.example.org"
# The page that a user knows as "this site can't be reached": the name was not found.
NOT_FOUND = "net::ERR_NAME_NOT_RESOLVED"
NOT_FOUND_WORDS = ("Could not resolve host", "Name or service not known", "ENOTFOUND")
# An error page must come within this time. The quickest of a few tries counts: the machine may be busy.
AT_ONCE = 0.5


class DnsCase(ClientsCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def write_names(self, names):
        """The policy with this said about names."""
        self.daemon.write_policy(f"{(POLICIES / 'clients.yaml').read_text()}\nnames: {names}\n")
        self.daemon.reload()

    def answers(self, result):
        return self.daemon.scrape().sum("octroi_dns_answers_total", result=result)


class Refused(DnsCase):
    """The browser says that there is no such site, and tries no connection. (Firefox looks for www.x.com too.)"""

    def setUp(self):
        super().setUp()
        self.write_names("{refuse: true}")

    def assert_no_name_was_found(self):
        refused = {event["server_name"]: event["service"] for event in self.daemon.events()
                   if event["protocol"] == "DNS" and event["action"] == "reject"}
        self.assertLessEqual(REFUSED.items(), refused.items())
        self.assertEqual([name for name in refused if not is_refused(name)], [])
        tried = names_of(self.daemon.events(), "TCP", "UDP")
        self.assertEqual({name for name in tried if is_refused(name)}, set())

    def test_chromium(self):
        self.name_server()
        with Chromium(self.lab, self.folder / "chromium") as browser:
            visits = {name: browser.page().visit(f"https://{name}/") for name in NAMES}
        self.assert_visits(visits, NOT_FOUND)

    def test_chromium_that_asks_for_https_records(self):
        """Also the answer that would tell of HTTP/3 says that there is no such name."""
        self.name_server(https={name: https_record() for name in NAMES})
        with Chromium(self.lab, self.folder / "chromium", allow_quic(*NAMES)) as browser:
            visits = {name: browser.page().visit(f"https://{name}/") for name in NAMES}
        self.assert_visits(visits, NOT_FOUND)
        self.assertIn("h3", {visit.protocol for visit in visits.values()})

    def test_firefox(self):
        self.name_server()
        with Firefox(self.lab, self.folder / "firefox") as browser:
            visits = {name: browser.visit(f"https://{name}/") for name in NAMES}
        self.assert_visits(visits, "dnsNotFound")

    def test_programs(self):
        self.name_server()
        self.assert_programs(NAMES, NOT_FOUND_WORDS)
        self.assert_no_name_was_found()

    def assert_visits(self, visits, error):
        for name, visit in visits.items():
            with self.subTest(name=name):
                expected = (error, "") if is_refused(name) else (None, page_of(name).decode())
                self.assertEqual((visit.error, visit.text), expected)
        self.assertLess(min(visits[name].seconds for name in REFUSED), AT_ONCE)
        self.assert_no_name_was_found()


class SharedConnection(DnsCase):
    """A site and a refused one have an address and a certificate in common: the browser may ask for the second over the
    connection that it has to the first, and no ClientHello shows the name. A refused name keeps it from that."""

    SITE, REFUSED_SITE = "www.google.com", "meet.google.com"

    def test_a_refused_name_keeps_a_browser_from_a_site_that_shares_a_connection(self):
        names = (self.SITE, self.REFUSED_SITE)
        self.addCleanup(start_shared_web(self.lab, self.folder / "shared", OTHER_SECOND_WEB, names).stop)
        self.name_server(families=["v4"], addresses={name: [OTHER_SECOND_WEB] for name in names})
        self.write_names("{refuse: true}")
        with Chromium(self.lab, self.folder / "chromium") as browser:
            page = browser.page()
            self.assertEqual([page.visit(f"https://{name}/").error for name in names], [None, NOT_FOUND])


class EncryptedClientHello(DnsCase):
    """Chromium with the keys that its name server gives out, and once more with what the gateway leaves of them."""

    def test_chromium_over_tcp(self):
        self.assert_shown("TCP", https_record(("h2",), ech_config_list(COVER)))

    def test_chromium_over_quic(self):
        """What else the record says stays: the browser comes over HTTP/3 as before."""
        self.assert_shown("UDP", https_record(ech=ech_config_list(COVER)), allow_quic(COVER, *SUB_NAMES))

    def assert_shown(self, protocol, record, *flags):
        self.name_server(https={name: record for name in SUB_NAMES})
        self.assertIn(COVER, self.browse("with keys", *flags)[protocol])
        self.assertEqual(self.answers("ech_stripped"), 0)
        self.write_names("{strip_ech: true}")
        shown = self.browse("without keys", *flags)
        self.assertNotIn(COVER, shown["TCP"] | shown["UDP"])
        refused = {name for name in SUB_NAMES if is_refused(name)}
        self.assertLessEqual(refused, shown["TCP"])
        self.assertTrue(refused & shown[protocol])
        self.assertGreater(self.answers("ech_stripped"), 0)
        self.assert_verdicts(self.daemon, SUB_NAMES, "TCP", "UDP")

    def browse(self, folder, *flags):
        """The names that a new browser showed, by protocol."""
        before = len(self.daemon.events())
        with Chromium(self.lab, self.folder / folder, *flags) as browser:
            page = browser.page()
            self.assertIsNone(page.visit("https://www.example.org/").error)
            self.assert_fetched(page.fetch_all(pages(SUB_NAMES)))
        events = self.daemon.events()[before:]
        return {protocol: names_of(events, protocol) for protocol in ("TCP", "UDP")}


if __name__ == "__main__":
    unittest.main()
