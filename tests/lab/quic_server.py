"""A second HTTP/3 server, ngtcp2's: it forgets idle clients within two seconds, so that they come again with
0-RTT, and asks for an address validation (Retry) where told to."""

from processes import wait_until

IDLE = "2s"
PAGE = "octroi lab, over ngtcp2"


def start_quic_server(lab, folder, address, name, retry=False, port=443):
    """Answers for `name` with the certificate that caddy has made for it; serves the folder's files."""
    root = folder / "htdocs"
    root.mkdir(exist_ok=True)
    (root / "index.html").write_text(PAGE)
    certificate, key = lab.certificate(name)
    options = ["--validate-addr"] if retry else []
    server = lab.start(lab.server, folder / f"quic_server_{address}.log", "gtlsserver", "--quiet", f"--timeout={IDLE}",
                       f"--htdocs={root}", *options, address, port, key, certificate)
    wait_until(lambda: not server.running or listens(lab.server, address, port), "ngtcp2's server")
    if not server.running:
        raise RuntimeError(f"gtlsserver did not start: {server.said()}")
    return server


def listens(namespace, address, port):
    """Whether somebody holds this UDP port of the address."""
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}" in namespace.run("ss", "-lun").stdout.decode()
