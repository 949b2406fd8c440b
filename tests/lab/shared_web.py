"""A web server with one certificate for several names at one address, as large sites have them: browsers ask for all of
them over one connection (RFC 9113 9.1.1)."""

import os

from namespaces import run
from processes import wait_until
from server import accepts

CADDYFILE = """
{{
	admin off
	skip_install_trust
	auto_https off
	default_bind {address}
	storage file_system {folder}/storage
}}
{sites} {{
	tls {folder}/chain.crt {folder}/key
	respond "octroi lab, {{host}}"
}}
"""


def start_shared_web(lab, folder, address, names):
    """Serves these names over TCP and QUIC; the lab's authority vouches for them."""
    folder.mkdir()
    make_certificate(lab.folder / "caddy" / "storage" / "pki" / "authorities" / "local", folder, names)
    sites = ", ".join(f"https://{name}" for name in names)
    (folder / "Caddyfile").write_text(CADDYFILE.format(folder=folder, address=address, sites=sites))
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    caddy = lab.start(lab.server, folder / "log", "caddy", "run", "--adapter", "caddyfile",
                      "--config", folder / "Caddyfile", env={"PATH": os.environ["PATH"], **home})
    wait_until(lambda: not caddy.running or accepts(lab.server, address), "the shared web server")
    if not caddy.running:
        raise RuntimeError(f"caddy did not start: {caddy.said()}")
    return caddy


def make_certificate(authority, folder, names):
    """`key` and `chain.crt`: one certificate for all the names, made by the lab's intermediate authority."""
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key",
        "-subj", f"/CN={names[0]}", "-out", folder / "request")
    run("openssl", "x509", "-req", "-in", folder / "request", "-days", 2, "-set_serial", 1, "-extfile", extensions,
        "-CA", authority / "intermediate.crt", "-CAkey", authority / "intermediate.key", "-out", folder / "leaf.crt")
    chain = (folder / "leaf.crt").read_text() + (authority / "intermediate.crt").read_text()
    (folder / "chain.crt").write_text(chain)
