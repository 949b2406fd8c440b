"""The status page in Chromium on the gateway: what it shows, and what a reader's software makes of it."""

import base64
import os

from chromium import Chromium

ADDRESS = "http://127.0.0.1:9477/"

# [contrast, text] of each text that is shown, against the background behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => [red, green, blue].map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0)
        return colour;
    }
    return [255, 255, 255];
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || ["SCRIPT", "NOSCRIPT"].includes(element.tagName))
      continue;
    const style = getComputedStyle(element);
    const [front, back] = [channels(element instanceof SVGElement ? style.fill : style.color), behind(element)].map(luminance);
    texts.push([(Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05), text]);
  }
  return texts;
})()"""


class OnTheGateway:
    """Where Chromium finds a lab, with programs on the gateway in place of the client."""

    def __init__(self, lab):
        self._lab = lab

    def start_client(self, log, *argv, **options):
        return self._lab.start(self._lab.gateway, log, *argv, env={"PATH": os.environ["PATH"], "HOME": str(self._lab.folder)},
                               **options)


class StatusPage:
    """The page in a browser of its own, as a context manager."""

    def __init__(self, lab, folder):
        self._browser = Chromium(OnTheGateway(lab), folder)
        self.tab = self._browser.page()
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.tab.call(f"{domain}.enable")
        self.tab.call("Emulation.setFocusEmulationEnabled", enabled=True)  # or it would be asleep
        self.window(1440, 900)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._browser.close()

    def window(self, width, height):
        self.tab.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        """light or dark, as the reader's system says it."""
        self.tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def visit(self):
        return self.tab.visit(ADDRESS)

    def text(self, selector="body"):
        return self.tab.evaluate(f"document.querySelector({selector!r}).innerText")

    def rows(self, table):
        """The cells of a table's rows."""
        return self.tab.evaluate(f"[...document.querySelectorAll('#{table} tbody tr')]"
                                 ".map(row => [...row.cells].map(cell => cell.innerText))")

    def complaints(self):
        """What the browser had to say: errors of scripts, refusals by the content's policy, failed requests."""
        return [event["params"] for event in self.tab.events()
                if event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")]

    def press(self, key, code=0):
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            self.tab.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def focused(self):
        """What has the focus, and whether that can be seen: [id or text, visible]."""
        return self.tab.evaluate("(() => { const at = document.activeElement; const style = getComputedStyle(at);"
                                 "return [at.id || at.innerText, style.outlineStyle != 'none' && parseFloat(style.outlineWidth) > 0]; })()")

    def contrasts(self):
        return self.tab.evaluate(CONTRASTS)

    def overflow(self):
        """By how much the page is wider than the window."""
        return self.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def accessible(self):
        """The tree that a screen reader reads, as [role, name]."""
        nodes = self.tab.call("Accessibility.getFullAXTree")["nodes"]
        return [(node.get("role", {}).get("value"), node.get("name", {}).get("value", ""))
                for node in nodes if not node.get("ignored")]

    def picture(self, path, height=None):
        picture(self.tab, path, height)


def picture(tab, path, height=None):
    """Writes a picture of a page, or of its first `height` pixels."""
    size = tab.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], height or size[1]), "scale": 1}
    shot = tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    path.write_bytes(base64.b64decode(shot["data"]))
