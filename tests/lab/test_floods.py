#!/usr/bin/python3
"""100 000 flows that never get further: bounded memory, and others are still served."""

import itertools
import time
import unittest

import clients
from case import LabCase
from client_hello import client_hello, records
from gateway import instrumented
from packets import SYN, RawSender, tcp, udp
from server import page_of
from topology import NEUTRAL, SILENT

FLOWS = 100_000
MEGABYTE = 1024 * 1024
SECONDS = 40


def many_hosts():
    return itertools.product((f"10.20.4.{host}" for host in range(128, 253)), range(1024, 1824))


def one_host():
    """All flows between one pair of hosts: they meet one queue."""
    return itertools.product(("10.20.4.128",), itertools.chain(range(1024, 61024), range(1024, 41024)))


class Floods(LabCase):
    def test_half_open_connections(self):
        self.flood(many_hosts(), lambda source, number: tcp(source, (SILENT, 443), SYN, number))

    def test_half_open_connections_that_begin_a_client_hello_in_the_syn(self):
        hello = records(client_hello("us05web.zoom.us"))
        begin = hello[:hello.index(b"us05web")]
        self.flood(many_hosts(), lambda source, number: tcp(source, (SILENT, 443), SYN, number, payload=begin))

    def test_half_open_connections_of_one_pair_of_hosts(self):
        self.flood(one_host(), lambda source, number: tcp(source, (SILENT, 443), SYN, number))

    def test_datagrams_each_on_a_flow_of_its_own(self):
        self.flood(many_hosts(), lambda source, number: udp(source, (SILENT, 443), number.to_bytes(8, "big")))

    def flood(self, sources, packet):
        daemon = self.octroi("pilot.yaml")
        before = daemon.scrape()
        with RawSender(self.lab.client) as sender:
            deadline = time.monotonic() + SECONDS
            for number, source in enumerate(sources, 1):
                sender.send(packet(source, number), SILENT)
                if number % (FLOWS // 2) == 0:
                    self.assert_served()
                if time.monotonic() > deadline:
                    self.fail(f"{number} packets in {SECONDS} s")
        self.assertEqual(number, FLOWS)
        self.assertTrue(daemon.ready())
        if instrumented():
            return
        self.assertLess(daemon.memory(), 400 * MEGABYTE)
        received = "octroi_nfqueue_received_packets_total"
        self.assertGreater(daemon.scrape().sum(received) - before.sum(received), FLOWS / 2)

    def assert_served(self):
        """Twice more than the client would wait otherwise: a lost SYN costs a second, then two."""
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v4),
                             page_of("www.example.org"))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v6))


if __name__ == "__main__":
    unittest.main()
