#!/usr/bin/python3
"""Calls and tunnels over UDP name nobody, but their servers show a certificate: OpenSSL's over DTLS 1.2, whole and in
pieces."""

import subprocess
import unittest

import clients
from case import LabCase
from processes import DEADLINE, PATIENCE, wait_until
from quic_server import listens
from topology import NEUTRAL

PORT = 5684


class Certificates(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def serve(self, name, address, mtu):
        certificate, key = self.lab.certificate(name)
        host = f"[{address}]" if ":" in address else address
        server = self.lab.start(
            self.lab.server, self.folder / "s_server.log", "openssl", "s_server", "-dtls1_2", "-quiet", "-mtu", str(mtu),
            "-accept", f"{host}:{PORT}", "-cert", certificate, "-key", key)
        self.addCleanup(server.stop)
        wait_until(lambda: listens(self.lab.server, address, PORT), "OpenSSL's server")
        return server

    def call(self, address):
        """Whether a client comes through the handshake; it names nobody."""
        host = f"[{address}]" if ":" in address else address
        source = clients.pilot_address(address)
        bind = f"[{source}]:0" if ":" in source else f"{source}:0"
        try:
            done = self.lab.client.run(
                "timeout", 4 * PATIENCE, "openssl", "s_client", "-dtls1_2", "-brief", "-noservername", "-connect",
                f"{host}:{PORT}", "-bind", bind, check=False, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            return False
        return b"CONNECTION ESTABLISHED" in done.stdout + done.stderr

    def test_a_certificate_of_a_refused_service(self):
        for address in NEUTRAL:
            for mtu in (1400, 300):
                with self.subTest(address=address, mtu=mtu):
                    server = self.serve("zoom.us", address, mtu)
                    before = len(self.daemon.events())
                    self.assertFalse(self.call(address))
                    event = self.daemon.event_after(before)
                    self.assertEqual((event["service"], event["action"], event["proto"]), ("zoom", "reject", "UDP"))
                    self.assertIn("tls_certificate", {each["kind"] for each in event["evidence"]})
                    server.stop()

    def test_other_certificates_are_untouched(self):
        for name in ("visio.numerique.gouv.fr", "www.example.org"):
            for mtu in (1400, 300):
                with self.subTest(name=name, mtu=mtu):
                    server = self.serve(name, NEUTRAL.v4, mtu)
                    self.assertTrue(self.call(NEUTRAL.v4))
                    server.stop()


if __name__ == "__main__":
    unittest.main()
