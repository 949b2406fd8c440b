"""The figures of `./dev bench`. Each function takes an arena and gives {name: [a value for each round]}."""

import contextlib
import json

from arena import REFUSED, cpu_seconds, per_second
from processes import wait_until
from size import MANY_FLOWS, ROUNDS, SECONDS, SMOKE, STREAM_SECONDS
from topology import NEUTRAL


def ratios(arena, measure, rounds=ROUNDS):
    """`measure` without octroi and with it, in turn: [(plain, octroi)]."""
    pairs = []
    for _ in range(rounds):
        with arena.plain():
            plain = measure()
        pairs.append((plain, measure()))
    return pairs


def bulk(arena):
    """One TCP connection at full speed, long after it was accepted."""
    arena.lab.start(arena.lab.server, arena.lab.folder / "iperf3.log", "iperf3", "--server",
                    "--forceflush")
    wait_until(lambda: "listening" in (arena.lab.folder / "iperf3.log").read_text(), "iperf3")

    def bits_per_second():
        done = arena.lab.client.run("iperf3", "--client", NEUTRAL.v4, "--time", STREAM_SECONDS, "--omit", 1, "--json")
        return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]

    pairs = ratios(arena, bits_per_second)
    return {"bulk_ratio": [octroi / plain for plain, octroi in pairs],
            "bulk_gbit": [octroi / 1e9 for _, octroi in pairs]}


def new_flows(arena):
    """New TLS connections, a fifth of them to a blocked name; and the daemon's time for each packet of them."""
    costs = []

    def measure():
        with cost_of_packets(arena, arena.daemon.pid, costs):
            return complete(arena.flows("tcp", SECONDS))

    pairs = ratios(arena, measure)
    return {"newflow_ratio": [octroi / plain for plain, octroi in pairs],
            "newflow_per_second": [octroi for _, octroi in pairs],
            "cpu_us_per_packet": costs}


def new_udp_flows(arena):
    """The same over QUIC: an Initial, an answer."""
    pairs = ratios(arena, lambda: complete(arena.flows("udp", SECONDS)))
    return {"udp_newflow_ratio": [octroi / plain for plain, octroi in pairs],
            "udp_newflow_per_second": [octroi for _, octroi in pairs]}


def refusals(arena):
    """From connect() to the reset of a blocked name, one connection at a time."""
    rounds = [arena.times("tcp", arena.payload(REFUSED)) for _ in range(ROUNDS)]
    return {f"refuse_{percentile}_us": [times[percentile] for times in rounds] for percentile in ("p50", "p99")}


def round_trips(arena):
    """A datagram that says nothing and its echo, both through the queue, against the same without octroi."""
    unknown = f"raw:{arena.payload('unknown')}"
    pairs = ratios(arena, lambda: arena.times("udp", unknown)["p50"])
    return {"added_rtt_us": [octroi - plain for plain, octroi in pairs]}


def bare_queue(arena):
    """What the kernel's queue costs by itself: the daemon's place taken by a program that looks into no packet."""
    flows, costs, added = [], [], []
    unknown = f"raw:{arena.payload('unknown')}"
    for _ in range(ROUNDS):
        with arena.plain():
            plain = complete(arena.flows("tcp", SECONDS))
            plain_time = arena.times("udp", unknown)["p50"]
        with arena.bare() as pid, cost_of_packets(arena, pid, costs):
            flows.append(complete(arena.flows("tcp", SECONDS)) / plain)
        with arena.bare(accepts=False):
            added.append(arena.times("udp", unknown)["p50"] - plain_time)
    return {"bare_newflow_ratio": flows, "bare_cpu_us_per_packet": costs, "bare_added_rtt_us": added}


@contextlib.contextmanager
def cost_of_packets(arena, pid, costs):
    """Adds the program's microseconds for each packet that was queued meanwhile; nothing where none was."""
    cpu, packets = cpu_seconds(pid), arena.queued()
    yield
    queued = arena.queued() - packets
    if queued:
        costs.append((cpu_seconds(pid) - cpu) * 1e6 / queued)


def memory(arena):
    """Resident memory of the daemon: fresh, and after a million connections. One round: it takes a minute or two."""
    mebibytes = [arena.daemon.memory() / 2**20]
    done = 0
    while done < MANY_FLOWS:
        counts = arena.flows("tcp", seconds=60, most=min(MANY_FLOWS // 4, MANY_FLOWS - done))
        done += counts["answered"] + counts["reset"]
        mebibytes.append(arena.daemon.memory() / 2**20)
    idle, *after = mebibytes
    return {"rss_mib_idle": [idle], "rss_mib_1m": after[-1:], "rss_growth_percent": [(after[-1] / idle - 1) * 100],
            "rss_growth_percent_last_750k": [(after[-1] / after[0] - 1) * 100]}


def complete(counts):
    """Flows a second. One that was neither answered nor refused spoils the figure."""
    lost = counts["timed_out"]
    if lost and not SMOKE:
        raise RuntimeError(f"{lost} flows of {counts} got neither an answer nor a refusal")
    return per_second(counts)


GROUPS = {"bulk": bulk, "newflow": new_flows, "udp": new_udp_flows, "refuse": refusals, "rtt": round_trips,
          "memory": memory, "bare": bare_queue}
