#!/usr/bin/python3
"""The units of systemd/: what they allow is enough for the daemon, and no more than they promise. Whether
systemd itself is content with them needs no root; the daemon runs here as they say, without systemd."""

import os
import unittest
from pathlib import Path

import clients
from case import CHECKOUT, LabCase
from gateway import binary
from namespaces import run
from processes import wait_until
from server import page_of
from topology import NEUTRAL, VISIO

UNITS = CHECKOUT / "systemd"
FILTER = Path(__file__).with_name("unit_filter.py")
NOBODY = 65534
ONLY_NET_ADMIN = "-all,+net_admin"
QUEUES = "/proc/net/netfilter/nfnetlink_queue"


def as_unit(name):
    """What runs a program as the unit does: another user, one capability, some system calls."""
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
            f"--bounding-set={ONLY_NET_ADMIN}", f"--inh-caps={ONLY_NET_ADMIN}", f"--ambient-caps={ONLY_NET_ADMIN}",
            FILTER, UNITS / name)


class Units(unittest.TestCase):
    def test_systemd_finds_them_sound_and_confined(self):
        for name in ("octroi.service", "octroi-firewall.service"):
            with self.subTest(name):
                # systemd counts in tenths: 16 is 1.6.
                run("systemd-analyze", "security", "--offline=yes", "--threshold=16", UNITS / name)


class Service(LabCase):
    def setUp(self):
        super().setUp()
        for folder in (self.lab.folder, self.folder):
            os.chmod(folder, 0o755)
        os.chown(self.folder, NOBODY, NOBODY)

    def test_the_daemon_and_the_rules_need_nothing_that_the_units_forbid(self):
        self.skip_if_instrumented("sanitizers make system calls of their own")
        daemon = self.prepared("pilot.yaml")
        daemon.remove_firewall()
        self.lab.gateway.run(*as_unit("octroi-firewall.service"),
                             binary(), "firewall", "install", "--config", daemon.config)
        self.lab.gateway.run("chgrp", NOBODY, QUEUES)
        daemon.start(*as_unit("octroi.service"))
        self.assert_reset(clients.curl(self.lab, "zoom.us", NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, "visio.numerique.gouv.fr", VISIO),
                             page_of("visio.numerique.gouv.fr"))
        self.assertEqual(daemon.ask_for_reload(*as_unit("octroi.service")), (0, "octroi: reloaded\n"))
        self.assertEqual(daemon.scrape().sum("octroi_nfqueue_limit_packets", queue="0"), 8192)
        wait_until(daemon.events, "an event")
        self.assertEqual(daemon.terminate(), 0, daemon.said())
        self.lab.gateway.run(*as_unit("octroi-firewall.service"),
                             binary(), "firewall", "remove", "--config", daemon.config)


if __name__ == "__main__":
    unittest.main()
