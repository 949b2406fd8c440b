#!/usr/bin/python3
"""The wall clock is set while the daemon runs: schedules follow it, silences and lifetimes do not."""

import datetime
import unittest
import zoneinfo

import clients
from case import LabCase
from client_hello import client_hello, records
from load import Sink, send_new
from misfortune import Misfortune
from processes import wait_until
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL, VISIO

HOUR = 3600
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
NAME = "us05web.zoom.us"
POLICY = """octroi: 1
defaults: {{timezone: Europe/Paris}}
rules:
  - name: no-zoom
    when: {{service: zoom}}
    then: reject
    {when}
"""


class Clock(LabCase):
    def daemon(self, when, **settings):
        """The daemon with one rule, at a clock of its own."""
        self.skip_if_instrumented("ASan suffers no library before its own")
        daemon = self.prepared("pilot.yaml", **settings)
        daemon.write_policy(POLICY.format(when=when))
        self.misfortune = Misfortune(self.folder)
        daemon.start(*self.misfortune.command)
        return daemon

    def set_clock(self, daemon, moment):
        """Sets the daemon's clock, with an edge of the schedule between, and waits until it was followed."""
        generation = self.generation(daemon)
        self.misfortune.shift_clock(round((moment - datetime.datetime.now(datetime.UTC)).total_seconds()))
        wait_until(lambda: self.generation(daemon) != generation, f"the edge before {moment}")

    def generation(self, daemon):
        return daemon.scrape().sum("octroi_policy_generation")

    def assert_refused(self):
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))

    def assert_passes(self):
        self.assert_answered(clients.curl(self.lab, NAME, NEUTRAL.v6), page_of(NAME))

    def test_an_hour_forward_and_back_over_a_rules_begin(self):
        now = datetime.datetime.now(datetime.UTC)
        begin = now + datetime.timedelta(minutes=30)
        daemon = self.daemon(f"from: {begin:%Y-%m-%dT%H:%M:%SZ}")
        self.assert_passes()
        self.set_clock(daemon, now + datetime.timedelta(hours=1))
        self.assert_refused()
        self.set_clock(daemon, now)
        self.assert_passes()

    def test_a_window_over_midnight(self):
        daemon = self.daemon('hours: ["22:00-06:00"]')
        day = datetime.datetime(2027, 1, 14, tzinfo=PARIS)
        for moment, refused in ((day.replace(hour=23, minute=59), True), (day.replace(day=15, hour=6, minute=1), False),
                                (day.replace(day=15, hour=22, minute=1), True)):
            with self.subTest(moment=moment):
                self.set_clock(daemon, moment)
                (self.assert_refused if refused else self.assert_passes)()

    def test_the_hours_of_the_night_in_which_summer_time_begins_and_ends(self):
        # In 2027 Paris goes from 02:00 to 03:00 on 28 March, and from 03:00 back to 02:00 on 31 October.
        daemon = self.daemon('hours: ["03:00-04:00"]')
        for moment, refused in (("2027-03-28T01:01:00", True),   # 03:01, an hour early by UTC
                                ("2027-03-28T02:01:00", False),  # 04:01
                                ("2027-10-31T02:01:00", True),   # 03:01, for the first time
                                ("2027-10-31T01:30:00", False),  # 02:30, for the second
                                ("2027-10-31T02:30:00", True)):  # 03:30
            with self.subTest(moment=moment):
                self.set_clock(daemon, datetime.datetime.fromisoformat(moment + "+00:00"))
                (self.assert_refused if refused else self.assert_passes)()

    def test_a_flow_under_way_is_not_forgotten_by_a_clock_set_forward(self):
        daemon = self.daemon("")
        hello = records(client_hello(NAME))
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.sendall(hello[:200])
            wait_until(lambda: daemon.scrape().sum("octroi_flow_table_entries") == 1, "the flow")
            self.misfortune.shift_clock(HOUR)
            clients.curl(self.lab, "www.example.org", NEUTRAL.v6)
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                connection.sendall(hello[200:])
                connection.recv(64)
        self.assertEqual(daemon.scrape().sum("octroi_flow_evictions_total", reason="idle"), 0)

    def test_a_full_table_makes_room_after_a_clock_set_back(self):
        daemon = self.daemon("", flow_limit=100)
        sink = Sink(self.lab.server, OTHER_NEUTRAL)
        self.addCleanup(sink.close)
        send_new(self.lab, range(1000))
        wait_until(lambda: daemon.scrape().sum("octroi_flow_table_entries") == 2 * 100, "full tables")
        self.misfortune.shift_clock(-HOUR)

        def known():
            clients.curl(self.lab, "www.example.org", NEUTRAL.v4)
            return daemon.scrape().sum("octroi_flow_evictions_total", reason="table_full") > 0

        wait_until(known, "a silent flow to make room")  # it may after two seconds


if __name__ == "__main__":
    unittest.main()
