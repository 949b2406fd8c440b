"""Chromium on the client, driven over a pipe by the DevTools protocol."""

import json
import os
import select
import time
from dataclasses import dataclass

from visit import Visit

# Without its sandbox, since it runs as root; and without what it would do by itself.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--disable-default-apps", "--disable-auto-reload",
         "--password-store=basic", "--autoplay-policy=no-user-gesture-required")

FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

# Asks all addresses at once and gives [address, body or null, milliseconds] of each.
FETCH_ALL = """
(addresses => Promise.all(addresses.map(async address => {
  const begin = performance.now();
  const since = () => Math.round(performance.now() - begin);
  try {
    const answer = await fetch(address, {cache: 'no-store', signal: AbortSignal.timeout(20000)});
    return [address, await answer.text(), since()];
  } catch (error) {
    return [address, null, since()];
  }
})))"""


@dataclass(frozen=True)
class Fetched:
    """What became of a page's request."""

    body: str | None
    protocol: str | None
    error: str | None
    seconds: float


def force_quic(*names):
    """The flag by which Chromium asks these names over QUIC alone."""
    return "--origin-to-force-quic-on=" + ",".join(f"{name}:443" for name in names)


def allow_quic(*names):
    """The flag by which Chromium takes the lab's authority over QUIC too, where it comes to QUIC by itself.
    (For a name that it is forced to use QUIC for, on any port, an unknown root is no obstacle.)"""
    return "--origin-to-force-quic-on=" + ",".join(f"{name}:8443" for name in names)


class Chromium:
    """A browser with a profile in `folder`; used as a context manager."""

    def __init__(self, lab, folder, *flags):
        folder.mkdir(exist_ok=True)
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        try:
            # The browser reads commands at descriptor 3 and answers at descriptor 4.
            self._process = lab.start_client(
                folder / "log", "bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash", "chromium",
                *FLAGS, *flags, f"--user-data-dir={folder}/profile", "--remote-debugging-pipe", "about:blank",
                pass_fds=(commands, answers))
        finally:
            os.close(commands)
            os.close(answers)
        self._read = b""
        self._number = 0
        self._events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the browser as its user would, so that it writes down what it has learnt."""
        try:
            self.call("Browser.close", seconds=5)
            self._process.wait(5)
        except Exception:  # whatever it is, the browser must go
            self._process.kill()
        os.close(self._commands)
        os.close(self._answers)

    def page(self, context=None):
        """A new tab; in a browser context of its own where one is given."""
        options = {"browserContextId": context} if context else {}
        target = self.call("Target.createTarget", url="about:blank", **options)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Network.enable", session)
        return Page(self, session)

    def context(self):
        """A browser context: nothing is shared with the others, neither connections nor tickets."""
        return self.call("Target.createBrowserContext")["browserContextId"]

    def call(self, method, session=None, seconds=60, **parameters):
        """One command of the DevTools protocol and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            answer = json.loads(self._message(method, deadline))
            if "method" in answer:
                self._events.append(answer)
            elif answer["id"] == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def take_events(self, session):
        """The events of a tab so far; each is given once."""
        taken = [event for event in self._events if event.get("sessionId") == session]
        self._events = [event for event in self._events if event.get("sessionId") != session]
        return taken

    def _message(self, method, deadline):
        while b"\0" not in self._read:
            ready = select.select([self._answers], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise TimeoutError(f"Chromium does not answer {method}: {self._process.said()[-500:]}")
            part = os.read(self._answers, 1 << 20)
            if not part:
                raise RuntimeError(f"Chromium ended at {method}: {self._process.said()[-2000:]}")
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return message


class Page:
    """A tab."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session

    def visit(self, address, seconds=45):
        """Navigates, and waits until a page or an error page is there."""
        begin = time.monotonic()
        answer = self._browser.call("Page.navigate", self._session, seconds, url=address)
        took = time.monotonic() - begin
        if answer.get("errorText"):
            return Visit(answer["errorText"], None, "", took)
        protocol, text = self.evaluate(
            "new Promise(done => { const look = () => document.readyState == 'complete' ? done(["
            "performance.getEntriesByType('navigation')[0].nextHopProtocol, document.body.innerText])"
            " : setTimeout(look, 10); look(); })")
        return Visit(None, protocol, text, took)

    def call(self, method, **parameters):
        """A command of the DevTools protocol about this tab."""
        return self._browser.call(method, self._session, **parameters)

    def events(self):
        """The events of this tab so far; each is given once."""
        return self._browser.take_events(self._session)

    def evaluate(self, expression, seconds=45):
        """The value of a JavaScript expression, awaited where it is a promise."""
        answer = self._browser.call("Runtime.evaluate", self._session, seconds, expression=expression,
                                    awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression[:80]}: {json.dumps(answer['exceptionDetails'])[:800]}")
        return answer["result"].get("value")

    def fetch_all(self, addresses):
        """Asks all at once; gives {address: Fetched}."""
        done = self.evaluate(f"({FETCH_ALL})({json.dumps(list(addresses))})")
        protocols, errors = self._network()
        return {address: Fetched(body, protocols.get(address), errors.get(address), milliseconds / 1000)
                for address, body, milliseconds in done}

    def _network(self):
        """What the browser said of requests since it was last asked: protocols and errors by address."""
        self._browser.call("Network.disable", self._session)  # what it had to say comes before the answer
        self._browser.call("Network.enable", self._session)
        addresses, protocols, errors = {}, {}, {}
        for event in self._browser.take_events(self._session):
            told = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                addresses[told["requestId"]] = told["request"]["url"]
            elif event["method"] == "Network.responseReceived":
                protocols[told["response"]["url"]] = told["response"]["protocol"]
            elif event["method"] == "Network.loadingFailed":
                errors[addresses.get(told["requestId"])] = told["errorText"]
        return protocols, errors
