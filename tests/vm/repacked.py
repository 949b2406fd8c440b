"""The package once more, as the next version would come: a higher version, other shipped files."""

import re
from pathlib import Path

import service
from namespaces import run


def repacked(folder, version, **conffiles):
    """Makes a package of this version in `folder`; `policy` and `octroi` are what it ships in /etc/octroi, as text."""
    root = Path(folder, "root")
    run("dpkg-deb", "--raw-extract", service.package(), root)
    control = root / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    for name, text in conffiles.items():
        (root / "etc" / "octroi" / f"{name}.yaml").write_text(text)
    file = Path(folder, f"octroi_{version}_amd64.deb")
    run("dpkg-deb", "--build", "--root-owner-group", root, file, timeout=120)
    return file


def installed_version():
    return run("dpkg-query", "-W", "-f", "${Version}", "octroi").stdout.decode()
