#!/usr/bin/python3
"""The kernel keeps the decision: decided flows stay out of user space, and obey the administrator."""

import socket
import unittest

import clients
from case import LabCase
from kernel_rules import packets_at
from packets import SYN, RawSender, tcp
from processes import wait_until
from server import BLOB, page_of
from topology import NEUTRAL, PILOT, VISIO

ACCEPTED = 2 << 29  # the state "accept" in the mark's three high bits
RECEIVED = "octroi_nfqueue_received_packets_total"


class KernelPath(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def test_the_packets_of_an_accepted_flow_never_come_back(self):
        for name, address in (("visio.numerique.gouv.fr", VISIO), ("www.example.org", NEUTRAL.v6)):
            with self.subTest(name=name), clients.tls(self.lab, name, address) as connection:
                size = clients.request(connection, name, "/blob")
                begin = clients.read(connection, 65536)
                before = self.daemon.scrape().sum(RECEIVED)
                self.assertGreater(before, 0)
                rest = clients.read(connection, size - len(begin))
                self.assertEqual(self.daemon.scrape().sum(RECEIVED), before)
                self.assertTrue(begin + rest == BLOB)

    def test_the_packets_of_an_accepted_datagram_flow_never_come_back(self):
        with clients.client_socket(self.lab, NEUTRAL.v4, clients.socket.SOCK_DGRAM) as connection:
            connection.connect((NEUTRAL.v4, 7777))
            for _ in range(100):  # more than any inspection quota for a flow that nothing identifies
                exchange(connection)
            before = self.daemon.scrape().sum(RECEIVED)
            for _ in range(100):
                exchange(connection)
            self.assertEqual(self.daemon.scrape().sum(RECEIVED), before)

    def test_of_a_tls_connection_the_syn_the_client_hello_and_its_acknowledgement_come_to_user_space(self):
        """The server's first flight may come as well, a few segments, where it overtakes the verdict on the acknowledgement
        (a busy machine)."""
        self.need_rule_for_bare_segments()
        for address in NEUTRAL:
            with self.subTest(address=address):
                before = self.daemon.scrape().sum(RECEIVED)
                self.assert_answered(clients.curl(self.lab, "www.example.org", address), page_of("www.example.org"))
                self.assertIn(self.daemon.scrape().sum(RECEIVED) - before, range(3, 7))

    def test_the_answer_to_a_syn_comes_to_user_space_where_two_syns_differ(self):
        """The client has no such socket: it resets what is answered, by an empty segment again."""
        self.need_rule_for_bare_segments()
        for family, source, address in ((socket.AF_INET, PILOT.v4, NEUTRAL.v4), (socket.AF_INET6, PILOT.v6, NEUTRAL.v6)):
            with self.subTest(family=family), RawSender(self.lab.client, family) as sender:
                before = self.daemon.scrape().sum(RECEIVED)
                for sequence, received in ((1000, 1), (9_000_000, 3)):
                    sender.send(tcp((source, 50505), (address, 443), SYN, sequence), address)
                    wait_until(lambda: self.daemon.scrape().sum(RECEIVED) - before == received, f"{received} packets")

    def test_a_packet_that_meets_the_decision_on_its_flow_between_two_rules_is_not_refused(self):
        """The first rule found no decision, another packet of the flow brought it, the second rule found it."""
        rules = self.daemon.rules
        for family, address in ((4, NEUTRAL.v4), (6, NEUTRAL.v6)):
            with self.subTest(family=family), clients.tls(self.lab, "www.example.org", address) as connection:
                clients.read(connection, clients.request(connection, "www.example.org"))
                with rules.refusing(family, 443):
                    answer = clients.read(connection, clients.request(connection, "www.example.org"))
                self.assertEqual(answer, page_of("www.example.org"))

    def test_the_administrators_drop_behind_ours_holds_for_accepted_flows(self):
        for program, address in (("iptables", NEUTRAL.v4), ("ip6tables", NEUTRAL.v6)):
            with self.subTest(program=program), clients.tcp(self.lab, address, 7777) as connection:
                exchange(connection)
                self.forward_drop(program)
                connection.settimeout(1)
                with self.assertRaises(TimeoutError):
                    exchange(connection)
                self.assertGreater(packets_at(self.lab.gateway, program, "FORWARD", "7777"), 0)

    def test_a_new_flow_meets_the_administrators_drop_too(self):
        self.forward_drop("iptables")
        with self.assertRaises(TimeoutError):
            with clients.client_socket(self.lab, NEUTRAL.v4, clients.socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                connection.connect((NEUTRAL.v4, 7777))
        self.assertGreater(packets_at(self.lab.gateway, "iptables", "FORWARD", "7777"), 0)

    def test_a_mark_of_another_program_forges_no_decision(self):
        for program, address in (("iptables", NEUTRAL.v4), ("ip6tables", NEUTRAL.v6)):
            for mark in (ACCEPTED, 0xFFFFFFFF):
                with self.subTest(program=program, mark=hex(mark)):
                    self.rule(program, "mangle", "PREROUTING", "-j", "MARK", "--set-mark", hex(mark))
                    self.assert_reset(clients.curl(self.lab, "zoom.us", address))
                    answer = clients.curl(self.lab, "www.example.org", address)
                    self.assert_answered(answer, page_of("www.example.org"))

    def test_the_bits_of_the_mark_below_ours_reach_the_administrators_rules(self):
        self.rule("iptables", "mangle", "PREROUTING", "-j", "MARK", "--set-mark", "0xabc")
        self.rule("iptables", "filter", "FORWARD", "-m", "mark", "--mark", "0xabc/0xfff", "-j", "ACCEPT")
        self.rule("iptables", "filter", "FORWARD", "-d", NEUTRAL.v4, "-j", "DROP")
        answer = clients.curl(self.lab, "www.example.org", NEUTRAL.v4)
        self.assert_answered(answer, page_of("www.example.org"))

    def need_rule_for_bare_segments(self):
        if self.daemon.rules.name == "nft":
            self.skipTest("the nft backend queues all segments of undecided flows")

    def rule(self, program, table, *rule):
        """Adds a rule of the administrator at the end of its chain, until the end of the case."""
        self.lab.gateway.run(program, "-t", table, "-A", *rule)
        self.addCleanup(self.lab.gateway.run, program, "-t", table, "-D", *rule)

    def forward_drop(self, program):
        self.rule(program, "filter", "FORWARD", "-p", "tcp", "--dport", 7777, "-j", "DROP")


def exchange(connection):
    connection.sendall(b"octroi")
    assert connection.recv(64) == b"octroi"


if __name__ == "__main__":
    unittest.main()
