#!/usr/bin/python3
"""Policies that nobody should load, and too many reloads, under load: the old policy stays, nothing is lost."""

import signal
import subprocess
import time
import unittest

import clients
from case import CHECKOUT, LabCase
from gateway import POLICIES, instrumented
from load import Load
from server import page_of
from topology import NEUTRAL

MEBIBYTE = 1024 * 1024
SPIKE = 96 * MEBIBYTE  # a reload may take a file of 8 MiB, as octets and as nodes
PILOT = (POLICIES / "pilot.yaml").read_text()
BROKEN = CHECKOUT / "tests" / "broken"
RELOADS = "octroi_config_reloads_total"


def bad_policies():
    """{what is wrong with it: text}"""
    return {
        "invalid": PILOT.replace("then: reject", "then: refuse"),
        "truncated": PILOT[:len(PILOT) // 2],
        "empty": "",
        "larger than 8 MiB": PILOT + "# " + 9 * MEBIBYTE * "x",
        "10 001 rules": PILOT + "".join(f"  - {{name: rule-{number}, when: {{name: host-{number}.example}}, then: reject}}\n"
                                        for number in range(10_001)),
        "a million brackets": 1_000_000 * "[",
        "aliases that multiply": (BROKEN / "alias-bomb.yaml").read_text(),
        "an alias in a loop": (BROKEN / "alias-loop.yaml").read_text(),
        "octets that are no text": "\0\1\2\x7f" * 1000,
    }


class BadPolicies(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def test_each_is_refused_under_load_and_the_old_policy_stays(self):
        with Load(self.lab) as load:
            for what, text in bad_policies().items():
                with self.subTest(what=what):
                    self.refused(text)
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.assert_pilot()

    def refused(self, text):
        failures = self.daemon.scrape().sum(RELOADS, result="failure")
        before = self.daemon.peak_memory()
        self.daemon.write_policy(text)
        code, said = self.daemon.ask_for_reload()
        self.assertEqual(code, 1, said)
        scraped = self.daemon.scrape()
        self.assertEqual(scraped.sum("octroi_config_last_reload_successful"), 0)
        self.assertEqual(scraped.sum(RELOADS, result="failure"), failures + 1)
        if not instrumented():
            self.assertLess(self.daemon.peak_memory() - before, SPIKE)

    def assert_pilot(self):
        self.assertTrue(self.daemon.ready())
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v6), page_of("www.example.org"))

    def test_the_check_refuses_each_with_exit_code_1(self):
        file = self.folder / "bad.yaml"
        for what, text in bad_policies().items():
            with self.subTest(what=what):
                file.write_text(text)
                done = subprocess.run([self.daemon.program, "check", file], capture_output=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)

    def test_a_storm_of_100_reloads_a_second_loses_nothing_and_the_last_one_wins(self):
        policies = [PILOT, (POLICIES / "monitor.yaml").read_text()]
        before = self.daemon.scrape().sum(RELOADS)
        with Load(self.lab) as load:
            for number in range(300):
                self.daemon.write_policy(policies[number % 2])
                self.daemon.send(signal.SIGHUP)
                time.sleep(0.01)
            self.daemon.write_policy(PILOT)
            self.daemon.reload()
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.assertGreater(self.daemon.scrape().sum(RELOADS, result="success"), before)
        self.assertEqual(self.daemon.scrape().sum(RELOADS, result="failure"), 0)
        self.assert_pilot()


if __name__ == "__main__":
    unittest.main()
