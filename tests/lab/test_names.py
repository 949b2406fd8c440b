#!/usr/bin/python3
"""Refused by its name alone: the addresses here belong to nobody."""

import unittest

import clients
from case import LabCase
from server import BLOB, page_of
from topology import INTERIOR, NEUTRAL, OTHER_NEUTRAL, PASSED_NAMES, REFUSED_NAMES


class Zones(LabCase):
    def test_what_is_not_on_an_allowlist_is_refused(self):
        self.octroi("allowlist.yaml")
        for address in NEUTRAL:
            self.assert_reset(clients.curl(self.lab, "www.google.com", address))
            answer = clients.curl(self.lab, "www.example.org", address)
            self.assert_answered(answer, page_of("www.example.org"))

    def test_an_accepted_flow_of_a_rule_that_logs_is_an_event(self):
        daemon = self.octroi("logged.yaml")
        for name in ("visio.numerique.gouv.fr", "www.example.org", "zoom.us"):
            clients.curl(self.lab, name, NEUTRAL.v4)
        self.assertEqual(daemon.event(rule="no-zoom")["action"], "reject")
        logged = daemon.event(rule="visio")
        self.assertEqual((logged["action"], logged["would"], logged["mode"], logged["server_name"]),
                         ("accept", "accept", "enforce", "visio.numerique.gouv.fr"))
        self.assertEqual({event["rule"] for event in daemon.events()}, {"no-zoom", "visio"})

    def test_a_zone_by_interface_holds_for_the_answers_too(self):
        self.octroi("interface.yaml")
        for address in NEUTRAL:
            answer = clients.curl(self.lab, "www.example.org", address)
            self.assert_answered(answer, page_of("www.example.org"))


class Names(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def test_curl_is_reset_for_every_refused_name(self):
        for name in REFUSED_NAMES:
            for address in (*NEUTRAL, OTHER_NEUTRAL):
                with self.subTest(name=name, address=address):
                    self.assert_reset(clients.curl(self.lab, name, address))

    def test_openssl_is_reset_for_every_refused_name(self):
        for name in REFUSED_NAMES:
            for address in NEUTRAL:
                with self.subTest(name=name, address=address):
                    answer = clients.s_client(self.lab, name, address)
                    self.assertEqual(answer.exit_code, 1, answer.error)
                    self.assertIn("errno=104", answer.error)  # ECONNRESET

    def test_other_names_are_untouched(self):
        for name in PASSED_NAMES:
            for address in NEUTRAL:
                with self.subTest(name=name, address=address):
                    self.assert_answered(clients.curl(self.lab, name, address), page_of(name))
                    answer = clients.s_client(self.lab, name, address)
                    self.assertEqual(answer.exit_code, 0, answer.error)

    def test_a_name_that_only_looks_like_a_refused_one_is_untouched(self):
        for name in ("notzoom.us", "zoom.us.example.org", "google.com", "microsoft.com"):
            with self.subTest(name=name):
                self.assert_answered(clients.curl(self.lab, name, NEUTRAL.v4), page_of(name))

    def test_a_download_arrives_whole(self):
        for address in NEUTRAL:
            self.assert_answered(clients.curl(self.lab, "www.example.org", address, path="/blob"), BLOB)

    def test_the_rule_holds_in_its_zone_only(self):
        for address, source in zip(NEUTRAL, INTERIOR):
            with self.subTest(source=source):
                answer = clients.curl(self.lab, "zoom.us", address, source=source)
                self.assert_answered(answer, page_of("zoom.us"))

    def test_the_event_says_who_what_and_why(self):
        clients.curl(self.lab, "us05web.zoom.us", NEUTRAL.v4)
        event = self.daemon.event(server_name="us05web.zoom.us")
        expected = {"src_ip": "10.20.4.7", "zone": "pilot", "dest_ip": NEUTRAL.v4, "dest_port": 443,
                    "proto": "TCP", "service": "zoom", "action": "reject", "would": "reject",
                    "mode": "enforce", "rule": "foreign-conferencing"}
        self.assertEqual({field: event.get(field) for field in expected}, expected)
        self.assertIn(("tls_sni", "us05web.zoom.us"),
                      [(seen["kind"], seen["value"]) for seen in event["evidence"]])


if __name__ == "__main__":
    unittest.main()
