#!/usr/bin/python3
"""What a client tries over QUIC so that octroi reads another ClientHello than its server. Real servers answer: caddy's
(quic-go) on port 443, ngtcp2's on another one. No ServerHello may come for a refused name."""

import contextlib
import functools
import socket
import time
import unittest

import clients
import packets
from case import LabCase
from clients_case import accepted
from gateway import POLICIES
from processes import wait_until
from quic_initials import PING, Connection, crypto
from quic_server import start_quic_server
from topology import NEUTRAL

REFUSED, PASSED = "us05web.zoom.us", "visio.numerique.gouv.fr"
OTHER_PORT = 8443
WAIT = 0.6  # for a refused name, whose answer does not come
AGAIN = 0.25  # until it is sent again
UDP_SEGMENT = 103  # linux/udp.h
SEGMENT = 1200


def everywhere(trick):
    """Tries it with each server over each family, with a socket of its own."""

    @functools.wraps(trick)
    def tried(self):
        for address in NEUTRAL:
            for port in (443, OTHER_PORT):
                with self.subTest(address=address, port=port), self.caller(address, port) as caller:
                    trick(self, caller)

    return tried


def small_datagrams(connection, pieces=2):
    """The ClientHello in datagrams that begin no connection."""
    step = -(-len(connection.hello) // pieces)
    parts = ((at, connection.hello[at:at + step]) for at in range(0, len(connection.hello), step))
    return [connection.initial(crypto(at, part), size=len(part) + 100) for at, part in parts]


def refused(**options):
    return Connection(REFUSED, **options)


class Tricks(LabCase):
    policy = "pilot.yaml"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for address in NEUTRAL:
            folder = cls.lab.folder / f"ngtcp2-{address}"
            folder.mkdir()
            cls.addClassCleanup(start_quic_server(cls.lab, folder, address, PASSED, port=OTHER_PORT).stop)

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi(self.policy)
        self.put_router_before_server()

    @contextlib.contextmanager
    def caller(self, address, port=443):
        with clients.client_socket(self.lab, address, socket.SOCK_DGRAM) as caller:
            caller.connect((address, port))
            yield caller

    def raw(self, caller, payload, **fields):
        """Sends a datagram on the ports of the caller, by hand."""
        source, server = caller.getsockname()[:2], caller.getpeername()[:2]
        with packets.RawSender(self.lab.client, caller.family) as sender:
            sender.send(packets.udp(source, server, payload, **fields), server[0])

    def assert_refused(self, caller, connection, datagrams=None, **options):
        sent = connection.datagrams() if datagrams is None else datagrams
        self.assertFalse(answered(caller, connection, sent, **options))

    # That a server answers these at all.

    @everywhere
    def test_a_passed_name_is_answered_in_one_datagram_or_sixty(self, caller):
        for pieces in (1, 2, 22, 60):
            connection = Connection(PASSED)
            self.assertTrue(answered(caller, connection, connection.datagrams(pieces), 10), pieces)
        wait_until(lambda: accepted(self.daemon, "visio") > 0, "the daemon to tell of them")
        self.assertEqual(self.daemon.scrape().sum("octroi_flows_total", action="reject"), 0)

    @everywhere
    def test_the_refused_name_in_one_datagram_or_sixty(self, caller):
        for pieces in (1, 2, 22, 60):
            connection = refused()
            self.assert_refused(caller, connection, connection.datagrams(pieces))

    @everywhere
    def test_in_any_order(self, caller):
        connection = refused()
        self.assert_refused(caller, connection, reversed(connection.datagrams(7)))

    # Decoys that no server takes.

    @everywhere
    def test_a_decoy_with_a_wrong_checksum_or_one_that_ends_on_the_way(self, caller):
        for fields in ({"wrong": 1}, {"hops": 2}):
            for same_id in (False, True):
                connection = refused()
                decoy = Connection(PASSED, connection.id if same_id else None)
                self.raw(caller, decoy.datagrams()[0], **fields)
                self.assert_refused(caller, connection)

    @everywhere
    def test_a_decoy_in_a_datagram_that_is_too_small_to_begin_a_connection(self, caller):
        connection = refused()
        decoy = Connection(PASSED, connection.id)
        caller.send(decoy.initial(crypto(0, decoy.hello), size=len(decoy.hello) + 80))
        self.assert_refused(caller, connection)

    @everywhere
    def test_many_small_pings_first(self, caller):
        connection = refused()
        pings = [connection.initial(PING, size=100) for _ in range(40)]
        self.assert_refused(caller, connection, pings + connection.datagrams())

    @everywhere
    def test_an_initial_that_reads_as_google_quic(self, caller):
        """`Q0` in the destination id where Google's QUIC has its version, and CHLO in the token."""
        token = b"CHLO" + (4).to_bytes(4, "little") + b"SNI\0" + len(PASSED).to_bytes(4, "little") + PASSED.encode()
        self.assert_refused(caller, refused(connection_id=b"\x01\x02\x03Q043\x04\x05\x06\x07", token=token))

    @everywhere
    def test_the_fixed_bit_clear(self, caller):
        connection = refused()
        self.assert_refused(caller, connection, [connection.initial(crypto(0, connection.hello), fixed_bit=0)])

    @everywhere
    def test_a_version_that_no_server_knows_first(self, caller):
        """RFC 9000 15: ?a?a?a?a asks for version negotiation."""
        connection = refused()
        decoy = bytearray(connection.initial(PING))
        decoy[1:5] = b"\x1a\x2a\x3a\x4a"
        self.assert_refused(caller, connection, [bytes(decoy), *connection.datagrams()])

    def test_half_of_it_from_another_port(self):
        for address in NEUTRAL:
            for port in (443, OTHER_PORT):
                with self.subTest(address=address, port=port), self.caller(address, port) as one, \
                        self.caller(address, port) as other:
                    connection = refused()
                    first, second = connection.datagrams(2)
                    one.send(first)
                    self.assert_refused(other, connection, [second], listeners=(one,))

    # On the ports of a connection that was accepted.

    @everywhere
    def test_a_second_connection_on_accepted_ports(self, caller):
        self.accept(caller)
        self.assert_refused(caller, refused())

    @everywhere
    def test_behind_a_packet_of_0_rtt(self, caller):
        self.accept(caller)
        connection = refused()
        initial = connection.initial(crypto(0, connection.hello))
        early = b"\xd0\x00\x00\x00\x01" + bytes([len(connection.id)]) + connection.id + b"\0\x40\x40" + bytes(64)
        self.assert_refused(caller, connection, [early + initial])

    def test_in_one_buffer_behind_a_short_header(self):
        """The kernel hands the segments of one send over as one datagram (UDP GSO), also to its own filters. Port 443
        alone: everywhere else each large datagram would have to be looked at."""
        for address in NEUTRAL:
            with self.subTest(address=address), self.caller(address) as caller:
                self.accept(caller)
                connection = refused()
                caller.setsockopt(socket.SOL_UDP, UDP_SEGMENT, SEGMENT)
                short = b"\x40".ljust(SEGMENT, b"x")
                self.assert_refused(caller, connection, [short + connection.initial(crypto(0, connection.hello), SEGMENT)])

    @everywhere
    def test_small_initials_of_a_connection_that_began_with_what_nobody_can_open(self, caller):
        """quic-go makes a connection of the datagram before it looks whether it is authentic, and takes smaller ones then."""
        self.accept(caller)
        connection = refused()
        broken = bytearray(connection.initial(PING))
        broken[-1] ^= 1
        self.assert_refused(caller, connection, [bytes(broken), *small_datagrams(connection)])

    def test_small_initials_of_a_connection_that_began_on_another_port(self):
        for address in NEUTRAL:
            for port in (443, OTHER_PORT):
                with self.subTest(address=address, port=port), self.caller(address, port) as one, \
                        self.caller(address, port) as other:
                    self.accept(other)
                    connection = refused()
                    one.send(connection.initial(PING))
                    self.assert_refused(other, connection, small_datagrams(connection), listeners=(one,))

    def test_behind_an_extension_header_of_ipv6(self):
        destination_options = bytes([socket.IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0])  # RFC 8200 4.6, padding
        fragment_of_one = bytes([socket.IPPROTO_UDP, 0, 0, 0, 1, 2, 3, 4])  # RFC 6946
        for kind, header in ((60, destination_options), (44, fragment_of_one)):
            for port in (443, OTHER_PORT):
                with self.subTest(kind=kind, port=port), self.caller(NEUTRAL.v6, port) as caller:
                    self.accept(caller)
                    connection = refused()
                    for datagram in connection.datagrams():
                        self.raw_ipv6(caller, datagram, kind, header)
                    self.assert_refused(caller, connection, [])

    def test_a_datagram_of_length_zero(self):
        """Linux takes it for a jumbogram (RFC 2675 4), conntrack for INVALID."""
        for accepted_before in (False, True):
            for port in (443, OTHER_PORT):
                with self.subTest(accepted_before=accepted_before, port=port), self.caller(NEUTRAL.v6, port) as caller:
                    if accepted_before:
                        self.accept(caller)
                    connection = refused()
                    for datagram in connection.datagrams():
                        self.raw_ipv6(caller, datagram, zero_length=True)
                    self.assert_refused(caller, connection, [])

    def raw_ipv6(self, caller, payload, kind=socket.IPPROTO_UDP, header=b"", zero_length=False):
        source, server = caller.getsockname()[:2], caller.getpeername()[:2]
        datagram = packets.udp(source, server, payload)[40:]
        if zero_length:
            datagram = datagram[:4] + b"\0\0" + datagram[6:]
        with packets.RawSender(self.lab.client, caller.family) as sender:
            sender.send(packets.ip(source[0], server[0], kind, header + datagram), server[0])

    def test_somebody_elses_initial_ends_no_conversation(self):
        """Forged on the ports of one that goes on: its refusal is its own."""
        for address in NEUTRAL:
            for port in (443, OTHER_PORT):
                with self.subTest(address=address, port=port), self.caller(address, port) as caller:
                    self.accept(caller)
                    before = len(self.daemon.events())
                    self.raw(caller, refused().datagrams()[0])
                    self.assertEqual(self.daemon.event_after(before)["server_name"], REFUSED)
                    for _ in range(3):
                        caller.send(b"\x40" + bytes(40))
                        time.sleep(0.1)  # for a refusal to come back, which the next send() tells
                    connection = Connection(PASSED)
                    self.assertTrue(answered(caller, connection, connection.datagrams(), 10))

    def accept(self, caller):
        """A conversation that octroi has decided, and the kernel knows of."""
        connection = Connection(PASSED)
        self.assertTrue(answered(caller, connection, connection.datagrams(), 10))
        for _ in range(3):
            caller.send(b"\x40" + bytes(40))


class TricksWhereNothingPermitsBeforeItsAnswer(Tricks):
    def setUp(self):
        super().setUp()
        policy = (POLICIES / self.policy).read_text()
        self.daemon.write_policy(policy.replace("mode: enforce", "mode: enforce, believe: acknowledged", 1))
        self.daemon.reload()

    def test_a_decoy_before_what_is_no_quic_permits_nothing(self):
        """As before a call's media: the flow is what follows."""
        for address in NEUTRAL:
            with self.subTest(address=address), self.caller(address) as caller:
                self.raw(caller, Connection(PASSED).datagrams()[0], hops=2)
                for _ in range(20):
                    caller.send(b"\x80" + bytes(60))
                wait_until(lambda: accepted(self.daemon, "unknown") > 0, "the flow to be decided without a name")
                self.assertEqual(accepted(self.daemon, "visio"), 0)


class TricksWithOffloads(Tricks):
    offloads = True


def answered(caller, connection, datagrams, seconds=WAIT, listeners=()):
    """Whether a server takes the ClientHello of the connection that is in these datagrams. They are sent again as
    clients do: a server may lose some while it makes the connection."""
    datagrams = list(datagrams)
    deadline, next_sending = time.monotonic() + seconds, 0
    while (now := time.monotonic()) < deadline:
        if now >= next_sending:
            next_sending = now + AGAIN
            for datagram in datagrams:
                with contextlib.suppress(ConnectionRefusedError):
                    caller.send(datagram)
        for listener in (caller, *listeners):
            listener.settimeout(0.05)
            try:
                if connection.is_answered_by(listener.recv(65536)):
                    return True
            except (ConnectionRefusedError, TimeoutError):
                continue
    return False


if __name__ == "__main__":
    unittest.main()
