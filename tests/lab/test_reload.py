#!/usr/bin/python3
"""Monitoring, and changing the policy of a running daemon."""

import signal
import ssl
import unittest

import clients
import packets
from case import LabCase
from client_hello import client_hello, records, send_segments
from gateway import POLICIES, binary
from load import Load
from processes import wait_until
from server import BLOB, page_of
from topology import NEUTRAL, VISIO, ZOOM

MONITORED = {"service": "zoom", "zone": "pilot", "action": "accept", "would": "reject"}
ENFORCED = {"service": "zoom", "zone": "pilot", "action": "reject", "would": "reject"}
NAME = "us05web.zoom.us"
GENERATIONS = 63  # the mark has six bits for them, and 0 is none


class Reload(LabCase):
    def test_a_monitored_rule_lets_pass_and_counts(self):
        daemon = self.octroi("monitor.yaml")
        for address in (*NEUTRAL, ZOOM.v4):
            self.assert_answered(clients.curl(self.lab, NAME, address), page_of(NAME))
        self.assertEqual(clients.udp_echo(self.lab, ZOOM.v6, 8801), b"octroi")
        self.assertEqual(daemon.scrape().sum("octroi_flows_total", **MONITORED), 4)
        self.assertEqual(daemon.scrape().sum("octroi_flows_total", **ENFORCED), 0)
        event = daemon.event(server_name=NAME)
        self.assertEqual((event["action"], event["would"], event["mode"], event["rule"]),
                         ("accept", "reject", "monitor", "foreign-conferencing"))

    def test_from_monitor_to_enforce_by_sighup(self):
        daemon = self.octroi("monitor.yaml")
        self.assert_answered(clients.curl(self.lab, NAME, NEUTRAL.v4), page_of(NAME))
        generation = daemon.scrape().sum("octroi_policy_generation")

        daemon.write_policy((POLICIES / "pilot.yaml").read_text())
        daemon.reload()

        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))
        self.assertEqual(daemon.scrape().sum("octroi_config_last_reload_successful"), 1)
        self.assertNotEqual(daemon.scrape().sum("octroi_policy_generation"), generation)

    def test_a_live_connection_is_cut_by_the_new_policy(self):
        daemon = self.octroi("monitor.yaml")
        with clients.tls(self.lab, NAME, NEUTRAL.v4) as connection:
            clients.read(connection, clients.request(connection, NAME))
            daemon.write_policy((POLICIES / "pilot.yaml").read_text())
            daemon.reload()
            with self.assertRaises((ConnectionError, ssl.SSLError)):
                clients.read(connection, clients.request(connection, NAME))

    def test_a_live_connection_to_an_exclusive_address_is_reset_by_the_new_policy(self):
        daemon = self.octroi("monitor.yaml")
        for address in ZOOM:
            daemon.write_policy((POLICIES / "monitor.yaml").read_text())
            daemon.reload()
            with self.subTest(address=address), clients.tcp(self.lab, address, 8801) as connection:
                connection.sendall(b"octroi")
                self.assertEqual(connection.recv(64), b"octroi")
                daemon.write_policy((POLICIES / "pilot.yaml").read_text())
                daemon.reload()
                # Already the late acknowledgement of the answer may have brought the reset.
                with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                    connection.sendall(b"octroi")
                    connection.recv(64)

    def test_a_download_survives_reloads(self):
        daemon = self.octroi("pilot.yaml")
        name = "visio.numerique.gouv.fr"
        with clients.tls(self.lab, name, VISIO) as connection:
            size = clients.request(connection, name, "/blob")
            received = b""
            for _ in range(8):
                received += clients.read(connection, size // 8)
                daemon.reload()
            self.assertTrue(received == BLOB)

    def test_what_a_name_alone_accepted_survives_a_reload(self):
        daemon = self.octroi("allowlist.yaml")
        name = "www.example.org"
        with clients.tls(self.lab, name, NEUTRAL.v4) as connection:
            clients.read(connection, clients.request(connection, name))
            daemon.reload()
            answer = clients.read(connection, clients.request(connection, name))
        self.assertEqual(answer, page_of(name))

    def test_what_a_name_alone_silenced_stays_silent_after_a_reload(self):
        daemon = self.octroi("silence.yaml")
        hello = records(client_hello("www.example.net"))
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.settimeout(2)
            connection.sendall(hello)
            daemon.event(server_name="www.example.net", action="drop")
            daemon.reload()
            # The kernel sends the ClientHello again, several times in these two seconds.
            with self.assertRaises(TimeoutError):
                connection.recv(1)

    def test_an_ambiguous_flow_stays_silent_after_a_reload(self):
        daemon = self.octroi("silence.yaml")
        hello = records(client_hello("www.example.org"))
        start = hello.index(b"www.example.org")
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.settimeout(2)
            # Both before the gap is filled: the server has taken neither.
            for name in (b"www.example.net", b"www.example.org"):
                packets.send_ahead(self.lab.client, connection, start, name)
            send_segments(connection, [hello[:start], hello[start:]])
            wait_until(lambda: daemon.scrape().sum("octroi_exceptions_total", exception="ambiguous"),
                       "the exception")
            daemon.reload()
            with self.assertRaises(TimeoutError):
                connection.recv(1)

    def test_a_decision_is_not_taken_for_a_new_one_after_all_generations(self):
        daemon = self.octroi("monitor.yaml")
        with clients.tcp(self.lab, ZOOM.v4, 8801) as connection:
            connection.sendall(b"octroi")
            self.assertEqual(connection.recv(64), b"octroi")
            daemon.write_policy((POLICIES / "pilot.yaml").read_text())
            for _ in range(GENERATIONS):
                daemon.reload()
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                connection.sendall(b"octroi")
                connection.recv(64)

    def test_after_many_reloads_at_once_the_last_policy_holds(self):
        daemon = self.octroi("monitor.yaml")
        daemon.write_policy((POLICIES / "pilot.yaml").read_text())
        for _ in range(50):
            daemon.send(signal.SIGHUP)
        daemon.reload()
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v6))

    def test_reloads_under_load_lose_no_packet(self):
        daemon = self.octroi("pilot.yaml")
        policies = ["pilot.yaml", "monitor.yaml"] * 25
        with Load(self.lab) as load:
            for policy in policies:
                daemon.write_policy((POLICIES / policy).read_text())
                daemon.reload()
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.assertEqual(daemon.scrape().sum("octroi_config_reloads_total", result="success"), len(policies) + 1)

    def test_a_broken_policy_keeps_the_old_one_and_says_why(self):
        daemon = self.octroi("pilot.yaml")
        daemon.write_policy((POLICIES / "pilot.yaml").read_text().replace("then: reject", "then: refuse"))
        daemon.reload()

        self.assertRegex(daemon.said(), r"policy\.yaml:\d+:\d+: error")
        self.assertEqual(daemon.scrape().sum("octroi_config_last_reload_successful"), 0)
        self.assertTrue(daemon.ready())
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))

        daemon.write_policy((POLICIES / "monitor.yaml").read_text())
        daemon.reload()
        self.assertEqual(daemon.scrape().sum("octroi_config_last_reload_successful"), 1)
        self.assert_answered(clients.curl(self.lab, NAME, NEUTRAL.v4), page_of(NAME))

    def test_the_verb_ends_when_the_new_policy_is_in_force(self):
        daemon = self.octroi("monitor.yaml")
        daemon.write_policy((POLICIES / "pilot.yaml").read_text())
        self.assertEqual(daemon.ask_for_reload(), (0, "octroi: reloaded\n"))
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))

    def test_the_verb_tells_a_refusal_and_a_daemon_that_is_not_there(self):
        daemon = self.octroi("pilot.yaml")
        daemon.write_policy("octroi: 2\n")
        code, said = daemon.ask_for_reload()
        self.assertEqual(code, 1, said)
        self.assertIn("refused, the policy in force stays", said)
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))
        other = self.lab.gateway.run(binary(), "reload", "--pid", 1, "--config", daemon.config, check=False)
        self.assertEqual(other.returncode, 2)
        self.assertIn(b"process 1 is not the daemon that answers at http://127.0.0.1:9477: that is process ", other.stderr)
        daemon.terminate()
        gone = self.lab.gateway.run(binary(), "reload", "--pid", 1, "--config", daemon.config, check=False)
        self.assertEqual(gone.returncode, 2)
        self.assertIn(b"connect to 127.0.0.1 port 9477", gone.stderr)

    def test_a_policy_that_is_gone_keeps_the_old_one(self):
        daemon = self.octroi("pilot.yaml")
        (daemon.folder / "policy.yaml").unlink()
        daemon.reload()
        self.assertEqual(daemon.scrape().sum("octroi_config_last_reload_successful"), 0)
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))


if __name__ == "__main__":
    unittest.main()
