#!/usr/bin/python3
"""Where events go, and what happens when they can't: nothing, to the traffic and to the other sinks."""

import contextlib
import json
import os
import signal
import socket
import unittest
from pathlib import Path

import clients
import event_schema
import mounts
from case import LabCase
from event_load import send_refused
from processes import DEADLINE, wait_until
from server import page_of
from test_service import NOBODY, as_unit
from topology import NEUTRAL, VISIO

VISIO_NAME = "visio.numerique.gouv.fr"
JOURNALD = Path("/lib/systemd/systemd-journald")


class Sinks(LabCase):
    def assert_enforced(self):
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, VISIO_NAME, VISIO), page_of(VISIO_NAME))

    def lost(self, daemon, sink, **labels):
        return daemon.scrape().sum("octroi_events_dropped_total", sink=sink, **labels)

    def numbers(self, daemon, text):
        """The numbers of the events in a text: each line is whole and valid."""
        events = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(event_schema.problems(events[:100]), [])
        return [event["seq"] for event in events]

    def check_account(self, daemon, numbers, sink):
        """Every event up to the last one is in the sink or was counted as lost."""
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(numbers[-1] - len(numbers), self.lost(daemon, sink))

    # The file.

    def on_a_small_disk(self, **settings):
        disk = self.folder / "disk"
        disk.mkdir()
        return self.prepared("pilot.yaml", events={"file": "disk/events.jsonl", **settings}), disk

    def test_a_full_disk_costs_events_and_nothing_else(self):
        daemon, disk = self.on_a_small_disk()
        daemon.start(*mounts.with_small_disk(disk, "256k"))
        disk = mounts.seen_by(daemon.pid, disk)
        self.assert_enforced()
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(1024))
        send_refused(self.lab, daemon, range(300))
        wait_until(lambda: self.lost(daemon, "file", reason="disk_full") > 0, "losses")
        self.assert_enforced()
        (disk / "filler").unlink()
        text = self.after_the_trouble(disk / "events.jsonl")
        self.check_account(daemon, self.numbers(daemon, text), "file")

    def after_the_trouble(self, file):
        """Has flows refused until one's event is in the file, and gives what is there."""
        def told():
            text = file.read_text() if file.exists() else ""
            return text if '"server_name":"teams.microsoft.com"' in text and text.endswith("\n") else None

        def tried():
            clients.curl(self.lab, "teams.microsoft.com", NEUTRAL.v4)
            return told()

        return wait_until(tried, "an event that is written")

    def test_a_disk_that_is_read_only_from_the_start_and_is_mended(self):
        daemon, disk = self.on_a_small_disk()
        command = mounts.with_small_disk(disk, "1m")
        daemon.start(*(word.replace("size=1m", "size=1m,ro") for word in command))
        self.assert_enforced()
        wait_until(lambda: self.lost(daemon, "file", reason="write_failed") > 0, "losses")
        mounts.mounted(daemon.pid, "remount,rw", folder=disk)
        text = self.after_the_trouble(mounts.seen_by(daemon.pid, disk) / "events.jsonl")
        self.check_account(daemon, self.numbers(daemon, text), "file")

    def test_files_are_put_aside_under_the_filter_of_the_unit(self):
        self.skip_if_instrumented("sanitizers make system calls of their own")
        daemon = self.prepared("pilot.yaml", events={"rotate": {"mebibytes": 1}})
        for folder in (self.lab.folder, self.folder):
            os.chmod(folder, 0o755)
        os.chown(self.folder, NOBODY, NOBODY)
        daemon.start(*as_unit("octroi.service"))
        numbers = []
        for begin in range(0, 6000, 2000):
            send_refused(self.lab, daemon, range(begin, begin + 2000))
        self.assert_enforced()
        wait_until(lambda: list(daemon.folder.glob("events-*Z.jsonl")), "a file put aside")
        daemon.end()
        files = sorted(daemon.folder.glob("events-*Z.jsonl"))
        self.assertTrue(files)
        for file in files:
            self.assertEqual(file.stat().st_mode & 0o777, 0o640)
        for file in (*files, daemon.folder / "events.jsonl"):
            numbers += self.numbers(daemon, file.read_text())
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertGreater(len(numbers), 6000)

    def test_a_file_that_is_moved_away_is_replaced(self):
        daemon = self.octroi("pilot.yaml")
        self.assert_enforced()
        daemon.event(server_name="zoom.us")
        events = daemon.folder / "events.jsonl"
        events.rename(daemon.folder / "moved.jsonl")
        wait_until(events.exists, "a new file")
        self.assert_enforced()
        daemon.event(server_name="zoom.us")

    # A local socket, outside the case's folder: what a failed case leaves is copied.

    def collector(self):
        return os.fspath(self.lab.folder / "collector")

    def listening(self, kind):
        listener = socket.socket(socket.AF_UNIX, kind)
        self.addCleanup(listener.close)
        Path(self.collector()).unlink(missing_ok=True)
        listener.bind(self.collector())
        listener.settimeout(DEADLINE)
        if kind == socket.SOCK_STREAM:
            listener.listen(1)
        return listener

    def test_a_reader_that_stalls_loses_events_and_the_file_none(self):
        listener = self.listening(socket.SOCK_STREAM)
        daemon = self.octroi("pilot.yaml", events={"socket": self.collector()})
        reader, _ = listener.accept()
        self.addCleanup(reader.close)
        send_refused(self.lab, daemon, range(4000))
        wait_until(lambda: self.lost(daemon, "socket") > 0, "losses")
        self.assert_enforced()
        daemon.event(server_name="zoom.us")
        self.assertEqual(self.lost(daemon, "file"), 0)
        text = self.read_all(reader)
        self.check_account(daemon, self.numbers(daemon, text), "socket")
        self.check_account(daemon, [event["seq"] for event in daemon.lines()], "file")

    def read_all(self, reader):
        """Reads what the stalled reader has missed, up to the event of a new flow."""
        parts = []
        reader.settimeout(0.1)

        def read():
            with contextlib.suppress(TimeoutError):
                while part := reader.recv(1 << 20):
                    parts.append(part)
            text = b"".join(parts).decode()
            if '"server_name":"meet.google.com"' in text and text.endswith("\n"):
                return text
            clients.curl(self.lab, "meet.google.com", NEUTRAL.v4)
            return None

        return wait_until(read, "an event that arrives")

    def test_a_collector_of_datagrams_that_comes_late_and_goes(self):
        daemon = self.octroi("pilot.yaml", events={"socket": self.collector()})
        self.assert_enforced()
        wait_until(lambda: self.lost(daemon, "socket", reason="disconnected") > 0, "losses")
        for _ in range(2):
            listener = self.listening(socket.SOCK_DGRAM)
            self.assertEqual(json.loads(self.first_datagram(listener))["gateway"], socket.gethostname())
            listener.close()
            os.unlink(self.collector())
            self.assert_enforced()

    def first_datagram(self, listener):
        """Flows are refused until the daemon has found the collector."""
        listener.settimeout(0.2)

        def received():
            clients.curl(self.lab, "zoom.us", NEUTRAL.v4)
            with contextlib.suppress(TimeoutError):
                return listener.recv(65536)
            return None

        return wait_until(received, "a datagram")

    # The standard output.

    def test_a_reader_of_the_standard_output_that_stalls(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        daemon = self.prepared("pilot.yaml", events={"file": "-"})
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        daemon.start("sh", "-c", f'exec "$@" >"{pipe}"', "sh")
        send_refused(self.lab, daemon, range(500))
        wait_until(lambda: self.lost(daemon, "stdout") > 0, "losses")
        self.assert_enforced()

    # The journal. A real one, which only the daemon sees.

    def with_journal(self, daemon):
        """Starts the daemon where a journal's socket can be, /run/systemd, belongs to the case."""
        daemon.start("unshare", "--mount", "--propagation", "private", "sh", "-ec",
                     'mkdir -p /run/systemd /run/log; mount -t tmpfs none /run/systemd; mount -t tmpfs none /run/log; '
                     'mount -t cgroup2 none /sys/fs/cgroup; exec "$@"', "sh")

    def journal(self, daemon):
        log = self.folder / "journald.log"
        journald = self.lab.start(self.lab.gateway, log, "nsenter", "--target", daemon.pid, "--mount", "env", "SYSTEMD_LOG_TARGET=console",
                                  JOURNALD)
        self.addCleanup(journald.stop)
        path = mounts.seen_by(daemon.pid, Path("/run/systemd/journal/stdout"))
        wait_until(path.exists, "journald's socket")
        return journald

    def in_journal(self, daemon):
        """What the journal has of the events."""
        folder = mounts.seen_by(daemon.pid, Path("/run/log/journal"))
        said = self.lab.gateway.run("journalctl", "--directory", folder, "--identifier", "octroi-events", "--output", "cat",
                                    check=False).stdout.decode()
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def test_a_journal_that_is_absent_comes_stalls_and_goes(self):
        if not JOURNALD.exists():
            self.skipTest("no systemd-journald")
        daemon = self.prepared("pilot.yaml", events={"journald": True})
        self.with_journal(daemon)
        self.assert_enforced()
        wait_until(lambda: self.lost(daemon, "journald", reason="disconnected") > 0, "losses")
        journald = self.journal(daemon)
        wait_until(lambda: self.tells(daemon, "zoom.us"), "an event in the journal")
        self.assertEqual(event_schema.problems(self.in_journal(daemon)), [])

        journald.send(signal.SIGSTOP)
        send_refused(self.lab, daemon, range(3000))
        self.assert_enforced()
        journald.send(signal.SIGCONT)
        wait_until(lambda: self.tells(daemon, "teams.microsoft.com"), "an event after the stall")

        journald.kill()
        send_refused(self.lab, daemon, range(3000, 3010))
        self.assert_enforced()
        self.journal(daemon)
        wait_until(lambda: self.tells(daemon, "meet.google.com"), "an event in the new journal")
        self.assertEqual(self.lost(daemon, "file"), 0)

    def tells(self, daemon, name):
        """Has a flow refused, and looks whether the journal knows of such."""
        clients.curl(self.lab, name, NEUTRAL.v4)
        return any(event.get("server_name") == name for event in self.in_journal(daemon))


if __name__ == "__main__":
    unittest.main()
