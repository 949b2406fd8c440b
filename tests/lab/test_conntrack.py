#!/usr/bin/python3
"""The kernel's connection tracking fails octroi: it is full, emptied, without fragments, or came later than the flows."""

import socket
import struct
import unittest

import clients
import packets
from case import LabCase
from gateway import POLICIES
from processes import DEADLINE, wait_until
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL, PILOT, VISIO, ZOOM

VISIO_NAME = "visio.numerique.gouv.fr"
EXCEPTIONS = "octroi_exceptions_total"
RECEIVED = "octroi_nfqueue_received_packets_total"


class Conntrack(LabCase):
    def assert_works(self):
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v6), page_of("www.example.org"))

    def test_an_emptied_table_hides_no_service_with_an_address(self):
        """`conntrack -F`: flows under way come back without a mark, and are begun in the middle."""
        daemon = self.octroi("monitor.yaml")
        with clients.tls(self.lab, VISIO_NAME, VISIO) as visio, clients.tcp(self.lab, ZOOM.v4, 8801) as zoom:
            clients.read(visio, clients.request(visio, VISIO_NAME))
            exchange(zoom)
            daemon.write_policy((POLICIES / "pilot.yaml").read_text())
            daemon.reload()
            self.lab.gateway.run("conntrack", "-F")
            self.assertEqual(clients.read(visio, clients.request(visio, VISIO_NAME)), page_of(VISIO_NAME))
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                exchange(zoom)

    def test_an_emptied_table_leaves_other_flows_to_the_midstream_policy(self):
        for action, passes in (("accept", True), ("reject", False)):
            with self.subTest(action=action):
                daemon = self.octroi("pilot.yaml")
                daemon.write_policy((daemon.folder / "policy.yaml").read_text() + f"exceptions: {{midstream: {action}}}\n")
                daemon.reload()
                with clients.tcp(self.lab, NEUTRAL.v4, 7777) as connection:
                    exchange(connection)
                    daemon.kill()
                    self.lab.gateway.run("conntrack", "-F")
                    daemon.start()
                    if passes:
                        inspected(connection)
                    else:
                        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                            inspected(connection)
                wait_until(lambda: daemon.scrape().sum(EXCEPTIONS, exception="midstream", action=action) > 0, "the count")
                daemon.end()
                daemon.remove_firewall()

    def test_connections_before_the_first_start(self):
        with clients.tcp(self.lab, ZOOM.v4, 8801) as zoom, clients.tcp(self.lab, NEUTRAL.v4, 7777) as other:
            exchange(zoom)
            exchange(other)
            daemon = self.octroi("pilot.yaml")
            inspected(other)
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                exchange(zoom)
        self.assertGreater(daemon.scrape().sum(EXCEPTIONS, exception="midstream", action="accept"), 0)

    def test_a_full_table_takes_no_new_flow_and_keeps_the_old_ones(self):
        daemon = self.octroi("pilot.yaml")
        self.leave_loopback_untracked()
        with clients.tls(self.lab, VISIO_NAME, VISIO) as visio:
            clients.read(visio, clients.request(visio, VISIO_NAME))
            limit = int(daemon.scrape().sum("octroi_conntrack_limit_entries"))
            self.fill(limit)
            received = daemon.scrape().sum(RECEIVED)
            with self.assertRaises(TimeoutError):
                clients.udp_echo(self.lab, NEUTRAL.v4, 7777, seconds=2)
            # What finds no room never comes to octroi; what octroi can tell is how full the table is.
            self.assertEqual(daemon.scrape().sum(RECEIVED), received)
            # Old entries may expire between the attempt and the scrape.
            self.assertGreaterEqual(daemon.scrape().sum("octroi_conntrack_entries"), limit * 0.99)
            self.assertEqual(clients.read(visio, clients.request(visio, VISIO_NAME)), page_of(VISIO_NAME))
        self.lab.gateway.run("conntrack", "-F")
        self.assert_works()

    def leave_loopback_untracked(self):
        """Or the scrapes would need a place in the table too."""
        rule = ("OUTPUT", "-o", "lo", "-j", "CT", "--notrack")
        self.lab.gateway.run("iptables", "-t", "raw", "-A", *rule)
        self.addCleanup(self.lab.gateway.run, "iptables", "-t", "raw", "-D", *rule)

    def fill(self, limit):
        """Entries that the kernel does not give up for new ones, as of flows that both sides have answered."""
        entry = "-I -s 10.99.{}.{} -d 198.18.0.{} -p udp --sport 1000 --dport 2000 -t 600 -u SEEN_REPLY,ASSURED\n"
        entries = "".join(entry.format(number >> 16, number >> 8 & 255, number & 255) for number in range(limit))
        self.lab.gateway.run("conntrack", "-R", "-", input=entries.encode(), check=False, timeout=240)

    def test_overlapping_fragments_never_arrive(self):
        daemon = self.octroi("pilot.yaml")
        with self.lab.server.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind((OTHER_NEUTRAL, 7000))
            whole = packets.udp((PILOT.v4, 7000), (OTHER_NEUTRAL, 7000), bytes(range(64)))[20:]
            for pieces, arrives in ((((0, whole[:32]), (32, whole[32:])), True), (((0, whole[:40]), (32, whole[32:])), False)):
                with self.subTest(arrives=arrives):
                    self.send_fragments(pieces)
                    receiver.settimeout(DEADLINE if arrives else 1)
                    if arrives:
                        self.assertEqual(receiver.recv(128), bytes(range(64)))
                    else:
                        with self.assertRaises(TimeoutError):
                            receiver.recv(128)
        self.assertEqual(daemon.scrape().sum("octroi_parser_errors_total", kind="later_fragment"), 0)

    def test_fragments_of_what_is_not_tracked_are_put_together_all_the_same(self):
        self.lab.gateway.run("iptables", "-t", "raw", "-A", "PREROUTING", "-p", "udp", "-j", "CT", "--notrack")
        self.addCleanup(self.lab.gateway.run, "iptables", "-t", "raw", "-F", "PREROUTING")
        daemon = self.octroi("pilot.yaml")
        data = bytes(range(256)) * 20
        self.assertEqual(clients.udp_echo(self.lab, NEUTRAL.v4, 7777, data=data), data)
        with self.assertRaises(ConnectionRefusedError):
            clients.udp_echo(self.lab, ZOOM.v4, 8801, data=data)
        self.assertEqual(daemon.scrape().sum("octroi_parser_errors_total", kind="later_fragment"), 0)

    def send_fragments(self, pieces):
        """RFC 791 3.2: (offset, octets), all but the last with the flag that more follow."""
        with packets.RawSender(self.lab.client) as sender:
            for number, (offset, octets) in enumerate(pieces, 1):
                made = packets.ip(PILOT.v4, OTHER_NEUTRAL, socket.IPPROTO_UDP, octets)
                more = 0x2000 if number < len(pieces) else 0
                place = struct.pack("!HH", 0x4242 + len(pieces[0][1]), more | offset // 8)
                sender.send(made[:4] + place + made[8:], OTHER_NEUTRAL)


def exchange(connection):
    connection.sendall(b"octroi")
    if connection.recv(64) != b"octroi":
        raise ConnectionResetError


def inspected(connection):
    """More than octroi looks at before it gives up."""
    for _ in range(100):
        exchange(connection)


if __name__ == "__main__":
    unittest.main()
