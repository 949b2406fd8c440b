#!/usr/bin/env bash
# usage: run.sh TARGET [LIBFUZZER_OPTION...]
# Runs a built fuzz target on its corpus. What is found goes into build/fuzz/corpus/TARGET; inputs
# that break a property go into build/fuzz/found. The seeds and the corpus that are shipped are read
# and stay as they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${1:?usage: run.sh TARGET [LIBFUZZER_OPTION...]}
programs=${OCTROI_FUZZ_TARGETS:-build/fuzz/tests}
[ -x "$programs/$target" ] || {
    echo "run.sh: no program $programs/$target" >&2
    exit 2
}
mkdir -p "build/fuzz/corpus/$target" build/fuzz/found
options=(-max_len=70000 -timeout=60 "-artifact_prefix=build/fuzz/found/$target-")
[ -f "tests/fuzz/$target.dict" ] && options+=("-dict=tests/fuzz/$target.dict")
corpora=("build/fuzz/corpus/$target")
[ -d "tests/fuzz/seeds/$target" ] && corpora+=("tests/fuzz/seeds/$target")
if [ -f "tests/fuzz/corpora/$target.zip" ]; then
    shipped=$(mktemp -d)
    trap 'rm -rf "$shipped"' EXIT
    python3 -m zipfile -e "tests/fuzz/corpora/$target.zip" "$shipped"
    corpora+=("$shipped")
fi
# Without this, what UBSan finds is printed and the run goes on.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
"$programs/$target" "${options[@]}" "${@:2}" "${corpora[@]}"
