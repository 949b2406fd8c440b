#!/usr/bin/python3
"""An upgrade under load: decided flows go on, nothing that waits is lost, the administrator's files stay."""

import unittest

import clients
import service
from gateway_case import VISIO_NAME, GatewayCase
from load import Load
from repacked import installed_version, repacked
from server import BLOB
from topology import VISIO

SHIPPED_NOW = "octroi: 1\nrules: []\n# of version "
BROKEN = "octroi: 1\nrules: [{name: a, then: perhaps}]\n"


class Upgrade(GatewayCase):
    """Each case installs a higher version than the one before."""

    def upgrade(self, version):
        """Gives what was said."""
        said = service.install(repacked(self.folder, version, policy=SHIPPED_NOW + version))
        self.assertEqual(installed_version(), version)
        return said

    def test_1_under_load_nothing_is_lost_and_a_download_goes_on(self):
        pid = service.main_pid()
        with clients.tls(self.lab, VISIO_NAME, VISIO) as connection:
            size = clients.request(connection, VISIO_NAME, "/blob")
            received = clients.read(connection, size // 2)
            with Load(self.lab) as load:
                self.upgrade("77.1.0")
                self.assertNotEqual(service.main_pid(), pid)
            received += clients.read(connection, size - len(received))
        self.assertTrue(received == BLOB)
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.wait_for_word("queue 0: taken over")
        self.assert_enforces()

    def test_2_the_administrators_policy_stays_and_the_shipped_one_lies_beside_it(self):
        mine = service.POLICY.read_text() + "# mine\n"
        service.POLICY.write_text(mine)
        self.upgrade("77.2.0")
        self.assertEqual(service.POLICY.read_text(), mine)
        self.assertEqual(service.POLICY.with_suffix(".yaml.dpkg-dist").read_text(), SHIPPED_NOW + "77.2.0")
        self.assert_enforces()

    def test_3_a_policy_that_the_new_version_refuses_keeps_the_old_daemon_running(self):
        pid = service.main_pid()
        service.POLICY.write_text(BROKEN)
        said = self.upgrade("77.3.0")
        self.assertIn("the daemon that runs goes on as it is", said)
        self.assertEqual(service.main_pid(), pid)
        self.assert_enforces()


if __name__ == "__main__":
    unittest.main()
