#!/bin/bash -eu
# OSS-Fuzz runs this in $SRC/octroi, with $CC, $CXX, $CFLAGS, $CXXFLAGS, $LIB_FUZZING_ENGINE, $WORK and $OUT.

# The C++ libraries of the distribution are made for libstdc++.
export CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"

ndpi=("$SRC"/ndpi/ndpi_*.orig.tar.gz)
tests/fuzz/ndpi.sh "$WORK/ndpi" "${ndpi[0]}"
export PKG_CONFIG_PATH=$WORK/ndpi

# A run path of the old kind, which the libraries that libraries need are looked for in as well.
# shellcheck disable=SC2016  # $ORIGIN is the loader's
cmake -S . -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=14 \
    -DOCTROI_FUZZ=ON -DOCTROI_WERROR=OFF \
    "-DOCTROI_FUZZING_ENGINE=$LIB_FUZZING_ENGINE" -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags '-DCMAKE_BUILD_RPATH=$ORIGIN/lib'
targets=()
for source in tests/fuzz/fuzz_*.cpp; do
    targets+=("$(basename "$source" .cpp)")
done
cmake --build "$WORK/build" --target "${targets[@]}"

mkdir -p "$OUT/lib"
for target in "${targets[@]}"; do
    cp "$WORK/build/tests/$target" "$OUT/"
    # Where targets run there are none of the libraries that they were built with, but for the C library's.
    ldd "$OUT/$target" | awk '$3 ~ "^/" && $3 !~ "/lib(c|m|pthread|dl|rt|resolv)\\.so" { print $3 }' |
        xargs -I{} cp -L -n {} "$OUT/lib/"

    corpus=$WORK/corpus/$target
    rm -rf "$corpus"
    mkdir -p "$corpus"
    [ -d "tests/fuzz/seeds/$target" ] && cp -r "tests/fuzz/seeds/$target" "$corpus/seeds"
    [ -f "tests/fuzz/corpora/$target.zip" ] && python3 -m zipfile -e "tests/fuzz/corpora/$target.zip" "$corpus"
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "$corpus" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
    [ -f "tests/fuzz/$target.dict" ] && cp "tests/fuzz/$target.dict" "$OUT/"
    printf '[libfuzzer]\nmax_len = 70000\ntimeout = 60\n' >"$OUT/$target.options"
done
