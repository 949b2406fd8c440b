"""A real Prometheus on the gateway, with octroi's shipped rules, and its answers."""

import json
from pathlib import Path
from urllib.parse import urlencode

import metrics
from processes import wait_until

SHIPPED = Path(__file__).resolve().parents[2] / "metrics" / "prometheus"
PORT = 9090

CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{shipped}/settings.yml, {shipped}/rules.yml, {shipped}/alerts.yml]
scrape_configs: [{{job_name: octroi, static_configs: [{{targets: ["127.0.0.1:9477"]}}]}}]
"""


class Prometheus:
    """Scrapes the daemon once a second from its start on."""

    def __init__(self, lab, folder):
        self._gateway = lab.gateway
        configuration = folder / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(shipped=SHIPPED))
        self._process = lab.start(
            lab.gateway, folder / "prometheus.log", "prometheus", "--config.file", configuration,
            "--storage.tsdb.path", folder / "tsdb", "--web.listen-address", f"127.0.0.1:{PORT}")
        wait_until(self._scraped, "Prometheus' first scrape")

    def stop(self):
        self._process.stop()

    def _scraped(self):
        try:
            return self.query('up{job="octroi"} == 1')
        except (OSError, RuntimeError):  # not there yet, or still reading its files
            return False

    def ask(self, path, **parameters):
        """The data of an answer of its API; an error is an exception that quotes it."""
        status, body = metrics.fetch(self._gateway, f"/api/v1/{path}?{urlencode(parameters)}", PORT)
        if status != 200:
            raise RuntimeError(f"{parameters} gave {status}: {body}")
        return json.loads(body)["data"]

    def query(self, expression):
        """The series of an expression, now, as [(labels, value)]."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.ask("query", query=expression)["result"]]

    def value(self, expression):
        """The value of an expression with one series; None where there is none."""
        series = self.query(expression)
        if len(series) > 1:
            raise LookupError(f"{expression} gives {series}")
        return series[0][1] if series else None

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self):
        """The names of alerts that fire or are about to."""
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"]}
