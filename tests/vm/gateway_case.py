"""The base of the cases in which the machine itself is the gateway between the lab's client and server."""

import contextlib

import case
import clients
import metrics
import service
from lab import Lab
from namespaces import Namespace
from processes import wait_until
from server import page_of
from topology import NEUTRAL, VISIO

TIMED_OUT = clients.CURL_TIMED_OUT
VISIO_NAME = "visio.numerique.gouv.fr"


class Itself(Namespace):
    """The network namespace in which the machine's systemd and its services run. Nothing makes or removes it."""

    def create(self):
        pass

    def delete(self):
        """The links go with the namespaces of their other ends."""

    def command(self, *argv):
        return ["setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def entered(self):
        return contextlib.nullcontext()


class GatewayLab(Lab):
    def __init__(self, offloads=False):
        super().__init__(offloads)
        self.gateway = Itself("the machine")


class GatewayCase(case.LabCase):
    """octroi runs as its package and units have it, with the policy `pilot`, when a case begins."""

    @classmethod
    def setUpClass(cls):
        """The lab asks for every name across the gateway before any case does."""
        service.prepare("monitor.yaml")
        super().setUpClass()

    @classmethod
    def make_lab(cls):
        return GatewayLab(cls.offloads)

    def setUp(self):
        self.prepare()
        super().setUp()
        self.mark = service.journal_mark()

    def prepare(self):
        service.prepare()

    def name(self):
        return f"vm.{super().name()}"

    def curl(self, name, address=NEUTRAL.v4, **options):
        return clients.curl(self.lab, name, address, **options)

    def assert_refused(self, name, address=NEUTRAL.v4):
        self.assert_reset(self.curl(name, address))

    def assert_passes(self, name, address=NEUTRAL.v4):
        self.assert_answered(self.curl(name, address), page_of(name))

    def assert_enforces(self):
        """The policy `pilot` is in force: Zoom is refused, and Visio works."""
        self.assert_refused("zoom.us")
        self.assert_passes(VISIO_NAME, VISIO)

    def scrape(self):
        return metrics.scrape(self.lab.gateway)

    def said(self):
        """What octroi and systemd have said of it in the journal since the case began."""
        return service.journal(self.mark)

    def wait_for_word(self, text, seconds=30):
        try:
            wait_until(lambda: text in self.said(), f"the journal to say {text!r}", seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self.mark}: {self.said()}") from error
