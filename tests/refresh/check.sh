#!/usr/bin/env bash
# usage: check.sh OCTROI
# `octroi catalogue refresh` from lists to a written entry: what it says, what it ends with, what it
# leaves on the disk. `acme` is an entry of catalogue.d here; its networks are those of documentation.
# shellcheck disable=SC2016  # the backquotes are octroi's own
set -euo pipefail

octroi=$(realpath "${1:?usage: check.sh OCTROI}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$here/lists"

failures=0
cases=0
fail() { # MESSAGE
    echo "FAIL $1"
    sed 's/^/    /' "$scratch/said"
    failures=$((failures + 1))
}

refresh() { # EXIT-CODE TEXT ARGUMENT...
    local expected=$1 text=$2 code=0
    shift 2
    cases=$((cases + 1))
    "$octroi" catalogue refresh "$@" >"$scratch/said" 2>&1 || code=$?
    [[ $code -eq $expected ]] || fail "exit code $code, not $expected: refresh $*"
    grep -qF -e "$text" "$scratch/said" || fail "nothing says \`$text\`: refresh $*"
}

expect() { # MESSAGE COMMAND...
    cases=$((cases + 1))
    "${@:2}" >"$scratch/said" 2>&1 || fail "$1"
}

acme() { refresh "$1" "$2" acme --catalogue "$here/catalogue.d" "${@:3}"; }
shipped() { refresh "$1" "$2" "${@:3}" --catalogue "$scratch/none"; }
mkdir "$scratch/none"  # no catalogue of this machine

# The difference, dry.
acme 0 'acme: exclusive networks: no difference, 8 unchanged' --from same.txt
acme 1 '  + 198.51.100.128/28' --from changed.txt
acme 1 '  - 192.0.2.64/26' --from changed.txt
acme 1 'nothing written' --from changed.txt
acme 1 '"added":["198.51.100.128/28"],"removed":["192.0.2.64/26"],"unchanged":7' --from changed.txt --json
acme 1 '  - 203.0.113.0/25' --from changed.txt --kind shared
acme 1 '  + 2001:db8:bbbb::/48' --from google.json

# What vendors publish for many services, by the shipped entries.
shipped 0 'teams: networks exclusive over UDP: no difference, 3 unchanged' teams --from microsoft.json
shipped 0 'teams: shared networks: no difference, 6 unchanged' teams --kind shared --from microsoft.json
shipped 0 'slack: shared networks: no difference' slack --from aws.json
shipped 1 'refused: the list gives addresses that strangers rent' slack --kind exclusive --from aws.json
shipped 2 'which entries of Microsoft' zoom --from microsoft.json

# Refusals.
acme 1 'refused: 6 of 8 networks change, more than 30 %' --from large.txt
acme 1 'hint: read the difference; where it is right, add --allow-large-change' --from large.txt
acme 1 '194.57.0.0/16 overlaps 194.57.3.58/32 of `renater`, which must stay' --from must-stay.txt
acme 1 'tchap.gouv.fr of `tchap`, which must stay' --from must-stay.txt --allow-large-change
acme 1 '10.1.0.0/16 is private' --from not-a-vendors.txt

# What can't be read.
acme 2 'wrong-network.txt:2:1: error[E013]' --from wrong-network.txt
acme 2 'web-page.txt: error[E003]: this is a web page' --from web-page.txt
acme 2 'none.txt: error[E001]: there is no such file' --from same.txt none.txt
acme 2 'google.json:1:1: error[E014]' --from google.json --format text
head -c 67108865 /dev/zero >"$scratch/huge.txt"
acme 2 'error[E002]' --from "$scratch/huge.txt"
head -c 1000000 /dev/zero | tr '\0' '[' >"$scratch/deep.json"
acme 2 'error[E004]' --from "$scratch/deep.json"
seq 50001 | sed 's/.*/192.0.2.1/' >"$scratch/many.txt"
acme 2 'error[E019]' --from "$scratch/many.txt"
refresh 2 'did you mean `acme`?' acne --catalogue "$here/catalogue.d" --from same.txt
refresh 2 '--from is required' acme

# Writing.
folder=$scratch/catalogue.d
cp -r "$here/catalogue.d" "$folder"
write() { refresh "$1" "$2" acme --write "$folder" "${@:3}"; }
untouched() { expect "$1" diff -r "$here/catalogue.d" "$folder"; }
write 1 'refused' --from large.txt
untouched 'a refused change was written'
write 0 'no difference' --from same.txt
untouched 'no difference was written'
write 0 "wrote $folder/acme.yaml" --from google.json changed.txt --allow-large-change
expect 'the entry is not as expected' diff -u "$here/acme.expected" \
    <(sed "s/$(date -u +%F)/TODAY/" "$folder/acme.yaml")
expect 'something was left behind' test "$(ls -A "$folder")" = acme.yaml
expect 'the catalogue is broken' "$octroi" catalogue check --catalogue "$folder"
write 0 'no difference' --from google.json changed.txt
echo '{service: other, id: 2001}' >"$folder/other.yaml"
cp "$folder/acme.yaml" "$scratch/before.yaml"
refresh 2 'other.yaml' acme --write "$folder" --from same.txt --allow-large-change
refresh 1 'other.yaml' acme --write "$folder" --catalogue "$here/catalogue.d" --from large.txt --allow-large-change
expect 'a refused entry landed' cmp "$scratch/before.yaml" "$folder/acme.yaml"
refresh 2 'error[E001]' acme --write "$scratch/missing" --catalogue "$here/catalogue.d" --from changed.txt

echo "$cases cases, $failures failures"
[[ $failures -eq 0 ]]
