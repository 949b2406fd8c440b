"""What octroi's --help lists, verb by verb."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r"(Options|Positionals|Subcommands):")
ITEM = re.compile(r"  (\S.*?)(?:\s{2,}(\S.*))?")


def program():
    return Path(os.environ.get("OCTROI", CHECKOUT / "build" / "release" / "octroi")).resolve()


@dataclass
class Verb:
    """`words` are ("catalogue", "show"), without the program; an item is (what is written, what it means)."""

    words: tuple
    summary: str = ""
    options: list = field(default_factory=list)
    positionals: list = field(default_factory=list)
    subcommands: list = field(default_factory=list)
    footer: list = field(default_factory=list)

    def option_names(self):
        return [name for written, _ in self.options for name in written.split()[0].split(",")]


def read_verb(words):
    text = subprocess.run([program(), *words, "--help"], capture_output=True, text=True, check=True).stdout
    verb = Verb(words)
    verb.summary, *lines = text.split("\n")
    section = None
    for line in lines:
        heading, item = HEADING.fullmatch(line), ITEM.fullmatch(line)
        if heading:
            section = getattr(verb, heading[1].lower())
        elif section and line.startswith(" " * 20):
            section[-1] = (section[-1][0], f"{section[-1][1]} {line.strip()}".strip())
        elif section is not None and item:
            section.append((item[1], item[2] or ""))
        elif line and not line.startswith("Usage:"):
            verb.footer.append(line)
    return verb


def all_verbs(words=()):
    """The program itself, then each verb in the order of --help, depth first."""
    verb = read_verb(words)
    yield verb
    for name, _ in verb.subcommands:
        yield from all_verbs((*words, name))
