#!/usr/bin/python3
"""A client comes to use a TCP port again: each connection on it is judged by its own name, though the kernel still
has the refused one's entry."""

import unittest

import clients
import packets
from case import LabCase
from client_hello import client_hello, outcome, records
from processes import wait_until
from topology import NEUTRAL, PILOT

REFUSED, PASSED = "us05web.zoom.us", "visio.numerique.gouv.fr"
PORT = 40_000


class SamePorts(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def ask(self, name, address):
        with clients.tcp(self.lab, address, source_port=PORT) as connection:
            return outcome(connection, [records(client_hello(name))])

    def test_each_connection_has_the_verdict_of_its_name(self):
        for address in NEUTRAL:
            with self.subTest(address=address):
                asked = (REFUSED, PASSED, PASSED, REFUSED, REFUSED, PASSED)
                wanted = ["answered" if name == PASSED else "reset" for name in asked]
                self.assertEqual([self.ask(name, address) for name in asked], wanted)

    def test_also_after_a_restart(self):
        self.assertEqual(self.ask(REFUSED, NEUTRAL.v4), "reset")
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.ask(PASSED, NEUTRAL.v4), "answered")

    def test_a_syn_that_the_server_does_not_take_frees_nothing(self):
        """The server still has the refused connection, which a harmless name behind a SYN of its own is to open."""
        source, server = (PILOT.v4, PORT), (NEUTRAL.v4, 443)
        self.assertEqual(self.ask(REFUSED, NEUTRAL.v4), "reset")
        with packets.RawSender(self.lab.client) as sender:
            sender.send(packets.tcp(source, server, packets.SYN, 1_000), NEUTRAL.v4)
            sender.send(packets.tcp(source, server, packets.PSH | packets.ACK, 1_001, 1,
                                    records(client_hello(PASSED))), NEUTRAL.v4)
        wait_until(lambda: self.daemon.scrape().sum("octroi_invalid_packets_total", verdict="drop")
                   + self.daemon.scrape().sum("octroi_exceptions_total", exception="ambiguous", action="drop") > 0,
                   "the end of the decoy, by conntrack's word or by its ambiguity")


if __name__ == "__main__":
    unittest.main()
