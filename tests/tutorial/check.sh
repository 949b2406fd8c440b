#!/usr/bin/env bash
# The tutorial says what happens: its files are written, its commands run, and what they print is what it shows.
#   check.sh OCTROI             UPDATE_EXPECTED=1: writes what is printed now into the tutorial
# A block ```yaml NAME or ```json NAME is a file, ```console holds commands behind `$ ` and their output.
set -u
octroi=$(realpath -- "${1:?usage: check.sh OCTROI}") || exit 2
cd "$(dirname "$0")/../.." || exit 2
tutorial=$PWD/docs/tutorial.md
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/here"
ln -s "$octroi" "$folder/bin/octroi"
PATH=$folder/bin:$PATH
cp tests/captures/clients/chromium_tcp.pcap "$folder/here/zoom.pcap"
cp tests/captures/clients/chromium_tcp_visio.pcap "$folder/here/visio.pcap"
cd "$folder/here" || exit 2

printed=$folder/printed.md # the tutorial, with what the commands print now
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
        block=none
        printf '%s\n' "$line"
    elif [[ $block == console ]]; then
        [[ $line == '$ '* ]] || continue # what was printed when the tutorial was written
        printf '%s\n' "$line"
        bash -c "${line#'$ '}" 2>&1 </dev/null
    else
        [[ $block == file ]] && printf '%s\n' "$line" >>"$file"
        printf '%s\n' "$line"
    fi
done <"$tutorial" >"$printed"

if [ -n "${UPDATE_EXPECTED:-}" ]; then
    cp "$printed" "$tutorial"
    exit
fi
commands=$(grep -c '^\$ ' "$tutorial")
if [ "$commands" -eq 0 ]; then
    echo "no command in $tutorial"
    exit 1
fi
diff -u --label "docs/tutorial.md" --label "what is printed" "$tutorial" "$printed" || exit 1
echo "$commands commands of the tutorial print what it shows"
