#!/usr/bin/python3
"""octroi's kernel rules stand beside the administrator's and leave them alone."""

import unittest

import clients
from case import LabCase
from gateway import Octroi, saved_rules
from kernel_rules import IptablesRules, NftRules
from server import page_of
from topology import NEUTRAL

ADMINISTRATORS = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:MINE - [0:0]
-A FORWARD -p tcp --dport 25 -j MINE
-A FORWARD -m comment --comment "kept as it is" -p udp --dport 1900 -j DROP
-A MINE -j REJECT
COMMIT
*mangle
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
"""
EMPTY = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n*mangle\nCOMMIT\n"
FAMILIES = ("iptables", "ip6tables")


class Firewall(LabCase):
    def setUp(self):
        super().setUp()
        self.restore(ADMINISTRATORS)
        self.addCleanup(self.restore, EMPTY)
        self.before = saved_rules(self.lab.gateway)
        self.daemon = Octroi(self.lab, self.folder, "pilot.yaml")
        self.addCleanup(self.daemon.remove_firewall)

    def restore(self, rules):
        for family in FAMILIES:
            self.lab.gateway.run(f"{family}-restore", input=rules.encode())

    def test_install_puts_its_jump_first_and_keeps_the_rest_in_order(self):
        if self.daemon.rules.name == "nft":
            self.skipTest("nft's rules stand in a table of their own")
        self.daemon.install_firewall()
        for family in FAMILIES:
            with self.subTest(family=family):
                forward = self.chain(family, "FORWARD")
                self.assertTrue(forward[0].endswith("-j OCTROI"), forward)
                administrators = [line for line in self.before[f"{family}-save filter"] if "FORWARD -" in line]
                self.assertEqual(forward[1:], administrators)

    def test_install_twice_changes_nothing(self):
        self.daemon.install_firewall()
        once = self.all_rules()
        self.assertIn(b"nothing changed", self.daemon.firewall("install").stderr)
        self.assertEqual(self.all_rules(), once)

    def test_install_puts_back_what_was_deleted(self):
        self.daemon.install_firewall()
        once = self.all_rules()
        rules = self.daemon.rules
        for change, _ in (rules.jumps_deleted[0], rules.chain_emptied):
            self.lab.gateway.run(*change)
        self.daemon.install_firewall()
        self.assertEqual(self.all_rules(), once)

    def test_remove_leaves_the_administrators_rules_as_they_were(self):
        self.daemon.install_firewall()
        self.assertNotEqual(self.daemon.rules.saved(), [])
        self.daemon.remove_firewall()
        self.assertEqual(saved_rules(self.lab.gateway), self.before)
        self.assertEqual(self.daemon.rules.saved(), [])

    def test_remove_without_rules_changes_nothing(self):
        self.daemon.remove_firewall()
        self.assertEqual(saved_rules(self.lab.gateway), self.before)

    def test_print_changes_nothing_and_shows_the_queue_rule(self):
        printed = self.daemon.firewall("print").stdout.decode()
        self.assertRegex(printed, "NFQUEUE|counter queue")
        self.assertEqual(saved_rules(self.lab.gateway), self.before)

    def test_install_under_a_running_daemon_does_not_disturb_it(self):
        self.daemon.install_firewall()
        self.addCleanup(self.daemon.end)
        self.daemon.start()
        self.daemon.install_firewall()
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "www.example.org", NEUTRAL.v6), page_of("www.example.org"))

    def test_check_names_rules_of_others_that_octroi_suffers_from(self):
        self.daemon.install_firewall()
        self.assertEqual(self.check().returncode, 0)
        for rule, said in (("iptables -t mangle -A POSTROUTING -j CONNMARK --save-mark", b"bits of the mark that are octroi's"),
                           ("ip6tables -t raw -A PREROUTING -p udp -j NOTRACK", b"exempts packets from connection tracking")):
            with self.subTest(rule=rule):
                self.lab.gateway.run(*rule.split())
                found = self.check()
                self.lab.gateway.run(*rule.replace(" -A ", " -D ").split())
                self.assertEqual(found.returncode, 1)
                self.assertIn(said, found.stdout)
                self.assertIn(" ".join(rule.split()[3:6]).encode(), found.stdout)

    def test_check_names_what_passes_by_the_administrators_rules_while_open(self):
        folder = self.folder / "open"
        folder.mkdir()
        daemon = Octroi(self.lab, folder, "pilot.yaml", on_failure="open", backend="iptables")
        daemon.install_firewall()
        found = daemon.firewall("check", check=False)
        self.assertEqual(found.returncode, 1)
        self.assertIn(b"do not meet this rule (with nft they do): -A FORWARD -p tcp -m tcp --dport 25 -j MINE", found.stdout)

    def test_rules_of_one_backend_give_way_to_the_others(self):
        self.daemon.install_firewall()
        for backend in self.backends():
            self.daemon.firewall("install", backend=backend)
            self.assertIn(f"({backend})".encode(), self.daemon.firewall("check", backend=backend).stderr)
            others = NftRules if backend == "iptables" else IptablesRules
            self.assertEqual(others(self.lab.gateway).saved(), [])

    def backends(self):
        """Those that this kernel can, to and fro."""
        return ("nft", "iptables", "nft") if self.daemon.rules.name == "nft" else ("iptables",)

    def test_a_kernel_that_does_not_take_nfts_rules_is_told_with_the_cure(self):
        if self.daemon.rules.name == "nft":
            self.skipTest("this kernel takes them")
        refused = self.daemon.firewall("install", check=False, backend="nft")
        self.assertEqual(refused.returncode, 2)
        self.assertIn(b"need nft_queue, nft_ct and nft_reject_inet. `--backend iptables` needs none", refused.stderr)

    def check(self):
        return self.daemon.firewall("check", check=False)

    def all_rules(self):
        return saved_rules(self.lab.gateway), self.daemon.rules.saved()

    def chain(self, family, name):
        return self.lab.gateway.run(family, "-S", name).stdout.decode().splitlines()[1:]


if __name__ == "__main__":
    unittest.main()
