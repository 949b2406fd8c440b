#!/usr/bin/python3
"""The lab of the real clients without octroi: each reaches each name. So a refusal elsewhere is octroi's."""

import signal
import socket
import unittest
from pathlib import Path

import programs
from chromium import Chromium, force_quic
from clients_case import ClientsCase, pages
from clients_lab import REFUSED, REFUSED_WEB, UNTOUCHED
from firefox import Firefox
from interruption import interrupt
from namespaces import RESOLVERS
from server import page_of
from topology import NEUTRAL

LAB = Path(__file__).with_name("clients_lab.py")
IPV6_DONTFRAG = 62  # linux/in6.h; the socket module does not have it
NAMES = (*REFUSED, *UNTOUCHED)


class WithoutOctroi(ClientsCase):
    def test_every_program_reaches_every_name(self):
        self.name_server()
        for program in programs.ALL:
            for asked in program(self.lab, NAMES):
                with self.subTest(program=program.__name__, name=asked.name):
                    self.assertEqual((asked.error, asked.body), (None, page_of(asked.name).decode()))

    def test_chromium_reaches_every_name_over_http_2_and_http_3(self):
        self.name_server()
        for flags, protocol in (((), "h2"), ((force_quic(*NAMES),), "h3")):
            with Chromium(self.lab, self.folder / protocol, *flags) as browser:
                page = browser.page()
                self.assertIsNone(page.visit("https://www.example.org/").error)
                for address, fetched in page.fetch_all(pages(NAMES)).items():
                    with self.subTest(protocol=protocol, address=address):
                        self.assertEqual((fetched.error, fetched.protocol), (None, protocol))

    def test_firefox_reaches_every_name(self):
        self.name_server()
        with Firefox(self.lab, self.folder / "firefox") as browser:
            self.assertIsNone(browser.visit("https://www.example.org/").error)
            for address, fetched in browser.fetch_all(pages(NAMES)).items():
                self.assertIsNotNone(fetched.body, address)

    def test_names_may_have_addresses_of_one_family_only(self):
        for family in ("v4", "v6"):
            server = self.name_server([family])
            asked = programs.curl_one(self.lab, "zoom.us", "--write-out", " at %{remote_ip}")
            self.assertEqual(asked.body, page_of("zoom.us").decode() + f" at {getattr(REFUSED_WEB, family)}")
            server.stop()

    def test_small_links_carry_nothing_larger(self):
        self.links(mtu=1280)
        self.name_server()
        with self.lab.client.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
            sender.connect((NEUTRAL.v6, 443))
            sender.send(bytes(1280 - 48))
            with self.assertRaises(OSError):
                sender.send(bytes(1280 - 47))
        self.assertEqual(programs.curl_one(self.lab, "zoom.us").error, None)


class Cleanup(unittest.TestCase):
    def test_an_interrupted_lab_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                code, said, left = interrupt([LAB, "hold"], "client", "chromium", number)
                self.assertEqual((code, left), (0, []), said)

    def test_no_resolver_is_left(self):
        left = [path.name for path in RESOLVERS.glob("octroi-*")]
        self.assertEqual([name for name in left if not Path("/proc", name.split("-")[1]).exists()], [])


if __name__ == "__main__":
    unittest.main()
