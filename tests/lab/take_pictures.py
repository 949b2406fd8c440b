#!/usr/bin/python3
"""Takes the pictures of docs/images anew: the status page of a gateway with some traffic, and the report on it."""

import datetime
import random
import sys
import time
from pathlib import Path

import clients
from chromium import Chromium
from gateway import Octroi
from lab import Lab
from processes import wait_until
from status_page import OnTheGateway, StatusPage, picture
from topology import INTERIOR, NEUTRAL, PILOT

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SECONDS = 60
NAMES = ("visio.numerique.gouv.fr",) * 5 + ("matrix.agent.tchap.gouv.fr", "server.olvid.io", "us05web.zoom.us", "zoom.us",
         "teams.microsoft.com", "meet.google.com", "partners.meet.google.com", "www.example.org", "web.whatsapp.com")
# The pictures show a gateway's name and paths, not this machine's.
PLACE = Path("/srv/octroi")
AS_GATEWAY = 'hostname gw-1 && mount -t tmpfs none /srv && mkdir "$1" && mount --bind "$2" "$1" && shift 2 && exec "$@"'


def traffic(lab, seconds):
    choose = random.Random(7)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        clients.curl(lab, choose.choice(NAMES), NEUTRAL.v4, source=choose.choice((PILOT, INTERIOR)).v4)


def take_page(lab, folder):
    with StatusPage(lab, folder / "page") as page:
        page.visit()
        traffic(lab, SECONDS)
        wait_until(lambda: page.rows("services"), "the services", 20)
        page.window(1280, 800)
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.picture(IMAGES / f"status-{scheme}.png", 1000)
        page.scheme("light")
        page.window(360, 740)
        page.picture(IMAGES / "status-phone.png", 1100)


def take_report(lab, folder, daemon):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    report = folder / "report.html"
    lab.gateway.run(daemon.program, "report", "--from", today, "--to", today, "--title", "Conferencing directive, first day",
                    "--policy", daemon.folder / "policy.yaml", "--output", report, daemon.folder / "events.jsonl")
    with Chromium(OnTheGateway(lab), folder / "report") as browser:
        tab = browser.page()
        tab.call("Emulation.setDeviceMetricsOverride", width=760, height=1000, deviceScaleFactor=1, mobile=False)
        tab.visit(f"file://{report}")
        picture(tab, IMAGES / "report.png", 1000)


def main():
    IMAGES.mkdir(exist_ok=True)
    with Lab() as lab:
        folder = lab.folder / "pictures"
        folder.mkdir()
        daemon = Octroi(lab, folder, "pictures.yaml", clients="zone")
        daemon.install_firewall()
        daemon.config = PLACE / daemon.config.name
        daemon.start("unshare", "--uts", "--mount", "sh", "-c", AS_GATEWAY, "sh", PLACE, folder)
        daemon.config = folder / daemon.config.name
        try:
            take_page(lab, folder)
        finally:
            daemon.end()
            daemon.remove_firewall()
        take_report(lab, folder, daemon)
    for path in sorted(IMAGES.glob("*.png")):
        print(path, path.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
