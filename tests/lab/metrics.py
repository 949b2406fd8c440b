"""Reads octroi's HTTP endpoint on the gateway."""

import http.client
import re
from dataclasses import dataclass

from processes import PATIENCE

SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:]\w*)(?:{(?P<labels>.*)})? (?P<value>\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Samples:
    """One scrape: (name, labels) -> value, the labels as a sorted tuple of pairs."""

    values: dict

    def sum(self, name, **labels):
        """The sum of a metric's series that carry these labels. A metric without any series is an error:
        a mistyped name must not read as 0."""
        series = [(found, value) for (of, found), value in self.values.items() if of == name]
        if not series:
            raise KeyError(f"no metric {name}")
        return sum(value for found, value in series if set(labels.items()) <= set(found))

    def increases(self, before):
        """The series that differ from an earlier scrape, as {(name, labels): (then, now)}."""
        return {series: (before.values.get(series, 0), value) for series, value in self.values.items()
                if value != before.values.get(series, 0)}


def parse(text):
    """The Prometheus text format, as far as octroi writes it (no timestamps)."""
    values = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sample = SAMPLE.fullmatch(line)
            if not sample:
                raise ValueError(f"not a sample: {line}")
            labels = tuple(sorted(LABEL.findall(sample["labels"] or "")))
            values[sample["name"], labels] = float(sample["value"])
    return Samples(values)


def fetch(namespace, path, port=9477):
    """(status, body) of http://127.0.0.1:port/path inside the namespace."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20 * PATIENCE)
    try:
        with namespace.entered():
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(namespace):
    status, body = fetch(namespace, "/metrics")
    if status != 200:
        raise RuntimeError(f"/metrics gave {status}: {body}")
    return parse(body)
