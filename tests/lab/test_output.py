#!/usr/bin/python3
"""The hook output: what the gateway itself opens is decided on, as a proxy's connections must be, and nothing else of it
is touched."""

import socket
import unittest

import clients
from case import LabCase
from processes import DEADLINE, wait_until
from server import BLOB, page_of
from topology import NEUTRAL, OUTSIDE, PILOT, VISIO

BOTH = "[forward, output]"
INSIDE = "10.20.0.1"  # the gateway, as its clients reach it
RECEIVED = "octroi_nfqueue_received_packets_total"


class Output(LabCase):
    def test_a_refused_name_is_reset_for_the_gateway_itself(self):
        daemon = self.octroi("proxy.yaml", hooks=BOTH)
        for address, source in zip(NEUTRAL, OUTSIDE):
            with self.subTest(address=address):
                self.assert_reset(self.curl("zoom.us", address))
                event = daemon.event(src_ip=source, service="zoom")
                self.assertEqual((event["action"], event["zone"]), ("reject", "proxy"))

    def test_what_the_rules_accept_passes_and_leaves_user_space(self):
        daemon = self.octroi("proxy.yaml", hooks=BOTH)
        for name, address in (("visio.numerique.gouv.fr", VISIO), ("www.example.org", NEUTRAL.v6)):
            with self.subTest(name=name):
                self.assert_answered(self.curl(name, address), page_of(name))
                answer = self.curl(name, address, path="/blob")
                self.assertTrue(answer.body == BLOB)
        self.assertLess(daemon.scrape().sum(RECEIVED), 200)  # the blobs alone take thousands of packets

    def test_clients_behind_the_gateway_are_judged_as_ever(self):
        self.octroi("proxy.yaml", hooks=BOTH)
        self.assert_answered(clients.curl(self.lab, "zoom.us", NEUTRAL.v4), page_of("zoom.us"))

    def test_without_the_hook_what_the_gateway_opens_is_nobodys_business(self):
        daemon = self.octroi("proxy.yaml")
        self.assert_answered(self.curl("zoom.us", NEUTRAL.v4), page_of("zoom.us"))
        self.assertEqual(daemon.scrape().sum(RECEIVED), 0)

    def test_answers_of_the_gateways_own_servers_and_loopback_are_never_queued(self):
        daemon = self.octroi("proxy.yaml", hooks=BOTH)
        self.talk_to_the_gateway(self.lab.client, INSIDE, PILOT.v4)
        self.talk_to_the_gateway(self.lab.gateway, "127.0.0.1", "127.0.0.1")
        self.talk_to_the_gateway(self.lab.gateway, INSIDE, INSIDE)  # by lo too
        self.assertEqual(daemon.scrape().sum(RECEIVED), 0)

    def test_while_no_daemon_runs_the_gateway_opens_nothing_and_still_answers(self):
        daemon = self.octroi("proxy.yaml", hooks=BOTH)
        daemon.kill()
        self.assertEqual(self.curl("www.example.org", NEUTRAL.v4, max_time=1).exit_code, clients.CURL_TIMED_OUT)
        self.talk_to_the_gateway(self.lab.client, INSIDE, PILOT.v4)

    def test_a_jump_that_is_deleted_is_noticed(self):
        daemon = self.octroi("proxy.yaml", hooks=BOTH)
        for change in daemon.rules.output_jumps_deleted:
            self.lab.gateway.run(*change)
            wait_until(lambda: daemon.scrape().sum("octroi_degraded", reason="ruleset_drift") == 1, "drift to be noticed")
            daemon.install_firewall()
            wait_until(lambda: daemon.scrape().sum("octroi_degraded", reason="ruleset_drift") == 0, "drift to be mended")

    def curl(self, name, address, **options):
        return clients.curl(self.lab, name, address, host=self.lab.gateway,
                            source=OUTSIDE.v6 if ":" in address else OUTSIDE.v4, **options)

    def talk_to_the_gateway(self, host, address, source):
        """A server on the gateway answers a client on `host`."""
        with self.lab.gateway.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((address, 7070))
            server.listen()
            with host.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
                client.bind((source, 0))
                client.connect((address, 7070))
                answering, _ = server.accept()
                with answering:
                    answering.settimeout(DEADLINE)
                    client.sendall(b"question")
                    self.assertEqual(answering.recv(64), b"question")
                    answering.sendall(b"answer")
                    self.assertEqual(client.recv(64), b"answer")


if __name__ == "__main__":
    unittest.main()
