#!/usr/bin/env bash
# usage: minimise.sh TARGET...
# Writes tests/fuzz/corpora/TARGET.zip: of all that is known (the shipped corpus, the seeds, and
# build/fuzz/corpus/TARGET), the fewest and smallest inputs that reach the same. The same octets for
# the same inputs. Inputs over 16 KiB stay out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

largest=16384
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for target in "$@"; do
    mkdir "$scratch/$target"
    # The first folder takes what run.sh would find; what it has already is not looked at twice.
    tests/fuzz/run.sh "$target" -merge=1 "-max_len=$largest" "$scratch/$target" 2>"$scratch/said" || {
        tail -n 20 "$scratch/said" >&2
        exit 1
    }
    mkdir -p tests/fuzz/corpora
    python3 - "$scratch/$target" "tests/fuzz/corpora/$target.zip" <<'PYTHON'
import pathlib
import sys
import zipfile

folder, archive = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as corpus:
    for number, path in enumerate(sorted(folder.iterdir())):
        # Numbers for names, and no time of day: names of 40 octets would outweigh the inputs.
        corpus.writestr(zipfile.ZipInfo(str(number)), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
PYTHON
    echo "$target: $(find "$scratch/$target" -type f | wc -l) inputs, $(stat -c %s "tests/fuzz/corpora/$target.zip") octets"
done
