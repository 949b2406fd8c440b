"""Programs of the lab that are interrupted in the middle, and what they leave."""

import contextlib
import signal
import subprocess
from pathlib import Path

from namespaces import NAMESPACE_FILES, run
from processes import wait_until


def interrupt(argv, role, command, number):
    """Starts a program that sets a lab up, and sends it a signal once `command` runs in the namespace of
    `role`. Gives (exit code, what it said, what it left: pids and namespaces)."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             preexec_fn=take_interrupts)
    try:
        namespace = f"octroi-{child.pid}-{role}"
        pids = wait_until(lambda: processes_in(namespace, command), f"{command} on the {role}", 60)
        child.send_signal(number)
        said = child.communicate(timeout=20)[1]
    finally:
        child.kill()
        child.wait()
    # The kernel ends what the program was starting (prctl(2), PR_SET_PDEATHSIG) a moment after it.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: all(command_of(pid) != command for pid in pids), "their end")
    left = [pid for pid in pids if command_of(pid) == command]
    left += [path.name for path in NAMESPACE_FILES.glob(f"octroi-{child.pid}-*")]
    return child.returncode, said, left


def take_interrupts():
    """A shell starts its background jobs deaf to SIGINT, and so would be their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def processes_in(namespace, command):
    """The pids of the `command`s in a namespace; none where it is not there (yet)."""
    pids = run("ip", "netns", "pids", namespace, check=False).stdout.decode().split()
    return [pid for pid in pids if command_of(pid) == command]


def command_of(pid):
    try:
        return Path("/proc", pid, "comm").read_text().strip()
    except OSError:
        return ""  # it has ended meanwhile
