"""Names, addresses and the wiring: client - gateway - server.

    client                     gateway                        server
    eth0 10.20.4.7   pilot     clients 10.20.0.1      servers 192.0.2.1    eth0 192.0.2.2
         10.20.9.9   interior          fd00:20::1             fd00:99::1        fd00:99::2
         fd00:20:4::7 ...                                               lo   addresses of the services

The services' addresses are real ones. They stand on the server's loopback, and only the gateway's
default route leads to them: nothing can leave the namespaces.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dual:
    """A host's IPv4 and IPv6 addresses."""

    v4: str
    v6: str

    def __iter__(self):
        return iter((self.v4, self.v6))


PILOT = Dual("10.20.4.7", "fd00:20:4::7")
INTERIOR = Dual("10.20.9.9", "fd00:20:9::9")
OUTSIDE = Dual("192.0.2.1", "fd00:99::1")  # the gateway, as the server sees it

REFUSED_NAMES = ("zoom.us", "us05web.zoom.us", "teams.microsoft.com", "meet.google.com")
PASSED_NAMES = ("visio.numerique.gouv.fr", "www.google.com", "www.example.org")
NAMES = REFUSED_NAMES + PASSED_NAMES

# Inside ranges that belong to one service alone.
ZOOM = Dual("170.114.52.2", "2407:30c0::2")
TEAMS = Dual("52.112.0.10", "2603:1063::10")
MEET = Dual("74.125.250.1", "2001:4860:4864:5::1")
VISIO = "142.44.53.109"

# Documentation addresses (RFC 5737, RFC 3849): what is refused here is refused by its name.
NEUTRAL = Dual("198.51.100.20", "2001:db8:2::20")
OTHER_NEUTRAL = "203.0.113.10"

# The server takes what comes here and never answers: half-open connections stay half-open.
SILENT = "198.51.100.99"
# Sources for floods, in the pilot zone: routed to the client, which holds none of them.
FLOOD_SOURCES = "10.20.4.128/25"

SERVED = (*ZOOM, *TEAMS, *MEET, VISIO, *NEUTRAL, OTHER_NEUTRAL)

# IPv6 neighbours are written down: for a second after a link comes up, solicitations get lost.
GATEWAY_MAC, HOST_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"

CLIENT_SETUP = f"""
    addr add {PILOT.v4}/16 dev eth0
    addr add {INTERIOR.v4}/16 dev eth0
    addr add {PILOT.v6}/32 dev eth0 nodad
    addr add {INTERIOR.v6}/32 dev eth0 nodad
    link set eth0 up
    route add default via 10.20.0.1
    route add default via fd00:20::1
    neighbour add fd00:20::1 lladdr {GATEWAY_MAC} dev eth0
"""

GATEWAY_SETUP = f"""
    addr add 10.20.0.1/16 dev clients
    addr add fd00:20::1/32 dev clients nodad
    addr add 192.0.2.1/30 dev servers
    addr add fd00:99::1/64 dev servers nodad
    link set clients up
    link set servers up
    route add default via 192.0.2.2
    route add default via fd00:99::2
    route add {FLOOD_SOURCES} via {PILOT.v4}
    neighbour add {PILOT.v6} lladdr {HOST_MAC} dev clients
    neighbour add {INTERIOR.v6} lladdr {HOST_MAC} dev clients
    neighbour add fd00:99::2 lladdr {HOST_MAC} dev servers
"""

SERVER_SETUP = f"""
    addr add 192.0.2.2/30 dev eth0
    addr add fd00:99::2/64 dev eth0 nodad
    link set eth0 up
    route add default via 192.0.2.1
    route add default via fd00:99::1
    route add blackhole {SILENT}
    neighbour add fd00:99::1 lladdr {GATEWAY_MAC} dev eth0
"""

# A router answers one host with one ICMP error a second at most (icmp(7), icmp_ratelimit). Tests send
# more refused packets than that.
GATEWAY_SYSCTLS = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                   "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")

OFFLOADS_OFF = ("tx", "off", "tso", "off", "gso", "off", "gro", "off", "tx-udp-segmentation", "off")


def wire(client, gateway, server, offloads):
    """Joins the three (existing, empty) namespaces. Without `offloads` packets look as on a wire;
    with them the gateway sees segments of up to 64 KiB, as a network card's GRO makes them."""
    for namespace in (client, gateway, server):
        namespace.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        ip_batch(namespace, "link set lo up")
    gateway.run("sysctl", "-qw", *GATEWAY_SYSCTLS)
    ip_batch(gateway, link("clients", client) + link("servers", server))
    if not offloads:
        for namespace, device in ((client, "eth0"), (gateway, "clients"),
                                  (gateway, "servers"), (server, "eth0")):
            namespace.run("ethtool", "-K", device, *OFFLOADS_OFF)
    ip_batch(client, CLIENT_SETUP)
    ip_batch(server, SERVER_SETUP + "".join(map(on_loopback, SERVED)))
    ip_batch(gateway, GATEWAY_SETUP)


def on_loopback(address):
    """Without nodad a new IPv6 address cannot be bound for a moment."""
    return f"addr add {address} dev lo" + (" nodad\n" if ":" in address else "\n")


def link(device, host):
    return (f"link add {device} address {GATEWAY_MAC} type veth "
            f"peer name eth0 address {HOST_MAC} netns {host.name}\n")


def ip_batch(namespace, commands):
    """Gives `ip` several commands at once: a process for each would take most of the set-up's time."""
    namespace.run("ip", "-batch", "-", input=commands.encode())
