#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [SECONDS] - every fuzz target here for SECONDS (default 30), from the golden documents and calls.
#
# Builds preset fuzz; as root, installs clang where it is missing. What was learnt stays in build/fuzz/corpus and is
# where the next run starts. Prints a line per target and a closing `N passed, N failed`; exit code 0 only if none
# crashed, hung or leaked. The input that broke a target is named, and `build/fuzz/TARGET INPUT` shows it again.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tests/fuzz/run.sh [SECONDS]" >&2; exit 2; }
build=build/fuzz
source integration/lib/packages.sh

has_libfuzzer() {
  clang++ -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null \
    <<<'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
}

need_clang() {
  command -v clang++ >/dev/null || need_packages clang
  # Debian keeps libFuzzer in a package of its own, named after the version.
  has_libfuzzer || need_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

# The newest of each engine: the older ones differ little, and seeds take from the time for what nobody thought of.
golden_documents() { find tests/golden/{docker-28,containerd-2.1,podman-4.3} -name '*.json' | sort; }

# The first two bytes of harden_fuzz choose the policy and the facts: go through them, so that each policy and each
# fact meets many documents.
seed_harden_fuzz() {
  local document count=0
  while read -r document; do
    { printf '%b' "$(printf '\\x%02x\\x%02x' $((count % 3)) $((count % 32)))"; cat "$document"; } >"$1/golden-$count"
    count=$((count + 1))
  done < <(golden_documents)
}

seed_document_fuzz() {
  local document count=0
  while read -r document; do
    cp "$document" "$1/golden-$count"
    count=$((count + 1))
  done < <(golden_documents)
}

# An element ends in NUL; no element of a golden call has a space in it.
seed_command_line_fuzz() {
  local call count=0
  while read -r call; do
    tr ' ' '\0' <<<"$call" | tr -d '\n' >"$1/golden-$count"
    count=$((count + 1))
  done < <(cat tests/golden/*/calls.txt)
}

seed_layers_fuzz() {
  cp /proc/self/mountinfo "$1/own"
  printf '36 35 0:50 / /d/overlay2/id/merged rw shared:7 - overlay overlay rw,%s\n' \
    'context="u:r:t:s0:c1,c2",lowerdir=l/A\\134:b:l/C\\040D,upperdir=id/diff,metacopy=on' >"$1/made"
}

seed_policy_fuzz() {
  local profile
  for profile in profiles/*/profile.json; do cp "$profile" "$1/shipped-$(basename "$(dirname "$profile")")"; done
}

seed_apparmor_fuzz() {
  local profile
  for profile in profiles/*/apparmor; do cp "$profile" "$1/shipped-$(basename "$(dirname "$profile")")"; done
}
seed_seccomp_fuzz() {
  local profile
  for profile in profiles/*/seccomp.json; do cp "$profile" "$1/shipped-$(basename "$(dirname "$profile")")"; done
  sed -n '/^{/,/^)json/p' seccomp/data/docker_default.cc | sed '$d' >"$1/docker"
}
seed_elf_fuzz() { cp -L /bin/true "$1/program"; }
seed_recording_fuzz() { cp tests/unit/profiles/example.recording.json "$1/example"; }

seed_audit_fuzz() { split -l 1 tests/unit/profiles/example.audit.log "$1/line-"; }

# The line of libFuzzer's log that says how far it came: "#123 DONE cov: 45 ft: 67 …".
coverage_in() { sed -nE 's/^#([0-9]+)\s+DONE\s+cov: ([0-9]+) .*/\1 inputs, \2 edges/p' "$1"; }

# What libFuzzer and the sanitizers say first, and the input.
failure_in() {
  grep -m 1 -E 'ERROR: |runtime error: ' "$1" || tail -n 1 "$1"
  sed -nE 's/.*Test unit written to (.*)/, input: \1/p' "$1"
}

run_target() {
  local target=$1 corpus=$build/corpus/$1 log=$build/$1.log seeds=$build/seeds/$1
  rm -rf "$seeds"
  mkdir -p "$corpus" "$seeds" "$build/crashes"
  if declare -F "seed_$target" >/dev/null; then "seed_$target" "$seeds"; fi
  if "$build/$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target-" "$corpus" "$seeds" >"$log" 2>&1; then
    echo "ok $target: $(coverage_in "$log")"
  else
    echo "not ok $target: $(failure_in "$log" | tr -d '\n'), log: $log"
    return 1
  fi
}

need_clang
cmake --preset fuzz >/dev/null
targets=()
for source in tests/fuzz/*_fuzz.cc; do targets+=("$(basename "$source" .cc)"); done
cmake --build --preset fuzz -j"$(nproc)" --target "${targets[@]}"

passed=0 failed=0
for target in "${targets[@]}"; do
  if run_target "$target"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
