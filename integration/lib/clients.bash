# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Clients of a container named srv: on the host's side of a published port, or beside it in its network.

published() { docker_ port srv "$1/tcp" | head -n 1; }

# http_get PORT PATH [FLAG…] - by curl: the wget of Debian 12's busybox-static crashes.
http_get() { engine_net curl -sS --fail --noproxy '*' --max-time 5 "http://$(published "$1")$2" "${@:3}"; }

# say PORT LINE… - lines to a TCP port, and what comes back without its carriage returns.
say() {
  local address
  address=$(published "$1")
  shift
  printf '%s\r\n' "$@" | engine_net /bin/busybox nc -w 5 "${address%:*}" "${address#*:}" | tr -d '\r'
}

# say_slowly PORT LINE… - likewise, with a pause behind the first line: who reads has to wait for the rest.
say_slowly() {
  local address
  address=$(published "$1")
  { printf '%s\r\n' "$2"; sleep 0.5; printf '%s\r\n' "${@:3}"; } |
    engine_net /bin/busybox nc -w 5 "${address%:*}" "${address#*:}" | tr -d '\r'
}

# beside IMAGE COMMAND… - in a container of its own, by plain runc, that has srv's network and nothing else of it.
beside() { docker_ run --rm --interactive --runtime=runc --network=container:srv --entrypoint="$2" "rw-$1" "${@:3}" </dev/null; }

# benchmark PORT PATH [FLAG…] - by Apache's ab: each of the requests has to be answered, and by 2xx.
benchmark() {
  local report
  report=$(beside apache2 ab -q -r -s 60 -n 1000 -c 8 "${@:3}" "http://127.0.0.1:$1$2")
  assert_contains "$report" 'Complete requests:      1000'
  assert_contains "$report" 'Failed requests:        0'
  assert_lacks "$report" 'Non-2xx responses'
}

# fails COMMAND… - a `!` in front of a command is nothing that a test could fail by.
fails() { if "$@"; then fail "this was to fail: $*"; fi; }
