#!/usr/bin/python3
"""More than octroi can take: what is lost is counted by its cause, and nothing else is lost."""

import unittest

import clients
from case import LabCase
from load import Sink, send_new
from processes import wait_until
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL, VISIO

MANY = 20_000
UNINSPECTED = "octroi_nfqueue_uninspected_packets_total"
KERNEL, USER = "octroi_nfqueue_kernel_dropped_packets_total", "octroi_nfqueue_user_dropped_packets_total"


class Overload(LabCase):
    def setUp(self):
        super().setUp()
        self.sink = Sink(self.lab.server, OTHER_NEUTRAL)
        self.addCleanup(self.sink.close)

    def test_a_full_queue(self):
        daemon = self.octroi("pilot.yaml", queue_length=1000)
        self.overrun(daemon, MANY)
        dropped = daemon.scrape().sum(KERNEL)
        self.assertGreaterEqual(dropped, MANY - 2 * 1000)
        self.assertEqual(daemon.scrape().sum(USER), 0)
        self.assert_arrived(MANY - dropped)
        self.assert_works(daemon)

    def test_a_full_socket(self):
        daemon = self.octroi("pilot.yaml", queue_length=1_000_000)
        self.overrun(daemon, 3 * MANY, size=1400)
        dropped = daemon.scrape().sum(USER)
        self.assertGreater(dropped, 0)
        self.assertEqual(daemon.scrape().sum(KERNEL), 0)
        self.assert_arrived(3 * MANY - dropped)
        self.assert_works(daemon)

    def test_a_full_queue_under_open_passes_what_it_can_not_hold(self):
        daemon = self.octroi("pilot.yaml", queue_length=1000, on_failure="open")
        self.overrun(daemon, MANY)
        self.assertEqual(daemon.scrape().sum(KERNEL) + daemon.scrape().sum(USER), 0)
        self.assert_arrived(MANY)
        wait_until(lambda: daemon.scrape().sum(UNINSPECTED) == MANY - 2 * 1000, "the count of what passed")
        self.assert_works(daemon)

    def test_what_passed_without_a_daemon_under_open_the_next_one_tells(self):
        daemon = self.prepared("pilot.yaml", on_failure="open")
        state = self.folder / "state"
        state.mkdir()
        for end, answered_before in ((daemon.terminate, 0), (daemon.kill, 50)):
            with self.subTest(end=end.__name__):
                self.sink.numbers.clear()
                daemon.start("/usr/bin/env", f"STATE_DIRECTORY={state}")
                send_new(self.lab, range(50))
                wait_until(lambda: daemon.scrape().sum("octroi_packets_total") >= 50, "all verdicts")
                end()
                send_new(self.lab, range(50, 150))
                self.assert_arrived(150)
                daemon.start("/usr/bin/env", f"STATE_DIRECTORY={state}")
                told = daemon.scrape().sum(UNINSPECTED, cause="bypass")
                self.assertGreaterEqual(told, 100)
                self.assertLessEqual(told, 100 + answered_before)
                daemon.terminate()

    def test_a_full_flow_table(self):
        for action, policy in (("accept", ""), ("drop", "exceptions: {table_full: drop}\n")):
            with self.subTest(action=action):
                daemon = self.octroi("silence.yaml", flow_limit=100)
                daemon.write_policy(f"octroi: 1\nrules: []\n{policy}")
                daemon.reload()
                self.sink.numbers.clear()
                send_new(self.lab, range(1000))
                wait_until(lambda: daemon.scrape().sum("octroi_packets_total") >= 1000, "all verdicts")
                counted = daemon.scrape().sum("octroi_exceptions_total", exception="table_full", action=action)
                self.assertGreaterEqual(counted, 1000 - 2 * 100)
                expected = counted if action == "drop" else 0
                self.assert_arrived(1000 - expected)
                self.assertLessEqual(daemon.scrape().sum("octroi_flow_table_entries"), 2 * 100)
                daemon.end()
                daemon.remove_firewall()

    def overrun(self, daemon, count, **options):
        """Sends while the daemon is stopped: all waits, or finds no room. A decided flow goes on meanwhile."""
        name = "visio.numerique.gouv.fr"
        with clients.tls(self.lab, name, VISIO) as connection:
            size = clients.request(connection, name, "/blob")
            clients.read(connection, 65536)
            with daemon.stopped():
                send_new(self.lab, range(count), **options)
                clients.read(connection, size - 65536)
        wait_until(lambda: daemon.scrape().sum("octroi_nfqueue_depth_packets") == 0, "empty queues")

    def assert_arrived(self, count):
        wait_until(lambda: len(self.sink.numbers) >= count, f"{count} datagrams")
        self.assertEqual(len(self.sink.numbers), count)

    def assert_works(self, daemon):
        self.assertTrue(daemon.ready())
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v4), page_of("www.example.org"))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v6))


if __name__ == "__main__":
    unittest.main()
