#!/usr/bin/python3
"""The daemon notices that its kernel rules are gone, altered or passed by, and that they are mended."""

import unittest

import clients
from case import LabCase
from processes import wait_until
from server import page_of
from topology import NEUTRAL, VISIO

RECEIVED = "octroi_nfqueue_received_packets_total"


class Drift(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")
        self.rules = self.daemon.rules
        self.assertEqual(self.drift(), 0)
        self.check(0)

    def test_a_jump_that_is_deleted(self):
        for change in self.rules.jumps_deleted:
            self.noticed_and_mended(*change)

    def test_a_chain_that_is_emptied(self):
        self.noticed_and_mended(*self.rules.chain_emptied)

    def test_a_rule_that_is_added_to_ours(self):
        self.noticed_and_mended(*self.rules.rule_added)

    def test_all_rules_flushed(self):
        self.noticed_and_mended(*self.rules.all_flushed)

    def test_a_rule_that_accepts_above_the_jump(self):
        if self.rules.name == "nft":
            self.skipTest("what another base chain accepts still meets octroi's")
        for program in ("iptables", "ip6tables"):
            rule = ("FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
            self.addCleanup(self.lab.gateway.run, program, "-D", *rule)
            self.noticed_and_mended((program, "-I", *rule), "ESTABLISHED -j ACCEPT")

    def test_rules_below_the_jump_and_refusals_above_it_are_nobodys_business(self):
        harmless = (("-A", "FORWARD", "-j", "ACCEPT"), ("-I", "FORWARD", "-p", "tcp", "--dport", "25", "-j", "DROP"))
        for change, *rule in harmless:
            self.lab.gateway.run("iptables", change, *rule)
            self.addCleanup(self.lab.gateway.run, "iptables", "-D", *rule)
        self.check(0)
        # Noticed is what comes behind them.
        self.noticed_and_mended(*self.rules.chain_emptied)
        self.assertEqual(self.daemon.said().count("rules are not octroi"), 1)

    def test_after_rules_of_another_generation_decided_flows_still_leave_user_space(self):
        self.daemon.reload()
        self.lab.gateway.run(*self.rules.all_flushed[0])
        self.await_drift(1)
        self.daemon.install_firewall()  # knows no generation any more
        self.await_drift(0)
        name = "visio.numerique.gouv.fr"
        with clients.tls(self.lab, name, VISIO) as connection:
            size = clients.request(connection, name, "/blob")
            begin = clients.read(connection, 65536)
            before = self.daemon.scrape().sum(RECEIVED)
            clients.read(connection, size - len(begin))
            self.assertEqual(self.daemon.scrape().sum(RECEIVED), before)

    def noticed_and_mended(self, change, what):
        """Makes a change, which the daemon and `octroi firewall check` name, and mends it."""
        before = self.rules.saved()
        self.lab.gateway.run(*change)
        self.await_drift(1)
        self.assertIn(what, self.check(1))
        self.assertRegex(self.daemon.said(), f"rules are not octroi.s: .*{what}")
        self.daemon.install_firewall()
        self.await_drift(0)
        self.check(0)
        self.assertIn("in place again", self.daemon.said())
        self.assertEqual(self.rules.saved(), before)
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v6), page_of("www.example.org"))

    def check(self, code):
        done = self.daemon.firewall("check", check=False)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, code, said)
        return said

    def drift(self):
        return self.daemon.scrape().sum("octroi_degraded", reason="ruleset_drift")

    def await_drift(self, value):
        wait_until(lambda: self.drift() == value, f"octroi_degraded to be {value}")


if __name__ == "__main__":
    unittest.main()
