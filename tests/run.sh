#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# All tests, on a machine where nothing was installed by hand: `sudo ./tests/run.sh`.
#   --unit   only what needs neither root nor Docker
#   --all    also what is slow: sanitizers, fuzzers, the integration tests in virtual machines of Debian 12 and 13
# Prints "N passed, N failed" last; everything that failed has been shown before.
set -euo pipefail
cd "$(dirname "$0")/.."

unit_only=0 all=0
for option in "$@"; do
  case $option in
    --unit) unit_only=1 ;;
    --all) all=1 ;;
    *) echo "tests/run.sh: unknown option $option" >&2; exit 2 ;;
  esac
done

passed=0 failed=0 skipped=0
build=build/release

# A block of tests that ends in a line "[NAME: ]N passed, N failed[, N skipped]".
count() {
  local output=$1 line
  line=$(grep -oE '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$output" | tail -n 1 || true)
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
    echo "no result line in $output" >&2
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
}

# ctest's own totals, in that form.
run_ctest() {
  local folder=$1 output
  output=$(mktemp)
  ctest --test-dir "$folder" -j"$(nproc)" --output-on-failure >"$output" 2>&1 || true
  grep -vE '^ *[0-9]+/[0-9]+ Test .*Passed|^ *Start +[0-9]+:' "$output" || true
  sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' "$output" |
    while read -r bad total; do echo "$((total - bad)) passed, $bad failed"; done >"$output.total"
  cat "$output.total"
  count "$output.total"
  rm -f "$output" "$output.total"
}

run_block() {
  local output before=$failed broken=0
  output=$(mktemp)
  "$@" 2>&1 | tee "$output" || broken=1
  count "$output"
  # A block may fail for more than a test: a skip that nobody expected, tests that did not report.
  if ((broken && failed == before)); then failed=$((failed + 1)); fi
  rm -f "$output"
}

source integration/lib/packages.sh
# shellcheck disable=SC2046 # one package a word
((unit_only)) || need_packages $(grep -v '^#' integration/lib/build-deps.txt)

cmake --preset release
cmake --build --preset release -j"$(nproc)"
run_ctest "$build"
if ((all)); then
  cmake --preset asan
  cmake --build --preset asan -j"$(nproc)"
  run_ctest build/asan
  run_block tests/fuzz/run.sh
fi
if ! ((unit_only)); then
  export RUNWARD=$PWD/$build/runward RUNWARDCTL=$PWD/$build/runwardctl
  run_block integration/run.sh
  run_block integration/vm/test.sh
fi
if ((all && !unit_only)); then
  run_block integration/vm/test.sh --suite trixie
  for suite in bookworm trixie; do run_block integration/vm/suite.sh --suite "$suite"; done
fi

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
