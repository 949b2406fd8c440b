#!/usr/bin/env bash
# clang-tidy-19 over the product's sources. Several sources make one unit (preset `tidy`): most of the time goes
# into the headers of libraries. So helpers of one folder have names of their own.
set -eu
cd "$(dirname "$0")/../.." || exit 2
cmake --preset tidy >/dev/null

# The longest come first, so that no processor has the last one to itself for long.
units_by_length() {
    local unit
    while IFS= read -r unit; do
        printf '%s %s\n' "$(sed -n 's/^#include "\(\/.*\)"/\1/p' "$unit" | xargs -r cat | wc -c)" "$unit"
    done | sort -rn | cut -d' ' -f2
}

sed -n 's/.*"file": "\(.*\)".*/\1/p' build/tidy/compile_commands.json | grep -v -e /tests/ -e builtin.cpp -e page_files.cpp -e /revision.cpp |
    units_by_length |
    xargs -n 1 -P "$(nproc)" clang-tidy-19 -p build/tidy --quiet \
        --extra-arg=-D__cpp_concepts=202002L --extra-arg=-Wno-builtin-macro-redefined --extra-arg=-Wno-unknown-warning-option
