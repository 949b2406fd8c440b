#!/usr/bin/python3
"""The compliance report: on events of a real daemon, on what else may stand in such a file, and as HTML."""

import datetime
import gzip
import json
import re
import unittest
from pathlib import Path

import html5lib

import clients
from case import CHECKOUT, LabCase
from gateway import binary
from namespaces import run
from topology import INTERIOR, NEUTRAL, PILOT, ZOOM

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
EVIL = "</td><script>alert(1)</script>\x00\x1b\x85\u202e\ufffe'\"&"


def document(html):
    """The report as a tree; HTML that a parser has to mend is an error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


def rows(tree, heading):
    """The rows of the table below a heading, each as its cells' texts, by their first one."""
    body = tree.find("body")
    below = list(body)[[element.text for element in body].index(heading):]
    table = next(element for element in below if element.tag == "table")
    cells = [["".join(cell.itertext()).strip() for cell in row if cell.tag in ("th", "td")]
             for row in table.find("tbody")]
    return {row[0]: row[1:] for row in cells}


class Report(LabCase):
    def report(self, *options, check=True):
        """(exit code, the report, what was said)."""
        done = run(binary(), "report", "--from", TODAY, "--to", TODAY, *options, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_it_adds_up_what_the_daemon_wrote(self):
        daemon = self.octroi("pictures.yaml")
        for name, source in (("zoom.us", PILOT), ("zoom.us", PILOT), ("zoom.us", INTERIOR), ("visio.numerique.gouv.fr", PILOT),
                             ("partners.meet.google.com", PILOT)):
            clients.curl(self.lab, name, NEUTRAL.v4, source=source.v4)
        clients.curl(self.lab, "zoom.us", ZOOM.v4)
        daemon.terminate()
        _, html, _ = self.report("--policy", daemon.folder / "policy.yaml", daemon.folder / "events.jsonl")
        tree = document(html)
        self.assertEqual(rows(tree, "Decisions by service")["zoom"][1:], ["3", "1", "0"])
        self.assertEqual(rows(tree, "Decisions by service")["visio"][1:], ["0", "0", "1"])
        self.assertEqual(rows(tree, "Decisions by zone of the client")["pilot"][1:], ["3", "0", "2"])
        self.assertEqual(rows(tree, "Decisions by rule")["foreign-conferencing"][1:], ["3", "0", "0"])
        self.assertEqual(rows(tree, "Decisions by day")[str(TODAY)][1:], ["3", "1", "2"])
        self.assertEqual(rows(tree, "Exemptions")["partners-on-meet"][-1], "1")
        for secret in (*PILOT, *INTERIOR, "zoom.us", "partners.meet.google.com"):
            self.assertNotIn(secret, html)

    def events(self, name, *events):
        path = self.folder / name
        lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def decision(self, **fields):
        return {"timestamp": f"{TODAY}T12:00:00.000000Z", "event_type": "decision", "action": "reject", "would": "reject", **fields}

    def test_packed_files_read_like_others_and_carry_their_hash(self):
        path = self.events("events.jsonl", self.decision(service="zoom"))
        packed = Path(f"{path}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        _, html, _ = self.report(path, packed)
        self.assertEqual(rows(document(html), "Decisions by service")["zoom"][1], "2")
        for line in run("sha256sum", path, packed).stdout.decode().splitlines():
            self.assertIn(line.split()[0], html)

    def test_gaps_and_broken_lines_are_counted_and_said(self):
        path = self.events("events.jsonl", "no event", "", *(self.decision(gateway="gw-1", boot_id="b", seq=seq) for seq in (1, 2, 5)))
        code, html, said = self.report(path, check=False)
        self.assertEqual(code, 1)
        self.assertIn("not whole", said)
        self.assertEqual(rows(document(html), "Coverage")["gw-1"][-3:], ["3", "2", "0"])

    def test_hostile_text_stays_text(self):
        fields = dict.fromkeys(("gateway", "boot_id", "zone", "service", "rule", "exception", "policy_revision", "src_pseudonym",
                                "key_epoch", "category", "reason", "server_name"), EVIL)
        policy = {**self.decision(), "event_type": "policy", "change": EVIL, "error": EVIL, "gateway": EVIL}
        path = self.events("<script>.jsonl", self.decision(**fields), policy)
        _, html, _ = self.report("--title", "<script>alert(2)</script>", path)
        tree = document(html)
        self.assertEqual(list(tree.iter("script")), [])
        self.assertNotRegex(html, "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

    def test_it_needs_nothing_but_itself(self):
        _, html, _ = self.report(self.events("events.jsonl", self.decision(service="zoom")))
        self.assertNotRegex(html, r"(?i)(src|href|url\()\s*=?\s*[\"']?(https?:)?//")
        self.assertEqual(re.findall(r"<(?:script|link|img|iframe|object)\b", html), [])

    def test_what_can_not_be_read_or_is_no_time_ends_with_2(self):
        for options in (["/nonexistent"], ["--time-zone", "Europe/Atlantis", "/dev/null"], ["--policy", "/nonexistent", "/dev/null"],
                        ["--output", "/nonexistent/report.html", "/dev/null"]):
            with self.subTest(options=options):
                self.assertEqual(self.report(*options, check=False)[0], 2)
        done = run(binary(), "report", "--from", "2026-02-30", "--to", "2026-03-01", "/dev/null", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"`2026-02-30` is neither a date nor a time", done.stderr)

    def test_the_status_page_is_sound_html_too(self):
        document((CHECKOUT / "metrics" / "page" / "status.html").read_text())


if __name__ == "__main__":
    unittest.main()
