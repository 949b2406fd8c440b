#!/usr/bin/env bash
# clang-tidy-19 over the product's sources, by the compile commands of a build folder.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: tidy.sh BUILD_FOLDER}
find classifiers rules metrics daemon -name '*.cpp' -print0 |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 -p "$build" --quiet \
        --extra-arg=-D__cpp_concepts=202002L --extra-arg=-Wno-builtin-macro-redefined --extra-arg=-Wno-unknown-warning-option
