#!/usr/bin/python3
"""What decided flows carried is counted from conntrack's last event on each, exactly."""

import itertools
import json
import time
import unittest

import clients
from case import LabCase
from packets import RawSender, udp
from processes import wait_until
from topology import NEUTRAL, OTHER_NEUTRAL, PILOT, VISIO

PORT = 5201
HEADERS = 28  # IPv4 and UDP
MANY = 30_000  # their events do not fit into the daemon's socket


class Accounting(LabCase):
    def setUp(self):
        super().setUp()
        self.account(1)
        self.addCleanup(self.account, 0)
        self.daemon = self.octroi("pilot.yaml")

    def account(self, value):
        self.lab.gateway.run("sysctl", "-qw", f"net.netfilter.nf_conntrack_acct={value}",
                             f"net.netfilter.nf_conntrack_timestamp={value}")

    def test_datagrams_are_what_iperf3_counted(self):
        begin = time.monotonic()
        sent = self.iperf3("--udp", "--bitrate", "16M", "--length", 1200, "--bytes", "4M")["end"]["sum"]
        self.end_flows("-p", "udp", "--dport", PORT)
        elapsed = time.monotonic() - begin
        # Both ends greet each other by a datagram of four octets before the test.
        self.await_count("to_server", packets=sent["packets"] + 1,
                         octets=sent["bytes"] + 4 + HEADERS * (sent["packets"] + 1))
        self.await_count("to_client", packets=1, octets=4 + HEADERS)
        seconds = self.daemon.scrape().sum("octroi_flow_seconds_total", service="unknown", zone="pilot")
        self.assertGreaterEqual(seconds, int(sent["seconds"]))
        self.assertLessEqual(seconds, elapsed)

    def test_a_flow_counts_for_its_service_and_zone(self):
        self.assertEqual(self.counted("octroi_flow_bytes_total", "to_server", service="visio"), 0)
        with RawSender(self.lab.client) as sender:
            sender.send(udp((PILOT.v4, 61000), (VISIO, 9), bytes(72)), VISIO)
        self.end_flows("-p", "udp", "--dport", 9)
        self.await_count("to_server", packets=1, octets=100, service="visio")
        self.await_count("to_client", packets=0, octets=0, service="visio")

    def test_a_flow_over_ipv6_counts(self):
        clients.udp_echo(self.lab, NEUTRAL.v6, 7777)
        wait_until(lambda: self.daemon.scrape().sum("octroi_packets_total", family="ipv6") == 2, "its verdicts")
        self.lab.gateway.run("conntrack", "-D", "-f", "ipv6", "-p", "udp", check=False)
        # Two datagrams do not end the inspection of such a flow: it is no decided one.
        self.assertEqual(self.counted("octroi_flow_bytes_total", "to_server"), 0)
        with clients.client_socket(self.lab, NEUTRAL.v6, clients.socket.SOCK_DGRAM) as connection:
            connection.connect((NEUTRAL.v6, 7777))
            for _ in range(100):
                connection.send(bytes(52))
                connection.recv(64)
        self.lab.gateway.run("conntrack", "-D", "-f", "ipv6", "-p", "udp")
        for direction in ("to_server", "to_client"):
            self.await_count(direction, packets=100, octets=10_000)

    def test_events_that_did_not_fit_are_sent_again(self):
        sources = itertools.product((f"10.20.4.{host}" for host in range(128, 253)), range(61000, 65536))
        with RawSender(self.lab.client) as sender:
            for number, source in enumerate(itertools.islice(sources, MANY), 1):
                sender.send(udp(source, (VISIO, 9), bytes(72)), VISIO)
                if number % 5000 == 0:  # fewer than the queues hold
                    wait_until(lambda number=number: self.accepted() >= number, "verdicts")
        with self.daemon.stopped():
            self.lab.gateway.run("conntrack", "-D", "-p", "udp", "--dport", 9)
        self.await_count("to_server", packets=MANY, octets=100 * MANY, service="visio")
        overruns = self.daemon.scrape()
        self.assertGreater(overruns.sum("octroi_conntrack_event_overruns_total", result="redelivered"), 0)
        self.assertEqual(overruns.sum("octroi_conntrack_event_overruns_total", result="lost"), 0)

    def test_a_kernel_that_does_not_count_is_told_of(self):
        self.assertNotIn("nf_conntrack_acct", self.check())
        self.account(0)
        self.assertIn("nf_conntrack_acct=1", self.check())
        self.assertIn("nf_conntrack_timestamp=1", self.check())
        self.daemon.end()
        self.daemon.start()
        self.assertIn("nf_conntrack_acct=1", self.daemon.said())

    def accepted(self):
        return self.daemon.scrape().sum("octroi_packets_total", verdict="accept")

    def check(self):
        return self.daemon.firewall("check").stderr.decode()

    def iperf3(self, *arguments):
        """Runs iperf3 across the gateway; gives what it counted."""
        server = self.lab.start(self.lab.server, self.folder / "iperf3.log", "iperf3", "--server", "--one-off",
                                "--bind", OTHER_NEUTRAL, "--port", PORT, "--forceflush")
        wait_until(lambda: "listening" in server.said(), "iperf3")
        done = self.lab.client.run("iperf3", "--client", OTHER_NEUTRAL, "--bind", PILOT.v4, "--port", PORT,
                                   "--json", *arguments)
        return json.loads(done.stdout)

    def end_flows(self, *which):
        """Has the kernel forget these connections, as it would by itself after minutes."""
        self.lab.gateway.run("conntrack", "-D", *which)

    def counted(self, metric, direction, service="unknown"):
        return self.daemon.scrape().sum(metric, service=service, zone="pilot", direction=direction)

    def await_count(self, direction, *, packets, octets, **labels):
        def found():
            return (self.counted("octroi_flow_forwarded_packets_total", direction, **labels),
                    self.counted("octroi_flow_bytes_total", direction, **labels))

        try:
            wait_until(lambda: found() == (packets, octets), "the account")
        except TimeoutError:
            self.assertEqual(found(), (packets, octets))


if __name__ == "__main__":
    unittest.main()
