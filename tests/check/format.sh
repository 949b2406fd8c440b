#!/usr/bin/env bash
# Every C++ file is as clang-format-19 writes it; `./dev fmt` makes it so.
set -u
cd "$(dirname "$0")/../.." || exit 2
git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' |
    xargs clang-format-19 --dry-run --Werror
