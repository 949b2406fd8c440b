#!/usr/bin/python3
"""Damaged packets of real clients, beside clients that are at work: no verdict changes, nobody is disturbed."""

import random
import threading
import unittest
from socket import IPPROTO_TCP, IPPROTO_UDP

import calls
import damaged
from chromium import FAKE_CAMERA, Chromium
from clients_case import ClientsCase, is_refused, names_of, pages, state_tool
from clients_lab import SUB_NAMES, SUB_WEB
from processes import wait_until
from topology import NEUTRAL, VISIO

SEED = 20261122
PAYLOADS = damaged.payloads()


class BadInput(ClientsCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("clients.yaml")

    def test_a_browser_among_damaged_hellos(self):
        self.name_server()
        with Chromium(self.lab, self.folder / "chromium") as browser:
            page = browser.page()
            self.assertIsNone(page.visit("https://www.example.org/").error)
            with self.noise(SUB_WEB.v4):
                results = page.fetch_all(pages(SUB_NAMES))
        self.assert_fetched(results)
        named = [event for event in self.daemon.events() if event["server_name"]]
        self.assertLessEqual({name for name in SUB_NAMES if not state_tool(name)}, names_of(named, "TCP"))
        self.assertEqual([event for event in named
                          if (event["action"] == "reject") != is_refused(event["server_name"])], [])
        self.assertTrue(self.daemon.ready())

    @unittest.skipUnless(calls.INSTALLED, "werift is not there: run `npm ci` in tests/lab/call")
    def test_a_call_among_damaged_media(self):
        self.name_server(families=["v4"])
        self.addCleanup(calls.start_peer(self.lab, self.folder).stop)
        with Chromium(self.lab, self.folder / "chromium", *FAKE_CAMERA) as browser:
            page = calls.start_call(browser, "visio.numerique.gouv.fr", calls.Call(VISIO))
            wait_until(lambda: calls.connected(page), "sound and pictures", 30)
            with self.noise(VISIO, NEUTRAL.v4):
                seen, = calls.watch([page], 5)
        self.assertEqual(seen.states, {"connected"})
        self.assertLess(seen.pause, calls.BEARABLE)
        self.assertTrue(self.daemon.ready())

    def noise(self, *destinations):
        return Noise(self.lab, destinations)


class Noise:
    """Damaged packets to some addresses, on a thread, until the block ends. What went wrong is raised there."""

    def __init__(self, lab, destinations):
        self._end = threading.Event()
        self._error = None
        self._thread = threading.Thread(target=self._send, args=(lab, destinations), daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(20)
        if self._error:
            raise self._error

    def _send(self, lab, destinations):
        generator = random.Random(SEED)
        try:
            while not self._end.wait(0.005):
                destination = generator.choice(destinations)
                for port in (443, 3478, 50000):
                    damaged.send_datagrams(lab, generator, PAYLOADS[IPPROTO_UDP], destination, port, 20)
                damaged.answer_questions(lab, generator, 20)
                damaged.send_streams(lab, generator, PAYLOADS[IPPROTO_TCP], destination, 5)
        except Exception as error:
            self._error = error


if __name__ == "__main__":
    unittest.main()
