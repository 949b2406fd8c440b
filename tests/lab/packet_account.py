"""What becomes of each packet that the gateway forwards, by the kernel's own counters."""

from dataclasses import dataclass

PROGRAMS = ("iptables", "ip6tables")


@dataclass(frozen=True)
class Account:
    """All that came since `count_packets`, and where it went."""

    came: int       # into chain FORWARD of table mangle, each packet once
    passed: int     # the end of chain FORWARD of table filter
    refused: int    # by octroi's rules, with or without an answer
    discarded: int  # by octroi itself: what can't be decoded
    lost: int       # where the queue or its socket had no room
    waiting: int    # in the queues

    @property
    def missing(self):
        return self.came - self.passed - self.refused - self.discarded - self.lost - self.waiting


def count_packets(gateway):
    """Adds a rule that only counts before all other rules, and one behind them; octroi's have to be there."""
    for program in PROGRAMS:
        gateway.run(program, "-t", "mangle", "-I", "FORWARD", "1")
        gateway.run(program, "-t", "filter", "-A", "FORWARD")


def stop_counting(gateway):
    for program in PROGRAMS:
        gateway.run(program, "-t", "mangle", "-D", "FORWARD", "1")
        last = len(counters(gateway, program, "filter", "FORWARD"))
        gateway.run(program, "-t", "filter", "-D", "FORWARD", last)


def account(gateway, samples, discarded):
    """The account, by a scrape of the daemon and the packets that it has discarded in its life and its predecessors'."""
    came = passed = refused = 0
    for program in PROGRAMS:
        came += counters(gateway, program, "mangle", "FORWARD")[0][1]
        passed += counters(gateway, program, "filter", "FORWARD")[-1][1]
        refused += sum(packets for rule, packets in counters(gateway, program, "filter", "OCTROI-REFUSE")
                       if "-j DROP" in rule or "-j REJECT" in rule)
    lost = sum(samples.sum(f"octroi_nfqueue_{who}_dropped_packets_total") for who in ("kernel", "user"))
    return Account(came, passed, refused, discarded, int(lost), int(samples.sum("octroi_nfqueue_depth_packets")))


def counters(gateway, program, table, chain):
    """(rule, packets) for each rule of the chain."""
    lines = gateway.run(program, "-t", table, "-S", chain, "-v", text=True).stdout.splitlines()
    rules = [line.partition(" -c ") for line in lines if line.startswith("-A")]
    return [(head + tail.split(" ", 2)[-1], int(tail.split()[0])) for head, _, tail in rules]
