#!/usr/bin/env bash
# Every script can be executed; every shell script is clean under shellcheck.
set -u
cd "$(dirname "$0")/../.." || exit 2
failed=0
scripts=()
while IFS= read -r file; do
    [ -f "$file" ] || continue
    if head -n 1 "$file" | grep -qa '^#!' && [ ! -x "$file" ]; then
        echo "$file: starts with #! and can't be executed: chmod +x" >&2
        failed=1
    fi
    head -n 2 "$file" | grep -qaE '^#!.*(bash|/sh)|^# shellcheck shell=' && scripts+=("$file")
done < <(git ls-files --cached --others --exclude-standard)
shellcheck "${scripts[@]}" || failed=1
exit "$failed"
