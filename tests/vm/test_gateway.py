#!/usr/bin/python3
"""The machine as a gateway under its own systemd: it refuses, passes, reloads, and stops what nobody decides."""

import unittest

import clients
import service
from gateway_case import TIMED_OUT, VISIO_NAME, GatewayCase
from namespaces import run
from processes import wait_until
from server import BLOB
from topology import NEUTRAL, VISIO, ZOOM

BROKEN = "octroi: 1\nrules:\n  - {name: a, when: {servise: zoom}, then: reject}\n"


class Gateway(GatewayCase):
    def test_curl_to_zoom_is_reset_and_visio_passes(self):
        for address in NEUTRAL:
            self.assert_refused("us05web.zoom.us", address)
            self.assert_passes("www.example.org", address)
        for address in ZOOM:
            answer = self.curl("zoom.us", address)
            self.assertEqual(answer.exit_code, clients.CURL_COULD_NOT_CONNECT, answer.error)
        self.assert_passes(VISIO_NAME, VISIO)

    def test_its_events_are_written_and_group_adm_may_read_them(self):
        self.assert_refused("us06web.zoom.us")
        wait_until(lambda: any(event.get("server_name") == "us06web.zoom.us" for event in service.events()), "the event")
        self.assertEqual((service.EVENTS.owner(), service.EVENTS.group()), ("octroi", "adm"))
        self.assertEqual(service.EVENTS.stat().st_mode & 0o777, 0o640)

    def test_it_reads_what_only_roots_group_may_and_counts_what_the_kernel_counts(self):
        before = self.scrape().sum("octroi_flow_bytes_total", service="visio")
        self.assert_passes(VISIO_NAME, VISIO)
        self.assertEqual(self.scrape().sum("octroi_nfqueue_limit_packets", queue="0"), 8192)
        # The kernel tells of the end once the connection has left TIME_WAIT.
        run("conntrack", "-D", "-d", VISIO)
        wait_until(lambda: self.scrape().sum("octroi_flow_bytes_total", service="visio") > before, "the flow's bytes")

    def test_status_and_check_of_the_rules_need_no_more_than_root(self):
        self.assertIn(b"foreign-conferencing", run("octroi", "status", "--rules").stdout)
        self.assertEqual(run("octroi", "firewall", "check").returncode, 0)

    def test_a_reload_ends_when_the_new_policy_is_in_force(self):
        service.write_policy("monitor.yaml")
        pid = service.main_pid()
        service.systemctl("reload", "octroi")
        self.assert_passes("zoom.us")
        service.write_policy("pilot.yaml")
        service.systemctl("reload", "octroi")
        self.assert_refused("zoom.us")
        self.assertEqual(service.main_pid(), pid)

    def test_a_reload_that_is_refused_fails_and_says_why_and_the_old_policy_stays(self):
        service.POLICY.write_text(BROKEN)
        done = service.systemctl("reload", "octroi", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(service.is_active("octroi"), "active")
        self.assertIn("refused", service.shown("octroi.service", "StatusText"))
        self.wait_for_word("policy.yaml:3:")
        self.wait_for_word("did you mean `service`?")
        self.assert_enforces()

    def test_without_the_daemon_new_flows_stop_and_decided_ones_go_on(self):
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            received = clients.read(connection, size // 2)
            service.systemctl("stop", "octroi")
            self.assertEqual(self.curl("www.example.org", max_time=3).exit_code, TIMED_OUT)
            received += clients.read(connection, size - len(received))
        self.assertTrue(received == BLOB)

    def test_under_open_what_passes_while_it_is_stopped_is_told_by_its_next_start(self):
        service.SETTINGS.write_text(service.SETTINGS_TEXT + "on_failure: open\n")
        service.systemctl("restart", *service.UNITS)
        service.systemctl("stop", "octroi")
        self.assert_passes("zoom.us")
        service.systemctl("start", "octroi")
        self.assertGreater(self.scrape().sum("octroi_nfqueue_uninspected_packets_total", cause="bypass"), 0)
        self.assert_enforces()
        warnings = [line for line in self.said().splitlines() if " warning " in line]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("passed uninspected", warnings[0])

    def test_without_the_rules_everything_passes(self):
        service.systemctl("stop", "octroi-firewall")
        self.assert_passes("zoom.us")
        self.assertEqual(service.is_active("octroi"), "inactive")

    def test_a_broken_policy_at_the_start_lets_nothing_new_pass_until_it_is_mended(self):
        service.systemctl("stop", "octroi")
        service.POLICY.write_text(BROKEN)
        self.assertNotEqual(service.systemctl("start", "octroi", check=False).returncode, 0)
        self.assertEqual(self.curl("www.example.org", max_time=3).exit_code, TIMED_OUT)
        service.write_policy("pilot.yaml")
        wait_until(lambda: service.is_active("octroi") == "active", "systemd's next try", 30)
        self.assert_enforces()


if __name__ == "__main__":
    unittest.main()
