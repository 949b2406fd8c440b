"""Conversations in datagrams between a socket of the client and one of the server, a datagram at a time: so it is plain
which of them came through, and that the first that did not was refused at once.

A conversation is a list of (who speaks, "client" or "server"; the datagram).
"""

import json
import select
import socket
import struct
from pathlib import Path

import clients
from damaged import ETHERNET_HEADER, IPV4, frames

CAPTURES = Path(__file__).resolve().parents[1] / "captures" / "clients"
SECONDS = 5
# Not all of them: a kernel sends 1000 ICMP errors a second at most (icmp_msgs_per_sec), and 50 at once.
BEHIND = 4


class Caller:
    """A UDP socket of the client that speaks to one host after the other, always from the same port."""

    def __init__(self, lab, family, patience=SECONDS, port=0):
        self._lab = lab
        self._patience = patience
        self._socket = clients.client_socket(lab, family, socket.SOCK_DGRAM, source_port=port)

    @property
    def port(self):
        return self._socket.getsockname()[1]

    def close(self):
        self._socket.close()

    def talk(self, address, port, conversation):
        """Which of the datagrams came through, up to a few behind the first that was refused."""
        fates = []
        with self._lab.server.socket(self._socket.family, socket.SOCK_DGRAM) as host:
            host.bind((address, port))
            host.connect(self._socket.getsockname()[:2])
            self._socket.connect((address, port))
            ends = {"client": (self._socket, host), "server": (host, self._socket)}
            for speaker, datagram in conversation:
                fates.append(comes_through(*ends[speaker], datagram, self._patience))
                if fates.count(False) > BEHIND:
                    break
        return fates


    def loses(self, address, port, datagrams, seconds=1):
        """Whether the last of the client's datagrams never arrives, and the client is told nothing."""
        with self._lab.server.socket(self._socket.family, socket.SOCK_DGRAM) as host:
            host.bind((address, port))
            host.settimeout(seconds)
            self._socket.connect((address, port))
            for _, datagram in datagrams:
                self._socket.send(datagram)
            try:
                while host.recv(65536) != datagrams[-1][1]:
                    pass
                return False
            except TimeoutError:
                return not select.select([self._socket], [], [], 0)[0]


def comes_through(sender, receiver, datagram, patience):
    """Whether a datagram arrives as it was sent. Else the sender, which is connected, has to be told at once."""
    sender.send(datagram)
    ready = select.select([sender, receiver], [], [], patience)[0]
    if receiver in ready:
        if receiver.recv(65536) != datagram:
            raise RuntimeError("another datagram came")
        return True
    if not ready:
        raise TimeoutError(f"neither delivered nor refused: {datagram[:32].hex()}")
    try:
        sender.recv(65536)
    except ConnectionRefusedError:
        return False
    raise RuntimeError("the sender got a datagram")


def call():
    """An ordinary call of WebRTC, as Chromium makes it: STUN, DTLS, SRTP and SRTCP."""
    return said_in("call_udp")


def quic_hello(capture):
    """What a browser sent up to the end of its ClientHello."""
    flow = json.loads((CAPTURES / f"{capture}.expected").read_text())
    return [said for said in said_in(capture)[:flow["decided_at_packet"]] if said[0] == "client"]


def said_in(capture):
    """What a shipped capture holds: one flow of datagrams over IPv4."""
    said = []
    for frame in frames((CAPTURES / f"{capture}.pcap").read_bytes()):
        packet = frame[ETHERNET_HEADER:struct.unpack("!H", frame[16:18])[0] + ETHERNET_HEADER]
        if struct.unpack("!H", frame[12:14])[0] != IPV4 or packet[9] != socket.IPPROTO_UDP:
            raise ValueError(f"{capture} holds something else than datagrams over IPv4")
        speaker = "client" if packet[12:14] == bytes([10, 20]) else "server"
        said.append((speaker, packet[4 * (packet[0] & 15) + 8:]))
    return said
