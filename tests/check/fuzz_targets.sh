#!/usr/bin/env bash
# The fuzz targets compile. They are read as one source: most of the time goes into the headers of libraries. So their
# helpers have names of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

for target in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$target" .cpp)
    printf '#define LLVMFuzzerTestOneInput %s\n#include "%s"\n#undef LLVMFuzzerTestOneInput\n' "$name" "$target"
done | clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Werror -D__cpp_concepts=202002L -Wno-builtin-macro-redefined \
    -Wno-missing-field-initializers -Wno-missing-designated-field-initializers -Wno-deprecated-declarations -I. -x c++ -
