#!/usr/bin/env bash
# Every shell script is clean under shellcheck.
set -u
cd "$(dirname "$0")/../.." || exit 2
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard | while read -r file; do
    [ -f "$file" ] && head -n 2 "$file" | grep -qE '^#!.*(bash|/sh)|^# shellcheck shell=' && echo "$file"
done)
shellcheck "${scripts[@]}"
