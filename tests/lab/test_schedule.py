#!/usr/bin/python3
"""The daemon follows the policy's dates by itself, live flows included."""

import datetime
import unittest

import clients
from case import LabCase
from processes import wait_until
from server import page_of
from topology import NEUTRAL, ZOOM

# Room for a connection to be made before the edge comes, on a busy machine too.
AHEAD = datetime.timedelta(seconds=15)
NAME = "us05web.zoom.us"

POLICY = """octroi: 1
rules:
  - name: no-zoom
    when: {{service: zoom}}
    then: reject
    {when}: {moment}
"""


class Schedule(LabCase):
    def daemon_with_edge(self, key):
        """The daemon, before a moment at which its only rule begins (`from`) or ends (`until`)."""
        daemon = self.octroi("monitor.yaml")
        moment = datetime.datetime.now(datetime.UTC) + AHEAD
        daemon.write_policy(POLICY.format(when=key, moment=moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
        daemon.reload()
        return daemon

    def test_a_live_flow_is_refused_once_a_rule_begins(self):
        daemon = self.daemon_with_edge("from")
        generation = daemon.scrape().sum("octroi_policy_generation")
        with clients.tcp(self.lab, ZOOM.v4, 8801) as connection:
            connection.sendall(b"octroi")
            self.assertEqual(connection.recv(64), b"octroi")
            wait_until(lambda: daemon.scrape().sum("octroi_policy_generation") != generation,
                       "the edge")
            # Already the late acknowledgement of the answer may have brought the reset.
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                connection.sendall(b"octroi")
                connection.recv(64)
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))

    def test_a_rule_ends_by_itself(self):
        daemon = self.daemon_with_edge("until")
        generation = daemon.scrape().sum("octroi_policy_generation")
        self.assert_reset(clients.curl(self.lab, NAME, NEUTRAL.v4))
        wait_until(lambda: daemon.scrape().sum("octroi_policy_generation") != generation,
                   "the edge")
        self.assert_answered(clients.curl(self.lab, NAME, NEUTRAL.v4), page_of(NAME))


if __name__ == "__main__":
    unittest.main()
