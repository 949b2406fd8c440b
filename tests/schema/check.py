#!/usr/bin/python3
"""The JSON Schemas in docs/schema say what `octroi check` says.

usage: check.py OCTROI

Each map has the same keys in both; what is shipped is valid in both; a file that octroi refuses for its structure is
invalid.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
OCTROI = str(pathlib.Path(sys.argv[1]).resolve())

# What is wrong with the form of a file, not with what it refers to.
STRUCTURAL = {"E007", "E008", "E009", "E010", "E011", "E023"}
# Refused for what the catalogue, nDPI or the rest of the file say, which no schema knows.
REFERRING = re.compile(
    r"any service in the catalogue|nDPI's|no service fulfils"
)
UNKNOWN_KEY = "qqqqqqqqqqqqqqqq"


class Loader(yaml.SafeLoader):
    """YAML 1.2's scalars, as editors read them: no dates, no sexagesimal numbers, no `yes` and `no`."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"^(true|false)$", "tf"),
    ("null", r"^(~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", "-+0123456789"),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def schema(name):
    content = json.loads((ROOT / "docs/schema" / f"{name}.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(content)
    return content


SCHEMAS = {name: schema(name) for name in ("policy", "catalogue", "tests")}


def problems(name, path):
    document = yaml.load(path.read_text(), Loader)
    validator = jsonschema.Draft7Validator(SCHEMAS[name])
    return [f"{'/'.join(map(str, each.path))}: {each.message}" for each in validator.iter_errors(document)]


def findings(path):
    with tempfile.TemporaryDirectory() as empty:  # no catalogue of this machine
        command = [OCTROI, "check", "--json", "--catalogue", empty, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [each for each in found if each["severity"] == "error"]


# Every map of each format: a file with an unknown key in it, and where its schema is.
RULE = "octroi: 1\nrules:\n  - {name: r, then: drop, %s}\n"
SERVICE = "service: s\nid: 1\nname: S\nvendor: V\njurisdiction: FR\ncategory: mail\n"
MAPS = [
    ("policy", "octroi: 1\nrules: []\nKEY: 1\n", []),
    ("policy", "octroi: 1\nrules: []\ndefaults: {KEY: 1}\n", ["properties", "defaults"]),
    ("policy", "octroi: 1\nrules: []\nexceptions: {KEY: 1}\n", ["properties", "exceptions"]),
    ("policy", "octroi: 1\nrules: []\nnames: {KEY: 1}\n", ["properties", "names"]),
    ("policy", "octroi: 1\nrules: []\nzones: {z: {KEY: 1}}\n", ["definitions", "zone", "anyOf", 1]),
    ("policy", "octroi: 1\nrules: []\nlists: {l: {KEY: 1}}\n", ["definitions", "list", "anyOf", 2]),
    ("policy", "octroi: 1\nrules: []\nexemptions: [{KEY: 1}]\n", ["definitions", "exemption"]),
    ("policy", RULE % "KEY: 1", ["definitions", "rule"]),
    ("policy", RULE % "when: {KEY: 1}", ["definitions", "when"]),
    ("policy", RULE % "rollout: [{KEY: 1}]", ["definitions", "stage"]),
    (
        "policy",
        RULE % "when: {zone: {KEY: 1}}",
        ["definitions", "when", "properties", "zone", "anyOf", 2],
    ),
    ("catalogue", SERVICE + "sources: []\nKEY: 1\n", []),
    ("catalogue", SERVICE + "sources: []\naddresses: {KEY: 1}\n", ["properties", "addresses"]),
    ("catalogue", SERVICE + "sources: []\nports: {KEY: 1}\n", ["properties", "ports"]),
    ("catalogue", SERVICE + "sources: [{KEY: 1}]\n", ["properties", "sources", "items"]),
    ("tests", "policy: p\ntests: []\nKEY: 1\n", []),
    ("tests", "policy: p\ntests: [{KEY: 1}]\n", ["definitions", "test"]),
    (
        "tests",
        "policy: p\ntests: [{name: t, expect: {}, flow: {KEY: 1}}]\n",
        ["definitions", "test", "properties", "flow"],
    ),
    (
        "tests",
        "policy: p\ntests: [{name: t, flow: {client: 1}, expect: {KEY: 1}}]\n",
        ["definitions", "test", "properties", "expect"],
    ),
]


def keys_of_loader(text, folder):
    path = pathlib.Path(folder) / "file.yaml"
    path.write_text(text.replace("KEY", UNKNOWN_KEY))
    for finding in findings(path):
        if finding["code"] == "E009":
            return set(finding["hint"].removeprefix("known keys: ").split(", "))
    return set()


def maps_in(value, place=()):
    if isinstance(value, dict):
        if "additionalProperties" in value and "properties" in value:
            yield place
        for key, inner in value.items():
            yield from maps_in(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from maps_in(inner, (*place, number))


def check_keys():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, text, place in MAPS:
            part = SCHEMAS[name]
            for step in place:
                part = part[step]
            loader = keys_of_loader(text, folder)
            if loader != set(part["properties"]):
                difference = sorted(loader ^ set(part["properties"]))
                failures.append(f"{name} {place}: the loader and the schema differ in {difference}")
    seen = {(name, tuple(place)) for name, _, place in MAPS}
    for name, content in SCHEMAS.items():
        for place in maps_in(content):
            negated = set(place) & {"when"} and "not" in part_of(content, place)["properties"]
            if not negated and (name, place) not in seen:
                failures.append(f"{name} {place}: a map that no case here asks the loader about")
    return failures


def part_of(content, place):
    for step in place:
        content = content[step]
    return content


def check_shipped():
    failures = []
    shipped = {
        "policy": [*ROOT.glob("rules/policies/*.yaml"), *ROOT.glob("tests/lab/policies/*.yaml")],
        "catalogue": [*ROOT.glob("rules/catalogue/*.yaml")],
        "tests": [*ROOT.glob("tests/policies/*_test.yaml")],
    }
    for name, paths in shipped.items():
        if not paths:
            failures.append(f"nothing is shipped that {name}.schema.json could be tried on")
        for path in paths:
            failures += [f"{path.relative_to(ROOT)}: {each}" for each in problems(name, path)]
    return failures


def is_structural(finding, path):
    own = pathlib.Path(finding["file"]).name == path.name  # not of a list or of an included file
    return own and finding["code"] in STRUCTURAL and not REFERRING.search(finding["text"])


def check_broken():
    failures = []
    tried = 0
    for path in sorted((ROOT / "tests/broken").glob("*.yaml")):
        name = path.name.split("-")[0]
        if name not in SCHEMAS or not any(is_structural(each, path) for each in findings(path)):
            continue
        tried += 1
        if not problems(name, path):
            failures.append(f"{path.name}: octroi refuses its structure, the schema does not")
    if tried < 40:
        failures.append(f"only {tried} broken files were tried")
    return failures


def main():
    failures = check_keys() + check_shipped() + check_broken()
    for failure in failures:
        print("FAIL", failure)
    print(f"{len(MAPS)} maps compared, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
