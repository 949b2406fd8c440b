#!/usr/bin/python3
"""A gateway under a mixed load for long: does it grow, and does it account for every packet?

    soak.py [MINUTES]     as root; 60 minutes; OCTROI names the program under test

In the first quarter the daemon is killed (SIGKILL) and started again every 15 seconds, its sockets kept as by systemd. After
it one process lives to the end. Prints a line a minute, then the verdict; exit code 1 where something is unaccounted for,
grew, or went otherwise than it must.
"""

import contextlib
import os
import statistics
import sys
import time
from dataclasses import dataclass

import soak_load
from gateway import POLICIES, Octroi
from lab import Lab
from load import Load
from packet_account import account, count_packets, stop_counting
from processes import wait_until
from service_manager import ServiceManager

FLOWS = 2048  # of a worker's table: soon full, so that it does not grow on
LOAD_PAUSE = 0.02  # 200 numbered datagrams a second on one decided flow, 200 on new ones
BETWEEN_KILLS, BETWEEN_SAMPLES = 15, 5
# The second half of the last process's life, against the first quarter behind its warm-up.
RSS_GROWTH, RSS_SLACK = 1.05, 4 * 1024 * 1024
DESCRIPTOR_SLACK = 2  # a scrape's connection
FLOW_GROWTH = 1.05


@dataclass(frozen=True)
class Sample:
    rss: int
    descriptors: int
    flows: int
    conntrack: int
    seconds: float


class Soak:
    def __init__(self, lab, minutes):
        self.lab, self.seconds = lab, 60 * minutes
        self.manager = ServiceManager(lab)
        self.daemon = Octroi(lab, lab.folder, "pilot.yaml", manager=self.manager, flow_limit=FLOWS)
        policy = (POLICIES / "pilot.yaml").read_text()
        self.policies = [policy, policy + "  - {name: another, when: {name: www.example.net}, then: reject}\n"]
        self.begin = time.monotonic()
        self.samples, self.failed_starts, self.kills, self.load = [], [], 0, None

    def run(self):
        self.daemon.install_firewall()
        self.daemon.start()
        count_packets(self.lab.gateway)
        parts = soak_load.parts(self.lab)
        for part in parts:
            part.start()
        with Load(self.lab, LOAD_PAUSE) as self.load:
            self.be_killed_until(self.seconds / 4)
            later = [soak_load.reloads(self.daemon, self.policies),
                     soak_load.Part("malformed", lambda number: soak_load.malformed(self.lab, number), 0.5)]
            for part in later:
                part.start()
            self.watch_until(self.seconds)
            for part in parts + later:
                part.end()
        return self.verdict(parts + later)

    def elapsed(self):
        return time.monotonic() - self.begin

    def be_killed_until(self, moment):
        while self.elapsed() < moment:
            time.sleep(BETWEEN_KILLS)
            self.daemon.kill()
            self.start_again()
            self.kills += 1
        print(f"{self.kills} times killed and started again under load", flush=True)

    def start_again(self):
        """As often as it takes, as a service manager does; a start that fails is a failure all the same."""
        for _ in range(5):
            try:
                return self.daemon.start()
            except RuntimeError as error:
                self.failed_starts.append(str(error).rstrip().splitlines()[-1])
        raise RuntimeError(self.failed_starts[-1])

    def watch_until(self, moment):
        self.born = self.elapsed()
        while self.elapsed() < moment:
            time.sleep(BETWEEN_SAMPLES)
            self.samples.append(self.sample())
            if len(self.samples) % (60 // BETWEEN_SAMPLES) == 0:
                self.print_line()

    def sample(self):
        scraped = self.daemon.scrape()
        return Sample(rss=self.daemon.memory(), descriptors=self.daemon.descriptors(),
                      flows=int(scraped.sum("octroi_flow_table_entries")),
                      conntrack=int(scraped.sum("octroi_conntrack_entries")), seconds=self.elapsed())

    def account(self):
        scraped = self.daemon.scrape()
        # Nothing that is malformed was sent to the processes that were killed.
        return account(self.lab.gateway, scraped, int(scraped.sum("octroi_exceptions_total", action="drop")))

    def print_line(self):
        last, packets = self.samples[-1], self.account()
        print(f"{last.seconds / 60:5.1f} min  rss {last.rss / 2**20:6.1f} MiB  descriptors {last.descriptors}  "
              f"flows {last.flows}  conntrack {last.conntrack}  packets {packets.came}: passed {packets.passed}, "
              f"refused {packets.refused}, discarded {packets.discarded}, lost {packets.lost}", flush=True)

    def verdict(self, parts):
        wait_until(lambda: self.daemon.scrape().sum("octroi_nfqueue_depth_packets") == 0, "empty queues", 30)
        with contextlib.suppress(TimeoutError):  # what is missing then, the verdict says
            wait_until(lambda: self.account().missing == 0, "the last packets", 30)
        checks = [*self.checks_of_packets(), *self.checks_of_growth(), *map(check_of_part, parts)]
        stop_counting(self.lab.gateway)
        for good, text in checks:
            print("ok  " if good else "FAIL", text, flush=True)
        return 0 if all(good for good, _ in checks) else 1

    def checks_of_packets(self):
        packets = self.account()
        yield packets.missing == 0, (f"{packets.came} packets came: {packets.passed} passed, {packets.refused} refused, "
                                     f"{packets.discarded} discarded, {packets.lost} lost and counted, "
                                     f"{packets.missing} unaccounted for")
        lost = self.load.lost_of_decided() + self.load.lost_of_new()
        yield lost <= packets.lost, f"{2 * self.load.sent} numbered datagrams sent, {lost} did not arrive"
        yield not self.failed_starts, f"{self.kills} kills, {len(self.failed_starts)} starts that failed {self.failed_starts[:1]}"
        errors = self.daemon.scrape().sum("octroi_nfqueue_verdict_errors_total")
        yield errors == 0, f"{errors:.0f} verdicts that the kernel did not take"

    def checks_of_growth(self):
        """By the first quarter behind a warm-up of a quarter, and the second half."""
        first, last = (self.samples[len(self.samples) * begin // 8:len(self.samples) * end // 8]
                       for begin, end in ((2, 4), (4, 8)))
        before, after = (statistics.median(sample.rss for sample in part) for part in (first, last))
        yield after <= before * RSS_GROWTH + RSS_SLACK, f"RSS {before / 2**20:.1f} MiB, then {after / 2**20:.1f} MiB"
        before, after = (statistics.median(sample.descriptors for sample in part) for part in (first, last))
        yield after <= before + DESCRIPTOR_SLACK, f"descriptors {before:.0f}, then {after:.0f}"
        before, after = (max(sample.flows for sample in part) for part in (first, last))
        yield after <= before * FLOW_GROWTH, f"flows {before}, then {after}"


def check_of_part(part):
    first = "".join(f"\n       {failure}" for failure in part.failures[:3])
    return not part.failures and part.done > 0, f"{part.name}: {part.done} times, {len(part.failures)} wrong{first}"


def main(minutes=60):
    with Lab() as lab:
        soak = Soak(lab, float(minutes))
        try:
            return soak.run()
        finally:
            soak.daemon.end()
            soak.daemon.remove_firewall()
            soak.manager.close()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("soak.py makes network namespaces: run it as root")
    sys.exit(main(*sys.argv[1:2]))
