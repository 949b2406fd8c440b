#!/usr/bin/env bash
# Runs the commands of docs/operations.md on a gateway: in its network namespace, with an /etc of its own, and with no
# processes in sight but octroi's.
#   unshare --mount --pid --fork --mount-proc --kill-child operations.sh OCTROI
set -eu
octroi=$(realpath -- "$1")
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'umount -l /etc; rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$octroi" "$folder/bin/octroi"
export PATH=$folder/bin:$PATH
cp -a /etc "$folder/etc"
mkdir -p "$folder/etc/octroi/events"
mount --bind "$folder/etc" /etc
cd /etc/octroi
cp "$project/rules/policies/default.yaml" policy.yaml
cat >octroi.yaml <<'YAML'
octroi: 1
policy: policy.yaml
queues: {first: 0, count: 2}
firewall: {backend: iptables}
events: {file: events/events.jsonl}
YAML

octroi firewall install
octroi run 2>"$folder/log" &
daemon=$!
for ((i = 0; i < 100; ++i)); do
    curl --silent --fail --output /dev/null http://127.0.0.1:9477/readyz && break
    sleep 0.1
done
"$project/tests/tutorial/page.sh" "$project/docs/operations.md" || failed=1
kill "$daemon"
wait "$daemon" || failed=1
octroi firewall remove
[ -z "${failed:-}" ] || cat "$folder/log"
exit "${failed:-0}"
