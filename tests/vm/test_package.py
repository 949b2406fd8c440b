#!/usr/bin/python3
"""The package on a Debian machine with a running systemd: it starts nothing, and starts when it is told to."""

import re
import stat
import unittest
from pathlib import Path

import service
from namespaces import run
from processes import wait_until

CAP_NET_ADMIN = 1 << 12  # linux/capability.h
FILTERED = 2  # SECCOMP_MODE_FILTER


class Package(unittest.TestCase):
    """The cases are in the order of what an administrator does."""

    @classmethod
    def setUpClass(cls):
        if service.is_installed():
            service.purge()
        cls.said = service.install()

    def test_1_its_installation_starts_nothing(self):
        self.assertIn("systemctl enable --now octroi", self.said)
        for unit in service.UNITS:
            self.assertEqual(service.is_active(unit), "inactive")
            self.assertIn(b"disabled", service.systemctl("is-enabled", unit, check=False).stdout)
        self.assertEqual(service.rules(), [])

    def test_2_its_user_folder_modules_and_kernel_settings_are_there(self):
        self.assertRegex(run("getent", "passwd", "octroi").stdout.decode(), r"octroi:x:\d+:\d+:.*:/usr/sbin/nologin\n")
        folder = service.EVENTS.parent
        self.assertEqual((stat.S_IMODE(folder.stat().st_mode), folder.owner(), folder.group()), (0o2750, "octroi", "adm"))
        for module in ("nf_conntrack", "nfnetlink_queue", "xt_NFQUEUE"):
            self.assertTrue(Path("/sys/module", module).exists(), module)
        for name in ("acct", "timestamp"):
            self.assertEqual(Path("/proc/sys/net/netfilter", f"nf_conntrack_{name}").read_text(), "1\n", name)

    def test_3_the_shipped_files_are_sound(self):
        said = run("octroi", "run", "--check")
        self.assertRegex((said.stdout + said.stderr).decode(), "rules are sound")

    def test_4_enabled_and_started_both_units_are_active(self):
        service.systemctl("enable", "--now", "octroi")
        for unit in service.UNITS:
            self.assertEqual(service.is_active(unit), "active")
            self.assertIn(b"enabled", service.systemctl("is-enabled", unit).stdout)
        self.assertTrue(service.rules())
        self.assertEqual(run("octroi", "firewall", "check").returncode, 0)
        self.assertRegex(service.shown("octroi.service", "StatusText"), "rules")
        self.assertIn("info ready: ", service.journal())
        self.assertNotRegex(service.journal(), " (warning|error) ")

    def test_5_the_daemon_is_confined(self):
        status = Path("/proc", str(service.main_pid()), "status").read_text()
        fields = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.MULTILINE))
        user = run("id", "-u", "octroi").stdout.decode().strip()
        self.assertEqual(fields["Uid"].split(), [user] * 4)
        for name in ("CapEff", "CapPrm", "CapBnd"):
            self.assertEqual(int(fields[name], 16), CAP_NET_ADMIN, name)
        self.assertEqual((fields["NoNewPrivs"], int(fields["Seccomp"])), ("1", FILTERED))

    def test_6_systemd_finds_both_units_well_confined(self):
        for unit in service.UNITS:
            said = run("systemd-analyze", "security", "--threshold=16", unit).stdout.decode()
            print(said.strip().splitlines()[-1])

    def test_7_systemctl_stop_of_the_rules_stops_the_daemon_first(self):
        service.systemctl("stop", "octroi-firewall")
        for unit in service.UNITS:
            wait_until(lambda unit=unit: service.is_active(unit) == "inactive", f"the end of {unit}")
        self.assertEqual(service.rules(), [])


if __name__ == "__main__":
    unittest.main()
