#!/usr/bin/python3
"""The lab without octroi: every client reaches every server. So a refusal elsewhere is octroi's."""

import signal
import unittest
from pathlib import Path

import clients
from case import LabCase
from interruption import interrupt
from server import BLOB, page_of
from topology import INTERIOR, NAMES, NEUTRAL, SERVED, ZOOM

LAB = Path(__file__).with_name("lab.py")


class WithoutOctroi(LabCase):
    def test_every_name_is_served_over_ipv4_and_ipv6(self):
        for name in NAMES:
            for address in NEUTRAL:
                with self.subTest(name=name, address=address):
                    answer = clients.curl(self.lab, name, address)
                    self.assert_answered(answer, page_of(name))

    def test_every_address_answers(self):
        for address in SERVED:
            with self.subTest(address=address):
                answer = clients.curl(self.lab, "www.example.org", address)
                self.assert_answered(answer, page_of("www.example.org"))

    def test_the_second_client_reaches_the_server_too(self):
        for address, source in zip(NEUTRAL, INTERIOR):
            answer = clients.curl(self.lab, "zoom.us", address, source=source)
            self.assert_answered(answer, page_of("zoom.us"))

    def test_openssl_trusts_the_certificate(self):
        answer = clients.s_client(self.lab, "zoom.us", NEUTRAL.v6)
        self.assertEqual(answer.exit_code, 0, answer.error)

    def test_datagrams_come_back(self):
        for address in ZOOM:
            self.assertEqual(clients.udp_echo(self.lab, address, 8801), b"octroi")

    def test_a_download_is_whole(self):
        answer = clients.curl(self.lab, "www.example.org", NEUTRAL.v4, path="/blob")
        self.assert_answered(answer, BLOB)


class Cleanup(unittest.TestCase):
    def test_an_interrupted_lab_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number.name):
                code, said, left = interrupt([LAB, "hold"], "server", "caddy", number)
                self.assertEqual((code, left), (0, []), said)


if __name__ == "__main__":
    unittest.main()
