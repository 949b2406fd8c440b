#!/usr/bin/python3
"""What cannot work fails at the start, with the cause and the cure."""

import unittest

from case import LabCase
from gateway import Octroi
from processes import wait_until


class Start(LabCase):
    def failed_start(self, daemon, *through):
        """Launches a daemon that must not come up; gives (exit code, what it said)."""
        process = daemon.launch(*through)
        wait_until(lambda: not process.running or daemon.ready(), "octroi to end")
        self.assertFalse(process.running, "octroi became ready")
        return process.wait(), daemon.said()

    def another(self, **settings):
        """A second daemon's files; it has not started."""
        folder = self.folder / "second"
        folder.mkdir()
        return Octroi(self.lab, folder, "pilot.yaml", **settings)

    def test_a_queue_that_another_process_holds(self):
        first = self.octroi("pilot.yaml")
        code, said = self.failed_start(self.another(port=9478))
        self.assertEqual(code, 2, said)
        self.assertRegex(said, r"(?i)queue.* 0\b")
        self.assertTrue(first.ready())

    def test_a_metrics_port_that_another_process_holds(self):
        first = self.octroi("pilot.yaml")
        process = self.another().launch()
        self.assertEqual(process.wait(), 2, process.said())
        self.assertTrue(first.ready())

    def test_absent_kernel_rules(self):
        code, said = self.failed_start(self.another())
        self.assertEqual(code, 2, said)
        self.assertIn("octroi firewall install", said)

    def test_a_missing_capability(self):
        daemon = self.another()
        self.addCleanup(daemon.remove_firewall)
        daemon.install_firewall()
        code, said = self.failed_start(daemon, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
        self.assertEqual(code, 2, said)
        self.assertIn("CAP_NET_ADMIN", said)

    def test_a_policy_with_an_error(self):
        daemon = self.another()
        self.addCleanup(daemon.remove_firewall)
        daemon.install_firewall()
        daemon.write_policy("octroi: 1\nrules:\n  - name: unfinished\n    when: {servise: zoom}\n    then: reject\n")
        code, said = self.failed_start(daemon)
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"policy\.yaml:4:\d+: error")

    def test_a_configuration_that_is_not_there(self):
        daemon = self.another()
        daemon.config.unlink()
        code, said = self.failed_start(daemon)
        self.assertEqual(code, 2, said)
        self.assertIn("octroi.yaml", said)


if __name__ == "__main__":
    unittest.main()
