#!/usr/bin/env bash
# The shipped policies are sound and without warnings, pass their tests, and every rule of theirs decides one.
#   check.sh OCTROI
set -u
octroi=$(realpath -- "${1:?usage: check.sh OCTROI}") || exit 2
cd "$(dirname "$0")" || exit 2
status=0
for policy in ../../rules/policies/*.yaml; do
    name=$(basename "$policy" .yaml)
    # Their dates are examples: the day is one on which the exemption is neither over nor near its end.
    "$octroi" check --strict --at 2026-11-22 "$policy" "${name}_test.yaml" || status=1
    output=$("$octroi" test --coverage "${name}_test.yaml" 2>&1) || status=1
    printf '%s\n' "$output"
    grep -q 'no test reaches' <<<"$output" && status=1
done
exit $status
