#!/usr/bin/python3
"""Reloads a large policy again and again under a load of datagrams, and counts what does not arrive.

    reload.py [RELOADS [RULES]]     as root; 1000 reloads of 10 000 rules; OCTROI names the program under test

Prints `name value` lines: reload_lost_packets, what was sent, and the mean time of a reload (the daemon's word that it is
done comes by its metrics).
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

# pylint: disable=wrong-import-position
from gateway import POLICIES, Octroi
from lab import Lab
from load import Load
from metrics import scrape


def large_policy(rules):
    """The pilot's policy and so many rules in all; each of those behind its own asks for another name."""
    text = (POLICIES / "pilot.yaml").read_text()
    rules -= text.count("- name:")
    return text + "".join(f"  - {{name: rule-{number}, when: {{name: host-{number}.example}}, then: reject}}\n"
                          for number in range(rules))


def main(reloads=1000, rules=10_000):
    with Lab() as lab:
        daemon = Octroi(lab, lab.folder, "pilot.yaml")
        daemon.write_policy(large_policy(rules))
        daemon.install_firewall()
        daemon.start()
        begin = time.monotonic()
        with Load(lab) as load:
            for _ in range(reloads):
                daemon.reload(60)
            seconds = time.monotonic() - begin
        done = scrape(lab.gateway).sum("octroi_config_reloads_total", result="success") - 1  # the first load
        daemon.end()
        daemon.remove_firewall()
    if done != reloads:
        print(f"{done:.0f} of {reloads} reloads succeeded", file=sys.stderr)
        return 1
    print(f"reload_lost_packets {load.lost_of_decided() + load.lost_of_new()}")
    print(f"reload_sent_packets {2 * load.sent}")
    print(f"reload_count {reloads}")
    print(f"reload_rules {rules}")
    print(f"reload_mean_seconds {seconds / reloads:.3f}")
    return 0


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("reload.py makes network namespaces: run it as root")
    sys.exit(main(*map(int, sys.argv[1:])))
