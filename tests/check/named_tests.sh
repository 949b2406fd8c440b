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

found() { # what, the matches on stdin: as an empty list would pass without a look, it is a fault
    local list
    list=$(sort -u)
    [ -n "$list" ] || {
        echo "$1: none found, so nothing was checked" >&2
        return 1
    }
    printf '%s\n' "$list"
}

pages=(docs/security.md docs/reliability.md docs/operations.md docs/attacks.md docs/kernel.md)

files=$(grep -oE '`[a-z_]*test[a-z_]*\.(py|cpp)`' "${pages[@]}" | tr -d '`' | found "names of files") || status=1
while IFS=: read -r page file; do
    [ -n "$page" ] || continue
    [ -n "$(find tests -name "$file" -print -quit)" ] || missing "$page" "$file"
done <<<"$files"

names=$(grep -oE '\btest_[A-Za-z0-9_]+\b(\.py)?' "${pages[@]}" | grep -v '\.py$' | found "names of functions") || status=1
while IFS=: read -r page name; do
    [ -n "$page" ] || continue
    grep -rqE "def $name\(" tests/lab tests/package tests/vm || missing "$page" "$name"
done <<<"$names"

sentences=$(for page in "${pages[@]}"; do
    grep -F '_test.cpp' "$page" | grep -oE '"[^"]{12,}"' | sed "s|^|$page:|"
done | found "sentences of test cases") || status=1
while IFS=: read -r page sentence; do
    [ -n "$page" ] || continue
    # A long one stands on a line of its own.
    grep -rqF "$sentence) {" tests/unit || missing "$page" "$sentence"
done <<<"$sentences"
exit $status
