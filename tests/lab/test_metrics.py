#!/usr/bin/python3
"""What octroi tells: well-formed, from the first scrape on, and of no one in particular."""

import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
import unittest

import clients
import metrics
from case import LabCase
from processes import wait_until
from topology import NEUTRAL, PILOT, ZOOM

CONTRACT = ("octroi_flows_total", "octroi_packets_total", "octroi_nfqueue_received_packets_total",
            "octroi_nfqueue_kernel_dropped_packets_total", "octroi_nfqueue_user_dropped_packets_total",
            "octroi_nfqueue_verdict_errors_total", "octroi_parser_errors_total", "octroi_exceptions_total",
            "octroi_config_last_reload_successful", "octroi_config_reloads_total",
            "octroi_policy_generation", "octroi_build_info", "octroi_policy_info", "octroi_policy_exemptions",
            "octroi_enforcement_mode", "octroi_service_info", "octroi_worker_busy_seconds_total",
            "octroi_decision_packets_count", "octroi_decision_delay_seconds_count", "octroi_verdict_duration_seconds_count",
            "octroi_unclassified_flows_total", "process_cpu_seconds_total", "process_resident_memory_bytes",
            "process_open_fds", "process_max_fds", "process_start_time_seconds")


class Privacy(LabCase):
    def test_events_carry_no_client_address_where_clients_is_zone(self):
        daemon = self.octroi("pilot.yaml", clients="zone")
        for address in (*NEUTRAL, *ZOOM):
            clients.curl(self.lab, "zoom.us", address)
            self.assertEqual(daemon.event(dest_ip=address)["zone"], "pilot")
        text = (daemon.folder / "events.jsonl").read_text()
        for address in PILOT:
            self.assertNotIn(address, text)


class Metrics(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def text(self):
        return metrics.fetch(self.lab.gateway, "/metrics")[1]

    def traffic(self):
        for address in (*NEUTRAL, *ZOOM):
            for name in ("zoom.us", "www.example.org"):
                clients.curl(self.lab, name, address)

    def test_every_metric_is_there_before_the_first_packet(self):
        samples = self.daemon.scrape()
        for name in CONTRACT:
            with self.subTest(name=name):
                samples.sum(name)

    def test_promtool_finds_nothing(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool (package prometheus) is not installed")
        self.traffic()
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.text(), text=True,
                                 capture_output=True, timeout=10, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_no_address_and_no_name_of_a_flow_in_the_metrics(self):
        self.traffic()
        text = self.text()
        for secret in (*PILOT, *NEUTRAL, *ZOOM, "zoom.us", "example.org"):
            self.assertNotIn(secret, text)

    def test_40_half_open_scrapes_do_not_disturb_the_traffic_nor_later_scrapes(self):
        with contextlib.ExitStack() as half_open:
            for _ in range(40):
                connection = self.lab.gateway.socket(socket.AF_INET, socket.SOCK_STREAM)
                half_open.enter_context(connection).connect(("127.0.0.1", 9477))
                connection.send(b"GET /metrics HT")
            self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        wait_until(self.daemon.ready, "an answer")
        self.daemon.scrape()

    def test_40_scrapers_that_are_half_open_or_read_nothing_or_write_slowly_are_not_in_the_way_of_another(self):
        before = self.daemon.scrape().sum("octroi_flows_total", service="zoom")
        with contextlib.ExitStack() as slow:
            connections = [slow.enter_context(self.connection_to_metrics()) for _ in range(40)]
            for number, connection in enumerate(connections):
                # Every third asks and takes no answer: its window is a few kilobytes.
                connection.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" if number % 3 == 0 else b"GET /metr")
            for _ in range(3):
                for number, connection in enumerate(connections):
                    if number % 3 == 1:
                        connection.send(b"x")
                self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
                self.daemon.scrape()
        wait_until(lambda: self.daemon.scrape().sum("octroi_flows_total", service="zoom") == before + 3, "three refusals")

    def connection_to_metrics(self):
        connection = self.lab.gateway.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", 9477))
        return connection

    def test_status_tells_policy_queues_services_and_rules(self):
        self.traffic()
        said = self.daemon.status().stdout
        for words in ("policy.yaml (enforce), 2 rules, 0 exemptions", "ready", "queue 0", "worker 0"):
            self.assertIn(words, said)
        self.assertRegex(said, r"(?m)^zoom +0 +0 +6$")
        status = json.loads(self.daemon.status("--json").stdout)
        self.assertEqual([rule["hits"] for rule in status["rules"]], [0, 6])
        del status["decisions"]  # events, which tell of clients what `events: clients` lets them
        for secret in (*PILOT, *NEUTRAL, "www.example.org"):
            self.assertNotIn(secret, json.dumps(status))

    def test_status_names_the_rules_that_no_flow_met(self):
        self.traffic()
        self.assertIn("foreign-conferencing", self.daemon.status("--rules").stdout)
        unused = self.daemon.status("--unused", "1").stdout
        self.assertIn("state-tools", unused)
        self.assertNotIn("foreign-conferencing", unused)

    def test_status_without_a_daemon_ends_with_4(self):
        self.daemon.kill()
        done = self.daemon.status(check=False)
        self.assertEqual((done.returncode, done.stdout), (4, ""))
        self.assertIn("octroi run", done.stderr)

    def test_health_and_readiness(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(metrics.fetch(self.lab.gateway, path)[0], 200)
        self.assertEqual(metrics.fetch(self.lab.gateway, "/nothing")[0], 404)

    def test_flows_are_counted_by_service_zone_and_action(self):
        self.traffic()
        samples = self.daemon.scrape()
        for service, action, flows in (("zoom", "reject", 6), ("unknown", "accept", 2)):
            with self.subTest(service=service):
                self.assertEqual(samples.sum("octroi_flows_total", service=service, zone="pilot",
                                             action=action, would=action), flows)

    def test_what_a_decision_took_is_counted(self):
        self.traffic()
        samples = self.daemon.scrape()
        decided = samples.sum("octroi_flows_total")
        for name in ("octroi_decision_packets_count", "octroi_decision_delay_seconds_count"):
            self.assertEqual(samples.sum(name), decided, name)
        self.assertGreaterEqual(samples.sum("octroi_decision_packets_sum"), decided)
        self.assertEqual(samples.sum("octroi_verdict_duration_seconds_count"), samples.sum("octroi_packets_total"))
        self.assertGreater(samples.sum("octroi_worker_busy_seconds_total"), 0)

    def test_the_policy_is_told_by_the_digest_of_its_file(self):
        digest = hashlib.sha256((self.daemon.folder / "policy.yaml").read_bytes()).hexdigest()
        self.assertEqual(self.daemon.scrape().sum("octroi_policy_info", sha256=digest, revision=digest[:12]), 1)
        self.daemon.write_policy((self.daemon.folder / "policy.yaml").read_text() + "# changed\n")
        self.daemon.reload()
        self.assertEqual(self.daemon.scrape().sum("octroi_policy_info", sha256=digest), 0)

    def test_nothing_was_lost_on_the_way(self):
        self.traffic()
        samples = self.daemon.scrape()
        for name in ("octroi_nfqueue_kernel_dropped_packets_total", "octroi_nfqueue_user_dropped_packets_total",
                     "octroi_nfqueue_verdict_errors_total", "octroi_parser_errors_total"):
            self.assertEqual(samples.sum(name), 0, name)
        self.assertEqual(samples.sum("octroi_packets_total"),
                         samples.sum("octroi_nfqueue_received_packets_total"))


if __name__ == "__main__":
    unittest.main()
