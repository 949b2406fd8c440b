#!/usr/bin/env bash
# The shipped policies are sound, pass their tests, and every rule of theirs decides one.
#   check.sh OCTROI
set -u
octroi=$(realpath -- "${1:?usage: check.sh OCTROI}") || exit 2
cd "$(dirname "$0")" || exit 2
status=0
for policy in ../../rules/policies/*.yaml; do
    name=$(basename "$policy" .yaml)
    "$octroi" check "$policy" || status=1
    output=$("$octroi" test --coverage "${name}_test.yaml" 2>&1) || status=1
    printf '%s\n' "$output"
    grep -q 'no test reaches' <<<"$output" && status=1
done
exit $status
