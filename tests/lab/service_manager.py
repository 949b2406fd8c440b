#!/usr/bin/python3
"""What systemd is to a service, as far as octroi asks: it hears notifications (sd_notify(3)), keeps descriptors and
hands them to the next process (sd_listen_fds(3)).

    service_manager.py NAME=DESCRIPTOR... -- COMMAND...     becomes the command, which inherits these descriptors
"""

import array
import os
import socket
import sys

from processes import wait_until

FIRST = 3  # SD_LISTEN_FDS_START
SPARE = 64  # above every descriptor that is handed on


class ServiceManager:
    """The other end of NOTIFY_SOCKET. What was sent is read when somebody asks for it."""

    def __init__(self, lab, watchdog=None):
        self.kept = {}
        self._watchdog = watchdog
        self._messages = []
        self._path = lab.folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._socket.setblocking(False)

    def close(self):
        self.messages()
        for descriptor in self.kept.values():
            os.close(descriptor)
        self._socket.close()
        self._path.unlink()

    def messages(self):
        """All notifications so far, each a dictionary."""
        while True:
            try:
                text, control, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(4))
            except BlockingIOError:
                return self._messages
            message = dict(line.split("=", 1) for line in text.decode().splitlines())
            self._messages.append(message)
            self._store(message, control)

    def _store(self, message, control):
        for _, _, data in control:
            self.kept[message["FDNAME"]] = array.array("i", data)[0]
        if "FDSTOREREMOVE" in message:
            os.close(self.kept.pop(message["FDNAME"]))

    def wait_for(self, count=1, **fields):
        """Waits for so many notifications with these fields."""
        def matching():
            return [message for message in self.messages() if fields.items() <= message.items()]

        wait_until(lambda: len(matching()) >= count, f"notification {fields}, {count} times")

    def launch(self, start, *command):
        """Has `start` (argv, env=, pass_fds=) start a command as the manager's service."""
        self.messages()
        environment = dict(os.environ, NOTIFY_SOCKET=str(self._path))
        if self._watchdog:
            environment["WATCHDOG_USEC"] = str(int(self._watchdog * 1e6))
        handed = [f"{name}={descriptor}" for name, descriptor in self.kept.items()]
        return start(sys.executable, __file__, *handed, "--", *command,
                     env=environment, pass_fds=tuple(self.kept.values()))


def become(handed, command):
    """Moves the descriptors to where a service looks for them, and becomes the command: the pid stays."""
    names = [name for name, _ in handed]
    for position, (_, descriptor) in enumerate(handed):
        os.dup2(int(descriptor), SPARE + position)
    for position in range(len(names)):
        os.dup2(SPARE + position, FIRST + position)
        os.close(SPARE + position)
    if names:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
    os.execvp(command[0], command)


if __name__ == "__main__":
    end = sys.argv.index("--")
    become([argument.split("=") for argument in sys.argv[1:end]], sys.argv[end + 1:])
