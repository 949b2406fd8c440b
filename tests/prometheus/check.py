#!/usr/bin/python3
"""The shipped rules, alerts and dashboards: sound, tested one by one, and speaking of metrics and pages that exist."""

import json
import re
import subprocess
import unittest
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PROMETHEUS = CHECKOUT / "metrics" / "prometheus"
DASHBOARDS = sorted((CHECKOUT / "metrics" / "grafana").glob("*.json"))
RULE_FILES = [PROMETHEUS / name for name in ("settings.yml", "rules.yml", "alerts.yml")]
TEST_FILES = [PROMETHEUS / name for name in ("rules_test.yml", "alerts_test.yml")]
# A metric of octroi's, but not inside the name of a recording rule (...:octroi_flows:...).
METRIC = re.compile(r"(?<![:\w])((?:octroi|process)_[a-z_]+)(?![:\w])")
RECORDED = re.compile(r"\b\w+:octroi_\w+:\w+|\boctroi:\w+:\w+")


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def rules():
    return [rule for file in RULE_FILES for group in yaml.safe_load(file.read_text())["groups"]
            for rule in group["rules"]]


def cases(file):
    return yaml.safe_load(file.read_text())["tests"]


def panels(board):
    return [panel for panel in json.loads(board.read_text())["panels"] if panel["type"] != "row"]


def queries():
    for rule in rules():
        yield rule["expr"]
    for board in DASHBOARDS:
        for panel in panels(board):
            yield from (target["expr"] for target in panel["targets"])


class Rules(unittest.TestCase):
    def test_promtool_finds_them_sound(self):
        checked = promtool("check", "rules", *RULE_FILES)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_their_tests_pass(self):
        for file in TEST_FILES:
            with self.subTest(file=file.name):
                tested = promtool("test", "rules", file)
                self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_every_recorded_series_has_a_test(self):
        asked = "\n".join(test["expr"] for case in cases(TEST_FILES[0]) for test in case["promql_expr_test"])
        for rule in yaml.safe_load(RULE_FILES[1].read_text())["groups"]:
            for name in {each["record"] for each in rule["rules"]}:
                uses = asked + "\n".join(each["expr"] for each in rules() if each.get("record") != name)
                self.assertIn(name, uses)

    def test_every_alert_fires_in_a_test_and_is_silent_for_another_gateway(self):
        for alert in (rule["alert"] for rule in rules() if "alert" in rule):
            with self.subTest(alert=alert):
                fired = [(case, test) for case in cases(TEST_FILES[1]) for test in case["alert_rule_test"]
                         if test["alertname"] == alert and test["exp_alerts"]]
                self.assertTrue(fired)
                case, test = fired[0]
                self.assertGreater(len(case["input_series"]), len(test["exp_alerts"]))

    def test_every_alert_says_what_is_wrong_and_where_to_read_on(self):
        page = (CHECKOUT / "docs" / "compliance.md").read_text()
        for rule in rules():
            if "alert" in rule:
                with self.subTest(alert=rule["alert"]):
                    self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                    self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])
                    self.assertEqual(rule["annotations"]["docs"], f"docs/compliance.md#{rule['alert'].lower()}")
                    self.assertIn(f"\n### {rule['alert']}\n", page)


class Queries(unittest.TestCase):
    def test_they_ask_for_metrics_that_the_reference_knows(self):
        reference = (CHECKOUT / "docs" / "metrics.md").read_text()
        for metric in {re.sub("_(bucket|count|sum)$", "", name) for query in queries() for name in METRIC.findall(query)}:
            with self.subTest(metric=metric):
                self.assertIn(f"`{metric}`", reference)

    def test_they_ask_for_recorded_series_that_are_recorded(self):
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        for name in {name for query in queries() for name in RECORDED.findall(query)}:
            with self.subTest(name=name):
                self.assertIn(name, recorded)


class Dashboards(unittest.TestCase):
    def test_each_can_be_imported_beside_the_others(self):
        boards = [json.loads(board.read_text()) for board in DASHBOARDS]
        self.assertEqual(len({board["uid"] for board in boards}), len(boards))
        for board in boards:
            numbers = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(numbers), len(set(numbers)), board["title"])
            self.assertEqual(board["templating"]["list"][0]["type"], "datasource")

    def test_every_panel_says_what_it_shows_in_which_unit_from_the_chosen_source(self):
        for board in DASHBOARDS:
            for panel in panels(board):
                with self.subTest(board=board.name, panel=panel["title"]):
                    self.assertTrue(panel["description"])
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    for target in panel["targets"]:
                        self.assertEqual(target["datasource"]["uid"], "${datasource}")
                        self.assertTrue(target["legendFormat"] or panel["type"] == "table")

    def test_no_two_panels_lie_on_each_other(self):
        for board in DASHBOARDS:
            taken = set()
            for panel in json.loads(board.read_text())["panels"]:
                at = panel["gridPos"]
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(taken & cells, panel["title"])
                self.assertLessEqual(at["x"] + at["w"], 24)
                taken |= cells


if __name__ == "__main__":
    unittest.main()
