"""Refused flows by the thousand: each is one event."""

from load import HOSTS
from packets import RawSender, udp
from processes import wait_until
from topology import ZOOM

PORT = 8801
AT_ONCE = 2000  # fewer than the queues and the rings hold


def send_refused(lab, daemon, numbers):
    """Sends a datagram to Zoom for each number, on a flow of its own, no faster than octroi decides."""
    numbers = list(numbers)
    with RawSender(lab.client) as sender:
        for begin in range(0, len(numbers), AT_ONCE):
            batch = numbers[begin:begin + AT_ONCE]
            before = refused(daemon)
            for number in batch:
                port, host = divmod(number, len(HOSTS))
                sender.send(udp((HOSTS[host], 20000 + port), (ZOOM.v4, PORT), b"zoom"), ZOOM.v4)
            wait_until(lambda: refused(daemon) >= before + len(batch), "verdicts")


def refused(daemon):
    return daemon.scrape().sum("octroi_flows_total", action="reject")
