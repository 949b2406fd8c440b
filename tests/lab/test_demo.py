#!/usr/bin/python3
"""The demonstration: its verdicts, and what it leaves when it is interrupted."""

import signal
import unittest
from pathlib import Path

from gateway import binary
from interruption import interrupt
from namespaces import run

DEMO = Path(__file__).with_name("demo.py")
COMMAND = binary().name[:15]  # proc(5), comm


class Demo(unittest.TestCase):
    def test_every_verdict_is_the_expected_one(self):
        done = run(DEMO, check=False, timeout=60)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 0, said)
        self.assertNotIn("NOT EXPECTED", said)

    def test_interrupted_it_leaves_no_namespace_and_no_process(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                code, said, left = interrupt([DEMO], "gateway", COMMAND, number)
                self.assertEqual((code, left), (130, []), said)


if __name__ == "__main__":
    unittest.main()
