#!/usr/bin/python3
"""Takes the figures of docs/performance.md: a gateway between a client and a server, in network namespaces.

    run.py [GROUP...]     as root; GROUP of: bulk newflow udp refuse rtt memory bare suricata; all of them by default

Prints `name value` lines, each value the median of its rounds; the rounds themselves go to stderr. OCTROI and
LOAD_GENERATOR name the programs.
"""

import os
import statistics
import sys

from arena import Arena
from figures import GROUPS
from suricata import against_suricata

GROUPS["suricata"] = against_suricata


def main(names):
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        print(f"no such group: {', '.join(unknown)}; there are: {' '.join(GROUPS)}", file=sys.stderr)
        return 2
    for name in names or GROUPS:
        with Arena() as arena:
            for figure, rounds in GROUPS[name](arena).items():
                print(figure, significant(statistics.median(rounds)), flush=True)
                print(f"  {figure}: {' '.join(map(significant, rounds))}", file=sys.stderr)
    return 0


def significant(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("run.py makes network namespaces: run it as root")
    sys.exit(main(sys.argv[1:]))
