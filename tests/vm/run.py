#!/usr/bin/python3
"""Boots Debian 12 with Debian's kernel in QEMU and runs test files in it: those given, or all.

    run.py [FILE...]     FILE: one of tests/vm/test_*.py, or of tests/lab/test_*.py, by its name or path
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "host"), str(HERE.parent / "lab")]

from image import Image  # noqa: E402
from lab import interrupted_by  # noqa: E402
from machine import CHECKOUT, booted  # noqa: E402

BUILD = CHECKOUT / "build"
# What of the lab is worth a second kernel: its rules, its marks, its offloads. octroi takes nft there.
LAB_FILES = ("test_kernel_path.py", "test_names.py", "test_tcp_ports.py", "test_reload.py", "test_firewall.py", "test_drift.py",
             "test_output.py", "test_offloads.py")
# A gateway's life: what removes the package comes last.
VM_FILES = ("test_package.py", "test_gateway.py", "test_faults.py", "test_after_boot.py", "test_upgrade.py",
            "test_removal.py")
FILE_SECONDS = {"kvm": 900, "tcg": 2700}
PATIENCE = {"kvm": 2, "tcg": 8}


# Both on Debian's kernel. octroi.service chooses by itself, and octroi prefers nft.
BACKENDS = ("nft", "iptables")


@dataclass(frozen=True)
class Task:
    """A test file, and the backend of the kernel rules; "" leaves that to the caller's environment, or to octroi."""

    file: Path
    backend: str = ""

    @property
    def name(self):
        return "-".join(filter(None, (self.file.parent.name, self.file.stem, self.backend)))


@dataclass(frozen=True)
class Result:
    """How a task fared: whether it passed, and what unittest said last."""

    name: str
    passed: bool
    seconds: float
    said: str


def tasks(arguments):
    """The named test files, or all of the plan's."""
    if not arguments:
        return [Task(HERE / name) for name in VM_FILES] + [
            Task(HERE.parent / "lab" / name, backend) for backend in BACKENDS for name in LAB_FILES]
    found = []
    for argument in arguments:
        places = [place for place in (Path(argument).resolve(), HERE / argument, HERE.parent / "lab" / argument)
                  if place.is_file()]
        if not places:
            raise FileNotFoundError(f"no such test file: {argument}")
        found.append(Task(places[0]))
    return found


def run_task(machine, task, artifacts):
    """Runs one file in the machine and shows what it says as it says it."""
    show(f"{task.name}, in the machine")
    begin, environment = time.monotonic(), settings(machine, task)
    if "after_boot" in task.file.stem:
        machine.read("env", *environment, "/checkout/tests/vm/service.py", seconds=FILE_SECONDS[machine.accelerator])
        machine.reboot()
        show(f"booted anew, {time.monotonic() - begin:.1f} s")
    log = artifacts / f"{task.name}.log"
    with shown_as_it_grows(log):
        done = machine.run("env", *environment, "sh", "-c", 'exec "$0" -v >"$1" 2>&1',
                           f"/checkout/{task.file.relative_to(CHECKOUT)}", f"/artifacts/{log.name}",
                           seconds=FILE_SECONDS[machine.accelerator])
    said = log.read_text(errors="replace") if log.exists() else done.output
    return Result(task.name, done.exit_code == 0, time.monotonic() - begin, last_words(said))


def settings(machine, task):
    """The environment of a test file: the lab's modules, where it leaves what failed, and OCTROI_... of whoever calls."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("OCTROI_") and "VM" not in name}
    settings |= {"HOME": "/root", "PYTHONUNBUFFERED": "1", "PYTHONPATH": "/checkout/tests/lab",
                 "OCTROI_LAB_ARTIFACTS": "/artifacts/failed", "OCTROI_LAB_PATIENCE": str(PATIENCE[machine.accelerator])}
    if task.backend:
        settings["OCTROI_BACKEND"] = task.backend
    return [f"{name}={value}" for name, value in settings.items()]


@contextlib.contextmanager
def shown_as_it_grows(log):
    """Copies to the terminal what others append to the file meanwhile."""
    over = threading.Event()
    thread = threading.Thread(target=show_growth, args=(log, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def show_growth(log, over):
    position, last_look = 0, False
    while not last_look:
        last_look = over.wait(0.5)
        if log.exists():
            with log.open(errors="replace") as file:
                file.seek(position)
                print(file.read(), end="", flush=True)
                position = file.tell()


def last_words(said):
    """What unittest says at the end: how many ran in what time, and what came of it."""
    lines = [line for line in said.splitlines() if line.strip()]
    return ": ".join(lines[-2:])


def show(text):
    print(f"== {text}", flush=True)


def report(results):
    for result in results:
        print(f"{'passed' if result.passed else 'FAILED':7} {result.name:34} {result.seconds:6.1f} s  {result.said}")


def main(arguments):
    chosen = tasks(arguments)
    artifacts = Path(os.environ.get("OCTROI_VM_ARTIFACTS", BUILD / "vm-artifacts")).resolve()
    shutil.rmtree(artifacts, ignore_errors=True)
    artifacts.mkdir(parents=True)
    image = Image(os.environ.get("OCTROI_VM_CACHE", BUILD / "vm"), os.environ["OCTROI_VM_PACKAGES"].split())
    show(f"disk: {image.folder}")
    image.make()
    results = []
    with interrupted_by(signal.SIGTERM, signal.SIGHUP), booted(image, artifacts) as machine:
        show(f"{machine.read('uname', '-srv')}, {machine.accelerator}, up after {machine.boot_seconds:.1f} s")
        try:
            for task in chosen:
                results.append(run_task(machine, task, artifacts))
        finally:
            report(results)
            machine.run("sh", "-c", "journalctl -o short-precise >/artifacts/journal.log")
    return 0 if len(results) == len(chosen) and all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
