"""The base of the lab's test cases: one lab a class, and what a failed case leaves for the reader."""

import os
import shutil
import unittest
from pathlib import Path

from clients import CURL_RESET
from gateway import Octroi, instrumented, start_capture
from lab import Lab

CHECKOUT = Path(__file__).resolve().parents[2]


class LabCase(unittest.TestCase):
    """Each case has a folder with its capture, and octroi's files where it starts octroi."""

    offloads = False

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(cls.make_lab())

    @classmethod
    def make_lab(cls):
        return Lab(cls.offloads)

    def setUp(self):
        self.folder = self.lab.folder / self.name()
        self.folder.mkdir()
        self._forget_earlier_cases()
        self.addCleanup(start_capture(self.lab, self.folder).stop)

    def _forget_earlier_cases(self):
        """The server does not hear of a refusal: it goes on probing the dead connection (TCP keepalive),
        and its packets would count here. Nor may an old mark decide a new flow."""
        self.lab.server.run("ss", "--kill", "--tcp", "state", "connected")
        self.lab.gateway.run("conntrack", "-F")

    def put_router_before_server(self):
        """What a router would not send on, for its time to live, does not reach the server either."""
        for program, rule in (("iptables", "-m ttl --ttl-lt 2"), ("ip6tables", "-m hl --hl-lt 2")):
            self.lab.server.run(program, "-A", "INPUT", *rule.split(), "-j", "DROP")
            self.addCleanup(self.lab.server.run, program, "-F")

    def skip_if_instrumented(self, why):
        if instrumented():
            self.skipTest(why)

    def name(self):
        """Names.test_...: the same whether the file runs by itself or is discovered."""
        return f"{type(self).__name__}.{self._testMethodName}"

    def run(self, result=None):
        """Keeps the folder of a case that failed. The lab removes it otherwise."""
        failures = problems(result)
        super().run(result)
        if problems(result) > failures:
            self._keep_folder()
        return result

    def _keep_folder(self):
        folder = getattr(self, "folder", None)
        if folder and folder.exists():
            kept = artifacts() / self.name()
            shutil.copytree(folder, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("profile"))
            print(f"\nkept: {kept}")

    def assert_answered(self, answer, body):
        """The client got exactly this, by a good certificate."""
        self.assertEqual(answer.exit_code, 0, answer.error)
        self.assertTrue(answer.body == body, f"{len(answer.body)} octets that differ from the server's")

    def assert_reset(self, answer):
        """The client was refused at once; it neither got a page nor waited for one."""
        self.assertIn(answer.exit_code, CURL_RESET, answer.error)
        self.assertEqual(answer.body, b"")

    def octroi(self, policy, **settings):
        """The daemon on the gateway, running, its rules installed; all gone with the case."""
        daemon = self.prepared(policy, **settings)
        daemon.start()
        return daemon

    def prepared(self, policy, **settings):
        """The same, not started yet."""
        daemon = Octroi(self.lab, self.folder, policy, **settings)
        self.addCleanup(daemon.remove_firewall)
        daemon.install_firewall()
        self.addCleanup(daemon.end)
        return daemon


def problems(result):
    return len(result.failures) + len(result.errors)


def artifacts():
    """Where failed cases leave their folders."""
    return Path(os.environ.get("OCTROI_LAB_ARTIFACTS", CHECKOUT / "build" / "lab-artifacts"))
