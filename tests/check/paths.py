#!/usr/bin/python3
"""Each path that the documentation names in backquotes exists: a file, a folder, a file without its ending, or a glob.

Words in capitals stand for any name: `tests/fuzz/fuzz_NAME.cpp`.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOPS = ["classifiers", "rules", "metrics", "daemon", "systemd", "tests", "docs"]
FEWEST = 50


def exists(path):
    pattern = re.sub(r"[A-Z]{2,}", "*", path) if not (ROOT / path).exists() else path
    alternatives = [pattern]
    for braces in re.findall(r"\{[^{}]*\}", pattern):  # {one,other}, as a shell reads it
        alternatives = [each.replace(braces, part, 1) for each in alternatives for part in braces[1:-1].split(",")]
    return all(any(True for _ in ROOT.glob(each)) or any(True for _ in ROOT.glob(f"{each}.*")) for each in alternatives)


def main():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    paths = missing = 0
    for page in pages:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for path in re.findall(rf"`((?:{'|'.join(TOPS)})/[^`\s]*)`", line):
                paths += 1
                if not exists(path.rstrip("/")):
                    missing += 1
                    print(f"{page.relative_to(ROOT)}:{number}: {path} is not there")
    print(f"{paths} paths, {missing} missing")
    return 1 if missing or paths < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
