#!/usr/bin/python3
"""systemd starts the daemon again, hands it its sockets, and nothing that waited is lost."""

import os
import signal
import unittest

import service
from gateway_case import GatewayCase
from load import Load
from processes import wait_until
from stopped_thread import stopped_until_killed

RECEIVED = "octroi_nfqueue_received_packets_total"
WATCHDOG_SECONDS = 60  # 10 by the unit; a signal, the end and a new start come on top


class Faults(GatewayCase):
    def assert_nothing_lost(self, load):
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.assertEqual(self.scrape().sum("octroi_nfqueue_kernel_dropped_packets_total"), 0)
        self.wait_for_word("queue 0: taken over")

    def test_killed_again_and_again_under_load_no_packet_is_lost(self):
        restarts = int(service.shown("octroi.service", "NRestarts"))
        with Load(self.lab) as load:
            for _ in range(5):
                pid = service.main_pid()
                os.kill(pid, signal.SIGKILL)
                service.restarted_since(pid)
        self.assert_nothing_lost(load)
        self.assertEqual(int(service.shown("octroi.service", "NRestarts")), restarts + 5)
        self.assert_enforces()

    def test_restarted_again_and_again_under_load_no_packet_is_lost(self):
        with Load(self.lab) as load:
            for _ in range(5):
                service.systemctl("restart", "octroi")
        self.assert_nothing_lost(load)
        self.assert_enforces()

    def test_the_watchdog_ends_a_daemon_that_stands_still(self):
        pid = service.main_pid()
        os.kill(pid, signal.SIGSTOP)
        service.restarted_since(pid, WATCHDOG_SECONDS)
        self.wait_for_word("Watchdog timeout")
        self.assert_enforces()

    def test_the_watchdog_ends_a_daemon_whose_worker_stands_still(self):
        pid = service.main_pid()
        stopped_until_killed(pid, "worker-0", WATCHDOG_SECONDS)
        service.restarted_since(pid)
        self.wait_for_word("Watchdog timeout")
        self.assert_enforces()

    def test_rules_that_somebody_removed_are_noticed_and_put_back_by_a_reload_of_their_unit(self):
        service.empty_rules()
        wait_until(lambda: self.scrape().sum("octroi_degraded", reason="ruleset_drift"), "octroi to notice", 20)
        service.systemctl("reload", "octroi-firewall")
        wait_until(lambda: not self.scrape().sum("octroi_degraded", reason="ruleset_drift"), "octroi to be content", 20)
        self.assert_enforces()


if __name__ == "__main__":
    unittest.main()
