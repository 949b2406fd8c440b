"""Where figures are taken: the lab's namespaces, octroi on the gateway, and a load across it."""

import contextlib
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

# pylint: disable=wrong-import-position
import topology
from client_hello import client_hello
from gateway import Octroi
from lab import Lab
from processes import wait_until
from size import TIMED_FLOWS

PORT = 4433
PASSED, REFUSED = "www.example.org", "us05web.zoom.us"
# In the pilot zone; the gateway has a route for them.
SOURCES = [f"10.20.4.{host}" for host in range(128, 253)]
POLICY = "pilot.yaml"

# A run leaves many connections behind: they must not fill the kernel's table, which all namespaces share.
FORGET_SOON = [f"net.netfilter.nf_conntrack_{name}" for name in (
    "tcp_timeout_close=1", "tcp_timeout_established=10", "udp_timeout=1", "udp_timeout_stream=1")]

# A refused datagram is answered by ICMP, of which the kernel sends no more than this a second in all.
REFUSE_OFTEN = ["net.ipv4.icmp_msgs_per_sec=1000000", "net.ipv4.icmp_msgs_burst=100000"]

# An administrator's rule, there with octroi and without: it makes the kernel track connections.
TRACKED = ("FORWARD", "-m", "conntrack", "--ctstate", "NEW,ESTABLISHED,RELATED", "-j", "ACCEPT")


BUILT = Path(__file__).resolve().parents[2] / "build" / "release" / "tests"


def generator():
    """The load generator: LOAD_GENERATOR, or the one of the release build."""
    return Path(os.environ.get("LOAD_GENERATOR", BUILT / "load_generator")).resolve()


class Arena:
    """A context manager: client - gateway - server, with the load's server running and octroi's daemon ready."""

    def __init__(self, policy=POLICY):
        self._policy = policy
        self._stack = contextlib.ExitStack()
        self._next_source = 0

    def __enter__(self):
        with self._stack:
            self.lab = self._stack.enter_context(Lab(offloads=True))
            self._prepare_namespaces()
            self._write_payloads()
            self.lab.start(self.lab.server, self.lab.folder / "load.log", generator(), "serve", topology.NEUTRAL.v4, PORT)
            self.daemon = Octroi(self.lab, self.lab.folder, self._policy, events={"fold_seconds": 10})
            self.daemon.install_firewall()
            self.daemon.start()
            self._stack.callback(self.daemon.end)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _prepare_namespaces(self):
        topology.ip_batch(self.lab.client, "".join(f"addr add {source}/32 dev lo\n" for source in SOURCES))
        self.lab.gateway.run("iptables", "-A", *TRACKED)
        self.lab.gateway.run("sysctl", "-eqw", *FORGET_SOON, *REFUSE_OFTEN)

    def _write_payloads(self):
        for name in (PASSED, REFUSED):
            (self.lab.folder / name).write_bytes(client_hello(name))
        # No protocol: looked at packet by packet, and not decided by the first ones.
        (self.lab.folder / "unknown").write_bytes(bytes(range(1, 65)))

    # Octroi in the way, or not. The daemon runs in either case.

    @contextlib.contextmanager
    def plain(self):
        """Without octroi's rules: the same gateway forwards, and tracks connections."""
        self.daemon.remove_firewall()
        wait_until(lambda: self._drift() == 1, "the daemon to miss its rules")
        try:
            yield
        finally:
            self.daemon.install_firewall()
            wait_until(lambda: self._drift() == 0, "the daemon to find its rules")

    @contextlib.contextmanager
    def bare(self, accepts=True):
        """In the daemon's place a program on the same queues and rules that looks into no packet and accepts all flows,
        or none; gives its pid."""
        generation = self._generation() if accepts else 0
        self.daemon.terminate()
        program = Path(os.environ.get("BARE_QUEUE", BUILT / "bare_queue")).resolve()
        process = self.lab.start(self.lab.gateway, self.lab.folder / "bare.log", program, 0, 2, generation)
        wait_until(lambda: not process.running or "ready" in process.said(), "the bare queue")
        try:
            yield process.pid
        finally:
            process.kill()
            self.daemon.start()

    def _generation(self):
        """Of the policy in force, as the kernel's rules know it."""
        [state, *_] = re.findall(r"--mark (0x\w+)/0xff800000 -j RETURN", "\n".join(self.daemon.rules.saved()))
        return int(state, 16) >> 23 & 63

    def _drift(self):
        return self.daemon.scrape().sum("octroi_degraded", reason="ruleset_drift")

    # Loads. Each flow has a source of its own, also from one run to the next.

    def flows(self, kind, seconds=3.0, most=10_000_000, passed=PASSED, refused=REFUSED):
        """New flows, 64 at a time: what became of them."""
        self.forget()
        counts = self._generate(kind, most, seconds, self._next_source, self.payload(passed), self.payload(refused))
        self._next_source += round(counts["answered"] + counts["reset"] + counts["timed_out"])
        return counts

    def times(self, kind, payload, count=TIMED_FLOWS):
        """Flows one by one: percentiles of how long each took."""
        self.forget()
        times = self._generate(f"time-{kind}", count, self._next_source, payload)
        self._next_source += count
        return times

    def payload(self, name):
        return self.lab.folder / name

    def forget(self):
        self.lab.gateway.run("conntrack", "-F")

    def _generate(self, verb, *arguments):
        done = self.lab.client.run(generator(), verb, topology.NEUTRAL.v4, PORT, *arguments, *SOURCES, timeout=300)
        return json.loads(done.stdout)

    def queued(self):
        """How many packets the kernel has put into the queues since they were bound."""
        status = self.lab.gateway.run("cat", "/proc/net/netfilter/nfnetlink_queue", text=True).stdout
        return sum(int(line.split()[7]) for line in status.splitlines())


def cpu_seconds(pid):
    """User and system time of a program so far."""
    threads = Path("/proc", str(pid), "task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def per_second(counts):
    return (counts["answered"] + counts["reset"]) / counts["seconds"]
