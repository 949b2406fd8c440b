#!/usr/bin/python3
"""Media of Zoom's and Teams' own programs: refused at an address of theirs, and elsewhere where an address, a port or
another flow of the same socket speaks for them beside their framing; their framing alone is nobody's. Ordinary WebRTC
is left alone in all these places but at an address that belongs to a service alone."""

import unittest

import conversation
import teams_media
import zoom_media
from case import LabCase
from clients_case import accepted
from gateway import POLICIES
from media_lab import FOREIGN, MANY_PEERS, MEET_SHARED, NOBODYS_PORT, PEER, TEAMS_SHARED, ZOOM_CDN, MediaLab
from topology import MEET, TEAMS, VISIO, ZOOM

# A framing takes part in the decision when the inspection ends: after eight datagrams with a payload.
INSPECTED = 8

WEBRTC = conversation.call()


class MediaCase(LabCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(MediaLab())

    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def caller(self, address):
        """A new socket of the client, of this address's family."""
        caller = conversation.Caller(self.lab, address)
        self.addCleanup(caller.close)
        return caller

    def assert_refused(self, said, address, port, service, strength, caller=None):
        """At the first datagram where the address is enough, else when the inspection ends; then for good."""
        caller = caller or self.caller(address)
        passed = caller.talk(address, port, said)
        self.assertEqual(passed, sorted(passed, reverse=True), "came through after a refusal")
        self.assertLess(passed.count(True), 1 if strength == "certain" else INSPECTED)
        event = self.event(caller, address, port)
        self.assertEqual((event["action"], event["service"], event["strength"]), ("reject", service, strength), event)
        return event

    def assert_untouched(self, said, address, port, caller=None, framing=None):
        caller = caller or self.caller(address)
        self.assertNotIn(False, caller.talk(address, port, said))
        event = self.event(caller, address, port)
        self.assertEqual((event["action"], event["service"]), ("accept", None), event)
        if framing:
            self.assertIn(framing, [seen["value"] for seen in event["evidence"]])

    def event(self, caller, address, port):
        return self.daemon.event(src_port=caller.port, dest_ip=address, dest_port=port)


class Zoom(MediaCase):
    def test_through_a_server_of_its_own(self):
        for address in ZOOM:
            for port in (8801, NOBODYS_PORT):
                for version in (2, 3):
                    with self.subTest(address=address, port=port, version=version):
                        said = zoom_media.server_conversation(version=version)
                        self.assert_refused(said, address, port, "zoom", "certain")

    def test_through_a_server_that_only_its_port_speaks_for(self):
        for address in (*FOREIGN, *ZOOM_CDN):
            for port in (8801, 8810):
                with self.subTest(address=address, port=port):
                    self.assert_refused(zoom_media.server_conversation(), address, port, "zoom", "observed")

    def test_each_kind_of_media_is_enough_on_its_port(self):
        for address in FOREIGN:
            for kind in zoom_media.THROUGH_SERVER:
                with self.subTest(address=address, kind=kind):
                    self.assert_refused(by_server(kind), address, 8801, "zoom", "observed")

    def test_its_framing_alone_is_nobodys(self):
        """On a port of Teams too."""
        for address in (*FOREIGN, *ZOOM_CDN):
            for port in (NOBODYS_PORT, 3481):
                with self.subTest(address=address, port=port):
                    self.assert_untouched(zoom_media.server_conversation(), address, port, framing="zoom-sfu")

    def test_its_stun(self):
        said = zoom_media.stun_conversation()
        for own, foreign in zip(ZOOM, FOREIGN):
            with self.subTest(address=own):
                self.assert_refused(said, own, 3478, "zoom", "certain")
            with self.subTest(address=foreign):
                self.assert_refused(said, foreign, 3479, "zoom", "observed")
                self.assert_untouched(said, foreign, NOBODYS_PORT, framing="zoom-stun")

    def test_between_peers_after_its_stun_from_the_same_socket(self):
        for own, foreign, peer in zip(ZOOM, FOREIGN, PEER):
            for server, strength in ((own, "certain"), (foreign, "observed")):
                for first in ("client", "server"):
                    with self.subTest(server=server, peer=peer, first=first):
                        caller = self.caller(peer)
                        self.assert_refused(zoom_media.stun_conversation(), server, 3478, "zoom", strength, caller)
                        said = zoom_media.peer_conversation(peer, first)
                        self.assert_refused(said, peer, NOBODYS_PORT, "zoom", "correlated", caller)

    def test_every_worker_knows_what_the_same_socket_said_to_another(self):
        for own, peers in zip(ZOOM, MANY_PEERS):
            caller = self.caller(own)
            self.assert_refused(zoom_media.stun_conversation(), own, 3478, "zoom", "certain", caller)
            for peer in peers:
                with self.subTest(peer=peer):
                    said = zoom_media.peer_conversation(peer)
                    self.assert_refused(said, peer, NOBODYS_PORT, "zoom", "correlated", caller)

    def test_between_peers_without_it_is_nobodys(self):
        for peer in PEER:
            for first in ("client", "server"):
                with self.subTest(peer=peer, first=first):
                    said = zoom_media.peer_conversation(peer, first)
                    self.assert_untouched(said, peer, NOBODYS_PORT, framing="zoom-p2p")


class Teams(MediaCase):
    CONVERSATIONS = {"teams-stun": teams_media.relay_conversation(),
                     "teams-turn-mux": teams_media.multiplexed_conversation()}

    def each(self, addresses, ports):
        """Each of these places with each of the ways to use a relay."""
        for address in addresses:
            for port in ports:
                for framing, said in self.CONVERSATIONS.items():
                    with self.subTest(address=address, port=port, framing=framing):
                        yield said, address, port, framing

    def test_through_a_relay_of_its_own(self):
        for said, address, port, _ in self.each(TEAMS, (3478, 3479, NOBODYS_PORT)):
            self.assert_refused(said, address, port, "teams", "certain")

    def test_at_an_address_that_others_share(self):
        for said, address, port, _ in self.each([TEAMS_SHARED], (3478, NOBODYS_PORT)):
            self.assert_refused(said, address, port, "teams", "observed")

    def test_at_an_address_that_only_its_port_speaks_for(self):
        for said, address, port, _ in self.each(FOREIGN, (3478, 3481)):
            self.assert_refused(said, address, port, "teams", "observed")

    def test_its_framing_alone_is_nobodys(self):
        """On a port of Zoom too."""
        for said, address, port, framing in self.each(FOREIGN, (NOBODYS_PORT, 8801)):
            self.assert_untouched(said, address, port, framing=framing)

    def test_between_peers_after_an_allocation_from_the_same_socket(self):
        for relay, peer in zip(TEAMS, PEER):
            for first in ("client", "server"):
                with self.subTest(peer=peer, first=first):
                    caller = self.caller(peer)
                    self.assert_refused(teams_media.relay_conversation(), relay, 3478, "teams", "certain", caller)
                    said = teams_media.peer_conversation(first)
                    self.assert_refused(said, peer, NOBODYS_PORT, "teams", "correlated", caller)

    def test_between_peers_without_it_is_nobodys(self):
        for peer in PEER:
            for first in ("client", "server"):
                with self.subTest(peer=peer, first=first):
                    said = teams_media.peer_conversation(first)
                    self.assert_untouched(said, peer, NOBODYS_PORT, framing="teams-stun")


class Monitored(MediaCase):
    def test_nothing_of_it_is_refused(self):
        text = (POLICIES / "clients.yaml").read_text()
        self.daemon.write_policy(text.replace("mode: enforce", "mode: monitor"))
        self.daemon.reload()
        for service, host, said in (("zoom", ZOOM, zoom_media.server_conversation()),
                                    ("teams", TEAMS, teams_media.relay_conversation())):
            for address in host:
                with self.subTest(address=address):
                    caller = self.caller(address)
                    self.assertNotIn(False, caller.talk(address, 3478, said))
                    event = self.event(caller, address, 3478)
                    self.assertEqual((event["service"], event["action"], event["would"]), (service, "accept", "reject"))


class Webrtc(MediaCase):
    """A call of Chromium, with nothing of any service in it."""

    PORTS = (443, 3478, 3480, 8801, 19305, NOBODYS_PORT)

    def test_at_foreign_addresses_on_any_port(self):
        for address in FOREIGN:
            for port in self.PORTS:
                with self.subTest(address=address, port=port):
                    self.assert_untouched(WEBRTC, address, port)

    def test_at_addresses_that_services_share_with_others(self):
        for address in (TEAMS_SHARED, *MEET_SHARED, *ZOOM_CDN):
            for port in self.PORTS:
                with self.subTest(address=address, port=port):
                    self.assert_untouched(WEBRTC, address, port)

    def test_at_an_address_of_one_service_alone(self):
        for service, host in (("zoom", ZOOM), ("teams", TEAMS), ("meet", MEET)):
            for address in host:
                with self.subTest(address=address):
                    self.assert_refused(WEBRTC, address, NOBODYS_PORT, service, "certain")

    def test_of_visio_whatever_the_same_socket_said_before(self):
        caller = self.caller(VISIO)
        self.assert_refused(zoom_media.stun_conversation(), ZOOM.v4, 3478, "zoom", "certain", caller)
        self.assertNotIn(False, caller.talk(VISIO, NOBODYS_PORT, WEBRTC))
        self.assertEqual(accepted(self.daemon, "visio"), 1)

    def test_after_the_same_socket_asked_a_service_for_its_own_address(self):
        """Anyone's WebRTC may ask a STUN server that stands in a service's network."""
        for service, host in (("zoom", ZOOM), ("teams", TEAMS), ("meet", MEET)):
            for asked, peer in zip(host, PEER):
                with self.subTest(asked=asked):
                    caller = self.caller(peer)
                    questions = [said for said in WEBRTC if said[0] == "client"][:1]
                    self.assert_refused(questions, asked, 3478, service, "certain", caller)
                    self.assert_untouched(WEBRTC, peer, NOBODYS_PORT, caller)


def by_server(kind):
    """Media of one kind, both ways."""
    directions = (("client", zoom_media.TO_SERVER), ("server", zoom_media.FROM_SERVER))
    return [(speaker, zoom_media.by_server(kind, number, direction))
            for number in range(6) for speaker, direction in directions]


if __name__ == "__main__":
    unittest.main()
