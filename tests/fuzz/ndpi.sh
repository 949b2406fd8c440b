#!/usr/bin/env bash
# usage: ndpi.sh FOLDER [ARCHIVE]
# Builds libndpi from source with ASan and libFuzzer's coverage into FOLDER, with a libndpi.pc that
# names it. The source is ARCHIVE, else what apt-get has for the installed version; the headers are those
# of libndpi-dev. $CC and $CFLAGS are used where they are set.
set -euo pipefail

folder=$(mkdir -p "${1:?usage: ndpi.sh FOLDER [ARCHIVE]}" && realpath "$1")
archive=${2:-}
[ -f "$folder/libndpi.pc" ] && exit 0
# Read before PKG_CONFIG_PATH names what is built here.
headers=$(pkg-config --cflags-only-I libndpi | sed 's/^-I//; s/ .*//')
version=$(pkg-config --modversion libndpi)

# The machine's own sources, as sources of source; its lists stay as they are.
fetch() {
    local state=$folder/apt sources
    mkdir -p "$state/parts" "$state/lists/partial"
    for sources in /etc/apt/sources.list.d/*.sources; do
        [ -f "$sources" ] && sed 's/^Types: deb$/Types: deb-src/' "$sources" >"$state/parts/${sources##*/}"
    done
    [ -f /etc/apt/sources.list ] && sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$state/parts/machine.list"
    local options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$state/parts"
        -o "Dir::State::lists=$state/lists" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache=)
    (cd "$folder" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --tar-only ndpi) >&2
    archive=$(echo "$folder"/ndpi_*.orig.tar.gz)
}
[ -n "$archive" ] || fetch

rm -rf "$folder/source" "$folder/objects" "$folder/libndpi.a"
mkdir -p "$folder/source" "$folder/objects"
tar -xzf "$archive" -C "$folder/source" --strip-components=1

# libndpi's undefined behaviour (shifts, unaligned loads) is Debian's to mend: ASan alone.
flags=${CFLAGS:--O1 -g -fno-omit-frame-pointer -fsanitize=address -fsanitize=fuzzer-no-link}
export COMPILE="${CC:-clang-19} $flags -w -fPIC -I$headers -Ithird_party/include -DNDPI_LIB_COMPILATION"
cd "$folder/source/src/lib"
# shellcheck disable=SC2016  # expanded by the shell that xargs starts
printf '%s\n' ./*.c protocols/*.c third_party/src/*.c |
    xargs -P "$(nproc)" -I{} sh -c '$COMPILE -c {} -o "../../../objects/$(basename {}).o"'
ar rcs "$folder/libndpi.a" "$folder"/objects/*.o

cat >"$folder/libndpi.pc" <<PC
Name: libndpi
Description: libndpi for fuzzing
Version: $version
Libs: -L$folder -lndpi -lgcrypt -lm
Cflags: -I$headers
PC
