#!/usr/bin/env bash
# Every capture of this folder, replayed with the shipped catalogue and default policy, gives the lines in
# its .expected: flows on stdout, then messages from stderr. make.py makes the captures here; those in clients/
# were recorded by tests/lab/record_captures.py, of real clients and of the framing of Zoom's and Teams' own programs.
#   check.sh OCTROI                      compares; a difference fails
#   UPDATE_EXPECTED=1 check.sh OCTROI    rewrites made captures and .expected; read the diff before you commit it
set -u
octroi=$(realpath -- "${1:?usage: check.sh OCTROI}") || exit 2
cd "$(dirname "$0")" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
status=0

python3 make.py "$work" || exit 2
if [ -n "${UPDATE_EXPECTED:-}" ]; then
    rm -f -- *.pcap *.expected
    cp -- "$work"/*.pcap . || exit 2
fi

replay() { # capture
    "$octroi" replay --json --policy ../../rules/policies/default.yaml "$1" 2>"$work/messages"
    local code=$?
    cat "$work/messages"
    [ "$code" -eq 0 ] || echo "exit code $code"
}

compare() { # capture
    local expected=${1%.pcap}.expected
    replay "$1" >"$work/$expected"
    if [ -n "${UPDATE_EXPECTED:-}" ]; then
        cp -- "$work/$expected" "$expected" || exit 2
    elif ! diff -u --label "$expected" --label "octroi replay $1" "$expected" "$work/$expected"; then
        status=1
    fi
}

for made in "$work"/*.pcap; do
    capture=$(basename "$made")
    if ! cmp -s "$made" "$capture"; then
        echo "$capture is not what make.py writes" >&2
        status=1
        continue
    fi
    compare "$capture"
done

mkdir "$work/clients"
for capture in clients/*.pcap; do
    compare "$capture"
done

for file in *.pcap *.expected clients/*.expected; do # nothing is left over
    if [ ! -e "$work/$file" ]; then
        echo "$file belongs to no capture" >&2
        status=1
    fi
done
exit $status
