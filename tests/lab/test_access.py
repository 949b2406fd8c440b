#!/usr/bin/python3
"""Who may read metrics and status: by which name, with which token, from where."""

import http.client
import json
import os
import unittest
from pathlib import Path

import clients
from case import LabCase
from processes import DEADLINE, wait_until
from topology import NEUTRAL, PILOT

DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "status.md"
SECRET = "correct-horse-battery-staple"
DATA = ("/metrics", "/api/v1/status")
PROBES = ("/healthz", "/readyz")
FILES = ("/", "/status.css", "/status.js", "/chart.js", "/tables.js")
ELSEWHERE = "192.0.2.1"  # the gateway, towards the server


class Access(LabCase):
    def ask(self, path, address="127.0.0.1", verb="GET", **fields):
        """(status, fields of the answer, body)."""
        connection = http.client.HTTPConnection(address, 9477, timeout=DEADLINE)
        with self.lab.gateway.entered():
            connection.connect()
        connection.request(verb, path, headers=fields)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def with_token(self, listen="127.0.0.1:9477", mode=0o640):
        daemon = self.prepared("pilot.yaml")
        token = daemon.folder / "token"
        token.write_text(SECRET + "\n")
        token.chmod(mode)
        text = daemon.config.read_text()
        daemon.config.write_text(text.replace('listen: "127.0.0.1:9477"', f'listen: "{listen}", token_file: token'))
        return daemon

    def test_by_a_name_of_a_stranger_nothing_is_told(self):
        self.octroi("pilot.yaml")
        for path in (*DATA, *FILES):
            with self.subTest(path=path):
                self.assertEqual(self.ask(path, Host="rebound.example:9477")[0], 421)
                self.assertEqual(self.ask(path, Host="localhost:9477")[0], 200)
        for path in PROBES:
            self.assertEqual(self.ask(path, Host="balancer.example")[0], 200)

    def test_every_answer_tells_the_browser_what_it_may(self):
        self.octroi("pilot.yaml")
        for path in (*DATA, *PROBES, *FILES, "/nothing"):
            with self.subTest(path=path):
                fields = self.ask(path)[1]
                self.assertIn("default-src 'none'", fields["Content-Security-Policy"])
                self.assertIn("frame-ancestors 'none'", fields["Content-Security-Policy"])
                self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
                self.assertEqual(fields["Cache-Control"], "no-store")
        self.assertEqual(self.ask("/", verb="POST")[0], 405)

    def test_with_a_token_data_are_told_to_its_bearer_alone(self):
        daemon = self.with_token()
        daemon.start()
        for path in DATA:
            with self.subTest(path=path):
                self.assertEqual(self.ask(path)[0], 401)
                self.assertEqual(self.ask(path, Authorization="Bearer wrong")[0], 401)
                self.assertEqual(self.ask(path, Authorization=f"Bearer {SECRET}", Host="gw-1.example")[0], 200)
        for path in (*FILES, *PROBES):
            self.assertEqual(self.ask(path)[0], 200)

    def test_elsewhere_than_on_loopback_a_token_is_asked_for(self):
        daemon = self.with_token(f"{ELSEWHERE}:9477")
        process = daemon.launch()
        self.addCleanup(process.stop)
        wait_until(lambda: self.answers(ELSEWHERE), "the daemon")
        self.assertEqual(self.ask("/api/v1/status", ELSEWHERE)[0], 401)
        self.assertIn("policy.yaml", daemon.status().stdout)
        reload = self.lab.gateway.run(daemon.program, "reload", "--pid", process.pid, "--config", daemon.config)
        self.assertEqual(reload.stderr.decode(), "octroi: reloaded\n")

    def answers(self, address):
        try:
            return self.ask("/readyz", address)[0] == 200
        except OSError:
            return False

    def test_a_token_that_others_may_read_is_refused_with_the_cure(self):
        daemon = self.with_token(mode=0o644)
        process = daemon.launch()
        self.addCleanup(process.stop)
        self.assertEqual(process.wait(), 2)
        self.assertIn("must be a file that others can't reach: chmod 640", daemon.said())

    def test_caddy_as_documented_lets_in_whom_its_authority_knows(self):
        example = self.documented("status.gw-1.example {")
        (self.folder / "Caddyfile").write_text(
            "{\n admin off\n auto_https off\n skip_install_trust\n}\nhttps://" +
            example.replace("gw-1.example {", "gw-1.example:9443 {")
            .replace("tls {", f"tls {self.folder}/front.pem {self.folder}/front.key {{")
            .replace("/etc/caddy", str(self.folder)))
        self.front("caddy", "run", "--adapter", "caddyfile", "--config", self.folder / "Caddyfile")

    def test_nginx_as_documented_lets_in_whom_its_authority_knows(self):
        example = self.documented("server {")
        (self.folder / "nginx.conf").write_text(
            f"daemon off; error_log stderr; pid {self.folder}/nginx.pid; user root; events {{}}\nhttp {{ access_log off;\n" +
            example.replace("listen 443", "listen 9443").replace("/etc/nginx/gw-1", f"{self.folder}/front")
            .replace("/etc/nginx", str(self.folder)) + "}\n")
        self.front("nginx", "-c", self.folder / "nginx.conf")

    def documented(self, begin):
        """The page's example that begins so."""
        return begin + DOCUMENTED.read_text().partition(f"```\n{begin}")[2].partition("```")[0]

    def front(self, *command):
        """Holds that what the command starts gives metrics to a reader with a certificate, and to nobody else."""
        self.octroi("pilot.yaml")
        self.certificate("readers-ca")
        self.certificate("reader", "-CA", "readers-ca.pem", "-CAkey", "readers-ca.key")
        self.certificate("stranger")
        self.certificate("front")
        front = self.lab.start(self.lab.gateway, self.folder / "front.log", *command,
                               env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})
        self.addCleanup(front.stop)
        wait_until(lambda: self.through_front("reader").startswith("# HELP"), "the front")
        self.assertNotIn("octroi_", self.through_front("stranger"))
        self.assertNotIn("octroi_", self.through_front())

    def through_front(self, *reader):
        """What the front answers, nothing where it does not."""
        certificate = [part for name in reader
                       for part in ("--cert", self.folder / f"{name}.pem", "--key", self.folder / f"{name}.key")]
        return self.lab.gateway.run("curl", "--silent", "--insecure", *certificate, "--resolve",
                                    "status.gw-1.example:9443:127.0.0.1", "https://status.gw-1.example:9443/metrics",
                                    check=False).stdout.decode()

    def certificate(self, name, *signed_by):
        self.lab.gateway.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", 1,
                             "-keyout", f"{name}.key", "-out", f"{name}.pem", *signed_by, cwd=self.folder)

    def test_the_status_tells_of_clients_what_events_tell(self):
        for setting, told in (("full", True), ("zone", False)):
            with self.subTest(clients=setting):
                daemon = self.prepared("pilot.yaml", clients=setting)
                daemon.start()
                clients.curl(self.lab, "zoom.us", NEUTRAL.v4)
                daemon.event(server_name="zoom.us")
                status = daemon.status("--json").stdout
                (decision,) = json.loads(status)["decisions"]
                self.assertEqual((decision["zone"], decision["server_name"]), ("pilot", "zoom.us"))
                self.assertEqual(PILOT.v4 in status, told)
                self.assertIn("foreign-conferencing", daemon.status().stdout)
                daemon.terminate()
                (daemon.folder / "events.jsonl").unlink()


if __name__ == "__main__":
    unittest.main()
