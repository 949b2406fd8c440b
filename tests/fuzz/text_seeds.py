"""Seeds of the fuzz targets that read texts: policies, lists, events, listings."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

EVERY_KEY = b"""octroi: 1
defaults: {action: accept, mode: monitor, timezone: Europe/Paris}
zones: {pilot: [10.20.4.0/24, "fd00:20::/48"], phones: {networks: [10.64.0.0/12], interfaces: [wwan0]}}
lists: {partners: [lab.example, "=www.lab.example", 192.0.2.0/24]}
exemptions:
- {name: press, when: {zone: phones, service: x}, from: 2026-11-01, until: 2027-03-31, owner: o, ticket: t}
rules:
- {name: a, then: accept, when: {name: {not: $partners}, address: $partners, strength: certain, ech: true}}
- {name: b, then: reject, log: true, when: {zone: pilot, category: game}, hours: [Mon-Fri 07:00-20:00, "22:00-06:00"],
   rollout: [{from: 2026-12-01, zone: pilot}, {from: 2027-01-01T08:00, percent: 25}, {from: 2027-03-01}]}
- {name: c, then: drop, mode: enforce, when: {port: [443, 3478-3481], transport: udp, unclassified: false}, reason: r}
exceptions: {midstream: accept, unclassified: drop, ambiguous: drop, malformed: drop, table_full: accept}
names: {refuse: true, strip_ech: true}
"""


def policies() -> list[bytes]:
    shipped = [path.read_bytes() for path in sorted(ROOT.glob("rules/policies/[!d]*.yaml"))]
    return [EVERY_KEY, *shipped, (ROOT / "rules/catalogue/zoom.yaml").read_bytes()]


def vendor_lists() -> list[bytes]:
    """Lists as vendors publish them, behind the octet that names service, kind and format (0: by itself)."""
    lists = sorted(path for path in HERE.parent.glob("refresh/lists/*") if path.is_file())
    return [bytes([number % 4]) + path.read_bytes() for number, path in enumerate(lists)]


CONFIG = b"""octroi: 1
policy: policy.yaml
catalogue: catalogue.d
queues: {first: 8, count: auto, max_length: 4096}
mark: {shift: 12}
on_failure: open
observe: decided
flows: {limit: 1024, buffer_mebibytes: 8}
metrics: {listen: "[::1]:9477"}
events: {file: "-", clients: full}
"""

TESTS = b"""policy: p
tests:
- {name: a, at: "2026-11-02 08:00", flow: {client: 10.20.4.7, service: zoom}, expect: {action: reject, rule: b}}
- {name: c, flow: {client: "fd00::1", name: example.org, port: 443, transport: udp, protocol: QUIC, address: "192.0.2.1"},
   expect: {action: accept, would: drop, service: none}}
"""

LISTING = b"""-P FORWARD ACCEPT
-N OCTROI
-A FORWARD -i lo -m comment --comment " -j x" -j ACCEPT
-A FORWARD -j f2b
-A FORWARD -j OCTROI
-A OCTROI -m connmark --mark 0x40000000/0x70000000 -c 3 180 -j RETURN
-A OCTROI -m connmark --mark 0x42000000/0xfff80000 -j RETURN
-A OCTROI -c 17 1020 -j NFQUEUE --queue-num 0
-A OCTROI-REFUSE -p tcp -j REJECT --reject-with tcp-reset
"""

SAVED = b"""*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
-A OUTPUT -p udp -j CT --notrack
COMMIT
*mangle
-A FORWARD -j MARK --set-xmark 0x1/0xffffffff
-A FORWARD -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffffffff
COMMIT
"""

NFT = b"""table inet octroi {
  chain gate { # handle 1
    type filter hook forward priority 10; policy accept;
    ct mark & 0x7ffff000 == 0x40000000 return comment "ct mark & 0x7ffff000 == 0x40000000 return" # handle 4
    meta l4proto tcp counter packets 17 bytes 1020 queue to 0-1 comment "meta l4proto tcp counter queue to 0-1" # handle 9
    drop # handle 12
  }
  chain refused {
    reject with tcp reset
  }
}
table ip filter {
  flowtable fast { hook ingress priority 0; devices = { eth0 }; }
  chain FORWARD {
    type filter hook output priority raw; policy accept;
    ip protocol udp flow add @fast
    meta mark set meta mark & 0xffff00ff | 0x00000100
    ct mark set ct mark and 0xffffff00 xor 0x12
    udp dport 53 notrack
  }
}
"""


def events() -> list[bytes]:
    """Decision events (docs/events.md): of a zone, of a client, and a refused name."""
    zone = {"timestamp": "2026-11-22T07:11:50.671794Z", "event_type": "decision", "zone": "phones",
            "dest_ip": "198.51.100.20", "dest_port": 443, "proto": "TCP", "packets": 4, "service": "zoom",
            "strength": "observed", "protocol": "TLS", "application": None, "server_name": "zoom.us",
            "action": "reject", "decided_at_packet": 4, "ech": "used",
            "evidence": [{"kind": "tls_sni", "value": "zoom.us", "packet": 4}]}
    client = {**zone, "src_ip": "10.9.1.2", "src_port": 50000, "proto": "UDP", "exception": "unclassified",
              "service": None, "server_name": "example.org",
              "evidence": [{"kind": "address", "value": "170.114.52.2", "packet": 1}]}
    name = {**client, "dest_ip": "2001:db8::53", "dest_port": 53, "protocol": "DNS", "decided_at_packet": 0}
    lines = [json.dumps(event).encode() + b"\n" for event in (zone, client, name)]
    return [*lines, b"".join(lines), b"no event\n\n{}\n" + lines[1]]


def json_texts() -> list[bytes]:
    return [b'{"a": [1, -2.5e3, null, true], "b": {"\\u00e9\\n": ""}}', b'["\\ud83d\\ude00", {}, []]',
            *(path.read_bytes() for path in sorted(HERE.parent.glob("refresh/lists/*.json")))]


def all_of_them() -> list[tuple[str, list[bytes]]]:
    """Each target and its seeds."""
    return [("fuzz_yaml", policies()), ("fuzz_vendor_list", vendor_lists()), ("fuzz_config", [CONFIG]),
            ("fuzz_policy_tests", [TESTS]), ("fuzz_events", events()), ("fuzz_json", json_texts()),
            ("fuzz_iptables_listing", [LISTING]), ("fuzz_nft_listing", [NFT]), ("fuzz_foreign_rules", [NFT, SAVED])]
