"""The base of the cases with real clients: what a client saw, and what octroi says of it."""

import programs
from case import LabCase
from clients_lab import REFUSED, REFUSED_WEB, SUB_NAMES, SUB_WEB, ClientsLab
from name_server import NameServer
from server import page_of
from topology import NEUTRAL

STATE_TOOLS = {"visio.numerique.gouv.fr": "visio", "matrix.agent.tchap.gouv.fr": "tchap",
               "server.olvid.io": "olvid"}
# Far above what a refusal takes, and far below what silence would: a browser waits for thirty seconds.
AT_ONCE = 15
RESET = "net::ERR_CONNECTION_RESET"


class ClientsCase(LabCase):
    """One lab a class, its links without offloads and of 1500 octets where a case does not change that."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(ClientsLab())

    def setUp(self):
        super().setUp()
        self._requests_before = len(self.lab.requests())

    def links(self, **options):
        self.lab.set_links(**options)
        self.addCleanup(self.lab.set_links)

    def name_server(self, families=("v4", "v6"), addresses=None, https=None):
        """Every name has an address of these families: the refused names, each sub-domain, everyone else."""
        def of(web):
            return [getattr(web, family) for family in families]

        known = {**dict.fromkeys(REFUSED, of(REFUSED_WEB)), **dict.fromkeys(SUB_NAMES, of(SUB_WEB))}
        server = NameServer(self.lab, self.folder, of(NEUTRAL), {**known, **(addresses or {})}, https)
        self.addCleanup(server.stop)
        return server

    def requests(self):
        """What reached the web server in this case, as (host, protocol)."""
        return self.lab.requests()[self._requests_before:]

    def assert_fetched(self, results):
        """A page's requests of {address: Fetched}: the refused names failed at once, the others came whole."""
        wrong = {}
        for address, fetched in results.items():
            name = address.split("/")[2]
            expected = None if is_refused(name) else page_of(name).decode()
            if fetched.body != expected or fetched.seconds > AT_ONCE:
                wrong[name] = fetched
        self.assertEqual(wrong, {}, f"{len(wrong)} of {len(results)} requests")

    def assert_programs(self, names, refusal_words):
        """Every program fetched the names that are not refused, and said one of these words of the others."""
        for program in programs.ALL:
            for asked in program(self.lab, names):
                with self.subTest(program=program.__name__, name=asked.name):
                    if is_refused(asked.name):
                        self.assertIsNone(asked.body)
                        self.assertTrue(any(word in asked.error for word in refusal_words), asked.error)
                    else:
                        self.assertEqual((asked.error, asked.body), (None, page_of(asked.name).decode()))

    def assert_verdicts(self, daemon, names, *protocols, reached=True):
        """octroi refused, by its own events, every flow to a refused name and no other; each of `names` was
        seen over one of the protocols (TCP, where none is given); and no request for a refused name reached the server, but all others did."""
        events = daemon.events()
        wrong = [event for event in events
                 if event["action"] != ("reject" if is_refused(event["server_name"] or "") else "accept")]
        self.assertEqual(wrong, [], f"{len(wrong)} wrong verdicts")
        unseen = {name for name in names if not state_tool(name)} - names_of(events, *protocols or ("TCP",))
        self.assertEqual(unseen, set(), "no event tells of these")
        for tool in {state_tool(name) for name in names} - {None}:
            self.assertGreater(accepted(daemon, tool), 0)
        hosts = {host for host, _ in self.requests()}
        self.assertEqual({host for host in hosts if is_refused(host)}, set(), "reached the server")
        if reached:
            untouched = {name for name in names if not is_refused(name)}
            self.assertEqual(untouched - hosts, set(), "did not reach the server")


def names_of(events, *protocols):
    """The names that octroi read, of flows of these protocols to port 443."""
    return {event["server_name"] for event in events
            if event["proto"] in protocols and event["dest_port"] == 443}


def flows_of(events, proto):
    """How many flows these events tell of."""
    return len({(event["src_ip"], event["src_port"], event["dest_ip"], event["server_name"]) for event in events
                if event["proto"] == proto and event["dest_port"] == 443})


def flows_of_state_tools(daemon):
    """How many flows went to the tools of the State, over any protocol."""
    return sum(accepted(daemon, service) for service in STATE_TOOLS.values())


def accepted(daemon, service):
    return daemon.scrape().sum("octroi_flows_total", action="accept", service=service)


def under(name, domains):
    return next((domain for domain in domains if name == domain or name.endswith(f".{domain}")), None)


def is_refused(name):
    return under(name, REFUSED) is not None


def state_tool(name):
    """The service of the State that the name belongs to, or None. Its flows leave no event."""
    return STATE_TOOLS.get(under(name, STATE_TOOLS))


def pages(names):
    return [f"https://{name}/" for name in names]
