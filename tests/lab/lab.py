#!/usr/bin/python3
"""The lab: a client, a gateway and a server, each in a network namespace.

    lab.py hold     sets a lab up and keeps it until Ctrl-C, to try things by hand
    lab.py clean    removes what a lab left behind that was killed
"""

import atexit
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import topology
from namespaces import NAMESPACE_FILES, RESOLVERS, Namespace
from processes import Process
from server import EchoService, start_caddy

ROLES = ("client", "gateway", "server")


class Lab:
    """A context manager: what it makes is gone afterwards, also after SIGINT, SIGTERM and SIGHUP.

    Names carry the pid, so that several labs can run at once, one a process.
    """

    def __init__(self, offloads=False):
        self.client, self.gateway, self.server = (Namespace(f"octroi-{os.getpid()}-{role}")
                                                  for role in ROLES)
        self.folder = None
        self.authority = None
        self._offloads = offloads
        self._cleanup = contextlib.ExitStack()

    def __enter__(self):
        if os.geteuid() != 0:
            raise PermissionError("the lab makes network namespaces: run it as root")
        # unittest runs no class cleanup after Ctrl-C, so the exit of the interpreter is a second net.
        atexit.register(self.close)
        self._cleanup.callback(atexit.unregister, self.close)
        self._cleanup.enter_context(interrupted_by(signal.SIGTERM, signal.SIGHUP))
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Takes the lab down, deaf to further signals meanwhile. A second call does nothing."""
        deaf = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
        try:
            self._cleanup.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def start(self, namespace, log, *argv, **options):
        """Starts a process in a namespace of the lab. It is ended with the lab at the latest."""
        process = Process(namespace.command(*argv), log, **options)
        self._cleanup.callback(process.stop)
        return process

    def _set_up(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"octroi-lab-{os.getpid()}-"))
        self._cleanup.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for namespace in (self.client, self.gateway, self.server):
            self._cleanup.callback(namespace.delete)
            namespace.create()
        topology.wire(self.client, self.gateway, self.server, self._offloads)
        self._serve()

    def _serve(self):
        """Starts what answers on the server."""
        echo = EchoService(self.server)
        self._cleanup.callback(echo.close)
        self.authority = start_caddy(self, self.folder / "caddy")

    def certificate(self, name):
        """The certificate and the key that caddy has made for a name."""
        folder = self.folder / "caddy" / "storage" / "certificates" / "local" / name
        return folder / f"{name}.crt", folder / f"{name}.key"


@contextlib.contextmanager
def interrupted_by(*signals):
    """Lets these signals unwind the stack as Ctrl-C does, except where they are ignored (nohup).
    (unittest takes SystemExit for a failed test and goes on; KeyboardInterrupt ends it.)"""

    def interrupt(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    heard = [number for number in signals if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def clean():
    """Removes namespaces and folders of labs whose process is gone; gives their names."""
    removed = []
    places = [place for place in (NAMESPACE_FILES, RESOLVERS, Path(tempfile.gettempdir())) if place.exists()]
    for path in (path for place in places for path in sorted(place.iterdir())):
        left = re.fullmatch(r"octroi-(?:lab-)?(\d+)-\w+", path.name)
        if not left or Path("/proc", left[1]).exists():
            continue
        if path.parent == NAMESPACE_FILES:
            Namespace(path.name).delete()
        else:
            shutil.rmtree(path, ignore_errors=True)
        removed.append(str(path))
    return removed


def hold():
    """Keeps a lab until a signal comes."""
    with Lab() as lab:
        enter = f"ip netns exec {lab.client.name}"
        print(f"{enter} curl --cacert {lab.authority} "
              f"--resolve zoom.us:443:{topology.NEUTRAL.v4} https://zoom.us/\n"
              f"The gateway is {lab.gateway.name}. Ctrl-C ends the lab.", flush=True)
        signal.pause()


def main(arguments):
    if arguments == ["clean"]:
        print("\n".join(clean()) or "nothing to clean")
    elif arguments == ["hold"]:
        with contextlib.suppress(KeyboardInterrupt):
            hold()
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
