# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What strace -f -p INIT saw of a container, to be compared with its recording.

# strace_calls TRACE THREADS - the names of the calls, sorted. THREADS is a file with the threads that the runtime had when
# strace came: what each of them is in then was called before, and is its first line. strace itself interrupts it, which
# shows as restart_syscall.
strace_calls() {
  awk 'FNR == NR { old[$1] = 1; next }
    old[$1] { delete old[$1]; next } { sub(/\(.*/, "", $2); if ($2 ~ /^[a-z0-9_]+$/ && $2 != "restart_syscall") print $2 }' \
    "$2" "$1" | sort -u
}

# recorded_calls RECORDING PHASE… - likewise.
recorded_calls() {
  local recording=$1 phases
  shift
  phases=$(printf '.calls.%s,' "$@")
  jq -r "[${phases%,} | select(. != null) | .x86_64 // {} | keys[]] | unique[]" "$recording" | grep -vx restart_syscall | sort -u
}
