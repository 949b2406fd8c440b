#!/usr/bin/python3
"""DNS answers that cross the gateway: refused names, ECH keys, and everything else as it came. A real
resolver (dnsmasq) and a real client (dig), which reads the answers strictly."""

import re
import unittest

from case import LabCase
from clients import pilot_address
from processes import wait_until
from topology import INTERIOR, NEUTRAL, OTHER_NEUTRAL

RESOLVERS = NEUTRAL
# RFC 9460 2.2: priority 1, target ".", alpn h2, ipv4hint, ech, ipv6hint.
ECH_KEYS = "000aca1e" * 4
BINDING = ("000100" "0001000302" "6832" "00040004c6336414" "00050010" + ECH_KEYS +
           "0006001020010db8000200000000000000000020")
ECH_NAME = "ech.example.org"


def transports():
    """Every way to ask: over IPv4 and IPv6, UDP and TCP."""
    for resolver in RESOLVERS:
        for transport in ("+notcp", "+tcp"):
            yield resolver, transport


class Names(LabCase):
    def setUp(self):
        super().setUp()
        resolver = self.lab.start(
            self.lab.server, self.folder / "dnsmasq.log", "dnsmasq", "--keep-in-foreground", "--conf-file=",
            "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--bind-interfaces",
            *(f"--listen-address={address}" for address in RESOLVERS),
            f"--address=/#/{OTHER_NEUTRAL}", f"--host-record=www.example.org,{OTHER_NEUTRAL}",
            "--cname=www.example.net,www.example.org",
            f"--dns-rr={ECH_NAME},65,{BINDING}", f"--dns-rr=ech.zoom.us,65,{BINDING}")
        self.addCleanup(resolver.stop)
        wait_until(lambda: self.dig("ready.example.org", NEUTRAL.v4, "+notcp").address, "the resolver")

    def dig(self, name, resolver, transport, kind="A", source=None):
        done = self.lab.client.run(
            "dig", f"@{resolver}", "-b", source or pilot_address(resolver), "+time=3", "+tries=1",
            "+noedns", transport, name, kind, check=False)
        return Answer(done.stdout.decode())

    def test_a_refused_name_does_not_exist(self):
        daemon = self.octroi("names.yaml")
        for resolver, transport in transports():
            with self.subTest(resolver=resolver, transport=transport):
                answer = self.dig("us05web.zoom.us", resolver, transport)
                self.assertEqual((answer.status, answer.address), ("NXDOMAIN", None), answer)
                self.assertEqual(answer.warnings, [])
        samples = daemon.scrape()
        self.assertEqual(samples.sum("octroi_dns_answers_total", result="refused"), 4)
        event = daemon.event(server_name="us05web.zoom.us")
        self.assertEqual((event["rule"], event["service"], event["protocol"], event["dest_port"]),
                         ("foreign-conferencing", "zoom", "DNS", 53))

    def test_every_other_name_is_answered_as_it_was(self):
        for resolver, transport in transports():
            before = self.dig("www.example.net", resolver, transport)
            self.assertEqual(before.address, OTHER_NEUTRAL)
        daemon = self.octroi("names.yaml")
        for resolver, transport in transports():
            for name in ("www.example.net", "visio.numerique.gouv.fr", "web.whatsapp.com"):
                with self.subTest(resolver=resolver, transport=transport, name=name):
                    answer = self.dig(name, resolver, transport)
                    self.assertEqual((answer.status, answer.address), ("NOERROR", OTHER_NEUTRAL), answer)
        self.assertEqual(daemon.scrape().sum("octroi_dns_answers_total", result="unchanged"), 12)

    def test_a_client_that_the_rules_let_pass_gets_its_answer(self):
        self.octroi("names.yaml")
        for resolver, source in zip(RESOLVERS, INTERIOR):
            answer = self.dig("zoom.us", resolver, "+notcp", source=source)
            self.assertEqual((answer.status, answer.address), ("NOERROR", OTHER_NEUTRAL), answer)

    def test_ech_keys_go_and_the_rest_of_the_record_stays(self):
        daemon = self.octroi("names.yaml")
        for resolver, transport in transports():
            with self.subTest(resolver=resolver, transport=transport):
                answer = self.dig(ECH_NAME, resolver, transport, "HTTPS")
                self.assertEqual(answer.warnings, [])
                self.assertIn('alpn="h2"', answer.text)
                self.assertIn("ipv4hint=198.51.100.20", answer.text)
                self.assertIn("ipv6hint=2001:db8:2::20", answer.text)
                self.assertNotIn("ech=", answer.text)
                refused = self.dig("ech.zoom.us", resolver, transport, "HTTPS")
                self.assertEqual(refused.status, "NXDOMAIN", refused)
        samples = daemon.scrape()
        self.assertEqual(samples.sum("octroi_dns_answers_total", result="ech_stripped"), 4)

    def test_without_names_in_the_policy_nothing_is_touched(self):
        self.octroi("pilot.yaml")
        for resolver, transport in transports():
            self.assertEqual(self.dig("zoom.us", resolver, transport).address, OTHER_NEUTRAL)
            self.assertIn("ech=", self.dig(ECH_NAME, resolver, transport, "HTTPS").text)


class Answer:
    """What dig printed."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    @property
    def status(self):
        found = re.search(r"status: (\w+)", self.text)
        return found and found[1]

    @property
    def address(self):
        found = re.search(r"\sIN[ \t]+A[ \t]+(\S+)", self.text)
        return found and found[1]

    @property
    def warnings(self):
        """What dig finds wrong with the message: bytes too many, sections cut, a bad packet."""
        return re.findall(r";; (?:Warning|WARNING|Got bad|Truncated).*", self.text)


if __name__ == "__main__":
    unittest.main()
