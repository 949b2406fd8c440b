"""A load of numbered datagrams across the gateway: what was sent and did not arrive is counted, not assumed."""

import contextlib
import itertools
import socket
import struct
import threading
import time

from packets import RawSender, udp
from processes import PATIENCE, wait_until
from topology import OTHER_NEUTRAL, PILOT, VISIO

PORT = 9999
HOSTS = [f"10.20.4.{host}" for host in range(128, 253)]  # topology.FLOOD_SOURCES
NUMBER = struct.Struct("!Q")
BURST = 4
PAUSE = 0.002 * PATIENCE ** 2  # so much slower is an emulated machine, which has the sender to carry as well
SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the socket module does not have it


class Numbers:
    """A set of small numbers that may hold millions of them: an octet for each."""

    def __init__(self):
        self.clear()

    def clear(self):
        self._seen = bytearray()
        self._count = 0

    def __len__(self):
        return self._count

    def add(self, number):
        if number >= len(self._seen):
            self._seen.extend(bytes(number + 65536 - len(self._seen)))
        self._count += 1 - self._seen[number]
        self._seen[number] = 1


class Sink:
    """Takes numbered datagrams on the server; knows which came."""

    def __init__(self, namespace, address):
        self.numbers = Numbers()
        self._socket = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # What a daemon answers in one go after a stop comes faster than a thread of Python reads.
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 * 1024 * 1024)
        self._socket.bind((address, PORT))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self):
        while not self._over.is_set():
            try:
                self.numbers.add(NUMBER.unpack_from(self._socket.recv(2048))[0])
            except TimeoutError:
                continue

    def close(self):
        self._over.set()
        self._thread.join()
        self._socket.close()


def send_new(lab, numbers, size=NUMBER.size, server=OTHER_NEUTRAL):
    """Sends these numbers, each in a datagram of so many octets on a flow of its own."""
    with RawSender(lab.client) as sender:
        for number in numbers:
            port, host = divmod(number, len(HOSTS))
            payload = NUMBER.pack(number).ljust(size, b"\0")
            sender.send(udp((HOSTS[host], 61000 + port), (server, PORT), payload), server)


class Load:
    """While it is entered, the client sends: to an address of Visio's own, which is decided at its first packet,
    on one flow all along; and to an address of nobody, each datagram on a flow of its own."""

    def __init__(self, lab, pause=PAUSE):
        self._lab = lab
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.sent = 0

    def __enter__(self):
        self._decided = Sink(self._lab.server, VISIO)
        self._new = Sink(self._lab.server, OTHER_NEUTRAL)
        self._thread.start()
        wait_until(lambda: self._decided.numbers and self._new.numbers, "the first datagrams")
        return self

    def __exit__(self, *_):
        """Stops sending, and waits for what is under way: until all is there, or nothing has come for three seconds."""
        self._over.set()
        self._thread.join()
        missing = None
        while missing != (missing := self.missing()) and any(missing):
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not any(self.missing()), "all datagrams", 3)
        self._decided.close()
        self._new.close()

    def missing(self):
        return self.lost_of_decided(), self.lost_of_new()

    def lost_of_decided(self):
        return self.sent - len(self._decided.numbers)

    def lost_of_new(self):
        return self.sent - len(self._new.numbers)

    def _send(self):
        # Ports above those that the kernel gives away: no flow of another case is met. Minutes later the first ones
        # are forgotten, and new again.
        sources = ((port, host) for port in itertools.cycle(range(61000, 65536)) for host in HOSTS)
        with self._lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as decided, \
                RawSender(self._lab.client) as new:
            decided.bind((PILOT.v4, 0))  # and not connected: a refusal must not end the load
            while not self._over.is_set():
                for _ in range(BURST):
                    port, host = next(sources)
                    payload = NUMBER.pack(self.sent)
                    self.sent += 1
                    decided.sendto(payload, (VISIO, PORT))
                    new.send(udp((host, port), (OTHER_NEUTRAL, PORT), payload), OTHER_NEUTRAL)
                time.sleep(self._pause)
