"""Network namespaces: made, entered and removed; and sockets that live in them."""

import contextlib
import ctypes
import os
import socket
import subprocess
from pathlib import Path

from processes import DEADLINE, PATIENCE

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
NAMESPACE_FILES = Path("/run/netns")
RESOLVERS = Path("/etc/netns")  # what `ip netns exec NAME` mounts over /etc stands in the folder NAME here


class Namespace:
    """A network namespace with a name that `ip netns` knows."""

    def __init__(self, name):
        self.name = name

    def create(self):
        run("ip", "netns", "add", self.name)

    def delete(self):
        """Removes the namespace and the links in it; does nothing where there is none."""
        if (NAMESPACE_FILES / self.name).exists():
            run("ip", "netns", "del", self.name)

    def command(self, *argv):
        """The command line that runs `argv` inside. It is one process all along: `ip netns exec`
        and setpriv replace themselves, so the pid is that of `argv`. Should this Python die without
        a chance to clean up, the kernel ends the child."""
        return ["ip", "netns", "exec", self.name, "setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def run(self, *argv, **options):
        """Runs a command inside to its end. An exit code other than 0 is an error, unless check=False."""
        return run(*self.command(*argv), **options)

    @contextlib.contextmanager
    def entered(self):
        """Moves the calling thread into the namespace. A socket stays in the namespace in which it was
        made, so a test enters, opens a socket and leaves again."""
        with open("/proc/thread-self/ns/net", "rb") as before:
            with open(NAMESPACE_FILES / self.name, "rb") as inside:
                set_network_namespace(inside)
            try:
                yield
            finally:
                set_network_namespace(before)

    def socket(self, family, kind, protocol=0):
        """A socket of this namespace, with a timeout, so that no test can hang on it."""
        with self.entered():
            result = socket.socket(family, kind, protocol)
        result.settimeout(DEADLINE * PATIENCE)
        return result


def set_network_namespace(file):
    if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


def run(*argv, check=True, timeout=2 * DEADLINE, **options):
    """Runs a command to its end with its output caught; a failure shows what the command said."""
    done = subprocess.run(list(map(str, argv)), capture_output=True, timeout=timeout * PATIENCE, check=False,
                          start_new_session=True, **options)
    if check and done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise RuntimeError(f"`{' '.join(map(str, argv))}` gave {done.returncode}: {said}")
    return done
