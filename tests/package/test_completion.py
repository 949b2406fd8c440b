#!/usr/bin/python3
"""Bash offers every verb and every option that --help lists, and no other."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from command_tree import CHECKOUT, all_verbs, program

COMPLETION = CHECKOUT / "systemd" / "package" / "octroi.bash-completion"
# Completes the last argument, as the Tab key does.
SCRIPT = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_octroi && printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words, folder="/"):
    done = subprocess.run(["bash", "-c", SCRIPT, "bash", COMPLETION, program(), *words], cwd=folder,
                          capture_output=True, text=True, check=False)
    return set(done.stdout.split())


class Completion(unittest.TestCase):
    def test_verbs(self):
        for verb in all_verbs():
            if verb.subcommands:
                with self.subTest(verb.words):
                    self.assertEqual(offered(*verb.words, ""), {name for name, _ in verb.subcommands})

    def test_options(self):
        for verb in all_verbs():
            with self.subTest(verb.words):
                names = set(verb.option_names())
                self.assertIn("--help", names)
                self.assertEqual(offered(*verb.words, "-"), names)

    def test_what_an_option_takes(self):
        self.assertEqual(offered("catalogue", "refresh", "zoom", "--kind", "exc"), {"exclusive", "exclusive_udp"})
        self.assertEqual(offered("explain", "--client", ""), set())
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "policy.yaml").touch()
            Path(folder, "catalogue.d").mkdir()
            self.assertEqual(offered("run", "--config", "", folder=folder), {"policy.yaml", "catalogue.d"})
            self.assertEqual(offered("check", "--catalogue", "", folder=folder), {"catalogue.d"})

    def test_files_services_and_verbs_begun(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "policy.yaml").touch()
            self.assertEqual(offered("check", "pol", folder=folder), {"policy.yaml"})
        self.assertIn("zoom", offered("catalogue", "show", "zo"))
        self.assertEqual(offered("fire"), {"firewall"})


if __name__ == "__main__":
    unittest.main()
