#!/usr/bin/env bash
# The tests that some pages of docs/ name are there.
# shellcheck disable=SC2016  # backquotes are those of the pages
set -u
cd "$(dirname "$0")/../.." || exit 2
status=0

missing() { # page, what
    echo "$1 names $2, which is not there" >&2
    status=1
}

for page in docs/security.md docs/reliability.md docs/operations.md; do
    while read -r file; do
        compgen -G "tests/*/$file" >/dev/null || missing "$page" "$file"
    done < <(grep -oE '`[a-z_]*test[a-z_]*\.(py|cpp)`' "$page" | tr -d '`' | sort -u)
    while read -r name; do
        grep -rqE "def $name\(" tests/lab tests/package tests/vm || missing "$page" "$name"
    done < <(grep -oE '\btest_[A-Za-z0-9_]+\b(\.py)?' "$page" | grep -v '\.py$' | sort -u)
    while read -r sentence; do
        grep -rqF "TEST_CASE($sentence)" tests/unit || missing "$page" "$sentence"
    done < <(grep -F '_test.cpp' "$page" | grep -oE '"[^"]{12,}"' | sort -u)
done
exit $status
