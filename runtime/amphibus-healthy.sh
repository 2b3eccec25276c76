#!/usr/bin/env bash
# Asks the process of a module on this machine whether it is ready, as a health check that starts no Python:
#   amphibus-healthy payments          0 if it is ready, 1 if it is not, or nobody answers
#   amphibus-healthy payments livez    whether it is alive; it may be alive without being ready
# The process notes where it listens in its data folder, AMPHIBUS_DATA_DIR.
module=${1:?which module? amphibus-healthy payments}
what=${2:-readyz}
noted="${AMPHIBUS_DATA_DIR:-var}/run/$module.listens"

fail() {
    echo "$module: $1"
    exit 1
}

read -r host port 2>/dev/null <"$noted" || fail "no process has noted in $noted where it listens"
exec 3<>"/dev/tcp/$host/$port" || fail "nobody listens on $host port $port"
printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$what" "$host" >&3
read -r -t 4 _ code _ <&3 || fail "it does not answer"
body=
while IFS= read -r -t 4 line <&3; do body=$line; done
[ "$code" = 200 ] || fail "$code ${line:-$body}"
echo "$module: $code ${line:-$body}"
