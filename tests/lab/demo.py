#!/usr/bin/python3
"""Shows octroi at work: real clients behind a gateway, on one machine, in network namespaces.

    demo.py     needs root; exits 0 if every verdict was the expected one, 1 if not, 2 if it could not run
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

import clients
from gateway import Octroi, binary, start_capture
from lab import Lab
from topology import INTERIOR, MEET, NEUTRAL, PILOT, TEAMS, VISIO, ZOOM

INTRODUCTION = """\
Three network namespaces on this machine play a client, a gateway and a server. The gateway runs octroi with a
policy of two rules: state tools (Visio, Tchap, Olvid) pass; video conferencing from abroad is refused, so far only
to the zone "pilot" ({pilot}), of which {other} is no part. The clients are curl and plain
sockets. The addresses {neutral} belong to nobody: there only the name can decide.
"""
CONCLUSION = """\
Refused connections end at once, instead of hanging: TCP by a reset, UDP by ICMP port unreachable. An address that
belongs to one service alone is refused at packet 1, a name when the TLS ClientHello has passed by. For what
passed, rule and evidence are those of `octroi replay` on the gateway's capture.
"""
COLUMNS = ("client", "tries", "at", "verdict", "rule", "evidence", "refused after")
QUIET = ("_seconds", "_bytes", "_entries")  # parts of the names of metrics that the demo leaves out
VISIO_NAME = "visio.numerique.gouv.fr"


@dataclass(frozen=True)
class Attempt:
    """What a client tries: an https URL's host, or a port of the echo service where `name` is empty."""

    address: str
    name: str = ""
    port: int = 443
    transport: str = "TCP"
    refused: bool = True
    client: str = ""

    @property
    def source(self):
        return self.client or clients.pilot_address(self.address)

    @property
    def what(self):
        return f"https://{self.name}" if self.name else f"{self.transport} port {self.port}"


@dataclass(frozen=True)
class Result:
    """What became of an attempt: refused, and when; or passed; or neither (an error)."""

    refused: bool
    passed: bool
    seconds: float
    event: dict | None = None

    def is_expected(self, wish):
        return self.refused == wish.refused and self.passed != wish.refused


ATTEMPTS = (
    Attempt(NEUTRAL.v4, "zoom.us"),
    Attempt(NEUTRAL.v6, "us05web.zoom.us"),
    Attempt(ZOOM.v4, "zoom.us"),
    Attempt(ZOOM.v6, port=8801),
    Attempt(ZOOM.v4, port=8801, transport="UDP"),
    Attempt(ZOOM.v6, port=8801, transport="UDP"),
    Attempt(NEUTRAL.v4, "teams.microsoft.com"),
    Attempt(TEAMS.v6, port=3478, transport="UDP"),
    Attempt(NEUTRAL.v6, "meet.google.com"),
    Attempt(MEET.v4, "meet.google.com"),
    Attempt(VISIO, VISIO_NAME, refused=False),
    Attempt(NEUTRAL.v6, VISIO_NAME, refused=False),
    Attempt(NEUTRAL.v4, "www.google.com", refused=False),
    Attempt(NEUTRAL.v6, "www.example.org", refused=False),
    Attempt(NEUTRAL.v4, port=7777, transport="UDP", refused=False),
    Attempt(NEUTRAL.v4, "zoom.us", refused=False, client=INTERIOR.v4),
)


def attempt(lab, daemon, wish):
    """Lets the client try, and gives what it saw, with octroi's event about it if there is one."""
    events = len(daemon.events())
    begin = time.monotonic()
    refused, passed, seconds = https(lab, wish) if wish.name else echo(lab, wish)
    seconds = seconds or time.monotonic() - begin
    event = daemon.event_after(events) if refused else None
    return Result(refused, passed, seconds, event)


def https(lab, wish):
    answer = clients.curl(lab, wish.name, wish.address, source=wish.source)
    refused = answer.exit_code in (clients.CURL_COULD_NOT_CONNECT, *clients.CURL_RESET)
    return refused, answer.exit_code == 0, answer.seconds


def echo(lab, wish):
    try:
        if wish.transport == "UDP":
            clients.udp_echo(lab, wish.address, wish.port, wish.source, seconds=5)
        else:
            with clients.tcp(lab, wish.address, wish.port, wish.source):
                pass
    except ConnectionError:
        return True, False, None
    except TimeoutError:
        return False, False, None
    return False, True, None


def replayed(daemon, capture):
    """What the engine finds in the capture: {(source, destination, port, protocol, name): flow}."""
    done = subprocess.run([binary(), "replay", "--json", "--policy", daemon.folder / "policy.yaml", capture],
                          capture_output=True, text=True, timeout=30, check=True)
    flows = map(json.loads, done.stdout.splitlines())
    return {(flow["src_ip"], flow["dest_ip"], flow["dest_port"], flow["proto"], flow["server_name"] or ""): flow
            for flow in flows}


def row(wish, result, flows):
    """One line of the table. What octroi said live comes before what replay says."""
    key = (wish.source, wish.address, wish.port, wish.transport, wish.name)
    found = result.event or flows.get(key, {})
    verdict = "refused" if result.refused else "passed" if result.passed else "no answer"
    if not result.is_expected(wish):
        verdict += " (NOT EXPECTED)"
    return (wish.source, wish.what, wish.address, verdict, found.get("rule") or "(default)", evidence_of(found),
            f"{result.seconds * 1000:.1f} ms" if result.refused else "")


def evidence_of(found):
    """The evidence that decided, which is the first: the service, by what, and in which packet."""
    seen = found.get("evidence") or []
    if not seen or not found.get("service"):
        return "no known service"
    first = seen[0]
    return f"{found['service']} by {first['kind']}, packet {first['packet']}"


def table(rows):
    """The rows under COLUMNS, the last column (a time) to the right."""
    widths = [max(len(line[column]) for line in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    rule = tuple("-" * width for width in widths)
    return "\n".join("  ".join(cell.ljust(width) if column < len(COLUMNS) - 1 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in (COLUMNS, rule, *rows))


def changes(before, after):
    """The metrics that rose, a line each."""
    lines = []
    for (name, labels), (then, now) in sorted(after.increases(before).items()):
        if name.startswith("octroi_") and not any(part in name for part in QUIET):
            text = ",".join(f'{label}="{value}"' for label, value in labels)
            lines.append((f"{name}{{{text}}}" if text else name, f"{then:g} -> {now:g}"))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name.ljust(width)}  {change}" for name, change in lines)


def demonstrate(lab):
    """Runs all attempts and prints what came of them; gives whether all was as expected."""
    daemon = Octroi(lab, lab.folder, "pilot.yaml")
    daemon.install_firewall()
    daemon.start()
    capture = start_capture(lab, lab.folder, "clients")
    before = daemon.scrape()
    results = [attempt(lab, daemon, wish) for wish in ATTEMPTS]
    after = daemon.scrape()
    capture.stop()
    daemon.terminate()

    flows = replayed(daemon, lab.folder / "gateway.pcap")
    print(table([row(wish, result, flows) for wish, result in zip(ATTEMPTS, results)]))
    print(f"\n{CONCLUSION}\nThe metrics that changed (http://127.0.0.1:9477/metrics on the gateway):\n")
    print(changes(before, after))
    right = sum(result.is_expected(wish) for wish, result in zip(ATTEMPTS, results))
    print(f"\n{right} of {len(ATTEMPTS)} verdicts as expected.")
    return right == len(ATTEMPTS)


def main():
    try:
        binary()
        print(INTRODUCTION.format(pilot=" and ".join(PILOT), other=INTERIOR.v4,
                                  neutral=" and ".join(NEUTRAL)), flush=True)
        with Lab() as lab:
            return 0 if demonstrate(lab) else 1
    except KeyboardInterrupt:
        print("\ninterrupted; everything is cleaned up", file=sys.stderr)
        return 130
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
