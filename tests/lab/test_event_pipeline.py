#!/usr/bin/python3
"""The pipeline of docs/events.md: rsyslog reads events, also while files are put aside."""

import re
import shutil
import unittest

import clients
from case import CHECKOUT, LabCase
from event_load import send_refused
from processes import wait_until
from topology import NEUTRAL

RSYSLOGD = shutil.which("rsyslogd", path="/usr/sbin")
MANY = 4000


class Pipeline(LabCase):
    def documented(self, events, refused):
        """The configuration of the documentation, with these files in it."""
        text = (CHECKOUT / "docs" / "events.md").read_text()
        found = re.search(r"```rsyslog\n(.*?)```", text, re.DOTALL)[1]
        self.assertIn("/var/log/octroi/events.jsonl", found)
        return (f'global(workDirectory="{self.folder}")\n' + found
                .replace("/var/log/octroi/events.jsonl", str(events))
                .replace("/var/log/octroi-refused.log", str(refused)))

    @unittest.skipUnless(RSYSLOGD, "no rsyslog")
    def test_rsyslog_reads_every_event_across_rotation(self):
        daemon = self.prepared("pilot.yaml", events={"rotate": {"mebibytes": 1}, "gateway": "gw1"})
        refused = self.folder / "refused.log"
        configuration = self.folder / "rsyslog.conf"
        configuration.write_text(self.documented(daemon.folder / "events.jsonl", refused))
        daemon.start()
        rsyslog = self.lab.start(self.lab.gateway, self.folder / "rsyslog.log", RSYSLOGD, "-n", "-f", configuration,
                                 "-i", self.folder / "rsyslog.pid")
        self.addCleanup(rsyslog.stop)
        for begin in range(0, MANY, 1000):
            send_refused(self.lab, daemon, range(begin, begin + 1000))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))

        def lines():
            return refused.read_text().splitlines() if refused.exists() else []

        wait_until(lambda: len(lines()) >= MANY + 1, "rsyslog to have read them all")
        self.assertGreater(len(list(daemon.folder.glob("events-*Z.jsonl"))), 0)
        self.assertEqual(len(lines()), MANY + 1)
        named = [line for line in lines() if "zoom.us" in line]
        self.assertEqual(len(named), 1)
        self.assertRegex(named[0], r"^\S+Z gw1 pilot zoom zoom\.us reject foreign-conferencing$")


if __name__ == "__main__":
    unittest.main()
