#!/usr/bin/python3
"""Browsers come to use a UDP port again: each QUIC connection on it is judged by its own name, though the kernel
keeps the decision on the one before. What is refused ends in silence: an ICMP error would end the first connection."""

import unittest

import conversation
from case import LabCase
from clients_case import accepted
from media_lab import PEER, MediaLab

OLVID = conversation.quic_hello("chromium_quic_olvid")
MEET = conversation.quic_hello("chromium_quic")
MORE = [("client", b"\x40 a short header"), ("server", b"\x40 and its answer")]


class SamePorts(LabCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(MediaLab())

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def test_each_connection_has_the_verdict_of_its_name(self):
        for address in PEER:
            with self.subTest(address=address):
                caller = conversation.Caller(self.lab, address)
                self.addCleanup(caller.close)
                before = accepted(self.daemon, "olvid")
                self.assertNotIn(False, caller.talk(address, 443, OLVID + MORE))
                self.assertTrue(caller.loses(address, 443, MEET))
                self.assertNotIn(False, caller.talk(address, 443, MORE))  # of the first connection, for all one knows
                self.assertNotIn(False, caller.talk(address, 443, OLVID + MORE))
                self.assertEqual(accepted(self.daemon, "olvid"), before + 1)  # by the same id it is the same connection
                event = self.daemon.event(src_port=caller.port, dest_ip=address)
                self.assertEqual((event["service"], event["action"]), ("meet", "reject"))

    def test_an_initial_that_is_sent_again_is_no_new_connection(self):
        caller = conversation.Caller(self.lab, PEER.v4)
        self.addCleanup(caller.close)
        for _ in range(3):
            self.assertNotIn(False, caller.talk(PEER.v4, 443, OLVID))
        self.assertEqual(accepted(self.daemon, "olvid"), 1)


if __name__ == "__main__":
    unittest.main()
