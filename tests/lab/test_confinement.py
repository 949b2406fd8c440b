#!/usr/bin/python3
"""What the running daemon can no longer do, tried in the daemon itself."""

import os
import platform
import re
import signal
import socket
import unittest
from pathlib import Path

import clients
import injection
from case import LabCase
from gateway import POLICIES, binary
from namespaces import run
from topology import NEUTRAL

NET_ADMIN = 1 << 12
# System calls by their numbers on x86-64.
OPENAT, SOCKET, EXECVE, MPROTECT, PTRACE, MOUNT, CLONE, UNSHARE = 257, 41, 59, 10, 101, 165, 56, 272
INIT_MODULE, BPF, KEYCTL, USERFAULTFD, IO_URING_SETUP = 175, 321, 250, 323, 425
CURRENT_FOLDER, EXECUTABLE = -100, 4


def statuses(pid):
    """What the kernel says of each thread."""
    return [dict(re.findall(r"(\w+):\s*(.*)", (task / "status").read_text()))
            for task in Path("/proc", str(pid), "task").iterdir()]


def control_of(pid):
    return pid


def worker_of(pid):
    """The last one of the threads with the most filters."""
    filters = injection.threads(pid)
    return max(filters, key=lambda thread: (filters[thread], thread))


class Confinement(LabCase):
    def setUp(self):
        super().setUp()
        self.skip_if_instrumented("sanitizers make system calls of their own")

    def test_every_thread_keeps_cap_net_admin_alone_and_can_gain_nothing(self):
        daemon = self.octroi("pilot.yaml")
        threads = statuses(daemon.pid)
        self.assertGreaterEqual(len(threads), 4)  # control, HTTP, events, workers
        for thread in threads:
            for held in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(thread[held], 16), NET_ADMIN, held)
            self.assertEqual(thread["NoNewPrivs"], "1")
            self.assertEqual(thread["Seccomp"], "2")

    def test_it_maps_no_library_that_only_commands_at_a_desk_need(self):
        daemon = self.octroi("pilot.yaml")
        mapped = set(re.findall(r"/(lib[^/\s]+?)\.so", Path("/proc", str(daemon.pid), "maps").read_text()))
        self.assertIn("libndpi", mapped)
        needless = r"lib(curl|pcap|ssl|ssh2?|ldap|nghttp2|krb5|gssapi|rtmp|psl|dbus-1)\b"
        self.assertEqual({name for name in mapped if re.match(needless, name)}, set())

    def test_two_workers_have_a_filter_of_their_own(self):
        daemon = self.octroi("pilot.yaml")
        filters = list(injection.threads(daemon.pid).values())
        self.assertEqual(filters.count(filters[0] + 1), 2, filters)

    @unittest.skipUnless(platform.machine() == "x86_64", "system calls by number")
    def test_a_worker_dies_of_each_call_that_is_not_about_packets(self):
        for name, number, *arguments in (
                ("open a file", OPENAT, CURRENT_FOLDER, bytes, os.O_RDONLY),
                ("make a socket", SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0),
                ("run a program", EXECVE, bytes, 0, 0),
                ("make a process", CLONE, 17, 0),
                ("make memory executable", MPROTECT, 0, 4096, EXECUTABLE)):
            with self.subTest(name):
                self.dies_of(worker_of, number, *arguments)

    @unittest.skipUnless(platform.machine() == "x86_64", "system calls by number")
    def test_the_control_thread_dies_of_each_call_that_no_daemon_makes(self):
        for name, number, *arguments in (
                ("make a connection over TCP", SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0),
                ("see all packets", SOCKET, socket.AF_PACKET, socket.SOCK_RAW, 0),
                ("trace a process", PTRACE, 16, 1), ("mount", MOUNT, 0, 0, 0),
                ("enter a namespace", UNSHARE, 0x40000000), ("load a module", INIT_MODULE, 0, 0),
                ("load a BPF program", BPF, 0, 0), ("read keys", KEYCTL, 0),
                ("userfaultfd", USERFAULTFD, 0), ("io_uring", IO_URING_SETUP, 1, 0)):
            with self.subTest(name):
                self.dies_of(control_of, number, *arguments)

    def dies_of(self, thread_of, number, *arguments):
        """Lets one thread of a fresh daemon make this call: the filter must end the daemon."""
        daemon = self.octroi("pilot.yaml")
        injection.call(daemon.pid, thread_of(daemon.pid), number, *arguments, text=b"/dev/null")
        self.assertEqual(daemon.died(), -signal.SIGSYS, daemon.said())
        daemon.remove_firewall()

    def test_a_policy_that_points_elsewhere_is_not_read(self):
        """The file is the administrator's and root's; Landlock alone stands in between."""
        daemon = self.octroi("pilot.yaml")
        outside = self.lab.folder / "outside"
        outside.mkdir()
        (outside / "policy.yaml").write_text((POLICIES / "monitor.yaml").read_text())
        policy = daemon.folder / "policy.yaml"
        policy.unlink()
        policy.symlink_to(outside / "policy.yaml")
        self.assertEqual(run(binary(), "check", policy).returncode, 0)

        daemon.reload()
        self.assertEqual(daemon.scrape().sum("octroi_config_last_reload_successful"), 0)
        self.assertIn("policy.yaml: error[E001]: the file can't be read", daemon.said())
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))

    def test_a_policy_behind_a_link_that_was_there_at_the_start_can_change(self):
        real = self.lab.folder / "elsewhere"
        real.mkdir()
        (real / "policy.yaml").write_text((POLICIES / "monitor.yaml").read_text())
        daemon = self.prepared("pilot.yaml")
        policy = daemon.folder / "policy.yaml"
        policy.unlink()
        policy.symlink_to(real / "policy.yaml")
        daemon.start()
        (real / "policy.yaml").write_text((POLICIES / "pilot.yaml").read_text())
        daemon.reload()
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))


if __name__ == "__main__":
    unittest.main()
