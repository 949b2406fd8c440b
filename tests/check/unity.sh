#!/usr/bin/env bash
# The sources of a target can be read as one: which of them meet in one unit of a unity build changes with every file that
# is added. So helpers of one folder have names of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

as_one() { # file...
    printf '#include "%s"\n' "$@" | clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Werror -D__cpp_concepts=202002L \
        -Wno-builtin-macro-redefined -Wno-missing-field-initializers -Wno-missing-designated-field-initializers \
        -Wno-deprecated-declarations -I. -Ibuild/release -x c++ -
}

# Its kernel header excludes another one (CMakeLists.txt).
mapfile -t daemon < <(printf '%s\n' daemon/*.cpp | grep -v -e nft_revision -e main.cpp)

as_one classifiers/*.cpp
as_one rules/*.cpp
as_one metrics/*.cpp
as_one "${daemon[@]}"
as_one tests/bench/load/*.cpp
