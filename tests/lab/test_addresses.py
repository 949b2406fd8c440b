#!/usr/bin/python3
"""Refused by its address, which belongs to one service alone: at the first packet."""

import socket
import unittest

import clients
from case import LabCase
from server import page_of
from topology import INTERIOR, MEET, NEUTRAL, PILOT, TEAMS, VISIO, ZOOM


class Addresses(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def test_a_connection_to_an_exclusive_address_is_refused_at_its_syn(self):
        for service, host in (("zoom", ZOOM), ("meet", MEET)):
            for address in host:
                with self.subTest(address=address):
                    # The name is innocent, and never sent.
                    answer = clients.curl(self.lab, "www.example.org", address)
                    self.assertEqual(answer.exit_code, clients.CURL_COULD_NOT_CONNECT, answer.error)
                    event = self.daemon.event(dest_ip=address)
                    self.assertEqual((event["service"], event["decided_at_packet"]), (service, 1))
                    self.assertIn("address", [seen["kind"] for seen in event["evidence"]])

    def test_any_port_of_an_exclusive_address_is_refused(self):
        for address in ZOOM:
            with self.subTest(address=address), self.assertRaises(ConnectionRefusedError):
                with clients.tcp(self.lab, address, 8801):
                    pass

    def test_a_datagram_to_an_exclusive_address_gets_port_unreachable(self):
        for address in (*ZOOM, *TEAMS, *MEET):
            with self.subTest(address=address), self.assertRaises(ConnectionRefusedError):
                clients.udp_echo(self.lab, address, 8801)

    def test_a_datagram_in_fragments_is_seen_whole(self):
        data = bytes(range(256)) * 20  # four fragments
        for refused, passed in zip(ZOOM, NEUTRAL):
            with self.subTest(address=passed):
                self.assertEqual(clients.udp_echo(self.lab, passed, 7777, data=data), data)
                with self.assertRaises(ConnectionRefusedError):
                    clients.udp_echo(self.lab, refused, 8801, data=data)

    def test_an_ipv6_extension_header_hides_nothing(self):
        pad = bytes((0, 0, 1, 4, 0, 0, 0, 0))  # RFC 8200 4.6: a destination option that does nothing
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with clients.client_socket(self.lab, ZOOM.v6, kind) as connection:
                connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, pad)
                with self.subTest(kind=kind.name), self.assertRaises(ConnectionRefusedError):
                    connection.connect((ZOOM.v6, 8801))
                    connection.send(b"octroi")
                    connection.recv(64)

    def test_a_forged_innocent_name_does_not_open_an_exclusive_address(self):
        answer = clients.curl(self.lab, "visio.numerique.gouv.fr", ZOOM.v4)
        self.assertEqual(answer.exit_code, clients.CURL_COULD_NOT_CONNECT, answer.error)

    def test_visio_by_name_and_address_is_untouched(self):
        answer = clients.curl(self.lab, "visio.numerique.gouv.fr", VISIO)
        self.assert_answered(answer, page_of("visio.numerique.gouv.fr"))

    def test_the_rule_holds_in_its_zone_only(self):
        for address, source in zip(ZOOM, INTERIOR):
            with self.subTest(source=source):
                answer = clients.curl(self.lab, "zoom.us", address, source=source)
                self.assert_answered(answer, page_of("zoom.us"))
                self.assertEqual(clients.udp_echo(self.lab, address, 8801, source), b"octroi")

    def test_each_refusal_is_counted_once(self):
        before = self.daemon.scrape()
        for address in ZOOM:
            clients.curl(self.lab, "zoom.us", address)
        refused = {"service": "zoom", "zone": "pilot", "action": "reject", "would": "reject"}
        rose = (self.daemon.scrape().sum("octroi_flows_total", **refused)
                - before.sum("octroi_flows_total", **refused))
        self.assertEqual(rose, len(list(PILOT)))


if __name__ == "__main__":
    unittest.main()
