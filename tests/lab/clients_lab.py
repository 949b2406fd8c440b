#!/usr/bin/python3
"""The lab for real clients: names are asked over the gateway, and browsers trust the lab's authority.

    clients_lab.py hold     sets one up with a browser and keeps it until Ctrl-C
"""

import contextlib
import json
import os
import shutil
import signal
import sys

from lab import Lab
from name_server import ADDRESS as NAME_SERVER
from name_server import NameServer
from namespaces import RESOLVERS, run
from processes import wait_until
from server import start_caddy
from topology import INTERIOR, NEUTRAL, OFFLOADS_OFF, VISIO, Dual, ip_batch, on_loopback

# What the policy of the tests refuses, each with its service in the catalogue.
REFUSED = {
    "zoom.us": "zoom",
    "teams.microsoft.com": "teams",
    "teams.live.com": "teams",
    "meet.google.com": "meet",
    "app.slack.com": "slack",
    "web.whatsapp.com": "whatsapp",
    "www.tiktok.com": "tiktok",
    "x.com": "x",
}
UNTOUCHED = ("visio.numerique.gouv.fr", "matrix.agent.tchap.gouv.fr", "server.olvid.io", "www.google.com",
             "outlook.office.com", "www.youtube.com", "www.example.org")

# A relay of Visio, and where stun.l.google.com really is: in a range of Meet.
VISIO_RELAY = "142.44.52.178"
GOOGLE_STUN = "74.125.250.129"
# Where ngtcp2 answers: it asks clients to come again (Retry) and soon forgets them (0-RTT).
SECOND_WEB, OTHER_SECOND_WEB = "203.0.113.10", "203.0.113.11"
# The web server of the refused names.
REFUSED_WEB = Dual("198.51.100.21", "2001:db8:2::21")
CALL_PORT = 8080

# Relays have certificates of their own, which caddy makes for them.
RELAY_NAMES = {"visio": "coturn-1.beta.numerique.gouv.fr", "zoom": "turn.zoom.us",
               "teams": "worldaz.tr.teams.microsoft.com", "meet": "meet.turns.goog"}

# Many sub-domains: each costs a browser a connection of its own, where no certificate is good for two. They have one
# address: a browser that opens a hundred sockets to it comes to use a UDP port for a second name there.
SUB_NAMES = [f"us05web-{number}.{name}" for number in range(7) for name in (*REFUSED, *UNTOUCHED)]
SUB_WEB = Dual("198.51.100.128", "2001:db8:2::1:0")

ADDED = (*REFUSED_WEB, *SUB_WEB, VISIO_RELAY, GOOGLE_STUN, OTHER_SECOND_WEB)

# Their certificates are made at the start: made on demand, many at once, some handshakes fail.
CERTIFIED = (*REFUSED, *UNTOUCHED, *SUB_NAMES, *RELAY_NAMES.values())
SITES = ", ".join(f"https://{name}" for name in CERTIFIED)

CADDYFILE = f"""
{{{{
	admin off
	skip_install_trust
	auto_https disable_redirects
	default_bind {" ".join((*NEUTRAL, VISIO, *REFUSED_WEB, *SUB_WEB))}
	storage file_system {{folder}}/storage
	servers {{{{
		protocols h1 h2 h3
	}}}}
}}}}
(site) {{{{
	log {{{{
		output file {{folder}}/access.log
		format json
	}}}}
	handle /blob {{{{
		root * {{folder}}
		file_server
	}}}}
	handle /call* {{{{
		reverse_proxy 127.0.0.1:{CALL_PORT}
	}}}}
	handle {{{{
		header Access-Control-Allow-Origin *
		respond "octroi lab, {{{{host}}}}"
	}}}}
}}}}
{SITES} {{{{
	tls internal
	import site
}}}}
https:// {{{{
	tls internal {{{{
		on_demand
	}}}}
	import site
}}}}
"""

LINKS = (("client", "eth0"), ("gateway", "clients"), ("gateway", "servers"), ("server", "eth0"))


class ClientsLab(Lab):
    """As Lab, with a resolver, a home folder whose users trust the lab's authority, and links that can be
    changed while it stands."""

    def __init__(self):
        super().__init__()
        self.home = None

    def _serve(self):
        for role in (self.client, self.gateway, self.server):
            self._cleanup.callback(end_processes, role)
        for address in (f"{INTERIOR.v4}/16", f"{INTERIOR.v6}/32"):  # all programs shall be the pilot's
            ip_batch(self.client, f"addr del {address} dev eth0")
        ip_batch(self.server, "".join(on_loopback(address) for address in ADDED))
        self._give_resolver()
        self.authority = start_caddy(self, self.folder / "caddy", CADDYFILE, CERTIFIED)
        self.home = self.folder / "home"
        trust(self.home / ".pki" / "nssdb", self.authority)

    def _give_resolver(self):
        """Only the programs of this namespace see the file, as /etc/resolv.conf (ip-netns(8))."""
        folder = RESOLVERS / self.client.name
        self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")

    def set_links(self, offloads=False, mtu=1500):
        """Whether the links carry segments of up to 64 KiB, and the longest packet otherwise."""
        switched = ["on" if offloads and option == "off" else option for option in OFFLOADS_OFF]
        for role, device in LINKS:
            namespace = getattr(self, role)
            namespace.run("ethtool", "-K", device, *switched)
            ip_batch(namespace, f"link set {device} mtu {mtu}")

    def requests(self):
        """What reached the web server so far, as (host, protocol)."""
        log = self.folder / "caddy" / "access.log"
        lines = log.read_text().splitlines() if log.exists() else []
        asked = (json.loads(line)["request"] for line in lines)
        return [(request["host"], request["proto"]) for request in asked]

    def environment(self, **more):
        """What a client program gets: none of the machine's proxies, the lab's authority, a home of its own."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "SSL_CERT_FILE": str(self.authority),
                "NODE_EXTRA_CA_CERTS": str(self.authority), "CURL_CA_BUNDLE": str(self.authority), **more}

    def start_client(self, log, *argv, **options):
        """Starts a program on the client."""
        return self.start(self.client, log, *argv, env=self.environment(), **options)


def trust(database, authority):
    """Makes an NSS database, as Chromium and Firefox read it, that trusts the lab's authority."""
    database.mkdir(parents=True)
    run("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
    run("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "octroi lab", "-i", authority)


def end_processes(namespace):
    """Ends what a browser may have left in a namespace of the lab. Nobody else has processes there."""
    def left():
        return run("ip", "netns", "pids", namespace.name, check=False).stdout.decode().split()

    for pid in left():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until(lambda: not left(), f"the end of the processes in {namespace.name}")


def hold():
    """Keeps a lab and a browser in it until a signal comes."""
    with ClientsLab() as lab:
        folder = lab.folder / "hold"
        folder.mkdir()
        NameServer(lab, folder, addresses={**dict.fromkeys(REFUSED, REFUSED_WEB), **dict.fromkeys(SUB_NAMES, SUB_WEB)})
        lab.start_client(folder / "chromium.log", "chromium", "--headless", "--no-sandbox",
                         "--remote-debugging-port=9222", f"--user-data-dir={folder}/profile", "https://zoom.us/")
        print(f"ip netns exec {lab.client.name} env HOME={lab.home} CURL_CA_BUNDLE={lab.authority} bash\n"
              "gives a shell on the client: any name works there. Ctrl-C ends the lab.", flush=True)
        signal.pause()


def main(arguments):
    if arguments != ["hold"]:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        hold()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
