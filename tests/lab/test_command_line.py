#!/usr/bin/python3
"""The program as a shell sees it: streams that are closed or full, files that are in the way, processes that are not the daemon."""

import os
import signal
import subprocess
import unittest
from pathlib import Path

from case import LabCase
from gateway import POLICIES, binary

POLICY = POLICIES / "pilot.yaml"
SAYS_NOTHING = [("check", POLICY), ("run", "--check"), ("diff", POLICY, POLICY), ("catalogue", "lookup", "no.example"),
                ("report", "--from", "2026-01-01", "--to", "2026-01-02", "/dev/null")]
PRINTS = [("version",), ("--help",), ("catalogue", "list"), ("catalogue", "show", "zoom"), ("diff", POLICY, POLICY),
          ("explain", "--client", "10.0.0.1"), ("firewall", "print", "--backend", "iptables")]


class CommandLine(LabCase):
    def run_here(self, *arguments, **streams):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.run([binary(), *map(str, arguments)], timeout=60, cwd=self.folder, check=False, **streams)

    def test_without_its_standard_streams_it_says_what_it_would_by_its_exit_code(self):
        for arguments in SAYS_NOTHING:
            with self.subTest(arguments=arguments):
                expected = self.run_here(*arguments).returncode
                command = " ".join(map(str, (binary(), *arguments)))
                closed = subprocess.run(["sh", "-c", f"exec {command} <&- >&- 2>&-"], timeout=60, check=False)
                self.assertEqual(closed.returncode, expected)

    def test_a_stream_that_is_full_is_exit_code_2(self):
        with open("/dev/full", "wb") as full:
            for arguments in PRINTS:
                with self.subTest(arguments=arguments):
                    said = self.run_here(*arguments, stdout=full)
                    self.assertEqual(said.returncode, 2)
                    self.assertIn(b"No space left on device", said.stderr)
            for arguments in SAYS_NOTHING[:2]:
                with self.subTest(arguments=arguments):
                    self.assertEqual(self.run_here(*arguments, stderr=full).returncode, 2)

    def test_a_daemon_without_standard_streams_writes_into_no_file_of_its_own(self):
        daemon = self.prepared("pilot.yaml")
        daemon.start("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-')
        for stream in range(3):
            self.assertEqual(os.readlink(f"/proc/{daemon.pid}/fd/{stream}"), "/dev/null")

    def test_signals_that_mean_nothing_to_it_end_nothing(self):
        daemon = self.octroi("pilot.yaml")
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            daemon.send(number)
        daemon.reload()
        self.assertTrue(daemon.ready())

    def test_a_report_takes_no_files_place_but_its_own(self):
        events = self.folder / "events.jsonl"
        events.write_text("")
        period = ("report", "--from", "2026-01-01", "--to", "2026-01-02", events, "--output")
        same = self.run_here(*period, "./events.jsonl")
        self.assertEqual(same.returncode, 2)
        self.assertIn(b"which it is made from", same.stderr)
        self.assertEqual(events.read_text(), "")
        self.assertEqual(self.run_here(*period, "/dev/null").returncode, 0)
        self.assertTrue(Path("/dev/null").is_char_device())
        full = self.run_here(*period, "/dev/full")
        self.assertEqual((full.returncode, full.stderr), (2, b"octroi: can't write /dev/full: No space left on device\n"))

    def test_what_is_not_whole_is_no_proof_that_nothing_differs(self):
        junk = self.folder / "junk.jsonl"
        junk.write_bytes(os.urandom(10000))
        self.assertEqual(self.run_here("diff", POLICY, POLICY, "--events", junk).returncode, 2)
        cut = self.folder / "cut.pcap"
        cut.write_bytes((POLICIES.parents[1] / "captures" / "ordinary_site.pcap").read_bytes()[:-1])
        self.assertEqual(self.run_here("replay", cut).returncode, 1)
        self.assertEqual(self.run_here("diff", POLICY, POLICY, "--capture", cut).returncode, 2)

    def test_rules_that_can_not_be_asked_for_are_not_taken_for_none(self):
        self.prepared("pilot.yaml")
        gone = self.lab.gateway.run("env", "PATH=/nonexistent", binary(), "firewall", "remove", check=False)
        self.assertEqual(gone.stderr, b"octroi: the rules are removed\n")  # found where PATH does not look
        hidden = self.lab.gateway.run("unshare", "--mount", "sh", "-c",
                                      'mount -t tmpfs none /usr/sbin && exec "$0" "$@"', binary(), "firewall", "remove",
                                      check=False)
        self.assertEqual(hidden.returncode, 2)
        self.assertIn(b"can't tell whether there are rules", hidden.stderr)

    def test_who_installs_at_once_waits_for_the_other(self):
        daemon = self.prepared("pilot.yaml")
        for verb in ("remove", "install"):
            at_once = [self.lab.start(self.lab.gateway, self.folder / f"{verb}-{number}.log", binary(), "firewall", verb,
                                      *(("--config", daemon.config) if verb == "install" else ())) for number in range(6)]
            self.assertEqual([process.wait(30) for process in at_once], [0] * 6, verb)
        self.assertEqual(daemon.firewall("check").returncode, 0)

    def test_a_reload_ends_no_other_octroi(self):
        daemon = self.octroi("pilot.yaml")
        watching = self.lab.start(self.lab.gateway, self.folder / "watch.log", binary(), "status", "--watch", "--config",
                                  daemon.config)
        self.addCleanup(watching.stop)
        other = self.lab.gateway.run(binary(), "reload", "--pid", watching.pid, "--config", daemon.config, check=False)
        self.assertEqual(other.returncode, 2)
        self.assertIn(f"that is process {daemon.pid}", other.stderr.decode())
        by_itself = self.lab.gateway.run(binary(), "reload", "--config", daemon.config)
        self.assertEqual(by_itself.stderr, b"octroi: reloaded\n")
        self.assertTrue(watching.running)


if __name__ == "__main__":
    unittest.main()
