#!/usr/bin/python3
"""Memory is refused and system calls fail under load: no crash, the exception's action, and all of it counted."""

import signal
import time
import unittest

import clients
from case import LabCase
from event_load import send_refused
from gateway import POLICIES
from load import Sink, send_new
from misfortune import Misfortune
from namespaces import run
from processes import wait_until
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL, VISIO

MANY = 5000
MEBIBYTE = 1024 * 1024
EXCEPTIONS = "octroi_exceptions_total"


class FailingCalls(LabCase):
    def setUp(self):
        super().setUp()
        self.skip_if_instrumented("ASan suffers no library before its own")
        self.misfortune = Misfortune(self.folder)
        self.daemon = self.prepared("pilot.yaml")
        self.sink = Sink(self.lab.server, OTHER_NEUTRAL)
        self.addCleanup(self.sink.close)

    def start(self, exceptions=""):
        self.daemon.write_policy((POLICIES / "pilot.yaml").read_text() + exceptions)
        self.daemon.start(*self.misfortune.command)

    def load(self, call, every, count=MANY):
        """Sends, each datagram on a flow of its own, while each `every`-th such call fails."""
        self.misfortune.fail(call, every)
        send_new(self.lab, range(count))
        for name, address in (("zoom.us", NEUTRAL.v4), ("www.example.org", NEUTRAL.v6)):
            clients.curl(self.lab, name, address, max_time=3)
        self.misfortune.fail(call, 0)
        self.assertGreater(self.misfortune.failed(call), 0)
        self.await_empty_queues()

    def await_empty_queues(self):
        """By the kernel's word: without memory a scrape gets no answer."""
        def waiting():
            said = self.lab.gateway.run("cat", "/proc/net/netfilter/nfnetlink_queue", text=True).stdout
            return sum(int(line.split()[2]) for line in said.splitlines())

        wait_until(lambda: waiting() == 0, "empty queues")

    def assert_works(self):
        self.assertTrue(self.daemon.ready())
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v4), page_of("www.example.org"))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v6))

    def test_no_memory_for_flows_that_then_pass(self):
        self.start()
        self.load("worker memory", 7)
        self.assert_works()
        self.assertGreater(self.daemon.scrape().sum(EXCEPTIONS, exception="table_full", action="accept"), 0)
        wait_until(lambda: len(self.sink.numbers) == MANY, "all datagrams")

    def test_no_memory_for_the_account_of_flows(self):
        self.start()
        send_new(self.lab, range(MANY), server=VISIO)
        self.await_empty_queues()
        self.misfortune.fail("accounting memory", 1)
        self.lab.gateway.run("conntrack", "-D", "-p", "udp")
        wait_until(lambda: self.lost_flows() > 0, "flows without an account")
        self.misfortune.fail("accounting memory", 0)
        self.assertGreater(self.misfortune.failed("accounting memory"), 0)
        self.assert_works()

    def lost_flows(self):
        return self.daemon.scrape().sum("octroi_conntrack_event_overruns_total", result="lost")

    def test_no_memory_for_the_sinks_of_events(self):
        self.misfortune.fail("sink memory", 1)  # from the start: lines of one length need it once
        self.start()
        send_refused(self.lab, self.daemon, range(MANY))
        self.misfortune.fail("sink memory", 0)
        self.assertGreater(self.misfortune.failed("sink memory"), 0)
        self.assert_works()
        self.assert_lost_events_are_counted("file")

    def assert_lost_events_are_counted(self, sink):
        """What the file lacks was counted as lost, by this sink or by all, and leaves gaps in the numbers."""
        self.daemon.event(server_name="zoom.us")
        lost = self.daemon.scrape().sum("octroi_events_dropped_total", sink=sink)
        self.assertGreater(lost, 0)
        numbers = [event["seq"] for event in self.daemon.lines()]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(numbers[-1] - len(numbers), lost)

    def test_no_memory_for_the_text_of_events(self):
        self.start()
        send_refused(self.lab, self.daemon, range(100))
        self.misfortune.fail("event memory", 100)
        send_refused(self.lab, self.daemon, range(100, MANY))
        self.misfortune.fail("event memory", 0)
        self.assertGreater(self.misfortune.failed("event memory"), 0)
        self.assert_works()
        self.assert_lost_events_are_counted("all")

    def test_no_memory_for_who_asks(self):
        self.start()
        send_refused(self.lab, self.daemon, range(100))
        self.misfortune.fail("http memory", 20011)
        for path in ("/metrics", "/api/v1/status") * 60:
            self.lab.gateway.run("curl", "--silent", "--max-time", "5", f"http://127.0.0.1:9477{path}", check=False)
        self.misfortune.fail("http memory", 0)
        self.assertGreater(self.misfortune.failed("http memory"), 0)
        self.assert_works()
        self.assertIn("policy.yaml", self.daemon.status().stdout)

    def test_no_memory_for_flows_that_are_then_refused(self):
        self.start("exceptions: {table_full: drop}\n")
        self.load("worker memory", 7)
        self.assert_works()
        dropped = self.daemon.scrape().sum(EXCEPTIONS, exception="table_full", action="drop")
        self.assertGreater(dropped, 0)
        wait_until(lambda: len(self.sink.numbers) >= MANY - dropped, "the other datagrams")

    def test_packets_that_can_not_be_fetched_at_once(self):
        self.start()
        self.load("receive", 2)
        self.assert_works()
        wait_until(lambda: len(self.sink.numbers) == MANY, "all datagrams")

    def test_verdicts_that_can_not_be_sent(self):
        self.start()
        self.load("send", 3)
        self.assert_works()
        errors = self.daemon.scrape().sum("octroi_nfqueue_verdict_errors_total")
        self.assertGreater(errors, 0)
        wait_until(lambda: len(self.sink.numbers) == MANY, "all datagrams")

    def test_a_limit_on_memory_that_flows_reach(self):
        self.start()
        self.limit("data", self.daemon.writable_memory() + MEBIBYTE)
        send_new(self.lab, range(4 * MANY))
        self.await_empty_queues()
        self.limit("data", "unlimited")
        self.assert_works()
        self.assertGreater(self.daemon.scrape().sum(EXCEPTIONS, exception="table_full", action="accept"), 0)
        wait_until(lambda: len(self.sink.numbers) == 4 * MANY, "all datagrams")

    def test_no_descriptor_for_files_keeps_the_old_policy(self):
        self.start()
        self.limit("nofile", self.descriptors())
        self.daemon.send(signal.SIGHUP)
        wait_until(lambda: "reload refused" in self.daemon.said(), "the refusal")
        self.limit("nofile", 1024)
        self.assertEqual(self.daemon.scrape().sum("octroi_config_last_reload_successful"), 0)
        self.assert_works()

    def test_rules_that_nobody_could_read_are_not_told_as_absent(self):
        """A program that reads them takes three descriptors: each of them is the one that lacks."""
        self.start()
        spared = self.descriptors()
        for spare in range(3):
            with self.subTest(spare=spare):
                before = len(self.daemon.said())
                self.limit("nofile", spared + spare)
                self.change_rules_of_others()
                wait_until(lambda: "rules are octroi's is not known" in self.daemon.said()[before:], "the log to say so")
                self.limit("nofile", 1024)
                wait_until(lambda: "can be read again" in self.daemon.said()[before:], "the next look")
        self.assertNotIn("rules are not octroi's", self.daemon.said())
        self.assertNotRegex(self.daemon.said(), "-A (OCTROI|FORWARD)|chain (gate|forward)")
        told = [event["condition"] for event in self.daemon.lines() if event["event_type"] == "health"]
        self.assertEqual(set(told), {"ruleset_unread"})
        self.assertEqual(self.daemon.scrape().sum("octroi_degraded"), 0)
        self.assert_works()

    def test_without_a_descriptor_no_zone_loses_its_interface(self):
        """To look an interface up takes a socket."""
        self.daemon.write_policy((POLICIES / "interface.yaml").read_text())
        self.daemon.start(*self.misfortune.command)

        # Again each time: what was open for a moment leaves its place when it is closed.
        def told():
            self.limit("nofile", self.descriptors())
            return "can't look up the interface" in self.daemon.said()

        wait_until(told, "the log to say so")
        self.limit("nofile", 1024)
        self.assertNotIn("there is no interface", self.daemon.said())
        self.assertNotIn("made anew", self.daemon.said())
        # The zone's rule accepts, the next one refuses.
        self.assert_answered(clients.curl(self.lab, "zoom.us", NEUTRAL.v6), page_of("zoom.us"))

    def test_a_command_that_can_not_look_says_why_and_changes_nothing(self):
        before = self.daemon.rules.saved()
        for verb in ("check", "install", "remove"):
            for nofile in (4, 5):  # the loader takes one beside the three streams
                with self.subTest(verb=verb, nofile=nofile):
                    done = self.lab.gateway.run("prlimit", f"--nofile={nofile}:", self.daemon.program, "firewall", verb,
                                                "--config", self.daemon.config, check=False)
                    self.assertEqual(done.returncode, 2, done.stderr + done.stdout)
                    self.assertNotRegex(done.stdout + done.stderr, b"absent|not those|no rules|firewall install")
        self.assertEqual(self.daemon.rules.saved(), before)

    def change_rules_of_others(self):
        """Else nothing calls for a look."""
        self.lab.gateway.run("iptables", "-N", "OTHERS")
        self.lab.gateway.run("iptables", "-X", "OTHERS")

    def descriptors(self):
        """What the daemon has open at rest: programs that it runs and connections to it come and go."""
        fewest = self.daemon.descriptors()
        for _ in range(200):
            time.sleep(0.01)
            fewest = min(fewest, self.daemon.descriptors())
        return fewest

    def limit(self, resource, value):
        """setrlimit(2) on the running daemon."""
        run("prlimit", "--pid", self.daemon.pid, f"--{resource}={value}:")


if __name__ == "__main__":
    unittest.main()
