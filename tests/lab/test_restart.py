#!/usr/bin/python3
"""A restart leaves no gap where the service manager keeps the sockets: what comes meanwhile waits and is answered."""

import os
import select
import shutil
import socket
import unittest

import clients
from case import LabCase
from gateway import Octroi
from load import Load
from processes import wait_until
from service_manager import ServiceManager
from silent_queue import NETLINK_NETFILTER, bind_silent_queue
from stopped_thread import stopped_thread
from topology import NEUTRAL, OTHER_NEUTRAL

NETLINK_ROUTE = 0
RECEIVED = "octroi_nfqueue_received_packets_total"


class Restart(LabCase):
    def managed(self, **settings):
        """The daemon as the service of a manager."""
        self.manager = ServiceManager(self.lab, **settings)
        self.addCleanup(self.manager.close)
        return self.octroi("pilot.yaml", manager=self.manager)

    def test_killed_again_and_again_under_load_no_packet_is_lost(self):
        daemon = self.managed()
        with Load(self.lab) as load:
            for _ in range(10):
                daemon.kill()
                daemon.start()
        self.assert_nothing_lost(daemon, load)

    def test_restarted_again_and_again_under_load_no_packet_is_lost(self):
        daemon = self.managed()
        with Load(self.lab) as load:
            for _ in range(10):
                self.assertEqual(daemon.terminate(), 0, daemon.said())
                daemon.start()
        self.assert_nothing_lost(daemon, load)

    def test_a_new_program_takes_over_from_an_old_one(self):
        daemon = self.managed()
        with Load(self.lab) as load:
            daemon.kill()
            daemon.program = shutil.copy(daemon.program, self.folder / "octroi-new")
            daemon.start()
            self.assertEqual(os.readlink(f"/proc/{daemon.pid}/exe"), str(daemon.program))
        self.assert_nothing_lost(daemon, load)

    def test_killed_without_a_manager_only_undecided_packets_are_lost(self):
        daemon = self.octroi("pilot.yaml")
        with Load(self.lab) as load:
            daemon.kill()
            daemon.start()
        self.assertEqual(load.lost_of_decided(), 0)
        self.assertGreater(load.lost_of_new(), 0)

    def assert_nothing_lost(self, daemon, load):
        self.assertEqual((load.lost_of_decided(), load.lost_of_new()), (0, 0), load.sent)
        self.assertEqual(daemon.scrape().sum("octroi_nfqueue_kernel_dropped_packets_total"), 0)
        self.assertEqual(daemon.scrape().sum("octroi_nfqueue_depth_packets"), 0)
        self.assertGreaterEqual(daemon.scrape().sum(RECEIVED), load.sent)
        self.assertIn("queue 0: taken over", daemon.said())

    def test_what_the_predecessor_received_and_never_answered_is_answered(self):
        self.manager = ServiceManager(self.lab)
        self.addCleanup(self.manager.close)
        daemon = Octroi(self.lab, self.folder, "pilot.yaml", manager=self.manager)
        self.addCleanup(daemon.remove_firewall)
        daemon.install_firewall()
        predecessors = [bind_silent_queue(self.lab.gateway, number) for number in (0, 1)]
        waiting = [self.ask(address) for address in (*NEUTRAL, OTHER_NEUTRAL) for _ in range(3)]
        for _ in waiting[:-2]:  # two stay in the sockets
            select.select(predecessors, [], [], 5)[0][0].recv(65536)
        self.manager.kept = {f"queue-{number}": queue.detach() for number, queue in enumerate(predecessors)}

        self.addCleanup(daemon.end)
        daemon.start()
        self.assertEqual([connection.recv(64) for connection in waiting], [b"octroi"] * len(waiting))
        self.assertEqual(daemon.scrape().sum("octroi_nfqueue_verdict_errors_total"), 0)

    def ask(self, address):
        """A socket that has sent a datagram to the echo service."""
        connection = clients.client_socket(self.lab, address, socket.SOCK_DGRAM)
        self.addCleanup(connection.close)
        connection.connect((address, 7777))
        connection.send(b"octroi")
        return connection

    def test_what_is_kept_and_no_queue_is_said_and_opened_anew(self):
        unbound = self.lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        unbound.bind((0, 0))
        route = self.lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        for kept, why in ((os.open("/dev/null", os.O_RDONLY), "no socket"), (route.detach(), "no netfilter"),
                          (unbound.detach(), "not bound to queue 0")):
            with self.subTest(why=why):
                daemon = self.octroi_that_finds(kept)
                self.assertRegex(daemon.said(), f"kept as queue-0 is of no use: .*{why}")
                self.assertTrue(daemon.ready())
                daemon.end()
                self.manager.close()

    def octroi_that_finds(self, kept):
        self.manager = ServiceManager(self.lab)
        self.manager.kept = {"queue-0": kept, "queue-17": os.open("/dev/null", os.O_RDONLY)}
        daemon = self.octroi("pilot.yaml", manager=self.manager)
        self.manager.wait_for(FDSTOREREMOVE="1", FDNAME="queue-17")
        self.manager.wait_for(FDSTORE="1", FDNAME="queue-0")
        return daemon

    def test_the_manager_hears_of_start_reload_and_end(self):
        daemon = self.managed()
        self.manager.wait_for(READY="1")
        self.assertEqual(set(self.manager.kept), {"queue-0", "queue-1"})
        daemon.reload()
        self.manager.wait_for(RELOADING="1")
        self.manager.wait_for(count=2, READY="1")
        daemon.terminate()
        self.manager.wait_for(STOPPING="1")
        self.assertTrue(all("WATCHDOG" not in message for message in self.manager.messages()))

    def test_the_watchdog_hungers_while_one_worker_is_stuck(self):
        daemon = self.managed(watchdog=2)
        self.manager.wait_for(count=2, WATCHDOG="1")
        self.wait_until_degraded(daemon, 0)
        with stopped_thread(daemon.pid, "worker-1"):
            self.wait_until_degraded(daemon, 1)
            fed = self.meals()
            daemon.reload()  # the control thread is at work, and goes round
            self.assertEqual(self.meals(), fed)
        self.wait_until_degraded(daemon, 0)
        self.manager.wait_for(count=fed + 1, WATCHDOG="1")

    def meals(self):
        return sum("WATCHDOG" in message for message in self.manager.messages())

    def wait_until_degraded(self, daemon, value):
        wait_until(lambda: daemon.scrape().sum("octroi_degraded", reason="worker_stalled") == value,
                   f"octroi_degraded to be {value}")


if __name__ == "__main__":
    unittest.main()
