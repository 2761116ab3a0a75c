#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [FILE.bats…] - the integration tests, against a real dockerd and a real runc.
#
#   RUNWARD=…      the program under test (else build/release/runward, else build/dev/runward)
#   SUITE=sid      with the Docker of that Debian release instead of the machine's
#   RUNTIME=runc   as-with-runc.bats without runward, as a control
#   FILTER=…       only tests whose name matches (a pattern)
#   LEFT_OUT=…     a file of tests that are not run, each with its reason; it is written as expected-skips.txt is
#   EXPECTED_SKIPS=…  in place of expected-skips.txt
#   JOBS=2         so many files at a time
#   RUNWARD_TEST_ALL=1  all servers of workloads.bats, for some minutes more
#
# Needs root. Installs what it needs by apt, prints the total at the end, and fails when a test
# fails or is skipped for a reason that expected-skips.txt does not have.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib/engine.sh
source "$here/lib/engine.sh"

as_bats_file() { if [[ -e $1 ]]; then realpath "$1"; else realpath "$here/$1"; fi; }

# is_listed LINE - by one of the patterns on stdin.
is_listed() {
  local pattern
  while read -r pattern; do
    # shellcheck disable=SC2053  # a pattern
    [[ $pattern != '#'* && $1 == $pattern ]] && return
  done
  return 1
}

names_in() { sed -nE 's/^@test "([^"]*)" \{.*/\1/p' "$1"; }

# Patterns of LEFT_OUT by which no test goes, each that stands in !(these|those) too: a test of another name now would be
# left out by that without a word.
stale_patterns() {
  local line names pattern
  while read -r line; do
    [[ $line != '#'* ]] || continue
    names=${line#*: } names=${names%: *}
    [[ $names != '!('*')' ]] || names=${names:2:-1}
    while IFS= read -rd '|' pattern; do
      is_pattern_of_one "$pattern" < <(names_in "$here/${line%%: *}") || printf '%s: %s\n' "${line%%: *}" "$pattern"
    done < <(printf '%s|' "$names")
  done <"$LEFT_OUT"
}

is_pattern_of_one() {
  local name
  while IFS= read -r name; do
    # shellcheck disable=SC2053  # a pattern
    [[ $name == $1 ]] && return
  done
  return 1
}

# tests_of FILE - the names of those that are to be run.
tests_of() {
  local name file
  file=$(basename "$1")
  while read -r name; do
    [[ ! $name =~ ${FILTER:-} ]] || is_listed "$file: $name" < <(sed 's/: [^:]*$//' "$LEFT_OUT") || printf '%s\n' "$name"
  done < <(names_in "$1")
}

# One file's tests; its TAP is kept for the total.
run_file() {
  local file=$1 name tap chosen arguments=(--formatter tap)
  name=$(basename "$file") tap=$results/$(basename "$file")
  if [[ -n ${LEFT_OUT:-} ]]; then
    chosen=$(tests_of "$file" | sed -E 's/[][\.^$*+?(){}|]/\\&/g' | paste -sd '|')
    [[ -n $chosen ]] || return 0
    arguments+=(--filter "^($chosen)\$")
  elif [[ -n ${FILTER:-} ]]; then
    arguments+=(--filter "$FILTER")
  fi
  printf '# %s\n' "$name"
  # bats leaves by a code of its own; what counts is in the TAP.
  bats "${arguments[@]}" "$file" | tee "$tap" | if ((${JOBS:-1} > 1)); then sed -u "s/^/$name: /"; else cat; fi || true
  # A file whose setup fails reports fewer results than it planned.
  grep -Eq '^1\.\.[0-9]+$' "$tap" || echo "not ok 0 the file itself" >>"$tap"
}

run_files() {
  local file running=0
  for file; do
    # In the background a test would not see ^C.
    if ((${JOBS:-1} == 1)); then run_file "$file"; continue; fi
    if ((running++ >= JOBS)); then wait -n; fi
    run_file "$file" &
  done
  wait
}

count() { grep -Ec "$1" "$2" || true; }

# FILE: ok 7 NAME # skip REASON  →  FILE: NAME: REASON
skips() { sed -nE 's/^([^:]+\.bats): ok [0-9]+ (.*) # skip (.*)$/\1: \2: \3/p' "$1"; }

unexpected_skips() {
  local skip
  while read -r skip; do
    is_listed "$skip" <"${EXPECTED_SKIPS:-$here/expected-skips.txt}" || printf '%s\n' "$skip"
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
  if [[ -n ${LEFT_OUT:-} ]]; then
    unexpected=$(stale_patterns)
    [[ -z $unexpected ]] || { printf 'no test by: %s\n' "$unexpected"; return 1; }
  fi
  for file in "${!files[@]}"; do files[file]=$(as_bats_file "${files[file]}"); done
  run_files "${files[@]}"
  for file in "$results"/*.bats; do sed "s/^/$(basename "$file"): /" "$file"; done >"$tap"

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
