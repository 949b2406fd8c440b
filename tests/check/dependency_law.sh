#!/usr/bin/env bash
# The dependency law: a folder includes itself and the folders to its left, and each third-party library
# is included by one pair of files.
#   classifiers <- rules <- metrics <- daemon
set -u
cd "$(dirname "$0")/../.." || exit 2
status=0

forbid() { # folder, folders that it must not include
    if grep -nE "^#include \"($2)/" "$1"/*.cpp "$1"/*.hpp; then
        echo "$1 must not include $2" >&2
        status=1
    fi
}

only_in() { # pattern of the library's headers, the files that may include it
    local found
    found=$(grep -lE "^#include <($1)" classifiers/*.?pp rules/*.?pp metrics/*.?pp daemon/*.?pp | grep -vE "^($2)\.[hc]pp$")
    if [ -n "$found" ]; then
        echo "$1 belongs in $2 only, but is included by: $found" >&2
        status=1
    fi
}

forbid classifiers 'rules|metrics|daemon'
forbid rules 'metrics|daemon'
forbid metrics 'daemon'

only_in 'yaml-cpp/' 'rules/yaml'
only_in 'pcap' 'daemon/pcap_source'
only_in 'libmnl/' 'daemon/(nfqueue|nft_revision)'
only_in 'libnetfilter_queue/' 'daemon/nfqueue'
only_in 'libnetfilter_conntrack/' 'daemon/conntrack'
only_in 'prometheus/' 'metrics/exporter'
only_in 'microhttpd' 'metrics/http_server'
only_in 'nlohmann/' 'metrics/flow_json|rules/json|daemon/(status|status_text|command_(reload|explain|diff))'  # rules/json and command_reload read, the others write
only_in 'zlib' 'metrics/event_file'
only_in 'libndpi/' 'classifiers/ndpi'
only_in 'openssl/' 'classifiers/(quic_crypto|certificate|ja4|sha256)|metrics/keyed_hash'
only_in 'systemd/' 'metrics/journal'
only_in 'cap-ng' 'daemon/capabilities'
only_in 'seccomp' 'daemon/syscall_filter'
only_in 'curl/' 'daemon/http_client'
only_in 'CLI/' 'daemon/command_line'
exit $status
