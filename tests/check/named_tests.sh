#!/usr/bin/env bash
# The tests that docs/security.md names are there.
# shellcheck disable=SC2016  # backquotes are those of the page
set -u
cd "$(dirname "$0")/../.." || exit 2
page=docs/security.md
status=0

missing() {
    echo "$page names $1, which is not there" >&2
    status=1
}

while read -r file; do
    compgen -G "tests/*/$file" >/dev/null || missing "$file"
done < <(grep -oE '`[a-z_]*test[a-z_]*\.(py|cpp)`' "$page" | tr -d '`' | sort -u)
while read -r name; do
    grep -rqE "def $name\(" tests/lab tests/package tests/vm || missing "$name"
done < <(grep -oE '`test_[A-Za-z0-9_]+`' "$page" | tr -d '`' | sort -u)
while read -r sentence; do
    grep -rqF "TEST_CASE($sentence)" tests/unit || missing "$sentence"
done < <(tr '\n' ' ' <"$page" | grep -oE '"[^"]{12,}"' | sort -u)
exit $status
