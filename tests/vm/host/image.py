"""The machine's disk: Debian 12 made of its packages, with Debian's kernel. Kept until what it is made of changes."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

RELEASE = "bookworm"
SIZE = "4G"  # of the file system; the file is sparse
OVERLAY = Path(__file__).resolve().parents[1] / "root"
# Enabled by their packages, and in the way: servers of the lab, which starts its own, and what asks for a network.
MASKED = ("caddy.service", "conntrackd.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "systemd-networkd-wait-online.service")
# Read by nobody here.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")


class Image:
    """A folder with `root.ext4`, `vmlinuz` and `initrd.img`, named after what it was made of."""

    def __init__(self, cache, packages):
        self._packages = sorted(set(packages))
        self._sources = apt_sources()
        self.folder = Path(cache) / f"debian-{self._key()}"

    def __truediv__(self, name):
        return self.folder / name

    def _key(self):
        made_of = [RELEASE, self._sources, " ".join(self._packages), Path(__file__).read_text()]
        made_of += [f"{path.relative_to(OVERLAY)}\n{path.read_text()}" for path in sorted(overlay_files())]
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]

    def make(self):
        """Does nothing where it is there. Half an image is never taken for a whole one."""
        if self.folder.exists():
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix="making-") as draft:
            root, whole = Path(draft, "root"), Path(draft, "whole")
            whole.mkdir()
            self._bootstrap(root)
            settle(root)
            for name in ("vmlinuz", "initrd.img"):
                shutil.copy(root / name, whole)
            run("mke2fs", "-q", "-t", "ext4", "-d", root, whole / "root.ext4", SIZE)
            whole.rename(self.folder)

    def _bootstrap(self, root):
        """The overlay comes first: the initial RAM disk is made by what it says."""
        options = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
        run("mmdebstrap", "--mode=root", "--variant=apt", "--format=directory", "--quiet",
            "--dpkgopt=force-unsafe-io",
            f"--include={','.join(self._packages)}", f"--essential-hook=copy-in {' '.join(map(str, OVERLAY.iterdir()))} /",
            *options, RELEASE, root, "-", input=self._sources, text=True)


def overlay_files():
    return (path for path in OVERLAY.rglob("*") if path.is_file())


def apt_sources():
    """Where this machine's own apt takes Debian from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages",
         "Origin: Debian"], capture_output=True, text=True, check=True).stdout
    sources = sorted({line for line in told.splitlines() if line.split()[2].startswith(RELEASE)})
    if not sources:
        raise LookupError(f"this machine's apt knows no Debian {RELEASE}: is `apt-get update` done?")
    return "\n".join(sources) + "\n"


def settle(root):
    """What packages do at their installation and no machine of a test needs."""
    Path(root, "etc/machine-id").write_text("0c7201" + "0" * 26 + "\n")  # else each boot would be a first one
    run("systemctl", f"--root={root}", "mask", *MASKED)
    run("systemctl", f"--root={root}", "enable", "systemd-networkd.service")


def run(*argv, **options):
    subprocess.run(list(map(str, argv)), check=True, timeout=1800, **options)
