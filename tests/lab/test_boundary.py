#!/usr/bin/python3
"""The shipped policy `strict` on real traffic: what an allowlist holds back beside names."""

import re
import socket
import threading
import unittest
from pathlib import Path

import clients
from case import LabCase
from processes import wait_until
from server import page_of
from topology import NEUTRAL, OTHER_NEUTRAL

STRICT = Path(__file__).resolve().parents[2] / "rules" / "policies" / "strict.yaml"
# RFC 1035 4.1: a question for visio.numerique.gouv.fr, A.
QUESTION = (b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + b"\5visio\x09numerique\4gouv\2fr\0" + b"\0\1\0\1")
SILENCE = 0.6


def answer_to(question, address):
    """The same message as an answer with one record."""
    record = b"\xc0\x0c\0\1\0\1" + (300).to_bytes(4, "big") + b"\0\4" + socket.inet_aton(address)
    return question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[12:] + record


class Resolver:
    """Answers a question with one address, and sends anything else back as it came."""

    def __init__(self, lab, address, says):
        self._socket = lab.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._says = says
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        self._socket.settimeout(0.1)
        while not self._stopped:
            try:
                data, sender = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self._socket.sendto(answer_to(data, self._says) if data[2:4] == b"\x01\x00" else data, sender)

    def stop(self):
        self._stopped = True
        self._thread.join()
        self._socket.close()


class Boundary(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")
        self.strict()

    def strict(self, resolver=NEUTRAL.v4, grace=15):
        text = STRICT.read_text()
        text = re.sub(r"resolvers: \[.*\]", f"resolvers: [{resolver}]", text)
        text = re.sub(r"midstream_grace_minutes: \d+", f"midstream_grace_minutes: {grace}", text)
        self.daemon.write_policy(text)
        self.daemon.reload()

    def socket_to(self, address, port):
        caller = clients.client_socket(self.lab, address, socket.SOCK_DGRAM)
        self.addCleanup(caller.close)
        caller.connect((address, port))
        caller.settimeout(SILENCE)
        return caller

    def is_answered(self, caller, payload):
        try:
            caller.send(payload)
            return bool(caller.recv(65536))
        except (ConnectionRefusedError, TimeoutError):
            return False

    def assert_decided_against(self, caller):
        """A few datagrams pass before anything is known."""
        for _ in range(16):
            self.is_answered(caller, b"nothing that anybody knows")
        self.assertFalse(self.is_answered(caller, b"nothing that anybody knows"))

    def resolver(self, says):
        resolver = Resolver(self.lab, NEUTRAL.v4, says)
        self.addCleanup(resolver.stop)
        return self.socket_to(NEUTRAL.v4, 53)

    def test_what_is_named_passes_and_nothing_else(self):
        for address in NEUTRAL:
            passed = clients.curl(self.lab, "visio.numerique.gouv.fr", address)
            self.assert_answered(passed, page_of("visio.numerique.gouv.fr"))
            self.assert_reset(clients.curl(self.lab, "www.example.org", address))
        self.assert_decided_against(self.socket_to(NEUTRAL.v4, 7777))

    def test_on_the_ports_of_a_lookup_nothing_passes_but_dns(self):
        caller = self.resolver(OTHER_NEUTRAL)
        self.assertTrue(self.is_answered(caller, QUESTION))
        for tunnel in (b"not a lookup", b"\x17" * 40, bytes(300)):
            self.assertFalse(self.is_answered(caller, tunnel), tunnel[:8])
        self.assertTrue(self.is_answered(caller, QUESTION))

    def test_another_resolver_is_refused(self):
        self.strict(resolver=OTHER_NEUTRAL)
        self.assertFalse(self.is_answered(self.resolver(OTHER_NEUTRAL), QUESTION))

    def test_a_lookup_opens_its_address_where_the_resolver_is_named(self):
        lookup = self.resolver(OTHER_NEUTRAL)
        nameless = self.socket_to(OTHER_NEUTRAL, 7777)
        self.assertTrue(self.is_answered(lookup, QUESTION))
        self.assertTrue(all(self.is_answered(nameless, b"as Visio's media") for _ in range(20)))

    def test_a_lookup_at_any_resolver_opens_nothing(self):
        text = self.daemon.folder.joinpath("policy.yaml").read_text()
        text = text.replace("resolvers: $resolvers\n", "").replace("address: $resolvers, ", "")
        self.daemon.write_policy(text)
        self.daemon.reload()
        lookup = self.resolver(OTHER_NEUTRAL)
        self.assertTrue(self.is_answered(lookup, QUESTION))
        nameless = self.socket_to(OTHER_NEUTRAL, 7777)
        self.assert_decided_against(nameless)

    def test_what_was_there_before_passes_for_the_time_of_grace_only(self):
        for grace, passes in ((15, True), (0, False)):
            with self.subTest(grace=grace):
                self.strict(grace=grace)
                self.daemon.end()
                self.daemon.remove_firewall()
                with clients.tcp(self.lab, NEUTRAL.v4, 7777) as old:
                    old.sendall(b"before")
                    self.assertEqual(clients.read(old, 6), b"before")
                    self.daemon.install_firewall()
                    self.daemon.start()
                    self.assertEqual(self.goes_on(old), passes)

    @staticmethod
    def goes_on(connection):
        connection.settimeout(5)
        try:
            for _ in range(8):
                connection.sendall(b"later")
                clients.read(connection, 5)
        except OSError:
            return False
        return True

    def test_a_flow_moves_no_more_than_the_policy_says_before_its_decision(self):
        nameless = self.socket_to(OTHER_NEUTRAL, 7777)
        answered = sum(self.is_answered(nameless, bytes(1200)) for _ in range(40))
        self.assertLess(answered * 2400, 40 * 1024)
        wait_until(lambda: self.daemon.scrape().sum("octroi_exceptions_total", exception="unclassified") > 0,
                   "its decision")


if __name__ == "__main__":
    unittest.main()
