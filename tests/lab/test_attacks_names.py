#!/usr/bin/python3
"""What a client writes into a ClientHello, or around it, that servers read as usual: odd versions of records, records
that mean nothing, names that are not quite names. Real servers answer each trick without octroi, or don't; with
octroi none of them may answer it for a refused name."""

import unittest

import clients
from case import LabCase
from client_hello import client_hello, outcome, pieces, records, with_name
from processes import wait_until
from server import accepts
from topology import NEUTRAL

REFUSED = "us05web.zoom.us"
HELLO = client_hello(REFUSED)
NGINX_PORT, OPENSSL_PORT = 8444, 8445
SERVERS = {"caddy": 443, "nginx": NGINX_PORT, "openssl": OPENSSL_PORT}

WARNING = bytes.fromhex("15030100020170")  # unrecognized_name
EMPTY = bytes.fromhex("1603010000")
CHANGE = bytes.fromhex("140303000101")
NO_CHANGE = bytes.fromhex("1403030000")

NGINX = """
daemon off;
user root;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
	access_log off;
	server {{
		listen {v4}:{port} ssl;
		listen [{v6}]:{port} ssl;
		ssl_certificate {certificate};
		ssl_certificate_key {key};
	}}
}}
"""


def second_record_in(version):
    stream = bytearray(records(HELLO, 100))
    stream[106:108] = bytes.fromhex(version)
    return bytes(stream)


def named(octets):
    return records(with_name(HELLO, octets))


NAME = REFUSED.encode()
TRICKS = {
    "as it is": records(HELLO),
    **{f"records of version {version}": records(HELLO, version=int(version, 16))
       for version in ("0300", "0303", "0304", "0305", "03ff", "0500", "0201", "0f00")},
    **{f"the second record of version {version}": second_record_in(version) for version in ("0305", "0500", "0201")},
    "records of one octet": records(HELLO, 1),
    "a warning first": WARNING + records(HELLO),
    "warnings between": WARNING.join([b"", *(records(part) for part in pieces(HELLO, 90))]),
    "an empty record first": EMPTY + records(HELLO),
    "empty records between": EMPTY.join([b"", *(records(part) for part in pieces(HELLO, 90))]),
    "a change of cipher first": CHANGE + records(HELLO),
    "an empty change of cipher first": NO_CHANGE + records(HELLO),
    "a port": named(NAME + b":443"),
    "a port that is none": named(NAME + b":x"),
    "a dot behind": named(NAME + b"."),
    "dots behind": named(NAME + b".."),
    "a dot before": named(b"." + NAME),
    "a space behind": named(NAME + b" "),
    "a space before": named(b" " + NAME),
    "a tabulator behind": named(NAME + b"\t"),
    "a plus": named(NAME + b"+"),
    "a slash": named(NAME + b"/"),
    "a NUL": named(NAME + b"\0"),
    "a NUL and more": named(NAME + b"\0.example.org"),
    "capitals": named(NAME.upper()),
    "underscores": named(b"a_b." + NAME),
    "a percent sign": named(NAME + b"%2e"),
    "an octet of no character set": named(b"\xff." + NAME),
}


class OddHellos(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate, key = cls.lab.certificate(REFUSED)
        folder = cls.lab.folder / "nginx"
        folder.mkdir()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, v4=NEUTRAL.v4, v6=NEUTRAL.v6, port=NGINX_PORT,
                                                        certificate=certificate, key=key))
        cls.start("nginx", "-p", folder, "-c", folder / "nginx.conf")
        for address in NEUTRAL:
            cls.start("openssl", "s_server", "-quiet", "-accept", f"[{address}]:{OPENSSL_PORT}", "-cert", certificate,
                      "-key", key)
        for address in NEUTRAL:
            for port in SERVERS.values():
                wait_until(lambda address=address, port=port: accepts(cls.lab.client, address, port), f"port {port}")

    @classmethod
    def start(cls, program, *arguments):
        server = cls.lab.start(cls.lab.server, cls.lab.folder / f"{program}.log", program, *arguments)
        cls.addClassCleanup(server.stop)

    def test_no_server_answers_a_trick_for_a_refused_name(self):
        free = {key for key in self.tries() if self.tried(*key) == "answered"}
        for server in SERVERS:
            for address in NEUTRAL:
                self.assertIn((server, address, "as it is"), free)
        for server in SERVERS:
            self.assertGreater(len([key for key in free if key[0] == server]), 16, f"hardly a trick works with {server}")
        self.octroi("pilot.yaml")
        for server, address, what in self.tries():
            with self.subTest(server=server, address=address, what=what):
                self.assertNotEqual(self.tried(server, address, what), "answered")

    @staticmethod
    def tries():
        return [(server, address, what) for server in SERVERS for address in NEUTRAL for what in TRICKS]

    def tried(self, server, address, what):
        with clients.tcp(self.lab, address, port=SERVERS[server]) as connection:
            connection.settimeout(2)
            return outcome(connection, [TRICKS[what]])


if __name__ == "__main__":
    unittest.main()
