#!/usr/bin/env bash
# Each header compiles alone: it includes what it uses, so that the order of includes never matters. (Each source does so in
# the preset `dev`, which puts no two of them together.)
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t headers < <(git ls-files --cached --others --exclude-standard -- 'classifiers/*.hpp' 'rules/*.hpp' 'metrics/*.hpp' \
    'daemon/*.hpp' 'tests/unit/*.hpp')
[ ${#headers[@]} -gt 150 ]
printf '%s\n' "${headers[@]}" | xargs -P "$(nproc)" -n 8 clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Werror \
    -D__cpp_concepts=202002L -Wno-builtin-macro-redefined -Wno-pragma-once-outside-header -Wno-unused-const-variable \
    -Wno-unused-function -Wno-missing-field-initializers -Wno-missing-designated-field-initializers -Wno-deprecated-declarations \
    -I. -Ibuild/release -x c++
echo "${#headers[@]} headers"
