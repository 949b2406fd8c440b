#!/usr/bin/python3
"""`octroi status`: what it shows of a running daemon, again and again, and while that is busy."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import unittest

import clients
import metrics
from case import LabCase
from processes import wait_until
from topology import INTERIOR, NEUTRAL

ROWS, COLUMNS = 12, 60
MANY = 9000


class Status(LabCase):
    def test_it_shows_decisions_and_the_exemptions_that_end(self):
        daemon = self.octroi("pictures.yaml")
        clients.curl(self.lab, "zoom.us", NEUTRAL.v4)
        clients.curl(self.lab, "zoom.us", NEUTRAL.v4, source=INTERIOR.v4)
        clients.curl(self.lab, "partners.meet.google.com", NEUTRAL.v4)
        daemon.event(rule="foreign-conferencing-everywhere")
        lines = daemon.status().stdout.splitlines()
        self.assertTrue(any(" reject " in line and line.endswith("foreign-conferencing") for line in lines), lines)
        self.assertTrue(any("would reject" in line and INTERIOR.v4 in line for line in lines), lines)
        exemption = next(line for line in lines if line.startswith("partners-on-meet"))
        self.assertRegex(exemption, r"in \d+ d +foreign affairs +SEC-4300 +1$")

    def test_watched_on_a_terminal_it_is_drawn_in_place(self):
        daemon = self.octroi("pilot.yaml")
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        command = self.lab.gateway.command(daemon.program, "status", "--watch", "--config", daemon.config)
        watching = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        os.close(inside)
        os.set_blocking(terminal, False)
        drawn = b""

        def twice():
            nonlocal drawn
            try:
                drawn += os.read(terminal, 65536)
            except BlockingIOError:
                pass
            return drawn.count(b"\033[H") >= 2 and drawn.endswith(b"\033[J")

        wait_until(twice, "the second drawing")
        for screen in drawn.split(b"\033[H")[1:]:
            lines = screen.removesuffix(b"\033[J").split(b"\033[K\r\n")
            self.assertLess(len(lines), ROWS + 1)
            self.assertTrue(all(len(line) <= COLUMNS for line in lines), lines)
            self.assertTrue(lines[0].startswith(b"octroi    "), lines)

    def test_a_reload_under_way_is_shown(self):
        daemon = self.octroi("pilot.yaml")
        policy = (daemon.folder / "policy.yaml").read_text()
        names = "".join(f"  - {{name: r{i}, when: {{name: host{i}.example}}, then: reject}}\n" for i in range(MANY))
        daemon.write_policy(policy + names)

        def status():
            return json.loads(metrics.fetch(self.lab.gateway, "/api/v1/status")[1])

        before = status()["health"]["reloads"]
        daemon.send(signal.SIGHUP)

        def busy():
            now = status()
            self.assertEqual(now["health"]["reloads"], before, "the reload was over before it was seen")
            return now["activity"]

        self.assertIn(wait_until(busy, "the reload")["phase"],
                      ("reading policy and catalogue", "taking old marks from connections", "exchanging the kernel's rules"))
        wait_until(lambda: status()["activity"] is None, "its end")


if __name__ == "__main__":
    unittest.main()
