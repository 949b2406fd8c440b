#!/usr/bin/python3
"""A second gateway carries on where the first one stopped: conntrackd gives it the marks, and no packet of a decided
flow is asked about again."""

import unittest

import clients
import metrics
from case import LabCase
from client_hello import client_hello, records
from gateway import Octroi
from kernel_rules import packets_at
from packets import ACK, PSH, RawSender, sequence_numbers, tcp
from processes import wait_until
from server import BLOB
from standby import Standby
from topology import NEUTRAL

ACCEPTED, REJECTED, SILENCED = "www.example.org", "www.example.com", "www.example.net"
ACCEPT, REJECT, STATE_SHIFT = 2, 4, 29  # the state stands in the mark's three high bits
RECEIVED = "octroi_nfqueue_received_packets_total"


class Failover(LabCase):
    def setUp(self):
        super().setUp()
        self.standby = Standby(self)
        self.first = self.octroi("failover.yaml")
        self.second = self.start_second()

    def start_second(self):
        folder = self.folder / "second"
        folder.mkdir()
        daemon = Octroi(self.lab, folder, "failover.yaml", gateway=self.standby.namespace)
        daemon.install_firewall()
        self.addCleanup(daemon.end)
        daemon.start()
        return daemon

    def test_an_accepted_flow_goes_on_through_the_standby(self):
        with clients.tls(self.lab, ACCEPTED, NEUTRAL.v4) as connection:
            size = clients.request(connection, ACCEPTED, "/blob")
            begin = clients.read(connection, size // 4)
            self.await_mark(ACCEPT, connection.getsockname()[1])
            self.first.kill()
            self.standby.take_over()
            self.assertTrue(begin + clients.read(connection, size - len(begin)) == BLOB)
        self.assert_nothing_asked()

    def test_a_rejected_flow_stays_rejected_on_the_standby(self):
        hello = records(client_hello(REJECTED))
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            sequence, acknowledgement = sequence_numbers(connection)
            ends = connection.getsockname(), connection.getpeername()
            connection.sendall(hello)
            with self.assertRaises(ConnectionResetError):
                connection.recv(1)
            self.await_mark(REJECT, ends[0][1])
        self.standby.namespace.run("iptables", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST")
        self.first.kill()
        self.standby.take_over()
        # The client is gone. A packet as it would have sent it again:
        with RawSender(self.lab.client) as sender:
            sender.send(tcp(*ends, PSH | ACK, sequence, acknowledgement, hello), NEUTRAL.v4)
        wait_until(lambda: packets_at(self.standby.namespace, "iptables", "OUTPUT", "RST"), "a reset")
        self.assert_nothing_asked()

    def test_a_silenced_flow_is_silenced_again_by_the_standby(self):
        """The kernel tells conntrackd of a mark with the connection's next packet that passes. None does."""
        with clients.tcp(self.lab, NEUTRAL.v4) as connection:
            connection.sendall(records(client_hello(SILENCED)))
            self.first.event(server_name=SILENCED, action="drop")
            self.first.kill()
            self.standby.take_over()
            # The client's kernel sends its ClientHello again.
            self.second.event(server_name=SILENCED, action="drop")
            connection.settimeout(1)
            with self.assertRaises(TimeoutError):
                connection.recv(1)

    def test_a_new_flow_is_decided_by_the_standby(self):
        self.first.kill()
        self.standby.take_over()
        answer = clients.curl(self.lab, ACCEPTED, NEUTRAL.v4)
        self.assertEqual(answer.exit_code, 0, answer.error)
        self.assertGreater(self.asked(), 0)

    def await_mark(self, state, port):
        """Waits until the standby's kernel knows the client's connection from this port with this decision."""
        def known():
            return [line for line in self.standby.connections() if f"sport={port} " in line
                    and int(line.split("mark=")[1].split()[0]) >> STATE_SHIFT == state]

        wait_until(known, f"the mark {state} on the standby")

    def assert_nothing_asked(self):
        self.assertEqual(self.asked(), 0)

    def asked(self):
        return metrics.scrape(self.standby.namespace).sum(RECEIVED)


if __name__ == "__main__":
    unittest.main()
