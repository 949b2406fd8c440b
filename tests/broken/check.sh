#!/usr/bin/env bash
# usage: check.sh OCTROI
# Every broken file here gets exactly the findings of the .expected file beside it, and exit code 1.
# NAME.yaml goes to `octroi check`, the folder NAME.d to `octroi catalogue check --catalogue`. Files
# that are too large to commit are made here. UPDATE_EXPECTED=1 rewrites; read the difference.
set -euo pipefail

octroi=$(realpath "${1:?usage: check.sh OCTROI}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Findings about a whole file, which has no line to show.
whole_file='^(file-empty|file-only-comments|large-over-8-mebibytes|catalogue-.*|tests-policy-unreadable)$'
place='^[^ :]+:[0-9]+:[0-9]+: (error|warning)\[E[0-9]{3}\]: .'

repeat() { # COUNT TEXT
    local line
    printf -v line '%*s' "$1" ''
    printf '%s' "${line// /$2}"
}

make_large_files() {
    { echo 'octroi: 1'; echo 'rules: []'; head -c 8388608 /dev/zero | tr '\0' '#'; } \
        >large-over-8-mebibytes.yaml
    { echo 'octroi: 1'; echo 'rules: []'; echo 'zones:'; printf '  a: [&n 10.0.0.0/8'; repeat 100001 ', *n'; echo ']'; } \
        >large-100001-aliases.yaml
    { echo 'octroi: 1'; echo 'rules:'; seq -f '  - {name: r%.0f, then: drop}' 10001; } \
        >large-10001-rules.yaml
    { printf 'octroi: 1\nrules: '; head -c 1000000 /dev/zero | tr '\0' '['; } \
        >large-million-brackets.yaml
    { printf 'octroi: 1\nrules:\n  - {name: a, then: '; head -c 4000000 /dev/zero | tr '\0' 'x'; echo '}'; } \
        >large-4-megabyte-word.yaml
}

# What octroi says of NAME, and its exit code, from inside the folder so that no path shows.
findings_of() { # NAME
    local code=0
    if [[ -d $1.d ]]; then
        "$octroi" catalogue check --catalogue "$1.d" 2>&1 || code=$?
    else
        timeout 60 "$octroi" check --catalogue "$scratch/none" "$1.yaml" 2>&1 || code=$?
    fi
    echo "exit code $code"
}

failures=0
fail() { # NAME MESSAGE
    echo "FAIL $1: $2"
    failures=$((failures + 1))
}

check_precision() { # NAME FINDINGS
    grep -qx 'exit code 1' "$2" || fail "$1" "$(tail -n 1 "$2"), not 1"
    grep -qE '(error|warning)\[E[0-9]{3}\]' "$2" || fail "$1" 'names no finding'
    [[ $1 =~ $whole_file ]] && return
    grep -E '(error|warning)\[E[0-9]{3}\]' "$2" | grep -vqE "$place" \
        && fail "$1" 'a finding has no line and column'
    return 0
}

check() { # NAME
    local expected=$here/$1.expected actual=$scratch/actual
    findings_of "$1" >"$actual"
    check_precision "$1" "$actual"
    if [[ -n ${UPDATE_EXPECTED:-} ]]; then
        cp "$actual" "$expected"
    elif [[ ! -f $expected ]]; then
        fail "$1" "there is no $1.expected"
    elif ! diff -u --label "$1.expected" --label 'octroi says' "$expected" "$actual"; then
        fail "$1" 'the findings differ'
    fi
}

check_folder() { # FOLDER
    cd "$1"
    local path name
    for path in *.yaml *.d; do
        [[ -e $path ]] || continue
        name=${path%.*}
        check "$name"
        seen+=("$name")
    done
}

seen=()
mkdir "$scratch/large" "$scratch/none"  # none: no catalogue of this machine
(cd "$scratch/large" && make_large_files)
check_folder "$here"
check_folder "$scratch/large"
for expected in "$here"/*.expected; do
    name=$(basename "$expected" .expected)
    [[ " ${seen[*]} " == *" $name "* ]] || fail "$name" 'an .expected file without its input'
done
echo "${#seen[@]} broken files, $failures failures"
[[ $failures -eq 0 && ${#seen[@]} -ge 200 ]]
