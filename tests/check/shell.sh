#!/usr/bin/env bash
# Every shell script is clean under shellcheck.
set -u
cd "$(dirname "$0")/../.." || exit 2
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard | while read -r file; do
    [ -f "$file" ] && head -n 1 "$file" | grep -qE '^#!.*(bash|/sh)' && echo "$file"
done)
shellcheck "${scripts[@]}"
