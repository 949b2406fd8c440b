#!/usr/bin/python3
"""Removing and purging the package: the rules go, traffic passes, and no trace stays that nobody wants."""

import unittest
from pathlib import Path

import service
from gateway_case import GatewayCase

ENABLED = Path("/etc/systemd/system/multi-user.target.wants")


class Removal(GatewayCase):
    """The cases are in the order of a package's end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service.prepare()

    def prepare(self):
        """Nothing: each case begins where the one before it ended."""

    def test_1_removed_it_leaves_no_rule_and_everything_passes(self):
        self.assert_enforces()
        policy = service.POLICY.read_text()
        service.apt("remove", "octroi")
        for unit in service.UNITS:
            self.assertEqual(service.is_active(unit), "inactive")
            self.assertEqual(service.shown(unit, "LoadState"), "not-found")
        self.assertEqual(service.rules(), [])
        self.assert_passes("zoom.us")
        self.assertEqual(service.POLICY.read_text(), policy)

    def test_2_installed_again_it_has_its_policy_and_is_enabled_as_before(self):
        service.install()
        self.assertEqual(service.is_active("octroi"), "inactive")
        self.assertEqual(service.systemctl("is-enabled", "octroi").stdout, b"enabled\n")
        service.systemctl("start", "octroi")
        self.assert_enforces()

    def test_3_purged_it_leaves_nothing_but_its_user(self):
        service.purge()
        self.assertEqual(service.rules(), [])
        self.assert_passes("zoom.us")
        for path in (service.ETC, service.EVENTS.parent, Path("/usr/sbin/octroi"), *(ENABLED / unit for unit in service.UNITS)):
            self.assertFalse(path.exists() or path.is_symlink(), path)
        self.assertFalse(service.is_installed())


if __name__ == "__main__":
    unittest.main()
