#!/usr/bin/env bash
# The sources of a folder can be read as one: which of them meet in one unit of a unity build changes with every file that
# is added. So helpers of one folder have names of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

as_one() { # file...
    printf '#include "%s"\n' "$@" | clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Werror -D__cpp_concepts=202002L \
        -Wno-builtin-macro-redefined -Wno-missing-field-initializers -Wno-missing-designated-field-initializers \
        -Wno-deprecated-declarations -I. -Ibuild/release -x c++ -
}

# Its kernel header excludes another one (CMakeLists.txt).
mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- 'classifiers/*.cpp' 'rules/*.cpp' 'metrics/*.cpp' \
    'daemon/*/*.cpp' 'tests/bench/load/*.cpp' | grep -v nft_revision)
[ ${#sources[@]} -gt 100 ]
mapfile -t folders < <(dirname "${sources[@]}" | sort -u)
for folder in "${folders[@]}"; do
    mapfile -t together < <(printf '%s\n' "${sources[@]}" | grep -E "^$folder/[^/]+$")
    as_one "${together[@]}"
done
