"""The gateway: octroi's daemon and kernel rules, the administrator's rules, and a capture."""

import contextlib
import json
import os
import re
import signal
from pathlib import Path

import metrics
from kernel_rules import IptablesRules, NftRules
from namespaces import run
from processes import DEADLINE, wait_until

LAB_FOLDER = Path(__file__).resolve().parent
POLICIES = LAB_FOLDER / "policies"
BACKEND = os.environ.get("OCTROI_BACKEND", "auto")

CONFIGURATION = """octroi: 1
policy: policy.yaml
queues: {{first: 0, count: 2, max_length: {queue_length}}}
mark: {{shift: 12}}
on_failure: {on_failure}
firewall: {{backend: {backend}, hooks: {hooks}}}
flows: {{limit: {flow_limit}}}
metrics: {{listen: "127.0.0.1:{port}"}}
events: {events}
"""


def binary():
    """The program under test."""
    built = LAB_FOLDER.parents[1] / "build" / "release" / "octroi"
    path = Path(os.environ.get("OCTROI", built)).resolve()
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: build it, or name another one in OCTROI")
    return path


def instrumented():
    """Whether a sanitizer is in the program under test: it takes more memory and time, and makes system calls of its own."""
    return b"instrumented" in run(binary(), "version").stdout


class Octroi:
    """The daemon on the lab's gateway, with its configuration, policy, log and events in one folder."""

    def __init__(self, lab, folder, policy, on_failure="closed", port=9477, clients="full", queue_length=8192,
                 flow_limit=65536, hooks="[forward]", backend=BACKEND, manager=None, gateway=None, events=()):
        self._lab = lab
        self._gateway = gateway or lab.gateway
        self._manager = manager
        self._port = port
        self._process = None
        self.folder = folder
        self.program = binary()
        self.config = folder / "octroi.yaml"
        self.log = folder / "octroi.log"
        # Cases count events: none is folded unless a case asks for it.
        events = {"file": "events.jsonl", "clients": clients, "fold_seconds": 0, **dict(events)}
        self.config.write_text(CONFIGURATION.format(on_failure=on_failure, port=port, events=json.dumps(events),
                                                    queue_length=queue_length, flow_limit=flow_limit, hooks=hooks,
                                                    backend=backend))
        self.write_policy((POLICIES / policy).read_text())

    def write_policy(self, text):
        """Replaces the policy file as an editor does: whole, or not at all."""
        draft = self.folder / "policy.yaml.new"
        draft.write_text(text)
        draft.rename(self.folder / "policy.yaml")

    # The program's verbs.

    def firewall(self, verb, check=True, backend=None):
        chosen = ("--backend", backend) if backend else ()
        return self._gateway.run(self.program, "firewall", verb, "--config", self.config, *chosen, check=check)

    def status(self, *options, check=True):
        """What `octroi status` says on the gateway."""
        return self._lab.gateway.run(binary(), "status", "--config", self.config, *options, check=check, text=True)

    def install_firewall(self):
        self.firewall("install")

    @property
    def rules(self):
        """The kernel's rules, by the backend that this gateway uses."""
        by_nft = self.firewall("print").stdout.startswith(b"# nft")
        return (NftRules if by_nft else IptablesRules)(self._gateway)

    def remove_firewall(self):
        self.firewall("remove")

    def start(self, *through):
        """Starts the daemon, as launch() does, and waits until it is ready."""
        process = self.launch(*through)
        try:
            wait_until(lambda: not process.running or self.ready(), "octroi to be ready")
        except TimeoutError:
            process.kill()
            raise
        if not process.running:
            raise RuntimeError(f"octroi did not start: {self.said()}")
        self._process = process

    def launch(self, *through):
        """Starts the daemon, by another command where `through` names one, and waits for nothing. A service
        manager, where there is one, hands it what it keeps."""
        command = (*through, self.program, "run", "--config", self.config)
        if self._manager:
            return self._manager.launch(self._start, *command)
        return self._start(*command)

    def _start(self, *command, **options):
        return self._lab.start(self._gateway, self.log, *command, **options)

    def reload(self, seconds=DEADLINE):
        """SIGHUP, and waits until the daemon has counted the reload, good or bad."""
        before = self.scrape().sum("octroi_config_reloads_total")
        self.send(signal.SIGHUP)
        wait_until(lambda: self.scrape().sum("octroi_config_reloads_total") > before, "the reload",
                   seconds)

    def ask_for_reload(self, *through):
        """The verb, by another command where `through` names one: gives (exit code, what it said)."""
        done = self._lab.gateway.run(*through, binary(), "reload", "--pid", self.pid, "--config", self.config, check=False)
        return done.returncode, done.stderr.decode()

    def send(self, number):
        self._process.send(number)

    @contextlib.contextmanager
    def stopped(self):
        """Nothing of the daemon runs meanwhile. The signal takes a moment to reach every thread."""
        self.send(signal.SIGSTOP)
        wait_until(self._stands_still, "every thread to stop")
        try:
            yield
        finally:
            self.send(signal.SIGCONT)

    def _stands_still(self):
        tasks = Path("/proc", str(self.pid), "task").glob("*/stat")
        return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)

    @property
    def pid(self):
        return self._process.pid

    def died(self, seconds=DEADLINE):
        """Waits for an end that a case has caused otherwise; gives the exit code."""
        process, self._process = self._process, None
        return process.wait(seconds)

    def kill(self):
        process, self._process = self._process, None
        process.kill()

    def terminate(self):
        """SIGTERM; gives the exit code."""
        process, self._process = self._process, None
        process.send(signal.SIGTERM)
        return process.wait()

    def end(self):
        """Ends the daemon with its case, where the case did not. No case may overlook a crash, nor what
        a sanitizer says at the exit."""
        if self._process:
            code = self.terminate()
            if code != 0:
                raise RuntimeError(f"octroi ended with {code}: {self.said()[-2000:]}")

    # What it says of itself.

    def said(self):
        return self.log.read_text(errors="replace")

    def ready(self):
        try:
            return metrics.fetch(self._gateway, "/readyz", self._port)[0] == 200
        except OSError:
            return False

    def scrape(self):
        return metrics.scrape(self._gateway)

    def lines(self, file="events.jsonl"):
        """The events of every type so far. The last line may still be under way."""
        file = self.folder / file
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]

    def events(self):
        """The decision events so far."""
        return [event for event in self.lines() if event["event_type"] == "decision"]

    def event(self, **fields):
        """The first decision event with these fields, waited for."""
        def matching():
            return [event for event in self.events() if fields.items() <= event.items()]

        return wait_until(matching, f"an event with {fields}")[0]

    def event_after(self, count):
        """The decision event that follows the first `count` ones, waited for."""
        return wait_until(lambda: self.events()[count:], f"event number {count + 1}")[0]

    @property
    def pid(self):
        return self._process.pid

    def memory(self):
        """The resident memory in octets."""
        return self._memory("VmRSS")

    def peak_memory(self):
        """The most that it ever was."""
        return self._memory("VmHWM")

    def writable_memory(self):
        """What setrlimit(2) calls data: memory of its own that it may write to."""
        return self._memory("VmData")

    def descriptors(self):
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _memory(self, field):
        """proc(5), status"""
        status = Path("/proc", str(self.pid), "status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024


def start_capture(lab, folder, interface="any"):
    """What passes the gateway; on "any" interface each packet as it comes in and as it leaves. Without
    --immediate-mode the last second is lost when tcpdump is stopped."""
    capture = lab.start(lab.gateway, folder / "tcpdump.log", "tcpdump", "-i", interface, "-s", 2048,
                        "-c", 100000, "-U", "--immediate-mode", "-Z", "root", "-w", folder / "gateway.pcap")
    wait_until(lambda: "listening on" in capture.said(), "tcpdump")
    return capture


def saved_rules(namespace):
    """All kernel rules of both families, without counters and comments, as {table: lines}. A table with
    empty built-in chains is left out: looking at it is enough to make it."""
    tables = {}
    for program in ("iptables-save", "ip6tables-save"):
        for line in namespace.run(program).stdout.decode().splitlines():
            if line.startswith("*"):
                table = tables.setdefault(f"{program} {line[1:]}", [])
            elif not line.startswith("#") and line != "COMMIT":
                table.append(re.sub(r"\[\d+:\d+\]", "", line).strip())
    return {name: lines for name, lines in tables.items()
            if not all(re.fullmatch(r":[A-Z]+ ACCEPT", line) for line in lines)}
