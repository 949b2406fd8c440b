"""Stops one thread of a process and lets the others run, as a debugger does (ptrace(2))."""

import contextlib
import ctypes
import os
from pathlib import Path

from processes import wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # waitpid(2): threads of others too
LIBC = ctypes.CDLL(None, use_errno=True)


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")


def thread_named(pid, name):
    """The id of a process's one thread with this name."""
    threads = [path for path in Path("/proc", str(pid), "task").iterdir()
               if (path / "comm").read_text().strip() == name]
    if len(threads) != 1:
        raise LookupError(f"{len(threads)} threads called {name}")
    return int(threads[0].name)


def stop(pid, name):
    """Stops a process's one thread with this name and gives its id."""
    thread = thread_named(pid, name)
    ptrace(PTRACE_SEIZE, thread)
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)
    return thread


def stopped_until_killed(pid, name, seconds):
    """Stops a thread until somebody kills its process. Who traces a thread has to take note of its end; before that the
    process has not ended for its parent."""
    thread = stop(pid, name)
    wait_until(lambda: os.waitpid(thread, WALL | os.WNOHANG)[0], f"the end of {name}", seconds)


@contextlib.contextmanager
def stopped_thread(pid, name):
    """The thread does nothing while this is entered."""
    thread = stop(pid, name)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)
