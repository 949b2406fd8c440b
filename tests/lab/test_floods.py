#!/usr/bin/python3
"""100 000 connections that never get further: bounded memory, and others are still served."""

import itertools
import time
import unittest

import clients
from case import LabCase
from client_hello import client_hello, records
from packets import SYN, RawSender, tcp
from server import page_of
from topology import NEUTRAL, SILENT

FLOWS = 100_000
MEGABYTE = 1024 * 1024
SECONDS = 40


class Floods(LabCase):
    def test_half_open_connections(self):
        self.flood(b"")

    def test_half_open_connections_that_begin_a_client_hello_in_the_syn(self):
        hello = records(client_hello("us05web.zoom.us"))
        self.flood(hello[:hello.index(b"us05web")])

    def flood(self, payload):
        daemon = self.octroi("pilot.yaml")
        before = daemon.scrape()
        sources = itertools.product((f"10.20.4.{host}" for host in range(128, 253)), range(1024, 1824))
        with RawSender(self.lab.client) as sender:
            deadline = time.monotonic() + SECONDS
            for number, source in enumerate(sources, 1):
                sender.send(tcp(source, (SILENT, 443), SYN, number, payload=payload), SILENT)
                if number % (FLOWS // 2) == 0:
                    self.assert_served()
                if time.monotonic() > deadline:
                    self.fail(f"{number} packets in {SECONDS} s")
        self.assertEqual(number, FLOWS)
        self.assertTrue(daemon.ready())
        self.assertLess(daemon.memory(), 400 * MEGABYTE)
        received = "octroi_nfqueue_received_packets_total"
        self.assertGreater(daemon.scrape().sum(received) - before.sum(received), FLOWS / 2)

    def assert_served(self):
        """Twice more than the client would wait otherwise: a lost SYN costs a second, then two."""
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v4, max_time=15),
                             page_of("www.example.org"))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v6, max_time=15))


if __name__ == "__main__":
    unittest.main()
