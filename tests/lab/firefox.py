"""Firefox on the client, driven by the Marionette protocol: a number, a colon and as much JSON."""

import json
import socket
import time
import urllib.parse
from dataclasses import dataclass

from clients_lab import trust
from processes import wait_until
from visit import Visit

PREFERENCES = {
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,  # never DNS over HTTPS
    "services.settings.server": "data:,",
}
# HTTP/3 too, though the root is not one of the browser's own.
OVER_QUIC = {"network.http.http3.disable_when_third_party_roots_found": False}

MARIONETTE_PORT = 2828


def mapped_to_quic(*names):
    """The preferences by which these names count as ones that offer HTTP/3."""
    mapping = ",".join(f"{name};h3=:443" for name in names)
    return {**OVER_QUIC, "network.http.http3.alt-svc-mapping-for-testing": mapping}


# Asks all addresses at once and gives [address, body or null, milliseconds] of each.
FETCH_ALL = """
const [addresses, done] = arguments;
Promise.all(addresses.map(async address => {
  const begin = performance.now();
  const since = () => Math.round(performance.now() - begin);
  try {
    const answer = await fetch(address, {cache: 'no-store', signal: AbortSignal.timeout(40000)});
    return [address, await answer.text(), since()];
  } catch (error) {
    return [address, null, since()];
  }
})).then(done);"""


@dataclass(frozen=True)
class Fetched:
    """What became of a page's request."""

    body: str | None
    seconds: float


class Firefox:
    """A browser with a new profile in `folder`; used as a context manager."""

    def __init__(self, lab, folder, **preferences):
        folder.mkdir()
        trust(folder / "profile", lab.authority)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});"
                 for name, value in {**PREFERENCES, **preferences}.items()]
        (folder / "profile" / "user.js").write_text("\n".join(lines))
        self._process = lab.start_client(folder / "log", "firefox-esr", "--headless", "--no-remote",
                                         "--marionette", "--profile", folder / "profile")
        self._number = 0
        self._read = b""
        self._connection = wait_until(lambda: self._connect(lab.client), "Firefox's Marionette", 60)
        self._message()  # its greeting
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": {"pageLoad": 45000}}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()
        self._process.kill()

    def _connect(self, namespace):
        if not self._process.running:
            raise RuntimeError(f"Firefox did not start: {self._process.said()}")
        connection = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(60)
        if connection.connect_ex(("127.0.0.1", MARIONETTE_PORT)) == 0:
            return connection
        connection.close()
        return None

    def call(self, command, **parameters):
        """One command; gives (error or None, result)."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(str(len(message)).encode() + b":" + message)
        while True:
            answer = self._message()
            if isinstance(answer, list) and answer[1] == self._number:
                return answer[2], answer[3]

    def _message(self):
        while b":" not in self._read:
            self._receive()
        size, _, self._read = self._read.partition(b":")
        while len(self._read) < int(size):
            self._receive()
        message, self._read = self._read[:int(size)], self._read[int(size):]
        return json.loads(message)

    def _receive(self):
        part = self._connection.recv(65536)
        if not part:
            raise RuntimeError(f"Firefox ended: {self._process.said()[-2000:]}")
        self._read += part

    def visit(self, address):
        """Navigates, and waits until a page or an error page is there."""
        begin = time.monotonic()
        error = self.call("WebDriver:Navigate", url=address)[0]
        took = time.monotonic() - begin
        if error:
            told = urllib.parse.urlparse(error["message"].split("about:", 1)[-1])
            return Visit(urllib.parse.parse_qs(told.query).get("e", [error["message"]])[0], None, "", took)
        protocol, text = self.evaluate("return [performance.getEntriesByType('navigation')[0].nextHopProtocol,"
                                       " document.body.innerText]")
        return Visit(None, protocol, text, took)

    def evaluate(self, body):
        """What a JavaScript function with this body returns."""
        error, answer = self.call("WebDriver:ExecuteScript", script=body, args=[])
        if error:
            raise RuntimeError(error["message"])
        return answer["value"]

    def fetch_all(self, addresses):
        """Asks all at once; gives {address: Fetched}."""
        self.call("WebDriver:SetTimeouts", script=45000)
        error, answer = self.call("WebDriver:ExecuteAsyncScript", script=FETCH_ALL, args=[list(addresses)])
        if error:
            raise RuntimeError(error["message"])
        return {address: Fetched(body, milliseconds / 1000) for address, body, milliseconds in answer["value"]}
