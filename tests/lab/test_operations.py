#!/usr/bin/python3
"""The commands of docs/operations.md print what it shows, on a gateway whose daemon runs."""

import unittest

from case import CHECKOUT, LabCase
from gateway import binary

SCRIPT = CHECKOUT / "tests" / "lab" / "operations.sh"


class Operations(LabCase):
    def test_the_commands_print_what_the_page_shows(self):
        self.skip_if_instrumented("the page shows what the program prints that is installed")
        done = self.lab.gateway.run("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
                                    SCRIPT, binary(), check=False, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
