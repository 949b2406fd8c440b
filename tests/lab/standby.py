"""A second gateway beside the lab's, which conntrackd keeps informed of connections, and the change-over to it.

    client eth1 10.21.0.2 ---- 10.21.0.1 clients   standby   servers 192.0.2.6 ---- 192.0.2.5 eth1 server
                                gateway sync 10.22.0.1 ---- 10.22.0.2 sync standby
"""

import os
import tempfile
from pathlib import Path

from namespaces import Namespace
from topology import ip_batch

SYSCTLS = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
           "net.ipv4.icmp_ratelimit=0")

# Without caches: each event of one kernel is put into the other one at once.
CONNTRACKD = """
Sync {{
    Mode NOTRACK {{
        DisableInternalCache on
        DisableExternalCache on
    }}
    UDP {{
        IPv4_address {own}
        IPv4_Destination_Address {other}
        Port 3780
        Interface sync
        Checksum on
    }}
}}
General {{
    HashSize 8192
    HashLimit 65535
    LockFile {folder}/conntrackd.lock
    UNIX {{
        Path {folder}/conntrackd.ctl
    }}
    Filter From Userspace {{
        Protocol Accept {{
            TCP
            UDP
        }}
        Address Ignore {{
            IPv4_address 127.0.0.1
            IPv4_address 10.22.0.1
            IPv4_address 10.22.0.2
        }}
    }}
}}
"""


class Standby:
    """Made with its links and a conntrackd on either gateway; all gone with the case."""

    def __init__(self, case):
        self._lab = case.lab
        self.namespace = Namespace(f"octroi-{os.getpid()}-standby")
        case.addCleanup(self.namespace.delete)
        self.namespace.create()
        self._wire()
        case.addCleanup(self._unwire)
        for namespace, own, other in ((self._lab.gateway, "10.22.0.1", "10.22.0.2"),
                                      (self.namespace, "10.22.0.2", "10.22.0.1")):
            case.addCleanup(self._synchronise(namespace, own, other).stop)

    def _wire(self):
        for namespace in (self._lab.client, self._lab.server, self.namespace):
            namespace.run("sysctl", "-qw", *SYSCTLS[1:3])
        self.namespace.run("sysctl", "-qw", *SYSCTLS)
        ip_batch(self.namespace, f"""
            link set lo up
            link add clients type veth peer name eth1 netns {self._lab.client.name}
            link add servers type veth peer name eth1 netns {self._lab.server.name}
            link add sync type veth peer name sync netns {self._lab.gateway.name}
            addr add 10.21.0.1/30 dev clients
            addr add 192.0.2.6/30 dev servers
            addr add 10.22.0.2/30 dev sync
            link set clients up
            link set servers up
            link set sync up
        """)
        ip_batch(self._lab.client, "addr add 10.21.0.2/30 dev eth1\nlink set eth1 up\n")
        ip_batch(self._lab.server, "addr add 192.0.2.5/30 dev eth1\nlink set eth1 up\n")
        ip_batch(self._lab.gateway, "addr add 10.22.0.1/30 dev sync\nlink set sync up\n")
        ip_batch(self.namespace, "route add 10.20.0.0/16 via 10.21.0.2\nroute add default via 192.0.2.5\n")

    def _unwire(self):
        """Gives the way back to the first gateway; the links go with the standby."""
        self._lab.client.run("ip", "route", "replace", "default", "via", "10.20.0.1")
        self._lab.server.run("ip", "route", "replace", "default", "via", "192.0.2.1")

    def _synchronise(self, namespace, own, other):
        # Its control socket's path may have 107 octets: the case's folder is too deep.
        folder = Path(tempfile.mkdtemp(prefix="conntrackd-", dir=self._lab.folder))
        configuration = folder / "conntrackd.conf"
        configuration.write_text(CONNTRACKD.format(own=own, other=other, folder=folder))
        return self._lab.start(namespace, folder / "log", "conntrackd", "-C", configuration)

    def take_over(self):
        """From now on client and server send everything through the standby."""
        self._lab.client.run("ip", "route", "replace", "default", "via", "10.21.0.1")
        self._lab.server.run("ip", "route", "replace", "default", "via", "192.0.2.6")

    def connections(self):
        """What its kernel knows, a line each."""
        return self.namespace.run("conntrack", "-L", "-o", "extended").stdout.decode().splitlines()
