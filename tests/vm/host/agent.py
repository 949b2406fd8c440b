"""What does in the machine what a test asks: QEMU's guest agent, which speaks JSON over a virtio serial port."""

import base64
import json
import socket
import time
from dataclasses import dataclass

POLL = 0.1


@dataclass(frozen=True)
class Done:
    """How a command in the machine ended. The exit code is None where a signal ended it."""

    exit_code: int | None
    output: str


class Agent:
    """Each call has a deadline. After a reboot the first call needs a connect() of its own."""

    def __init__(self, path):
        self._path = str(path)
        self._socket = None
        self._received = b""

    def connect(self, alive, seconds):
        """Waits until the agent answers. `alive` raises where the machine can't come any more."""
        deadline = time.monotonic() + seconds
        while not self._answers(int(deadline - time.monotonic())):
            alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the machine's agent did not answer within {seconds} s")
            time.sleep(0.2)

    def _answers(self, number):
        """What an earlier connection has left unread ends at the octet 0xff (guest-sync-delimited)."""
        self.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(2)
            self._socket.connect(self._path)
            self._send("guest-sync-delimited", id=number, before=b"\xff")
            while b"\xff" not in self._received:
                self._receive()
            self._received = self._received.partition(b"\xff")[2]
            return self._reply() == number
        except (OSError, ValueError):
            return False

    def close(self):
        self._received = b""
        if self._socket:
            self._socket.close()

    def run(self, *argv, seconds=60):
        """Runs a command as root to its end, its output caught; `timeout` ends it where it takes too long."""
        deadline = time.monotonic() + seconds + 30
        arguments = ["--kill-after=10", str(seconds), *map(str, argv)]
        pid = self._call("guest-exec", path="/usr/bin/timeout", arg=arguments, **{"capture-output": True})["pid"]
        while time.monotonic() < deadline:
            status = self._call("guest-exec-status", pid=pid)
            if status["exited"]:
                said = [base64.b64decode(status.get(name, "")).decode(errors="replace") for name in ("out-data", "err-data")]
                return Done(status.get("exitcode"), "".join(said))
            time.sleep(POLL)
        raise TimeoutError(f"not within {seconds} s: {argv}")

    def _call(self, command, **arguments):
        self._socket.settimeout(30)
        self._send(command, **arguments)
        return self._reply()

    def _send(self, command, before=b"", **arguments):
        self._socket.sendall(before + json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def _receive(self):
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the machine has ended")
        self._received += part

    def _reply(self):
        while b"\n" not in self._received:
            self._receive()
        line, _, self._received = self._received.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"the agent: {answer['error']}")
        return answer["return"]
