#!/usr/bin/python3
"""ClientHellos cut, stretched, reordered and forged: the name is found, or nothing worse happens."""

import random
import unittest

import clients
import packets
from case import LabCase
from client_hello import client_hello, outcome, pieces, records, send_segments, stretched
from gateway import POLICIES
from server import page_of
from topology import NEUTRAL, PILOT

REFUSED, PASSED = "us05web.zoom.us", "visio.numerique.gouv.fr"
WANTED = {REFUSED: "reset", PASSED: "answered"}
RECEIVED = "octroi_nfqueue_received_packets_total"
MEGABYTE = 1024 * 1024


class ClientHellos(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def assert_outcomes(self, cut):
        """Sends the ClientHellos of a refused and of a passed name, cut into segments by `cut`."""
        for name, wanted in WANTED.items():
            for address in NEUTRAL:
                with self.subTest(name=name, address=address):
                    with clients.tcp(self.lab, address) as connection:
                        self.assertEqual(outcome(connection, cut(client_hello(name), name)), wanted)

    def test_whole(self):
        self.assert_outcomes(lambda hello, _: [records(hello)])

    def test_byte_by_byte(self):
        self.assert_outcomes(lambda hello, _: pieces(records(hello), 1))

    def test_first_byte_alone(self):
        self.assert_outcomes(lambda hello, _: split(records(hello), 1))

    def test_record_header_alone(self):
        self.assert_outcomes(lambda hello, _: split(records(hello), 5))

    def test_cut_within_the_name(self):
        def cut(hello, name):
            data = records(hello)
            return split(data, data.index(name.encode()) + len(name) // 2)

        self.assert_outcomes(cut)

    def test_in_records_of_50_octets(self):
        self.assert_outcomes(lambda hello, _: [records(hello, 50)])

    def test_in_records_and_segments_that_never_coincide(self):
        self.assert_outcomes(lambda hello, _: pieces(records(hello, 50), 37))

    def test_10_000_segments_of_one_octet(self):
        before = self.daemon.scrape().sum(RECEIVED)
        self.assert_outcomes(lambda hello, _: pieces(records(stretched(hello, 9995)), 1))
        self.assertGreater(self.daemon.scrape().sum(RECEIVED) - before, 4 * 10_000)

    def test_60_KiB_over_several_records(self):
        self.assert_outcomes(lambda hello, _: [records(stretched(hello, 60 * 1024))])

    def test_in_the_syn_itself(self):
        with packets.RawSender(self.lab.client) as sender:
            sender.send(packets.tcp((PILOT.v4, 1025), (NEUTRAL.v4, 443), packets.SYN, 1,
                                    payload=records(client_hello(REFUSED))), NEUTRAL.v4)
        self.assertEqual(self.daemon.event(server_name=REFUSED)["decided_at_packet"], 1)

    def test_second_half_first(self):
        def send_out_of_order(connection, data, middle):
            packets.send_ahead(self.lab.client, connection, middle, data[middle:])
            return outcome(connection, split(data, middle))

        for name, wanted in WANTED.items():
            data = records(client_hello(name))
            middle = data.index(name.encode()) + 4
            with self.subTest(name=name), clients.tcp(self.lab, NEUTRAL.v4) as connection:
                self.assertEqual(send_out_of_order(connection, data, middle), wanted)

    def test_overlap_with_different_content_is_ambiguous(self):
        policy = (POLICIES / "pilot.yaml").read_text()
        self.daemon.write_policy(policy + "\nexceptions: {ambiguous: drop}\n")
        self.daemon.reload()
        data = records(client_hello(REFUSED))
        start = data.index(REFUSED.encode())
        innocent = b"us05web.zoo.org"
        assert len(innocent) == len(REFUSED)
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.settimeout(1)
            # Both before the gap is filled: the server has taken neither.
            for name in (innocent, REFUSED.encode()):
                packets.send_ahead(self.lab.client, connection, start, name)
            self.assertEqual(outcome(connection, split(data, start)), "silence")
        self.assertGreater(self.daemon.scrape().sum("octroi_exceptions_total", exception="ambiguous",
                                                    action="drop"), 0)

    def test_64_KiB_of_garbage_behind_a_record_header(self):
        generator = random.Random(64)
        for length in (16384, 65535):
            garbage = b"\x16\x03\x01" + length.to_bytes(2, "big") + generator.randbytes(64 * 1024)
            with self.subTest(length=length):
                self.assert_survived([garbage])

    def test_a_name_behind_the_first_64_KiB(self):
        # A record header before each ten octets: 90 KiB for a ClientHello of 60 KiB.
        self.assert_survived([records(stretched(client_hello(REFUSED), 60 * 1024), 10)])

    def test_records_that_never_end_a_client_hello(self):
        endless = b"\x01\xff\xff\xff" + bytes(300 * 1024)
        self.assert_survived([records(endless)])

    def assert_survived(self, parts):
        """After this input octroi is ready, serves others, and has not grown by much."""
        before = self.daemon.memory()
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            try:
                send_segments(connection, parts)
                connection.recv(1)
            except (ConnectionError, TimeoutError):
                pass  # caddy ends such a connection; how is its own affair
        self.assertTrue(self.daemon.ready())
        self.assertLess(self.daemon.memory() - before, 64 * MEGABYTE)
        self.assert_reset(clients.curl(self.lab, REFUSED, NEUTRAL.v4))
        self.assert_answered(clients.curl(self.lab, PASSED, NEUTRAL.v6), page_of(PASSED))


def split(data, at):
    return [data[:at], data[at:]]


if __name__ == "__main__":
    unittest.main()
