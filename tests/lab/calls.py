"""Calls of Chromium to a peer like LiveKit's, straight or over a relay (coturn)."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from clients_lab import CALL_PORT
from processes import wait_until

CALL_FOLDER = Path(__file__).resolve().with_name("call")
INSTALLED = (CALL_FOLDER / "node_modules" / "werift").exists()

# How long a call must stay unhurt; the long run sets it to a minute.
SECONDS = float(os.environ.get("OCTROI_CALL_SECONDS", "10"))

# The longest pause of sound or pictures that a user would bear, on a machine that does much else.
BEARABLE = 5

USER, PASSWORD = "octroi", "lab"


@dataclass(frozen=True)
class Call:
    """What a page offers and to whom."""

    peer: str
    transport: str = "udp"
    servers: tuple = ()
    relay: bool = False

    def parameters(self):
        credentials = {"username": USER, "credential": PASSWORD}
        servers = [{"urls": url, **({} if url.startswith("stun:") else credentials)} for url in self.servers]
        return {"peer": self.peer, "transport": self.transport, "servers": servers, "relay": self.relay}


@dataclass
class Watched:
    """What a page saw of its call: the longest time without new sound or decoded pictures, its states, its last
    report."""

    pause: float = 0.0
    states: set = field(default_factory=set)
    last: dict = field(default_factory=dict)


def start_peer(lab, folder):
    """The peer, behind the web server at https://any.name/call."""
    log = folder / "peer.log"
    peer = lab.start(lab.server, log, "node", CALL_FOLDER / "peer.mjs", CALL_PORT)
    wait_until(lambda: not peer.running or "127.0.0.1:%d" % CALL_PORT in
               lab.server.run("ss", "-ltn").stdout.decode(), "the peer of the calls", 20)
    if not peer.running:
        raise RuntimeError(f"the peer did not start: {peer.said()}")
    return peer


def start_relay(lab, folder, address, name, port=3478):
    """coturn at an address: UDP, TCP and TLS, each on `port` and on 443."""
    certificate, key = lab.certificate(name)
    data = folder / f"relay-{address}"
    data.mkdir()
    relay = lab.start(
        lab.server, data / "log", "turnserver", "-n", "--log-file=stdout", "--no-cli", f"--listening-ip={address}",
        f"--relay-ip={address}", f"--listening-port={port}", "--tls-listening-port=443", "--lt-cred-mech",
        f"--user={USER}:{PASSWORD}", "--realm=octroi-lab", f"--cert={certificate}", f"--pkey={key}",
        "--min-port=40000", "--max-port=49999", f"--pidfile={data}/pid", f"--userdb={data}/users")
    wait_until(lambda: not relay.running or f"{address}:443" in lab.server.run("ss", "-lun").stdout.decode(),
               "coturn", 20)
    if not relay.running:
        raise RuntimeError(f"coturn did not start: {relay.said()[-2000:]}")
    return relay


def start_call(browser, name, call):
    """Opens the page at this name and lets it begin to call; gives the tab."""
    page = browser.page(browser.context())
    visit = page.visit(f"https://{name}/call")
    if visit.error:
        raise RuntimeError(f"the page of the call: {visit.error}")
    page.evaluate(f"start({json.dumps(call.parameters())})")
    return page


def report(page):
    """What the page says of its call."""
    said = page.evaluate("state()")
    if said["failure"]:
        raise RuntimeError(said["failure"])
    return said


def connected(page):
    """The report of a call whose sound and pictures have begun to come, else None."""
    said = report(page)
    decoded = said["audio"] and said["video"] and said["audio"]["received"] and said["video"]["decoded"]
    return said if decoded else None


def watch(pages, seconds):
    """Looks at these calls four times a second; gives a Watched for each."""
    watched = [Watched() for _ in pages]
    news = [{} for _ in pages]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for page, seen, new in zip(pages, watched, news):
            seen.last = report(page)
            seen.states.add(seen.last["state"])
            now = time.monotonic()
            for kind, counter in (("audio", "received"), ("video", "decoded")):
                count, since = new.get(kind, (None, now))
                if seen.last[kind] and seen.last[kind][counter] != count:
                    new[kind] = (seen.last[kind][counter], now)
                else:
                    seen.pause = max(seen.pause, now - since)
        time.sleep(0.25)
    return watched


def outcome(page, seconds):
    """"failed" once the page knows that its call has failed, "connected" once it hears and sees its peer."""
    def known():
        said = report(page)
        return said if said["state"] == "failed" or connected(page) else None

    said = wait_until(known, "the end of a call", seconds)
    return said["state"]


def seconds_to_fail(page):
    """From the begin of the connection's work to its failure, by the page's own clock."""
    changes = {state: moment for moment, state in report(page)["changes"]}
    return (changes["failed"] - changes["connecting"]) / 1000
