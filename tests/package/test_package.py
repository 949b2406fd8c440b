#!/usr/bin/python3
"""The Debian package: what it holds, and installing, removing and purging it, in a root of its own and in a
copy of this system that nobody else sees."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from command_tree import CHECKOUT

PACKAGES = Path(os.environ.get("OCTROI_PACKAGES", CHECKOUT / "build" / "release"))
CONFFILES = {"/etc/octroi/octroi.yaml", "/etc/octroi/policy.yaml"}

# $1: a folder to mount on, $2: the package, $3: what to run in the copy.
COPY = """
    mount -t tmpfs none "$1"
    cd "$1"
    mkdir upper work root
    mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" root
    mount --rbind /proc root/proc
    mount --rbind /dev root/dev
    mount -t tmpfs none root/run
    cp "$2" root/octroi.deb
    DEBIAN_FRONTEND=noninteractive exec chroot root sh -ec "$3"
"""


def run(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv} gave {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def package():
    found = list(PACKAGES.glob("octroi_*.deb"))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} packages in {PACKAGES}: run ./dev package")
    return found[0]


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        run("dpkg-deb", "--raw-extract", package(), cls.root)

    def files(self):
        return {"/" + str(path.relative_to(self.root)) for path in self.root.rglob("*")
                if path.is_file() and "DEBIAN" not in path.parts}

    def test_the_files_of_etc_are_the_conffiles(self):
        self.assertEqual(set((self.root / "DEBIAN/conffiles").read_text().split()), CONFFILES)
        self.assertEqual({file for file in self.files() if file.startswith("/etc/")}, CONFFILES)

    def test_what_a_gateway_needs_is_there(self):
        self.assertLessEqual({
            "/usr/sbin/octroi", "/lib/systemd/system/octroi.service", "/lib/systemd/system/octroi-firewall.service",
            "/usr/lib/sysusers.d/octroi.conf", "/usr/lib/tmpfiles.d/octroi.conf", "/usr/lib/sysctl.d/octroi.conf",
            "/usr/lib/modules-load.d/octroi.conf", "/usr/share/bash-completion/completions/octroi",
            "/usr/share/man/man1/octroi.1.gz", "/usr/share/man/man5/octroi.yaml.5.gz",
            "/usr/share/man/man5/octroi-policy.5.gz", "/usr/share/octroi/policies/default.yaml",
            "/usr/share/octroi/prometheus/rules.yml", "/usr/share/octroi/grafana/compliance.json"}, self.files())

    def test_nothing_of_the_build_machine_is_in_it(self):
        self.assertEqual({file.split("/")[1] for file in self.files()}, {"etc", "usr", "lib"})
        for file in self.files():
            self.assertNotIn(str(CHECKOUT).encode(), (self.root / file[1:]).read_bytes(), file)

    def test_the_installed_policy_refuses_nothing_and_says_how_to_enforce(self):
        octroi, etc = self.root / "usr/sbin/octroi", self.root / "etc/octroi"
        run(octroi, "run", "--check", "--config", etc / "octroi.yaml")
        text = (etc / "policy.yaml").read_text()
        self.assertIn("mode: monitor", text)
        self.assertIn("To enforce", text)
        for name in ("us05web.zoom.us", "teams.microsoft.com", "web.whatsapp.com"):
            said = run(octroi, "explain", "--policy", etc / "policy.yaml", "--client", "10.20.4.7", "--name", name,
                       "--address", "198.51.100.20", "--port", "443", "--transport", "tcp")
            self.assertRegex(said, r"action +accept")
            self.assertRegex(said, r"would +reject")

    def test_sysusers_makes_a_user_without_a_shell(self):
        with tempfile.TemporaryDirectory() as root:
            Path(root, "etc").mkdir()
            shutil.copytree(self.root / "usr/lib/sysusers.d", Path(root, "usr/lib/sysusers.d"))
            run("systemd-sysusers", f"--root={root}", "octroi.conf")
            self.assertRegex(Path(root, "etc/passwd").read_text(), r"octroi:x:\d+:\d+:.*:/nonexistent:/usr/sbin/nologin")


class Life(unittest.TestCase):
    """dpkg in a copy-on-write view of this system: dependencies, scripts and all are the real ones, and
    nothing of it stays."""

    def in_a_copy(self, script):
        """Runs a script as root of the copy, without network and without an init system."""
        with tempfile.TemporaryDirectory() as folder:
            return run("unshare", "--mount", "--net", "sh", "-ec", COPY, "sh", folder, package(), script)

    def test_installed_it_runs_nothing_and_can_be_started(self):
        said = self.in_a_copy("""
            dpkg -i /octroi.deb
            id octroi; ls -ld /var/log/octroi
            iptables -S FORWARD; pgrep -x octroi || echo nothing runs
            ls /etc/systemd/system/multi-user.target.wants | grep octroi || echo not enabled
            octroi run --check 2>&1; octroi firewall install 2>&1
            systemd-analyze verify --man=no octroi.service octroi-firewall.service 2>&1
            echo verified
        """)
        self.assertIn("systemctl enable --now octroi", said)
        self.assertRegex(said, r"drwxr-s--- 2 octroi adm .* /var/log/octroi")
        self.assertIn("-P FORWARD ACCEPT\nnothing runs\nnot enabled\n", said)
        self.assertRegex(said, r"rules are sound\n.*the rules are installed \(\w+\)\nverified\n")

    def test_an_edited_policy_survives_an_upgrade_and_a_removal_and_not_a_purge(self):
        said = self.in_a_copy("""
            dpkg -i /octroi.deb >/dev/null
            echo '# mine' >>/etc/octroi/policy.yaml
            dpkg -i /octroi.deb >/dev/null; tail -n 1 /etc/octroi/policy.yaml
            octroi firewall install; dpkg -r octroi
            iptables -S FORWARD; tail -n 1 /etc/octroi/policy.yaml
            ls /usr/sbin/octroi 2>&1 || true
            dpkg -P octroi
            ls -d /etc/octroi /var/log/octroi /usr/share/octroi /lib/systemd/system/octroi.service 2>/dev/null || echo all gone
        """)
        self.assertEqual(said.count("# mine\n"), 2, said)
        self.assertIn("-P FORWARD ACCEPT\n# mine\n", said)  # the rules went with the program
        self.assertNotIn("-j OCTROI", said)
        self.assertTrue(said.endswith("all gone\n"), said)


if __name__ == "__main__":
    unittest.main()
