#!/usr/bin/python3
"""The gateway's interfaces go down, change their addresses and are made anew; what of neighbour discovery goes through it."""

import socket
import unittest

import clients
import packets
from case import LabCase
from lab import Lab
from processes import wait_until
from server import page_of
from topology import CLIENT_SETUP, GATEWAY_SETUP, NEUTRAL, PILOT, ip_batch, link

RECEIVED = "octroi_nfqueue_received_packets_total"


class Interfaces(LabCase):
    @classmethod
    def setUpClass(cls):
        """A lab for each case: what they do to the links is not undone."""

    def setUp(self):
        type(self).lab = self.enterContext(Lab())
        super().setUp()

    def gateway_ip(self, commands):
        ip_batch(self.lab.gateway, commands)

    def assert_works(self):
        for refused, passed in zip(NEUTRAL, reversed(list(NEUTRAL))):
            self.assert_reset(clients.curl(self.lab, "zoom.us", refused))
            self.assert_answered(clients.curl(self.lab, "www.example.org", passed), page_of("www.example.org"))

    def test_a_link_that_goes_down_and_up(self):
        daemon = self.octroi("pilot.yaml")
        for device in ("clients", "servers"):
            self.gateway_ip(f"link set {device} down")
            self.lab.client.run("ping", "-c", 1, "-W", 1, NEUTRAL.v4, check=False)
            self.gateway_ip(f"link set {device} up")
        self.restore_routes()
        self.assert_works()
        self.assertEqual(daemon.scrape().sum("octroi_degraded"), 0)

    def restore_routes(self):
        """What went with the links: IPv6 addresses, routes and neighbours."""
        self.lab.gateway.run("ip", "-force", "-batch", "-", input=GATEWAY_SETUP.encode(), check=False)

    def test_a_gateway_that_changes_its_address(self):
        self.octroi("pilot.yaml")
        self.gateway_ip("addr del 10.20.0.1/16 dev clients\naddr add 10.20.0.2/16 dev clients")
        self.lab.client.run("ip", "route", "replace", "default", "via", "10.20.0.2")
        self.assert_works()

    def test_a_zones_interface_that_is_made_anew_under_another_number(self):
        daemon = self.octroi("interface.yaml")
        before = self.number_of("clients")
        self.lab.gateway.run("ip", "link", "del", "clients")
        generation = daemon.scrape().sum("octroi_policy_generation")
        wait_until(lambda: daemon.scrape().sum("octroi_policy_generation") != generation, "that it is gone")
        generation = daemon.scrape().sum("octroi_policy_generation")
        self.lab.gateway.run("ip", "link", "add", "passing", "type", "veth")  # takes numbers
        ip_batch(self.lab.gateway, link("clients", self.lab.client))
        ip_batch(self.lab.client, CLIENT_SETUP)
        self.restore_routes()
        self.assertNotEqual(self.number_of("clients"), before)
        wait_until(lambda: daemon.scrape().sum("octroi_policy_generation") != generation, "that it is back")
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v4), page_of("www.example.org"))

    def number_of(self, device):
        return self.lab.gateway.run("cat", f"/sys/class/net/{device}/ifindex").stdout

    def test_neighbour_discovery_that_a_router_forwards_is_judged_like_any_flow(self):
        """Its receiver would drop it for its hop limit (RFC 4861 6.1): so it serves nobody but who hides something in it."""
        daemon = self.octroi("pilot.yaml")
        before = daemon.scrape().sum(RECEIVED)
        with packets.RawSender(self.lab.client, socket.AF_INET6) as sender:
            for kind in range(133, 138):  # RFC 4861 4: solicitations and advertisements, redirect
                # To an address behind the gateway, as no honest host sends them: only so they are forwarded at all.
                sender.send(packets.ip(PILOT.v6, NEUTRAL.v6, socket.IPPROTO_ICMPV6, icmp6(kind, NEUTRAL.v6)), NEUTRAL.v6)
        wait_until(lambda: daemon.scrape().sum(RECEIVED) == before + 5, "all five")


def icmp6(kind, destination):
    """RFC 4443 2.1, with the checksum over the pseudo-header (RFC 8200 8.1)."""
    message = bytes([kind, 0, 0, 0]) + bytes(4) + packets.packed(destination)
    pseudo = packets.packed(PILOT.v6) + packets.packed(destination) + len(message).to_bytes(4, "big") + b"\0\0\0\x3a"
    return message[:2] + packets.checksum(pseudo + message).to_bytes(2, "big") + message[4:]


if __name__ == "__main__":
    unittest.main()
