"""The name server of the lab: dnsmasq, which answers for any name. Questions and answers cross the gateway."""

import os
import socket
import struct

from processes import wait_until
from topology import NEUTRAL

ADDRESS = "192.0.2.2"
HTTPS = 65  # RFC 9460 14.1: the HTTPS resource record

CONFIGURATION = """
no-daemon
no-resolv
no-hosts
bind-interfaces
listen-address={address}
pid-file={folder}/dnsmasq.pid
user=root
"""


class NameServer:
    """Answers every name with the addresses of `everyone`, those in `addresses` and all below them with theirs,
    which should be of the same families: for another one they are like everyone. `https` gives names their HTTPS record as octets."""

    def __init__(self, lab, folder, everyone=NEUTRAL, addresses=None, https=None):
        lines = [CONFIGURATION.format(address=ADDRESS, folder=folder)]
        lines += [f"address=/#/{address}" for address in everyone]
        lines += [f"address=/{name}/{address}" for name, its in (addresses or {}).items() for address in its]
        for name, record in (https or {}).items():
            lines.append(f"dns-rr={name},{HTTPS},{record.hex()}")
        configuration = folder / "dnsmasq.conf"
        configuration.write_text("\n".join(lines) + "\n")
        self._process = lab.start(lab.server, folder / "dnsmasq.log", "dnsmasq", "-C", configuration)
        wait_until(lambda: not self._process.running or answers(lab.client), "dnsmasq's answer")
        if not self._process.running:
            raise RuntimeError(f"dnsmasq did not start: {self._process.said()}")

    def stop(self):
        self._process.stop()


def answers(namespace):
    """Whether the name server answers a question of the client."""
    question = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + b"\x02up\x04test\0" + struct.pack("!2H", 1, 1)
    with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect((ADDRESS, 53))
        try:
            probe.send(question)
            return probe.recv(512)
        except OSError:
            return None


def https_record(alpn=("h3", "h2"), ech=None):
    """RFC 9460 2.2: priority 1, the owner itself, and its parameters in the order of their keys."""
    names = b"".join(bytes([len(name)]) + name.encode() for name in alpn)
    parameters = parameter(1, names)  # 7.1: alpn
    if ech:
        parameters += parameter(5, ech)
    return struct.pack("!HB", 1, 0) + parameters


def parameter(key, value):
    return struct.pack("!HH", key, len(value)) + value


def ech_config_list(public_name):
    """A list of one ECHConfig (RFC 9849 4). Nobody has the private key: a client uses it all the same, and
    the server, which knows no ECH, takes the outer name for the name."""
    public_key = os.urandom(31) + b"\x40"  # X25519 takes any 32 octets
    name = public_name.encode()
    contents = (struct.pack("!BHH", 7, 0x0020, len(public_key)) + public_key  # DHKEM(X25519, HKDF-SHA256)
                + struct.pack("!HHH", 4, 0x0001, 0x0001)  # HKDF-SHA256, AES-128-GCM
                + struct.pack("!BB", 0, len(name)) + name + struct.pack("!H", 0))
    config = struct.pack("!HH", 0xfe0d, len(contents)) + contents
    return struct.pack("!H", len(config)) + config
