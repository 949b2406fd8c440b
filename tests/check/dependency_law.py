#!/usr/bin/python3
"""The dependency law: what each folder may include, and which files alone may include a third-party library.

classifiers <- rules <- metrics <- daemon. A file includes its own folder, those that the folder's `octroi_folder` in CMake
names under INCLUDES, and whatever stands left of its top-level folder. The table of folders in docs/architecture.md says
the same sentences.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parents[2]
TOPS = ["classifiers", "rules", "metrics", "daemon"]

# Beginning of an included header -> the files, without ending, that may include it.
LIBRARIES = {
    "yaml-cpp/": "rules/text/yaml",
    "pcap/": "daemon/replay/pcap_source",
    "libmnl/": "daemon/kernel/nfqueue daemon/kernel/nft_revision",
    "libnetfilter_queue/": "daemon/kernel/nfqueue",
    "libnetfilter_conntrack/": "daemon/kernel/conntrack",
    "prometheus/": "metrics/series/exporter",
    "microhttpd": "metrics/http/http_server",
    # rules/text/json and command_reload read, the others write.
    "nlohmann/": "metrics/events/flow_json rules/text/json daemon/gateway/status daemon/commands/status_text"
                 " daemon/commands/command_reload daemon/commands/command_explain daemon/commands/command_diff",
    "zlib": "metrics/events/event_file",
    "ndpi/": "classifiers/clear/ndpi",
    "openssl/": "classifiers/quic/quic_crypto classifiers/tls/certificate classifiers/tls/ja4 classifiers/base/sha256"
                " metrics/events/keyed_hash",
    "systemd/": "metrics/events/journal",
    "cap-ng": "daemon/confinement/capabilities",
    "seccomp": "daemon/confinement/syscall_filter",
    "curl/": "daemon/commands/http_client",
    "CLI/": "daemon/commands/command_line",
}


# Where a folder may include another one in part.
PARTS = {
    ("daemon/engine", "daemon/kernel"): {"mark.hpp", "verdict.hpp"},
    ("daemon/config", "daemon/engine"): {"observe.hpp"},
}

# What the engine has nothing of: a descriptor, a thread, a clock.
OUTSIDE = r"^#include <(thread|mutex|condition_variable|unistd|fcntl|sys/|poll|fstream)|_clock::now\(\)|absl::Now\(\)"


def folders():
    """The folders that CMake declares: name -> (sentence, folders that it may include)."""
    declared = {}
    for top in TOPS:
        text = (ROOT / top / "CMakeLists.txt").read_text()
        for body in re.findall(r"^octroi_folder\((.*?)\)$", text, re.DOTALL | re.MULTILINE):
            name = body.split()[0]
            sentence = re.search(r'SENTENCE "(.*?)"', body)[1]
            includes = re.search(r"INCLUDES ([^A-Z]*)", body)
            declared[name] = (sentence, includes[1].split() if includes else [])
    return declared


def sources():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *TOPS], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return [name for name in listed if name.endswith((".cpp", ".hpp")) and (ROOT / name).exists()]


def main():
    faults = []
    declared = folders()
    files = sources()
    seen = Counter(str(PurePath(name).parent) for name in files)
    for name in sorted(set(seen) - set(declared) - set(TOPS)):
        faults.append(f"{name}: holds sources, and no octroi_folder() of CMake names it")
    for name in sorted(set(declared) - set(seen)):
        faults.append(f"{name}: octroi_folder() names it, and it holds no source")

    for place, (name, (_, includes)) in enumerate(declared.items()):
        for other in includes:
            if other not in list(declared)[:place]:
                faults.append(f"{name}: may include {other}, which CMake does not declare before it")

    used = Counter()
    for name in files:
        folder = str(PurePath(name).parent)
        top = name.split("/")[0]
        text = (ROOT / name).read_text()
        if folder == "daemon/engine" and (found := re.search(OUTSIDE, text, re.MULTILINE)):
            faults.append(f"{name}: the engine has no descriptor, no thread and no clock: {found[0]}")
        for bracket, header in re.findall(r'^#include (["<])([^">]+)[">]', text, re.MULTILINE):
            if bracket == "<":
                for library, allowed in LIBRARIES.items():
                    if header.startswith(library):
                        used[library] += 1
                        if name.rsplit(".", 1)[0] not in allowed.split():
                            faults.append(f"{name}: includes <{header}>, which belongs in {allowed} alone")
                continue
            used["own"] += 1
            there = str(PurePath(header).parent)
            other = header.split("/")[0]
            if other not in TOPS:
                faults.append(f'{name}: "{header}" is not given from the root of the sources')
            elif header == "daemon/version.hpp" and top == "daemon":
                continue
            elif name == "daemon/main.cpp" and there == "daemon/commands":
                continue
            elif folder in TOPS or there in TOPS:
                faults.append(f"{name}: includes {header}; one of them is in no folder of its top-level folder")
            elif other != top:
                if TOPS.index(other) > TOPS.index(top):
                    faults.append(f"{name}: {top} must not include {header}")
            elif PurePath(header).name not in PARTS.get((folder, there), {PurePath(header).name}):
                faults.append(f"{name}: of {there}, {folder} may include {sorted(PARTS[folder, there])} alone, not {header}")
            elif there != folder and there not in declared.get(folder, ("", []))[1]:
                faults.append(f"{name}: {folder} may not include {there} ({header})")

    for library in LIBRARIES:
        if not used[library]:
            faults.append(f"<{library}...> is included by no file: the check is blind to it")

    page = (ROOT / "docs/architecture.md").read_text()
    for name, (sentence, _) in declared.items():
        if not re.search(rf"^\| `{name}` \| {re.escape(sentence)} \|", page, re.MULTILINE):
            faults.append(f"docs/architecture.md: no line `{name}` | {sentence} |")

    print("\n".join(faults), f"{len(files)} files in {len(declared)} folders, {used['own']} includes, {len(faults)} faults", sep="\n")
    return 1 if faults or len(files) < 100 or used["own"] < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
