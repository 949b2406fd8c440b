"""Child processes that write to a file, and waiting with a deadline."""

import os
import signal
import subprocess
import time

# How many times longer than usual things may take: more than 1 in an emulated machine.
PATIENCE = float(os.environ.get("OCTROI_LAB_PATIENCE", "1"))

# For what will come. It costs nothing where that comes at once, and a machine that others use may take long for it.
DEADLINE = 60.0


def wait_until(condition, what, seconds=DEADLINE):
    """Asks `condition` until it gives something true, and gives that back. `what` names in the
    TimeoutError what did not come."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds * PATIENCE:g} s: {what}")
        time.sleep(0.01)


class Process:
    """A child in a session of its own: a Ctrl-C at the terminal reaches the lab alone, which then ends
    its children in the right order."""

    def __init__(self, argv, log, env=None, pass_fds=()):
        self.log = log
        with open(log, "ab") as output:
            self._before = output.tell()
            self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           env=env, pass_fds=pass_fds, start_new_session=True)

    @property
    def pid(self):
        return self._child.pid

    @property
    def running(self):
        return self._child.poll() is None

    def said(self):
        """What this process has written so far, and none before it into the same log."""
        return self.log.read_bytes()[self._before:].decode(errors="replace")

    def send(self, number):
        self._child.send_signal(number)

    def wait(self, seconds=DEADLINE):
        """Waits for the end and gives the exit code (-9 where signal 9 ended it)."""
        return self._child.wait(seconds * PATIENCE)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def stop(self):
        """Asks the process to end and, after ten seconds, makes it; nothing where it has ended."""
        self.send(signal.SIGTERM)
        try:
            return self.wait(10)
        except subprocess.TimeoutExpired:
            return self.kill()
