#!/usr/bin/python3
"""What happens to traffic when the daemon dies, comes back, or is asked to end."""

import unittest

import clients
from case import LabCase
from kernel_rules import packets_at
from server import BLOB, page_of
from topology import NEUTRAL, VISIO

VISIO_NAME = "visio.numerique.gouv.fr"


class Faults(LabCase):
    def test_killed_under_closed_only_decided_flows_go_on(self):
        daemon = self.octroi("pilot.yaml", on_failure="closed")
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            begin = clients.read(connection, 65536)
            daemon.kill()

            for name, address in ((VISIO_NAME, VISIO), ("zoom.us", NEUTRAL.v6)):
                answer = clients.curl(self.lab, name, address, max_time=1)
                self.assertEqual(answer.exit_code, clients.CURL_TIMED_OUT, answer.error)
            self.assertTrue(begin + clients.read(connection, size - len(begin)) == BLOB)

    def test_a_connection_that_is_not_decided_yet_stops_with_the_daemon_under_closed(self):
        daemon = self.octroi("pilot.yaml", on_failure="closed")
        with clients.tcp(self.lab, NEUTRAL.v4, 7777) as connection:
            daemon.kill()
            connection.settimeout(1)
            connection.sendall(b"octroi")
            with self.assertRaises(TimeoutError):
                connection.recv(64)

    def test_killed_under_open_new_connections_pass(self):
        daemon = self.octroi("pilot.yaml", on_failure="open")
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        daemon.kill()
        before = self.packets_at_the_queue()
        for name in ("zoom.us", VISIO_NAME):
            for address in NEUTRAL:
                self.assert_answered(clients.curl(self.lab, name, address), page_of(name))
        for then, now in zip(before, self.packets_at_the_queue()):
            self.assertGreater(now, then)

    def packets_at_the_queue(self):
        """Of both families, by the kernel's own count: nobody runs who could count them."""
        return [packets_at(self.lab.gateway, program, "OCTROI", "NFQUEUE") for program in ("iptables", "ip6tables")]

    def test_a_restart_after_a_kill_takes_up_the_work(self):
        for on_failure in ("closed", "open"):
            with self.subTest(on_failure=on_failure):
                self.killed_and_started_again(self.octroi("pilot.yaml", on_failure=on_failure))

    def killed_and_started_again(self, daemon):
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            begin = clients.read(connection, 65536)
            daemon.kill()
            daemon.start()

            self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
            self.assert_answered(clients.curl(self.lab, VISIO_NAME, VISIO), page_of(VISIO_NAME))
            self.assertTrue(begin + clients.read(connection, size - len(begin)) == BLOB)
        daemon.end()
        daemon.remove_firewall()

    def test_sigterm_ends_with_0_and_decided_flows_go_on(self):
        daemon = self.octroi("pilot.yaml")
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            begin = clients.read(connection, 65536)
            self.assertEqual(daemon.terminate(), 0, daemon.said())
            self.assertTrue(begin + clients.read(connection, size - len(begin)) == BLOB)

    def test_restarts_under_load_refuse_all_and_lose_no_decided_connection(self):
        daemon = self.octroi("pilot.yaml")
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            received = b""
            for _ in range(4):
                received += clients.read(connection, size // 4)
                self.assertEqual(daemon.terminate(), 0, daemon.said())
                daemon.start()
                self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v6))
            self.assertTrue(received == BLOB)


if __name__ == "__main__":
    unittest.main()
