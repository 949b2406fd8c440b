#!/usr/bin/python3
"""Packets that no honest host sends: counted, treated as the policy says, and survived."""

import random
import socket
import unittest

import clients
import packets
from case import LabCase
from gateway import POLICIES
from processes import wait_until
from server import page_of
from topology import NEUTRAL, PILOT

SEED = 20261122
ERRORS = "octroi_parser_errors_total"


class Malformed(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def send(self, made):
        """Sends packets of both families; the gateway's kernel may refuse to forward some."""
        families = {"IPv4": socket.AF_INET, "IPv6": socket.AF_INET6}
        for family, destination in zip(families.values(), NEUTRAL):
            with packets.RawSender(self.lab.client, family) as sender:
                for protocol, payload in made:
                    source = clients.pilot_address(destination)
                    sender.send(packets.ip(source, destination, protocol, payload), destination)

    def assert_alive(self):
        self.assertTrue(self.daemon.ready())
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v6), page_of("www.example.org"))

    def test_truncated_transport_headers_are_counted(self):
        before = self.daemon.scrape().sum(ERRORS)
        made = [(protocol, bytes(range(size))) for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
                for size in range(0, 8)]
        self.send(made)
        wait_until(lambda: self.daemon.scrape().sum(ERRORS) > before, "a counted parser error")
        self.assert_alive()

    def test_a_malformed_packet_gets_its_exceptions_action(self):
        payload = b"\x1f\x90\x01\xbb\0\0"  # the begin of a TCP header
        for action, arrives in (("drop", False), ("accept", True)):
            with self.subTest(action=action):
                policy = (POLICIES / "pilot.yaml").read_text()
                self.daemon.write_policy(f"{policy}\nexceptions: {{malformed: {action}}}\n")
                self.daemon.reload()
                with self.lab.server.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as server:
                    server.settimeout(0.5)
                    with packets.RawSender(self.lab.client) as sender:
                        sender.send(packets.ip(PILOT.v4, NEUTRAL.v4, socket.IPPROTO_TCP, payload), NEUTRAL.v4)
                    self.assertEqual(received(server, payload), arrives)
                self.assertGreater(self.daemon.scrape().sum("octroi_exceptions_total", exception="malformed",
                                                            action=action), 0)

    def test_random_payloads_of_all_protocols_are_survived(self):
        generator = random.Random(SEED)
        made = [(protocol, generator.randbytes(generator.randrange(0, 1400)))
                for protocol in range(256) for _ in range(4)]
        # Extension headers come first in IPv6, and what stands in them is random here.
        self.send(made)
        self.assert_alive()

    def test_random_tcp_segments_on_port_443_are_survived(self):
        generator = random.Random(SEED + 1)
        with packets.RawSender(self.lab.client) as sender:
            for _ in range(2000):
                segment = packets.tcp((PILOT.v4, generator.randrange(1024, 2048)), (NEUTRAL.v4, 443),
                                      generator.randrange(256), generator.randrange(2**32),
                                      generator.randrange(2**32), generator.randbytes(generator.randrange(600)))
                sender.send(segment, NEUTRAL.v4)
        self.assert_alive()


def received(server, payload):
    """Whether the server's raw socket sees this TCP "segment" before its timeout."""
    try:
        while True:
            packet = server.recv(2048)
            if packet[20:] == payload:
                return True
    except TimeoutError:
        return False


if __name__ == "__main__":
    unittest.main()
