"""octroi's kernel rules as tests alter, count and compare them, in the words of each backend."""

import contextlib
import re


class IptablesRules:
    """Chains OCTROI*, by iptables and ip6tables."""

    name = "iptables"
    jumps_deleted = [(("iptables", "-t", table, "-D", "FORWARD", "-j", "OCTROI"), "does not jump to OCTROI")
                     for table in ("filter", "mangle")]
    output_jumps_deleted = [("ip6tables", "-t", table, "-D", "OUTPUT", "!", "-o", "lo", "-m", "conntrack",
                             "--ctdir", "ORIGINAL", "-j", "OCTROI") for table in ("filter", "mangle")]
    chain_emptied = ("ip6tables", "-F", "OCTROI-REFUSE"), "not the configured ones"
    rule_added = ("iptables", "-I", "OCTROI", "1", "-j", "ACCEPT"), "not the configured ones"
    all_flushed = ("iptables", "-F"), "OCTROI is absent"

    def __init__(self, namespace):
        self._namespace = namespace

    def saved(self):
        """All of octroi's rules, without counters."""
        lines = []
        for program in ("iptables-save", "ip6tables-save"):
            saved = self._namespace.run(program).stdout.decode()
            lines += [re.sub(r"\[\d+:\d+\]", "", line) for line in saved.splitlines() if "OCTROI" in line]
        return lines

    @contextlib.contextmanager
    def refusing(self, family, port):
        """At the very top, a jump to the chain that refuses, for packets to a TCP port."""
        program = {4: "iptables", 6: "ip6tables"}[family]
        rule = ("OCTROI", "-p", "tcp", "--dport", port, "-g", "OCTROI-REFUSE")
        self._namespace.run(program, "-I", *rule)
        try:
            yield
        finally:
            self._namespace.run(program, "-D", *rule)


class NftRules:
    """Table inet octroi."""

    name = "nft"
    jumps_deleted = [(("nft", "flush", "chain", "inet", "octroi", chain), "not the configured ones")
                     for chain in ("forward", "forward-marks")]
    output_jumps_deleted = [("nft", "flush", "chain", "inet", "octroi", chain) for chain in ("output", "output-marks")]
    chain_emptied = ("nft", "flush", "chain", "inet", "octroi", "refuse"), "not the configured ones"
    rule_added = ("nft", "insert", "rule", "inet", "octroi", "gate", "accept"), "not the configured ones"
    all_flushed = ("nft", "flush", "ruleset"), "octroi is absent"

    def __init__(self, namespace):
        self._namespace = namespace

    def saved(self):
        """All of octroi's rules, without counters and handles."""
        saved = self._namespace.run("nft", "-s", "list", "table", "inet", "octroi", check=False)
        return saved.stdout.decode().splitlines()

    @contextlib.contextmanager
    def refusing(self, _family, port):
        """At the very top, a jump to the chain that refuses, for packets to a TCP port."""
        printed = self._namespace.run("nft", "-e", "-a", "insert", "rule", "inet", "octroi", "gate", "tcp", "dport",
                                      port, "goto", "refuse").stdout.decode()
        handle = re.search(r"# handle (\d+)", printed)[1]
        try:
            yield
        finally:
            self._namespace.run("nft", "delete", "rule", "inet", "octroi", "gate", "handle", handle)


def packets_at(namespace, program, chain, rule_text):
    """How many packets the one rule of `chain` met whose line contains `rule_text`."""
    listed = namespace.run(program, "-t", "filter", "-S", chain, "-v").stdout.decode().splitlines()
    counters = [re.search(r"-c (\d+) ", line)[1] for line in listed if rule_text in line]
    if len(counters) != 1:
        raise LookupError(f"{len(counters)} rules with {rule_text!r} in {listed}")
    return int(counters[0])
