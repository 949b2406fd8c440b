#!/usr/bin/env bash
# User CPU seconds of octroi and of ndpiReader (Debian's libndpi-bin) over the same captures, looped
# alike, in one run, on one thread each. Usage: engine.sh OCTROI [CAPTURE...]; without captures the
# project's own.
set -euo pipefail
octroi=$1
shift
[ $# -gt 0 ] || set -- "$(dirname "$0")"/../captures/*.pcap
command -v ndpiReader >/dev/null || { echo "ndpiReader is missing: apt-get install libndpi-bin" >&2; exit 2; }
loops=${LOOPS:-60}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cpu() { # command...: its user seconds
    local TIMEFORMAT=%U
    { time "$@" >"$folder/out" 2>&1 || true; } 2>&1
}

own=0
their=0
for capture in "$@"; do
    mapfile -t repeated < <(yes "$capture" | head -n "$loops" || true)
    own=$(echo "$own + $(cpu "$octroi" replay "${repeated[@]}")" | bc)
    their=$(echo "$their + $(cpu ndpiReader -q -i "$capture" -l "$loops" -n 1)" | bc)
done
echo "user CPU seconds over $# captures, $loops loops: octroi $own, ndpiReader $their, ratio $(echo "scale=2; $own / $their" | bc)"
