#!/usr/bin/python3
"""Strangers, outside and inside, who would have octroi refuse what somebody else does."""

import random
import socket
import unittest

import clients
import packets
from case import LabCase
from topology import NEUTRAL, OTHER_NEUTRAL, PILOT

RESOLVER = NEUTRAL.v4
# RFC 1035 4.1: a question for www.example.org, A; and what an answer for a name of Zoom's says.
ID = b"\x12\x34"
QUESTION = ID + b"\x01\0\0\1\0\0\0\0\0\0" + b"\3www\7example\3org\0" + b"\0\1\0\1"


def zoom_answer(identity=ID, name=b"\6us05we\4zoom\2us\0"):
    record = b"\xc0\x0c\0\1\0\1" + (86400).to_bytes(4, "big") + b"\0\4" + socket.inet_aton(OTHER_NEUTRAL)
    return identity + b"\x81\x80\0\1\0\1\0\0\0\0" + name + b"\0\1\0\1" + record


class Harms(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def assert_untouched(self):
        """The victim's connection to the address that was slandered: no name in it, and no refusal."""
        with clients.tcp(self.lab, OTHER_NEUTRAL, 7777) as connection:
            connection.settimeout(10)
            for _ in range(20):
                connection.sendall(b"SSH-2.0-x\r\n")
                self.assertEqual(clients.read(connection, 11), b"SSH-2.0-x\r\n")
        self.assertEqual(self.daemon.scrape().sum("octroi_flows_total", service="zoom"), 0)

    def forge(self, answer, port):
        """From outside, in the resolver's name."""
        with packets.RawSender(self.lab.server, socket.AF_INET) as sender:
            sender.send(packets.udp((RESOLVER, 53), (PILOT.v4, port), answer), PILOT.v4)

    def test_an_answer_that_nobody_asked_for(self):
        self.forge(zoom_answer(), 50053)
        self.assert_untouched()

    def test_an_answer_to_another_question_or_under_another_id(self):
        with clients.client_socket(self.lab, RESOLVER, socket.SOCK_DGRAM) as victim:
            victim.connect((RESOLVER, 53))
            victim.send(QUESTION)
            for answer in (zoom_answer(), zoom_answer(b"\xff\xff")):
                self.forge(answer, victim.getsockname()[1])
        self.assert_untouched()

    def test_random_datagrams_are_nobodys(self):
        chance = random.Random(16)
        with clients.client_socket(self.lab, OTHER_NEUTRAL, socket.SOCK_DGRAM) as caller:
            caller.settimeout(10)
            for port in (8801, 7777):
                caller.connect((OTHER_NEUTRAL, port))
                for _ in range(40):
                    datagram = chance.randbytes(chance.randint(12, 1200))
                    caller.send(datagram)
                    self.assertEqual(caller.recv(65536), datagram)
        self.assert_untouched()

    def test_media_of_zoom_to_the_victims_port(self):
        """Sent by somebody outside, so that what else comes from that port looks like a call."""
        media = b"\5" + bytes(6) + b"\0" + b"\x0f" + bytes(18) + b"\x80\x62\0\1" + bytes(8) + bytes(60)
        with clients.client_socket(self.lab, OTHER_NEUTRAL, socket.SOCK_DGRAM) as victim:
            victim.connect((OTHER_NEUTRAL, 7777))
            with packets.RawSender(self.lab.server, socket.AF_INET) as sender:
                for _ in range(10):
                    sender.send(packets.udp((NEUTRAL.v4, 8801), (PILOT.v4, victim.getsockname()[1]), media), PILOT.v4)
            victim.settimeout(10)
            for _ in range(20):
                victim.send(b"\x80\x62" + bytes(60))
                self.assertEqual(len(victim.recv(65536)), 62)


if __name__ == "__main__":
    unittest.main()
