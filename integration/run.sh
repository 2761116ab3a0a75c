#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [FILE.bats…] - the integration tests, against a real dockerd and a real runc.
#
#   RUNWARD=…      the program under test (else build/release/runward, else build/dev/runward)
#   SUITE=sid      with the Docker of that Debian release instead of the machine's
#   RUNTIME=runc   as-with-runc.bats without runward, as a control
#   FILTER=…       only tests whose name matches (a pattern)
#   RUNWARD_TEST_ALL=1  all servers of workloads.bats, for some minutes more
#
# Needs root. Installs what it needs by apt, prints the total at the end, and fails when a test
# fails or is skipped for a reason that expected-skips.txt does not have.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib/engine.sh
source "$here/lib/engine.sh"

as_bats_file() { if [[ -e $1 ]]; then realpath "$1"; else realpath "$here/$1"; fi; }

# One file's tests; its TAP is kept for the total, with the file's name in front.
run_file() {
  local file=$1 tap=$2 arguments=(--formatter tap)
  [[ -z ${FILTER:-} ]] || arguments+=(--filter "$FILTER")
  printf '# %s\n' "$(basename "$file")"
  # bats leaves by a code of its own; what counts is in the TAP.
  bats "${arguments[@]}" "$file" | tee "$tap.raw" || true
  sed "s/^/$(basename "$file"): /" "$tap.raw" >>"$tap"
  # A file whose setup fails reports fewer results than it planned.
  grep -Eq '^1\.\.[0-9]+$' "$tap.raw" || echo "$(basename "$file"): not ok 0 the file itself" >>"$tap"
}

count() { grep -Ec "$1" "$2" || true; }

# FILE: ok 7 NAME # skip REASON  →  FILE: NAME: REASON
skips() { sed -nE 's/^([^:]+\.bats): ok [0-9]+ (.*) # skip (.*)$/\1: \2: \3/p' "$1"; }

unexpected_skips() {
  local skip expected
  while read -r skip; do
    while read -r expected; do
      # shellcheck disable=SC2053  # a pattern
      [[ $expected != '#'* && $skip == $expected ]] && continue 2
    done <"$here/expected-skips.txt"
    printf '%s\n' "$skip"
  done < <(skips "$1")
}

main() {
  local files=("$@") file tap passed failed skipped planned unexpected
  ((EUID == 0)) || { echo 'the integration tests need root' >&2; return 1; }
  need_packages bats
  engine_need
  command -v curl >/dev/null || need_packages curl
  command -v docker-compose >/dev/null || need_packages docker-compose || true
  ((${#files[@]})) || files=("$here"/*.bats)
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
  tap=$results/tap
  : >"$tap"
  for file in "${files[@]}"; do run_file "$(as_bats_file "$file")" "$tap"; done

  failed=$(count ': not ok ' "$tap")
  skipped=$(count ': ok .* # skip' "$tap")
  passed=$(($(count ': ok ' "$tap") - skipped))
  planned=$(sed -nE 's/^.*: 1\.\.([0-9]+)$/\1/p' "$tap" | awk '{n += $1} END {print n + 0}')
  unexpected=$(unexpected_skips "$tap")
  grep ': not ok ' "$tap" | sed -E 's/: not ok [0-9]+/: failed:/' || true
  [[ -z $unexpected ]] || printf 'unexpected skip: %s\n' "$unexpected"
  ((passed + failed + skipped >= planned)) || printf '%d tests did not report\n' $((planned - passed - failed - skipped))
  printf 'integration: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0 && passed > 0 && passed + skipped >= planned)) && [[ -z $unexpected ]]
}

main "$@"
