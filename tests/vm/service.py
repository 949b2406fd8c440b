#!/usr/bin/python3
"""octroi as an administrator of a Debian gateway has it: the package, its files in /etc, systemctl, the journal.

    service.py      installs it, takes the policy `pilot` into use, and has it started at each boot
"""

import json
import os
from pathlib import Path

import namespaces
from case import CHECKOUT
from gateway import BACKEND, POLICIES
from kernel_rules import IptablesRules, NftRules
from namespaces import run
from processes import wait_until

ETC = Path("/etc/octroi")
POLICY, SETTINGS = ETC / "policy.yaml", ETC / "octroi.yaml"
EVENTS = Path("/var/log/octroi/events.jsonl")
SETTINGS_TEXT = f"""octroi: 1
policy: policy.yaml
firewall: {{backend: {BACKEND}}}
events: {{file: {EVENTS}, clients: full}}
"""
UNITS = ("octroi.service", "octroi-firewall.service")


def package():
    """What `./dev package` made."""
    folder = Path(os.environ.get("OCTROI_PACKAGES", CHECKOUT / "build" / "release"))
    found = list(folder.glob("octroi_*.deb"))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} packages in {folder}: run ./dev package")
    return found[0]


def apt(*arguments):
    """apt-get, without questions and without a network; gives what it said. Edited files of /etc stay."""
    done = run("apt-get", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confdef",
               "-o", "Dpkg::Options::=--force-confold", *arguments, timeout=300,
               env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    return (done.stdout + done.stderr).decode()


def install(file=None):
    return apt("install", "--allow-downgrades", file or package())


def purge():
    return apt("purge", "octroi")


def is_installed():
    asked = run("dpkg-query", "-W", "-f", "${db:Status-Status}", "octroi", check=False)
    return asked.stdout == b"installed"


def systemctl(*arguments, check=True):
    return run("systemctl", *arguments, check=check, timeout=60)


def is_active(unit):
    return systemctl("is-active", unit, check=False).stdout.decode().strip()


def shown(unit, name):
    """A property of a unit, as systemd tells it."""
    return systemctl("show", "--value", "--property", name, unit).stdout.decode().strip()


def main_pid():
    return int(shown("octroi.service", "MainPID"))


def restarted_since(pid, seconds=60):
    """Waits until systemd has started another process, and this one is ready."""
    wait_until(lambda: main_pid() not in (0, pid) and is_active("octroi.service") == "active",
               "octroi to be started again", seconds)
    return main_pid()


def write_policy(name):
    """Puts one of the lab's policies into use, by its name; it comes into force by a reload or restart."""
    POLICY.write_text((POLICIES / name).read_text())


def prepare(policy="pilot.yaml"):
    """The package installed and enabled, the daemon running with this policy. One that runs already goes on."""
    if not is_installed():
        install()
    write_policy(policy)
    if SETTINGS.read_text() == SETTINGS_TEXT and is_active("octroi") == "active":
        systemctl("reload", "octroi")
        return
    SETTINGS.write_text(SETTINGS_TEXT)
    systemctl("reset-failed", *UNITS, check=False)
    systemctl("enable", *UNITS)
    systemctl("restart", *UNITS)


def journal(*arguments):
    """What octroi's unit and its processes have written to the journal."""
    return run("journalctl", "--no-pager", "-o", "cat", "-u", "octroi", *arguments).stdout.decode()


def journal_mark():
    """Where the journal of octroi's unit ends now: journal(mark) is what came afterwards. A cursor of another unit's entry
    would not do: behind such a one journalctl leaves out the first entry that it should show."""
    run("journalctl", "--sync")
    last = run("journalctl", "-u", "octroi", "-n", "1", "--show-cursor").stdout.decode()
    return "--after-cursor=" + last.rpartition("-- cursor: ")[2].strip()


def events():
    lines = EVENTS.read_text().split("\n")[:-1] if EVENTS.exists() else []
    return [event for event in map(json.loads, lines) if event["event_type"] == "decision"]


def rules():
    """The lines of octroi's kernel rules, whichever backend has written them. Commands run in the machine itself."""
    return IptablesRules(namespaces).saved() + NftRules(namespaces).saved()


def empty_rules():
    """What a careless administrator may do: octroi's chains stay, and nothing stands in them."""
    run("nft", "flush", "table", "inet", "octroi", check=False)
    for family in ("iptables", "ip6tables"):
        run(family, "-F", "OCTROI", check=False)


if __name__ == "__main__":
    prepare()
