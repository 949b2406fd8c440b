#!/usr/bin/python3
"""Each link of the documentation leads to a file that is there, and to a heading that is in it."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def anchor_of(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("#").strip().lower()).replace(" ", "-")


def main():
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    headings = {page: {anchor_of(line) for line in page.read_text().splitlines() if line.startswith("#")}
                for page in pages}
    links = broken = 0
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" in target:
                continue
            links += 1
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            if not there.exists() or (anchor and anchor not in headings.get(there, {anchor})):
                broken += 1
                print(f"{page.relative_to(ROOT)}: {target} leads nowhere")
    print(f"{links} links, {broken} broken")
    return 1 if broken or not links else 0


if __name__ == "__main__":
    sys.exit(main())
