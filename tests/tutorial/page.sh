#!/usr/bin/env bash
# A page says what happens: its files are written here, its commands run, and what they print is what it shows.
#   page.sh PAGE             UPDATE_EXPECTED=1: writes what is printed now into the page
# A block ```yaml NAME or ```json NAME is a file, ```console holds commands behind `$ ` and their output. In the output `…`
# stands for any characters, and a line of its own for any lines up to the end.
set -u
page=$(realpath -- "${1:?usage: page.sh PAGE}") || exit 2
printed=$(mktemp) || exit 2
trap 'rm -f "$printed"' EXIT
out=()
next=0

matches() { # a printed line, a shown one
    local pattern=${2//\\/\\\\}
    local special
    for special in '*' '?' '[' ']'; do
        pattern=${pattern//"$special"/\\"$special"}
    done
    # shellcheck disable=SC2053  # it is a pattern
    [[ $1 == ${pattern//…/*} ]]
}

compare() { # the next shown line with the next printed one
    if [[ $1 == '…' ]]; then
        next=${#out[@]}
    elif ((next == ${#out[@]})); then
        return # what is not printed any more
    elif ! matches "${out[next]}" "$1"; then
        printf '%s\n' "${out[next++]}"
        return
    else
        ((++next))
    fi
    printf '%s\n' "$1"
}

print_rest() {
    while ((next < ${#out[@]})); do
        printf '%s\n' "${out[next++]}"
    done
}

block=none
file=
while IFS= read -r line; do
    if [[ $block == none ]]; then
        case $line in
            '```console') block=console ;;
            '```yaml '* | '```json '*)
                block="file"
                file=${line#* }
                : >"$file"
                ;;
            '```'?*) block=other ;;
        esac
        printf '%s\n' "$line"
    elif [[ $line == '```' ]]; then
        print_rest
        block=none
        printf '%s\n' "$line"
    elif [[ $block == console && $line == '$ '* ]]; then
        print_rest
        printf '%s\n' "$line"
        mapfile -t out < <(timeout 60 bash -c "${line#'$ '}" 2>&1 </dev/null)
        next=0
    elif [[ $block == console ]]; then
        compare "$line"
    else
        [[ $block == file ]] && printf '%s\n' "$line" >>"$file"
        printf '%s\n' "$line"
    fi
done <"$page" >"$printed"

if [ -n "${UPDATE_EXPECTED:-}" ]; then
    cp "$printed" "$page"
    exit
fi
commands=$(grep -c '^\$ ' "$page")
if [ "$commands" -eq 0 ]; then
    echo "no command in $page"
    exit 1
fi
diff -u --label "$(basename "$page")" --label "what is printed" "$page" "$printed" || exit 1
echo "$commands commands of $(basename "$page") print what it shows"
