#!/usr/bin/env bash
# The tutorial's commands print what it shows; captures of the lab stand for the traffic.
#   check.sh OCTROI             UPDATE_EXPECTED=1: writes what is printed now into the tutorial
set -u
octroi=$(realpath -- "${1:?usage: check.sh OCTROI}") || exit 2
cd "$(dirname "$0")/../.." || exit 2
project=$PWD
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/here"
ln -s "$octroi" "$folder/bin/octroi"
PATH=$folder/bin:$PATH
cp tests/captures/clients/chromium_tcp.pcap "$folder/here/zoom.pcap"
cp tests/captures/clients/chromium_tcp_visio.pcap "$folder/here/visio.pcap"
cd "$folder/here" || exit 2
"$project/tests/tutorial/page.sh" "$project/docs/tutorial.md"
