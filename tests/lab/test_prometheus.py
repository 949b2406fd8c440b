#!/usr/bin/python3
"""A real Prometheus scrapes the daemon: the shipped rules and every query of the dashboards answer."""

import itertools
import json
import shutil
import unittest
from pathlib import Path

from case import LabCase
from packets import RawSender, udp
from processes import wait_until
from prometheus import Prometheus
from topology import INTERIOR, NEUTRAL, PILOT, TEAMS, VISIO, ZOOM

DASHBOARDS = Path(__file__).resolve().parents[2] / "metrics" / "grafana"
# As Grafana fills them in.
VARIABLES = {"$category": "video-conferencing", "$zone": ".*", "$gateway": ".*", "$__rate_interval": "1m"}
# Panels that may be empty where all is well, or where no accident happened.
QUIET = {"Exceptions", "Parser errors"}

PILOT_CLIENTS = [f"10.20.4.{host}" for host in range(130, 160)]
INTERIOR_CLIENTS = [f"10.20.8.{host}" for host in range(130, 142)]


def panel_queries(board):
    """(title, expression) of each query, variables replaced."""
    for panel in json.loads((DASHBOARDS / board).read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
class Queries(LabCase):
    def setUp(self):
        super().setUp()
        self.count_bytes(1)
        self.addCleanup(self.count_bytes, 0)
        self.daemon = self.octroi("compliance.yaml")
        self.prometheus = Prometheus(self.lab, self.folder)
        self.addCleanup(self.prometheus.stop)

    def count_bytes(self, value):
        self.lab.gateway.run("sysctl", "-qw", f"net.netfilter.nf_conntrack_acct={value}",
                             f"net.netfilter.nf_conntrack_timestamp={value}")

    def traffic(self):
        """A flow each: 30 of Visio's and 3 of Teams' in the pilot zone, 12 of Zoom's beside it and one by the
        exemption, 5 of Zoom's that are refused. Their addresses decide them."""
        flows = [*((source, VISIO) for source in PILOT_CLIENTS), *itertools.repeat((PILOT.v4, TEAMS.v4), 3),
                 *((source, ZOOM.v4) for source in INTERIOR_CLIENTS), (INTERIOR.v4, ZOOM.v4),
                 *itertools.repeat((PILOT.v4, ZOOM.v4), 5), (PILOT.v4, NEUTRAL.v4)]
        with RawSender(self.lab.client) as sender:
            for port, (source, server) in enumerate(flows, 20_000):
                sender.send(udp((source, port), (server, 9), bytes(72)), server)
        wait_until(lambda: self.daemon.scrape().sum("octroi_packets_total") >= len(flows), "their verdicts")

    def await_value(self, expression, expected):
        found = wait_until(lambda: [value for value in (self.prometheus.value(expression),)
                                    if value is not None and round(value, 6) == round(expected, 6)],
                           f"{expression} to be {expected}")
        self.assertTrue(found)

    def test_rules_and_dashboards_answer_what_the_traffic_was(self):
        self.traffic()
        self.rules_tell_the_traffic()
        for rule in self.prometheus.rules():
            self.assertEqual((rule["name"], rule["health"], rule.get("lastError")), (rule["name"], "ok", None))
        for board in ("compliance.json", "operations.json"):
            for title, expression in panel_queries(board):
                with self.subTest(board=board, panel=title, expression=expression):
                    if title not in QUIET:  # some rules are evaluated a round later than those awaited above
                        wait_until(lambda: self.prometheus.query(expression), "an answer")
        self.assertEqual(self.prometheus.alerts(), set())
        self.daemon.kill()
        wait_until(lambda: self.prometheus.alerts() >= {"OctroiDown"}, "an alert of its end")

    def rules_tell_the_traffic(self):
        conferencing = 'category="video-conferencing"'
        by_zone, overall = "category_zone:octroi_adoption:ratio1d", "category:octroi_adoption:ratio1d"
        self.await_value(f'{by_zone}{{{conferencing},zone="pilot",measure="flows"}}', 30 / 33)
        self.await_value(f'{by_zone}{{{conferencing},zone="interior",measure="flows"}}', 0)
        self.await_value(f'{overall}{{{conferencing},measure="flows"}}', 30 / 46)
        self.await_value(f'{overall}{{{conferencing},measure="clients"}}', 30 / 40)  # one on Teams is not told
        # Ended flows have bytes, and hours: these have lasted since before Prometheus looked at them.
        self.lab.gateway.run("conntrack", "-D", "-p", "udp", check=False)
        self.await_value('category_service:octroi_adopted_clients:max1d{service="visio"}', 30)
        self.await_value("count(category_service:octroi_uncovered_flows:increase1d)", 1)
        for expression in (f'{overall}{{{conferencing},measure="bytes"}}', f'{overall}{{{conferencing},measure="hours"}}',
                           'service_zone:octroi_would_be_refused_flows:increase1d{service="zoom",zone="interior"} > 11',
                           'service_zone:octroi_refused_flows:increase1d{service="zoom",zone="pilot"} > 4',
                           'rule:octroi_exemption_flows:increase1d{rule="press-on-zoom"} > 0',
                           'category_service:octroi_uncovered_flows:increase1d{service="teams"}',
                           'rule:octroi_exemption_remaining:seconds{rule="press-on-zoom"} > 86400'):
            with self.subTest(expression=expression):
                wait_until(lambda: self.prometheus.query(expression), expression)


if __name__ == "__main__":
    unittest.main()
