"""octroi beside Suricata 7: the same names refused, the same flows, the same gateway.

Debian 12 has Suricata 7 in bookworm-backports. Where the package is not there it is installed from the machine's own
Debian mirror, whose address is read from apt's sources; nothing is added to them.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import complete
from gateway import binary
from processes import wait_until
from size import ROUNDS, SECONDS

SUITE = "bookworm-backports"
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
QUEUES = (10, 11)

# What octroi does by its mark, Suricata does by its own: a flow that it lets pass leaves through the kernel.
CONFIGURATION = """%YAML 1.1
---
default-log-dir: {folder}
default-rule-path: {folder}
rule-files: [names.rules]
classification-file: /etc/suricata/classification.config
reference-config-file: /etc/suricata/reference.config
runmode: workers
outputs: []
stats: {{enabled: no}}
logging: {{default-log-level: notice, outputs: [{{console: {{enabled: yes}}}}]}}
nfq: {{mode: accept, bypass-mark: 1, bypass-mask: 1, batchcount: 20, fail-open: no}}
stream: {{inline: yes, bypass: yes, midstream: no}}
app-layer:
  protocols:
    tls: {{enabled: yes, detection-ports: {{dp: 4433}}, encryption-handling: bypass}}
    quic: {{enabled: yes}}
"""


def against_suricata(arena):
    """How many times as many new TLS flows a second octroi takes."""
    if not installed():
        print("suricata_newflow_factor skipped: Suricata 7 can't be installed here", file=sys.stderr)
        return {}
    factors, rates = [], []
    for _ in range(ROUNDS):
        with arena.plain(), suricata(arena):
            counts = arena.flows("tcp", SECONDS)
        if not counts["reset"]:
            raise RuntimeError("Suricata refused nothing: the figure would say nothing")
        theirs = complete(counts)
        rates.append(theirs)
        factors.append(complete(arena.flows("tcp", SECONDS)) / theirs)
    return {"suricata_newflow_factor": factors, "suricata_newflow_per_second": rates}


@contextlib.contextmanager
def suricata(arena):
    """Suricata on the gateway, with two queues and a worker for each, as octroi has."""
    folder = Path(tempfile.mkdtemp(dir=arena.lab.folder))
    (folder / "suricata.yaml").write_text(CONFIGURATION.format(folder=folder))
    (folder / "names.rules").write_text("".join(rules_of(refused_domains())))
    queues = [option for queue in QUEUES for option in ("-q", queue)]
    process = arena.lab.start(arena.lab.gateway, folder / "log", "suricata", "-c", folder / "suricata.yaml",
                              *queues, "--runmode", "workers", "-l", folder)
    wait_until(lambda: not process.running or "Engine started" in process.said(), "Suricata", 60)
    if not process.running:
        raise RuntimeError(f"Suricata did not start: {process.said()}")
    rules = [("FORWARD", "-m", "connmark", "--mark", "1/1", "-j", "ACCEPT"),
             ("FORWARD", "-j", "NFQUEUE", "--queue-balance", f"{QUEUES[0]}:{QUEUES[-1]}")]
    saving = ("POSTROUTING", "-m", "mark", "--mark", "1/1", "-j", "CONNMARK", "--save-mark", "--mask", "1")
    for rule in reversed(rules):
        arena.lab.gateway.run("iptables", "-I", *rule)
    arena.lab.gateway.run("iptables", "-t", "mangle", "-A", *saving)
    try:
        yield
    finally:
        for rule in rules:
            arena.lab.gateway.run("iptables", "-D", *rule)
        arena.lab.gateway.run("iptables", "-t", "mangle", "-D", *saving)
        process.stop()


def refused_domains():
    """The domains of all services that the arena's policy refuses: video conferencing from outside France."""
    listed = subprocess.run([binary(), "catalogue", "list"], capture_output=True, text=True, check=True).stdout
    services = [line.split()[1] for line in listed.splitlines() if "video-conferencing" in line and " FR " not in line]
    for service in services:
        shown = subprocess.run([binary(), "catalogue", "show", service], capture_output=True, text=True, check=True).stdout
        domains = re.search(r"^domains((?: +\S+\n)+)", shown, re.M)
        yield from domains[1].split() if domains else ()


def rules_of(domains):
    for number, domain in enumerate(domains, 1):
        yield (f'reject tls any any -> any any (msg:"{domain}"; flow:to_server; tls.sni; dotprefix; '
               f'content:".{domain}"; endswith; nocase; sid:{number};)\n')


def installed():
    """Whether Suricata 7 is here, or could be installed."""
    return version_is_7() or (install() and version_is_7())


def version_is_7():
    with contextlib.suppress(FileNotFoundError):
        return "version 7" in subprocess.run(["suricata", "-V"], capture_output=True, text=True, check=False).stdout
    return False


def install():
    if not SOURCES.exists():
        return False
    stanza = SOURCES.read_text().split("\n\n")[0]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "debian.sources")
        source.write_text(re.sub(r"^Suites:.*", f"Suites: bookworm bookworm-updates {SUITE}", stanza, flags=re.M))
        Path(folder, "lists", "partial").mkdir(parents=True)
        options = [f"-oDir::Etc::SourceList={source}", "-oDir::Etc::SourceParts=-", f"-oDir::State::Lists={folder}/lists"]
        quiet = {"check": False, "capture_output": True, "env": os.environ | {
            "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "-t", SUITE, "suricata"]):
            done = subprocess.run(["apt-get", "-qq", *options, *command], **quiet)
            if done.returncode != 0:
                print(done.stderr.decode(errors="replace").strip()[-500:], file=sys.stderr)
                return False
    return True
