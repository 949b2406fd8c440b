#!/usr/bin/python3
"""What a client tries so that octroi reads another stream than its server: decoys that the server throws away, octets
that it takes otherwise, connections that begin anew. A real server answers; a refused name must never be answered."""

import socket
import ssl
import time
import unittest

import clients
import packets
from case import LabCase
from client_hello import client_hello, outcome, records, send_segments
from gateway import POLICIES
from topology import NEUTRAL, PILOT, ZOOM

REFUSED, PASSED = "us05web.zoom.us", "visio.numerique.gouv.fr"
HELLO, DECOY = records(client_hello(REFUSED)), records(client_hello(PASSED))
PORT = 41_000

# What a server throws away, each a ClientHello for a harmless name before the true one.
DECOYS = {
    "a wrong checksum": {"wrong": 1},
    "an acknowledgement of what was never sent": {"acknowledge": 1_000_000},
    "an acknowledgement of long ago": {"acknowledge": -1_000_000},
    "no ACK flag": {"flags": packets.PSH},
    "no flag at all": {"flags": 0},
    "an MD5 signature": {"options": packets.MD5_SIGNATURE},
    "a timestamp before the last": {"earlier": 1_000_000},
    "no timestamp, where Linux takes it": {},
    "a time to live that ends on the way": {"hops": 2},
    "a reset flag": {"flags": packets.RST | packets.ACK, "acknowledge": 1_000_000},
}


class Decoys(LabCase):
    policy = "pilot.yaml"

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi(self.policy)
        self.put_router_before_server()

    def test_a_decoy_that_the_server_throws_away_hides_nothing(self):
        for what, fields in DECOYS.items():
            for address in NEUTRAL:
                with self.subTest(what, address=address), clients.tcp(self.lab, address) as connection:
                    connection.settimeout(2)
                    fields = dict(fields)
                    if "earlier" in fields:
                        now = connection.getsockopt(socket.IPPROTO_TCP, packets.TCP_TIMESTAMP) & 0xFFFFFFFF
                        fields["options"] = packets.timestamps(now - fields.pop("earlier"), 0)
                    packets.inject(self.lab.client, connection, DECOY, **fields)
                    self.assertFalse(self.gets_through(connection))

    def test_an_octet_sent_urgent_before_or_within_the_client_hello(self):
        for place in (0, 1, 5, 60, HELLO.index(REFUSED.encode()) + 3):
            for address in NEUTRAL:
                with self.subTest(place=place, address=address), clients.tcp(self.lab, address) as connection:
                    connection.settimeout(2)
                    try:
                        if place:
                            send_segments(connection, [HELLO[:place]])
                        connection.send(b"x", socket.MSG_OOB)
                    except OSError:
                        continue  # refused already
                    self.assertNotEqual(outcome(connection, [HELLO[place:]]), "answered")

    def test_an_urgent_octet_in_a_passed_name_is_told_as_unreadable(self):
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.settimeout(2)
            send_segments(connection, [DECOY[:60]])
            connection.send(b"x", socket.MSG_OOB)
            self.assertEqual(outcome(connection, [DECOY[60:]]), "reset")
        self.assertEqual(self.daemon.event(exception="unreadable")["unreadable"], "urgent")

    def test_an_urgent_pointer_in_an_empty_segment(self):
        for pointer in (0, 1):
            for address in NEUTRAL:
                with self.subTest(pointer=pointer, address=address), clients.tcp(self.lab, address) as connection:
                    connection.settimeout(2)
                    packets.inject(self.lab.client, connection, b"", flags=packets.ACK | packets.URG, urgent=pointer)
                    self.assertNotEqual(outcome(connection, [b"x" + HELLO]), "answered")

    def test_an_urgent_pointer_far_ahead_by_which_the_server_ignores_the_next(self):
        for address in NEUTRAL:
            with self.subTest(address=address), clients.tcp(self.lab, address) as connection:
                connection.settimeout(2)
                for payload, offset, pointer in ((HELLO[1:9], 1, 20_000), (HELLO[:1], 0, 1)):
                    packets.inject(self.lab.client, connection, payload, offset, flags=packets.ACK | packets.URG, urgent=pointer)
                self.assertNotEqual(outcome(connection, [HELLO]), "answered")

    def test_a_connection_where_conntrack_takes_the_server_for_the_client(self):
        """The kernel has forgotten a connection, and the server's keep-alive is what it sees first: the client's SYN on
        the same ports is INVALID then."""
        source, server = (PILOT.v4, PORT + 4), (NEUTRAL.v4, 443)
        self.leave_unanswered(source[1])
        with packets.RawSender(self.lab.server) as sender:
            sender.send(packets.tcp(server, source, packets.ACK, 5_000, 7_000), source[0])
        with self.assertRaises(TimeoutError):  # not even the SYN is answered
            self.by_hand(source, server, syn_payload=b"", payload=HELLO)

    def test_data_in_a_syn_that_the_server_does_not_take(self):
        """The server does no TCP Fast Open: it answers the SYN and takes none of its octets (RFC 7413 4.2)."""
        source, server = (PILOT.v4, PORT), (NEUTRAL.v4, 443)
        answered = self.by_hand(source, server, syn_payload=DECOY, payload=HELLO)
        self.assertFalse(answered)

    def test_a_syn_ack_of_the_client_makes_it_no_server(self):
        """The address is Zoom's own: as a client it would be in no zone."""
        source, server = (PILOT.v4, PORT + 1), (ZOOM.v4, 443)
        for wrong in (0, 1):
            with self.subTest(wrong=wrong):
                with packets.RawSender(self.lab.client) as sender:
                    sender.send(packets.tcp(source, server, packets.SYN | packets.ACK, 5_000, 77, b"x", wrong=wrong), server[0])
                with self.assertRaises(ConnectionError):
                    with clients.tcp(self.lab, ZOOM.v4, source_port=source[1]):
                        pass

    def test_junk_before_a_syn(self):
        source, server = (PILOT.v4, PORT + 2), (NEUTRAL.v4, 443)
        for wrong in (0, 1):
            with self.subTest(wrong=wrong):
                with packets.RawSender(self.lab.client) as sender:
                    sender.send(packets.tcp(source, server, packets.PSH | packets.ACK, 5_000, 77, b"junk" * 30, wrong=wrong), server[0])
                with clients.tcp(self.lab, NEUTRAL.v4, source_port=source[1]) as connection:
                    self.assertNotEqual(outcome(connection, [HELLO]), "answered")

    def test_a_new_connection_on_the_ports_of_an_accepted_one_is_judged_by_its_own_name(self):
        """Also where the server's reset ended the first: conntrack keeps its entry then, with its mark."""
        for address in NEUTRAL:
            with self.subTest(address=address):
                with clients.tcp(self.lab, address, source_port=PORT + 3) as connection:
                    self.assertEqual(outcome(connection, [DECOY]), "answered")
                    self.lab.server.run("ss", "--kill", "--tcp", "state", "connected", "dport", f"= :{PORT + 3}")
                with clients.tcp(self.lab, address, source_port=PORT + 3) as connection:
                    self.assertNotEqual(outcome(connection, [HELLO]), "answered")

    def test_a_spoofed_syn_ends_no_accepted_connection(self):
        """Somebody else's SYN on the ports of a connection that lives: it goes on, whatever comes behind it."""
        for address in NEUTRAL:
            with self.subTest(address=address), clients.tls(self.lab, PASSED, address) as connection:
                source, server = connection.getsockname()[:2], connection.getpeername()[:2]
                with packets.RawSender(self.lab.client, connection.family) as sender:
                    for number in (1_000, 2_000, 3_000):
                        sender.send(packets.tcp(source, server, packets.SYN, number), server[0])
                connection.sendall(b"GET / HTTP/1.1\r\nHost: " + PASSED.encode() + b"\r\nConnection: close\r\n\r\n")
                self.assertIn(b"200 OK", connection.recv(4096))

    def test_a_spoofed_syn_before_the_client_hello_disputes_nothing(self):
        """Between the server's SYN-ACK, which octroi does not see, and the ClientHello."""
        for address in NEUTRAL:
            with self.subTest(address=address), clients.tcp(self.lab, address) as connection:
                connection.settimeout(5)
                source, server = connection.getsockname()[:2], connection.getpeername()[:2]
                with packets.RawSender(self.lab.client, connection.family) as sender:
                    for number in (1_000, 2_000):
                        sender.send(packets.tcp(source, server, packets.SYN, number), server[0])
                self.assertEqual(outcome(connection, [DECOY]), "answered")
            with self.subTest("and hides nothing", address=address), clients.tcp(self.lab, address) as connection:
                connection.settimeout(2)
                source, server = connection.getsockname()[:2], connection.getpeername()[:2]
                with packets.RawSender(self.lab.client, connection.family) as sender:
                    sender.send(packets.tcp(source, server, packets.SYN, 1_000), server[0])
                self.assertEqual(outcome(connection, [HELLO]), "reset")

    def gets_through(self, connection):
        """Whether a server shows its certificate for the refused name."""
        context = ssl.create_default_context(cafile=self.lab.authority)
        try:
            context.wrap_socket(connection, server_hostname=REFUSED).close()
            return True
        except OSError:
            return False

    def by_hand(self, source, server, syn_payload, payload):
        """Whether a server answers a handshake made by hand, the client's kernel kept out of it."""
        self.leave_unanswered(source[1])
        first = 1_000_000
        with self.lab.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as answers, \
                packets.RawSender(self.lab.client) as sender:
            answers.settimeout(2)
            sender.send(packets.tcp(source, server, packets.SYN, first, payload=syn_payload), server[0])
            segment = answer_to(answers, source[1])
            taken = int.from_bytes(segment[8:12], "big")
            self.assertEqual(taken, first + 1, "the server took data of the SYN")
            theirs = int.from_bytes(segment[4:8], "big") + 1
            sender.send(packets.tcp(source, server, packets.PSH | packets.ACK, taken, theirs, payload), server[0])
            try:
                while True:
                    segment = answer_to(answers, source[1])
                    if len(segment) > (segment[12] >> 4) * 4:
                        return True
            except TimeoutError:
                return False


    def leave_unanswered(self, port):
        """The client's kernel knows no connection on this port, and must not say so."""
        self.lab.client.run("iptables", "-A", "OUTPUT", "-p", "tcp", "--sport", str(port), "--tcp-flags", "RST", "RST",
                            "-j", "DROP")


class DecoysWhereSentIsBelieved(Decoys):
    """`believe: sent` does without the server's word, but for what a receiver may throw away."""

    def setUp(self):
        super().setUp()
        policy = (POLICIES / self.policy).read_text()
        self.daemon.write_policy(policy.replace("mode: enforce", "mode: enforce, believe: sent", 1))
        self.daemon.reload()


class DecoysWithOffloads(Decoys):
    offloads = True


class Helpers(LabCase):
    """The kernel gives a connection that it expects the mark of the one that announced it."""

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")
        self.lab.gateway.run("iptables", "-t", "raw", "-A", "PREROUTING", "-p", "tcp", "--dport", "21", "-j", "CT",
                             "--helper", "ftp")
        self.addCleanup(self.lab.gateway.run, "iptables", "-t", "raw", "-F")

    def test_a_connection_that_an_accepted_one_announces_is_judged_by_its_own_name(self):
        with self.lab.server.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind((NEUTRAL.v4, 21))
            listener.listen()
            listener.settimeout(10)
            with clients.tcp(self.lab, NEUTRAL.v4, port=21) as control:
                control.settimeout(10)
                server, _ = listener.accept()
                with server:
                    server.sendall(b"220 ready, and with a greeting of some length\r\n")
                    control.recv(100)
                    for _ in range(12):  # until nothing more can be learned of it
                        control.sendall(b"NOOP NOOP NOOP\r\n")
                        server.recv(100)
                        server.sendall(b"200 fine\r\n")
                        control.recv(100)
                    self.assertIn("mark=", self.control_entry())
                    self.assertNotIn("mark=0 ", self.control_entry(), "the control connection is not decided")
                    control.sendall(b"PASV\r\n")
                    server.recv(100)
                    host = NEUTRAL.v4.replace(".", ",")
                    server.sendall(f"227 Entering Passive Mode ({host},{443 // 256},{443 % 256})\r\n".encode())
                    control.recv(100)
                    with clients.tcp(self.lab, NEUTRAL.v4) as data:
                        self.assertEqual(outcome(data, [HELLO]), "reset")

    def control_entry(self):
        return self.lab.gateway.run("conntrack", "-L", "-p", "tcp", "--dport", "21").stdout.decode()


def answer_to(answers, port, seconds=2):
    """The TCP segment, from its header on, of the next packet to this port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        packet = answers.recv(65536)
        segment = packet[(packet[0] & 15) * 4:]
        if int.from_bytes(segment[2:4], "big") == port:
            return segment
    raise TimeoutError


if __name__ == "__main__":
    unittest.main()
