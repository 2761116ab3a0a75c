#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes profiles/README.md's table of numbers anew, by a run on this machine of all servers of integration/workloads.bats
# (some minutes). Fails, and leaves the table as it was, when one of them fails.
# Usage: sudo profiles/table.sh      (RUNWARD: the program; else build/release/runward)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
WORKLOAD_TABLE=$work/rows RUNWARD_TEST_ALL=1 "$here/../integration/run.sh" workloads.bats

# shellcheck disable=SC2016  # Markdown
{
  sed '/^<!-- table.sh -->$/q' "$here/README.md"
  printf '\n%s\n%s\n' '| program | calls recorded | `strict` | `portable` | `static` | Docker'"'"'s default | capabilities | scratch folders | AppArmor rules (`strict`) |' \
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
  sort "$work/rows"
  printf '\nMade by `profiles/table.sh` with %s on Linux %s, Docker %s.\n' "$(runc --version | sed -n 's/ version / /p')" "$(uname -r)" \
    "$(dockerd --version | sed 's/^Docker version //; s/,.*//')"
} >"$work/README.md"
cat "$work/README.md" >"$here/README.md"
