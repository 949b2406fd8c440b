#!/usr/bin/python3
"""The gateway sees segments far larger than its links carry, as a network card with GRO makes them."""

import socket
import unittest

import clients
from case import LabCase
from client_hello import client_hello, outcome, records, stretched
from processes import wait_until
from server import BLOB
from topology import NEUTRAL, REFUSED_NAMES, VISIO


class Offloads(LabCase):
    offloads = True

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def test_refused_names(self):
        for name in REFUSED_NAMES:
            for address in NEUTRAL:
                with self.subTest(name=name, address=address):
                    self.assert_reset(clients.curl(self.lab, name, address))

    def test_a_client_hello_in_one_segment_of_many_kilobytes(self):
        for name, wanted in (("zoom.us", "reset"), ("visio.numerique.gouv.fr", "answered")):
            for size in (2000, 10_000, 40_000):
                for address in NEUTRAL:
                    hello = records(stretched(client_hello(name), size))
                    with self.subTest(name=name, size=size), clients.tcp(self.lab, address) as connection:
                        self.assertEqual(outcome(connection, [hello]), wanted)

    def test_the_gateway_does_see_such_segments(self):
        every_protocol = 3  # linux/if_ether.h, ETH_P_ALL
        tap = self.lab.gateway.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol))
        with tap, clients.tcp(self.lab, NEUTRAL.v4, 7777) as connection:
            connection.sendall(bytes(32768))
            wait_until(lambda: len(tap.recv(65536)) > 5000, "a large segment")

    def test_a_download_arrives_whole(self):
        for name, address in (("visio.numerique.gouv.fr", VISIO), ("www.example.org", NEUTRAL.v6)):
            self.assert_answered(clients.curl(self.lab, name, address, path="/blob"), BLOB)

    def test_large_segments_that_nothing_decides_arrive_whole(self):
        data = bytes(range(256)) * 4096
        for address in NEUTRAL:
            with clients.tcp(self.lab, address, 7777) as connection:
                for start in range(0, len(data), 65536):
                    connection.sendall(data[start:start + 65536])
                    self.assertEqual(clients.read(connection, 65536), data[start:start + 65536])


if __name__ == "__main__":
    unittest.main()
