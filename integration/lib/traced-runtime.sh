#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A runtime that has containers watched by strace: linked as traced-NAME beside the runtime NAME, which does the work.
# `start` is when the container's first process waits to become its program; strace comes before it goes on. What it
# saw is in ID.trace beside the link, the threads that were there before it in ID.threads.
set -euo pipefail
folder=$(dirname "$0")
runtime=$folder/$(basename "$0" | sed 's/^traced-//')

# The word before is no option's value: containerd's shim gives options first and the container's id last.
is_start() { [[ " $* " == *' start '* ]]; }

root_of() {
  while (($#)); do
    case $1 in
      --root) printf '%s\n' "$2"; return ;;
      --root=*) printf '%s\n' "${1#*=}"; return ;;
    esac
    shift
  done
}

if is_start "$@"; then
  id=${!#}
  init=$(runc --root "$(root_of "$@")" state "$id" | jq .pid)
  setsid strace -f -qq -o "$folder/$id.trace" -p "$init" </dev/null >/dev/null 2>&1 &
  until grep -qs '^TracerPid:.*[1-9]' "/proc/$init/status"; do sleep 0.05; done
  ls "/proc/$init/task" >"$folder/$id.threads"
fi
exec "$runtime" "$@"
