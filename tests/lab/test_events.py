#!/usr/bin/python3
"""What events say: every type, under every privacy setting, in the form that the schema promises."""

import unittest

import clients
import event_schema
from case import LabCase
from gateway import POLICIES, binary
from namespaces import run
from packets import RawSender, ip
from processes import wait_until
from topology import NEUTRAL, PILOT, VISIO

PRIVACY = ("full", "pseudonym", "zone")
UDP = 17


class Events(LabCase):
    def test_every_type_under_every_privacy_setting_fulfils_the_schema(self):
        for setting in PRIVACY:
            with self.subTest(setting):
                daemon = self.octroi("pilot.yaml", clients=setting, events={"flows": "all", "gateway": "gw1"})
                self.cause_every_type(daemon)
                events = daemon.lines()
                self.assertEqual(event_schema.problems(events), [])
                self.check_identity(setting, events, (daemon.folder / "events.jsonl").read_text())
                self.check_numbers(events)
                daemon.end()
                daemon.remove_firewall()
                (daemon.folder / "events.jsonl").rename(daemon.folder / f"events-{setting}.jsonl")

    def cause_every_type(self, daemon):
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        with RawSender(self.lab.client) as sender:  # no room for a UDP header
            sender.send(ip(PILOT.v4, NEUTRAL.v4, UDP, b"1234"), NEUTRAL.v4)
        self.lab.gateway.run("conntrack", "-F")
        daemon.write_policy("rules: [")
        daemon.reload()
        daemon.write_policy((POLICIES / "pilot.yaml").read_text())
        daemon.reload()
        self.lab.gateway.run("iptables", "-F", "OCTROI")
        wanted = {"decision", "flow", "exception", "policy", "health"}
        wait_until(lambda: {event["event_type"] for event in daemon.lines()} >= wanted, "every type")

    def check_identity(self, setting, events, text):
        decision, flow = (next(event for event in events if event["event_type"] == kind
                               and event.get("dest_ip") == NEUTRAL.v4 and event["dest_port"] == 443)
                          for kind in ("decision", "flow"))
        self.assertEqual(decision["flow_id"], flow["flow_id"])
        self.assertEqual({event["gateway"] for event in events}, {"gw1"})
        if setting == "full":
            self.assertEqual((decision["src_ip"], flow["src_ip"]), (PILOT.v4, PILOT.v4))
            return
        self.assertNotIn(PILOT.v4, text)
        if setting == "pseudonym":
            self.assertEqual(decision["src_pseudonym"], flow["src_pseudonym"])
            self.assertEqual(len({event["key_epoch"] for event in events if "key_epoch" in event}), 1)

    def check_numbers(self, events):
        """Nothing was lost: there is no gap."""
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(len({event["boot_id"] for event in events}), 1)

    def test_policies_are_told_as_they_come_and_are_refused(self):
        daemon = self.octroi("pilot.yaml")
        daemon.write_policy("octroi: 1\nrules: [{name: r, then: dorp}]\n")
        daemon.reload()
        daemon.write_policy((POLICIES / "monitor.yaml").read_text())
        daemon.reload()
        told = wait_until(lambda: changes if len(changes := self.of_type(daemon, "policy")) == 3 else None, "three changes")
        self.assertEqual([change["change"] for change in told], ["load", "refused", "reload"])
        self.assertIn("dorp", told[1]["error"])
        self.assertEqual(told[0]["generation"], told[1]["generation"])
        self.assertNotEqual(told[1]["generation"], told[2]["generation"])

    def test_drift_is_told_when_it_begins_and_when_it_ends(self):
        daemon = self.octroi("pilot.yaml")
        self.lab.gateway.run("iptables", "-F", "OCTROI")
        begin = wait_until(lambda: self.of_type(daemon, "health"), "the drift")[0]
        self.assertEqual((begin["condition"], begin["state"]), ("ruleset_drift", "begin"))
        self.assertTrue(begin["detail"])
        daemon.install_firewall()
        end = wait_until(lambda: self.of_type(daemon, "health")[1:], "its end")[0]
        self.assertEqual((end["condition"], end["state"]), ("ruleset_drift", "end"))

    def test_the_end_of_a_flow_has_what_the_kernel_counted(self):
        self.lab.gateway.run("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1",
                             "net.netfilter.nf_conntrack_timestamp=1")
        self.addCleanup(self.lab.gateway.run, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=0",
                        "net.netfilter.nf_conntrack_timestamp=0")
        daemon = self.octroi("pilot.yaml", events={"flows": "services"})
        clients.udp_echo(self.lab, NEUTRAL.v4, 7777)  # no service: no event
        with RawSender(self.lab.client) as sender:
            sender.send(ip(PILOT.v4, VISIO, UDP, bytes.fromhex("ee480009006c0000") + bytes(100)), VISIO)
        wait_until(lambda: daemon.scrape().sum("octroi_packets_total", verdict="accept") >= 1, "its verdict")
        self.lab.gateway.run("conntrack", "-F")
        flow = wait_until(lambda: self.of_type(daemon, "flow"), "the end")[0]
        self.assertEqual(event_schema.problems([flow]), [])
        self.assertEqual((flow["service"], flow["dest_ip"], flow["dest_port"], flow["src_port"], flow["action"]),
                         ("visio", VISIO, 9, 61000, "accept"))
        self.assertEqual((flow["flow"]["pkts_toserver"], flow["flow"]["bytes_toserver"]), (1, 128))
        self.assertLessEqual(flow["flow"]["start"], flow["flow"]["end"])

    def test_a_pseudonym_outlives_a_restart_where_its_key_is_kept(self):
        key = {"pseudonym_key": str(self.folder / "key")}
        daemon = self.octroi("pilot.yaml", clients="pseudonym", events=key)
        names = []
        for _ in range(2):
            self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
            names.append(daemon.event_after(len(names))["src_pseudonym"])
            self.assertEqual(daemon.terminate(), 0)
            daemon.start()
        self.assertEqual(names[0], names[1])
        self.assertEqual((self.folder / "key").stat().st_mode & 0o777, 0o600)

    def test_repeats_are_folded_and_none_is_lost_from_the_count(self):
        daemon = self.octroi("pilot.yaml", events={"fold_seconds": 3600})
        for _ in range(5):
            self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_reset(clients.curl(self.lab, "teams.microsoft.com", NEUTRAL.v4))
        daemon.end()  # what is held is written
        events = [event for event in daemon.lines() if event["event_type"] == "decision"]
        self.assertEqual([event["server_name"] for event in events], ["zoom.us", "teams.microsoft.com", "zoom.us"])
        self.assertEqual([event.get("suppressed", 0) for event in events], [0, 0, 3])

    def test_a_window_that_ends_is_written_without_another_event(self):
        daemon = self.octroi("pilot.yaml", events={"fold_seconds": 1})
        for _ in range(3):
            self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        wait_until(lambda: sum(1 + event.get("suppressed", 0) for event in daemon.events()) == 3, "three flows")

    def test_malformed_packets_are_told_and_counted(self):
        daemon = self.octroi("pilot.yaml")
        with RawSender(self.lab.client) as sender:
            for _ in range(20):
                sender.send(ip(PILOT.v4, NEUTRAL.v4, UDP, b"1234"), NEUTRAL.v4)
        wait_until(lambda: self.of_type(daemon, "exception"), "an event")
        event = self.of_type(daemon, "exception")[0]
        self.assertEqual((event["exception"], event["error"]), ("malformed", "truncated"))
        self.assertNotIn("src_ip", event)

    def test_diff_reads_events_of_every_privacy_setting(self):
        daemon = self.octroi("pilot.yaml", clients="pseudonym", events={"flows": "all"})
        self.cause_every_type(daemon)
        daemon.end()
        permissive = self.folder / "permissive.yaml"
        permissive.write_text("octroi: 1\nzones: {pilot: [10.20.4.0/24]}\nrules: []\n")
        done = run(binary(), "diff", POLICIES / "pilot.yaml", permissive, "--events",
                   daemon.folder / "events.jsonl", check=False)
        self.assertIn(b"1 of 1 flows fare otherwise", done.stdout)

    def of_type(self, daemon, kind):
        """The events of one type so far."""
        return [event for event in daemon.lines() if event["event_type"] == kind]


if __name__ == "__main__":
    unittest.main()
