#!/usr/bin/python3
"""The status page in Chromium: what it shows, to whom, and that it does nothing else."""

import unittest

import clients
import metrics
from case import LabCase
from processes import wait_until
from status_page import StatusPage
from topology import INTERIOR, NEUTRAL

TAB, ENTER, SPACE = ("Tab", 9), ("Enter", 13), (" ", 32)
ENOUGH_CONTRAST = 4.5
PATIENCE = 20  # some times the five seconds after which the page asks again


class Page(LabCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.octroi("pilot.yaml")

    def page(self, visit=True):
        page = self.enterContext(StatusPage(self.lab, self.folder / "chromium"))
        if visit:
            self.assertIsNone(page.visit().error)
            wait_until(lambda: "Enforcing" in page.text("header"), "the first answer", PATIENCE)
        return page

    def traffic(self):
        clients.curl(self.lab, "zoom.us", NEUTRAL.v4)
        clients.curl(self.lab, "visio.numerique.gouv.fr", NEUTRAL.v4)

    def test_it_shows_mode_policy_queues_and_workers_without_a_complaint(self):
        page = self.page()
        self.assertIn("Ready", page.text("#state"))
        self.assertIn(str(self.daemon.folder / "policy.yaml"), page.text("#policy"))
        self.assertEqual([row[0] for row in page.rows("queues")], ["0", "1"])
        self.assertEqual([row[0] for row in page.rows("workers")], ["0", "1"])
        self.assertEqual(page.complaints(), [])

    def test_a_refused_flow_appears_by_itself(self):
        page = self.page()
        self.assertIn("Nothing was refused", page.text("#decisions tbody"))
        self.traffic()
        row = wait_until(lambda: [row for row in page.rows("decisions") if "zoom.us" in row], "the decision", PATIENCE)[0]
        self.assertEqual(row[1:5], ["rejected", "10.20.4.7, pilot", "zoom", "zoom.us"])
        self.assertEqual(row[-1], "foreign-conferencing")
        services = {row[0]: row[3:6] for row in page.rows("services")}
        self.assertEqual(services["zoom"], ["0", "0", "1"])
        self.assertEqual(services["visio"], ["1", "0", "0"])
        self.assertEqual(page.complaints(), [])

    def test_markup_in_a_text_is_text(self):
        """Names of clients and rules hold letters and digits alone; an exemption's owner may hold anything."""
        evil = "<img src=x onerror=document.title='owned'>"
        policy = (self.daemon.folder / "policy.yaml").read_text()
        self.daemon.write_policy(policy + f"""
exemptions:
  - {{name: desk, when: {{zone: interior}}, until: 2099-01-01, owner: "{evil}", ticket: T-1}}
""")
        self.daemon.reload()
        page = self.page()
        self.assertEqual([(row[0], row[2]) for row in page.rows("exemptions")], [("desk", evil)])
        self.assertEqual(page.tab.evaluate("document.images.length"), 0)
        self.assertNotEqual(page.tab.evaluate("document.title"), "owned")
        self.assertEqual(page.complaints(), [])

    def test_a_daemon_that_is_gone_is_said(self):
        page = self.page()
        self.daemon.terminate()
        wait_until(lambda: page.text("#state") == "No answer", "the page to notice", PATIENCE)
        self.assertIn("does not answer", page.text("#announcement"))

    def test_by_keyboard_it_pauses_and_goes_on(self):
        page = self.page()
        places = []
        for _ in range(3):
            page.press(*TAB)
            places.append(page.focused())
        self.assertEqual(places[0], ["To the content", True])
        self.assertEqual(places[1], ["pause", True])
        self.assertTrue(all(seen for _, seen in places), places)
        page.tab.evaluate("document.getElementById('pause').focus()")
        page.press(*SPACE)
        self.assertEqual(page.tab.evaluate("document.getElementById('pause').ariaPressed"), "true")
        stopped = page.text("#updated")
        page.press(*ENTER)
        self.assertEqual(page.tab.evaluate("document.getElementById('pause').ariaPressed"), "false")
        wait_until(lambda: page.text("#updated") != stopped, "the next answer", PATIENCE)

    def test_both_schemes_are_readable(self):
        self.traffic()
        clients.curl(self.lab, "zoom.us", NEUTRAL.v4, source=INTERIOR.v4)
        page = self.page()
        backgrounds = set()
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            texts = page.contrasts()
            self.assertGreater(len(texts), 50)
            self.assertEqual([text for text in texts if text[0] < ENOUGH_CONTRAST], [], scheme)
            backgrounds.add(page.tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(backgrounds), 2)

    def test_on_a_phone_nothing_is_cut_off(self):
        self.traffic()
        page = self.page()
        for width in (360, 768, 1024, 1440):
            page.window(width, 740)
            self.assertEqual(page.overflow(), 0, width)

    def test_a_screen_reader_finds_its_way(self):
        self.traffic()
        page = self.page()
        wait_until(lambda: page.rows("services")[0][3:] != [], "the traffic", PATIENCE)
        for width in (1440, 360):  # a phone's layout keeps the tables
            page.window(width, 740)
            tree = page.accessible()
            names = {role: {name for of, name in tree if of == role} for role, _ in tree}
            self.assertIn("Last decisions", names["heading"])
            self.assertEqual(len([role for role, _ in tree if role == "main"]), 1)
            self.assertIn("status", names)
            self.assertGreaterEqual(len([role for role, _ in tree if role == "table"]), 5)
            self.assertTrue(any("foreign-conferencing" in name for name in names["cell"]), names["cell"])
            for role in ("button", "link", "img", "image", "textbox", "heading"):
                self.assertNotIn("", names.get(role, set()), f"a {role} without a name")
            self.assertTrue(any(name.startswith("Flows decided") for name in names["image"]), names["image"])

    def test_without_scripts_it_says_where_else_to_look(self):
        page = self.page(visit=False)
        page.tab.call("Emulation.setScriptExecutionDisabled", value=True)
        page.tab.call("Page.navigate", url="http://127.0.0.1:9477/")
        wait_until(lambda: any("octroi status" in name for _, name in page.accessible()), "the text", PATIENCE)

    def test_with_a_token_the_page_asks_for_it(self):
        secret = "correct-horse-battery-staple"
        self.daemon.terminate()
        token = self.daemon.folder / "token"
        token.write_text(secret + "\n")
        token.chmod(0o640)
        config = self.daemon.config.read_text()
        self.daemon.config.write_text(config.replace('9477"}', '9477", token_file: token}'))
        self.daemon.start()
        self.assertEqual(metrics.fetch(self.lab.gateway, "/api/v1/status")[0], 401)
        page = self.page(visit=False)
        page.visit()
        wait_until(lambda: page.text("#state") == "Token needed", "the question", PATIENCE)
        page.tab.evaluate("document.getElementById('token').focus()")
        page.tab.call("Input.insertText", text=secret)
        page.press(*ENTER)
        wait_until(lambda: "Enforcing" in page.text("header"), "the status", PATIENCE)
        self.assertFalse(page.tab.evaluate("document.getElementById('access').checkVisibility()"))


if __name__ == "__main__":
    unittest.main()
