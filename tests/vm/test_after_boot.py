#!/usr/bin/python3
"""The machine was booted anew with both units enabled: nothing passed before the rules were there."""

import unittest
from pathlib import Path

import service
from gateway_case import TIMED_OUT, GatewayCase
from namespaces import run

AT_BOOT = {unit: (service.shown(unit, "ActiveEnterTimestampMonotonic"), service.shown(unit, "InactiveExitTimestampMonotonic"))
           for unit in (*service.UNITS, "network-pre.target", "systemd-networkd.service", "network.target")}


def began(unit):
    return int(AT_BOOT[unit][1])


def was_active(unit):
    return int(AT_BOOT[unit][0])


class AtBoot(unittest.TestCase):
    """What the boot itself has left, before any case touches a unit."""

    def test_1_both_units_are_active_and_none_of_the_machine_failed(self):
        for unit in service.UNITS:
            self.assertEqual(service.is_active(unit), "active")
        self.assertEqual(service.systemctl("--failed", "--quiet", "--plain", "--no-legend").stdout, b"")
        self.assertEqual(service.shown("octroi.service", "NRestarts"), "0")

    def test_2_the_rules_were_in_force_before_the_first_interface_came_up(self):
        self.assertTrue(service.rules())
        self.assertGreater(was_active("octroi-firewall.service"), 0)
        self.assertLess(was_active("octroi-firewall.service"), was_active("network-pre.target"))
        self.assertLess(was_active("octroi-firewall.service"), began("systemd-networkd.service"))
        self.assertIn(b"uplink", run("ip", "link", "show", "uplink").stdout)

    def test_3_the_daemon_started_after_the_network_and_its_rules(self):
        self.assertLess(was_active("network.target"), began("octroi.service"))
        self.assertGreaterEqual(began("octroi.service"), was_active("octroi-firewall.service"))

    def test_4_systemd_found_no_cycle_in_the_order_of_units(self):
        self.assertNotIn("ordering cycle", run("journalctl", "-b", "-o", "cat").stdout.decode(errors="replace"))

    def test_5_modules_and_kernel_settings_are_there(self):
        for name in ("acct", "timestamp"):
            self.assertEqual(Path("/proc/sys/net/netfilter", f"nf_conntrack_{name}").read_text(), "1\n", name)
        self.assertNotIn("nf_conntrack_acct", service.journal())


class FailClosed(GatewayCase):
    def test_the_booted_gateway_refuses_zoom_and_passes_visio(self):
        self.assert_enforces()

    def test_without_the_daemon_a_new_flow_stops(self):
        service.systemctl("stop", "octroi")
        self.assertEqual(self.curl("www.example.org", max_time=3).exit_code, TIMED_OUT)


if __name__ == "__main__":
    unittest.main()
