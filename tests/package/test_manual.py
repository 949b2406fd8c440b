#!/usr/bin/python3
"""The manual pages say what the program says. UPDATE_EXPECTED=1 rewrites the verbs of octroi(1)."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from command_tree import CHECKOUT, all_verbs, program

PAGES = CHECKOUT / "docs" / "man"
GENERATED = re.compile(r'(?<=\.\\" begin of what --help says\n).*(?=\.\\" end of what --help says\n)', re.DOTALL)


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", text)


def described(verb):
    """A verb as man(7)."""
    lines = [f".SS octroi {' '.join(verb.words)}", escaped(verb.summary) + "."]
    for written, meaning in verb.positionals + verb.options:
        name, _, rest = written.partition(" ")
        if name != "-h,--help":
            lines += [".TP", f"\\fB{escaped(name)}\\fR {escaped(rest)}".strip(), escaped(meaning) + "."]
    for line in verb.footer:
        lines += [".PP", escaped(line) + "."]
    return "\n".join(lines) + "\n"


def known_keys(kind, text):
    """The keys that the program says it knows, where `text` has a key that it does not know."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, kind + ".yaml")
        file.write_text(text)
        said = subprocess.run([program(), "check", file], capture_output=True, text=True, check=False).stderr
    keys = re.findall(r"known keys: (.*)", said)
    if not keys:
        raise AssertionError(f"the program names no keys: {said}")
    return {key for line in keys for key in line.split(", ")}


def documented_keys(page, section):
    """The words of a section that head an entry (.TP): `.B "queues: first"` is queues and first."""
    text = (PAGES / page).read_text()
    body = re.search(rf'^\.SH "?{section}"?\n(.*?)(?=^\.SH |\Z)', text, re.DOTALL | re.MULTILINE)[1]
    heads = re.findall(r'^\.TP\n\.B "?(.*?)"?$', body, re.MULTILINE)
    return {word for head in heads for word in re.split(r"[:,]\s*", head.replace("\\-", "-"))}


CONFIGURATION = {
    "the configuration": "octroi: 1\nqueues: {}\nQQQQQQQQ: 1\n",
    "queues": "octroi: 1\nqueues: {QQQQQQQQ: 1}\n",
    "mark": "octroi: 1\nmark: {QQQQQQQQ: 1}\n",
    "firewall": "octroi: 1\nfirewall: {QQQQQQQQ: 1}\n",
    "flows": "octroi: 1\nflows: {QQQQQQQQ: 1}\n",
    "metrics": 'octroi: 1\nmetrics: {listen: "[::1]:1", QQQQQQQQ: 1}\n',
    "events": 'octroi: 1\nevents: {file: "-", QQQQQQQQ: 1}\n',
}
RULE = "octroi: 1\nzones: {pilot: [192.0.2.0/24]}\nrules:\n  - {name: a, then: accept, "
POLICY = {
    "POLICY": "octroi: 1\nrules: []\nQQQQQQQQ: 1\n",
    "DEFAULTS": "octroi: 1\ndefaults: {QQQQQQQQ: 1}\nrules: []\n",
    "ZONES": "octroi: 1\nzones: {a: {QQQQQQQQ: 1}}\nrules: []\n",
    "LISTS": "octroi: 1\nlists: {a: {file: b, QQQQQQQQ: 1}}\nrules: []\n",
    "RULES": RULE + "QQQQQQQQ: 1}\n",
    "CONDITIONS": RULE + "when: {QQQQQQQQ: 1}}\n",
    "ROLLOUT": RULE + "rollout: [{from: 2026-12-01, QQQQQQQQ: 1}]}\n",
    "EXEMPTIONS": "octroi: 1\nexemptions:\n  - {name: a, until: 2026-12-01, owner: b, ticket: c, QQQQQQQQ: 1}\nrules: []\n",
    "NAMES": "octroi: 1\nnames: {QQQQQQQQ: 1}\nrules: []\n",
    "EXCEPTIONS": "octroi: 1\nexceptions: {QQQQQQQQ: 1}\nrules: []\n",
}


class Manual(unittest.TestCase):
    maxDiff = None

    def test_octroi_1_has_every_verb_and_option_as_help_describes_them(self):
        page = PAGES / "octroi.1"
        expected = "".join(described(verb) for verb in all_verbs() if verb.words)
        text = page.read_text()
        if os.environ.get("UPDATE_EXPECTED"):
            page.write_text(GENERATED.sub(lambda _: expected, text))
        self.assertEqual(GENERATED.search(page.read_text())[0], expected, "UPDATE_EXPECTED=1 rewrites it")

    def test_octroi_yaml_5_has_the_keys_that_the_program_knows(self):
        known = set()
        for what, text in CONFIGURATION.items():
            keys = known_keys("octroi", text)
            known |= keys if what == "the configuration" else keys | {what}
        # These hold others, which stand there by their whole names.
        self.assertEqual(documented_keys("octroi.yaml.5", "KEYS"), known)

    def test_octroi_policy_5_has_the_keys_that_the_program_knows(self):
        for section, text in POLICY.items():
            with self.subTest(section):
                self.assertEqual(documented_keys("octroi-policy.5", section), known_keys("policy", text))

    def test_the_pages_are_sound(self):
        for page in PAGES.iterdir():
            with self.subTest(page.name):
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
