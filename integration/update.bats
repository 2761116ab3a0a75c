#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `update`: limits can be changed below the ceiling, and by no call and no sequence of calls above it.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

mib=$((1 << 20))

setup_file() {
  export ENGINE_NETWORK=0 ENGINE_POLICY=$BATS_FILE_TMPDIR/policy MORE_RUNTIMES=runward-small
  mkdir -p "$ENGINE_POLICY/profiles/small"
  echo '{"extends": "default", "rules": {
    "memory": {"when_unset": "64MiB", "ceiling": "128MiB"},
    "cpu": {"when_unset": 0.5, "ceiling": 1},
    "pids": {"when_unset": 50, "ceiling": 100}}}' >"$ENGINE_POLICY/profiles/small/profile.json"
  start_engine
}

setup() { docker_ run -d --name it --runtime=runward-small box sleep 3600; }
teardown() { docker_ rm -f it; }
teardown_file() { engine_stop; }

id_of() { docker_ inspect --format '{{.Id}}' "$1"; }
call() { engine_ns "$RUNTIMES/runward-small" --root "$ENGINE_DIR/exec/runtime-runc/moby" "$@"; }

limits() { echo "$(limit_of it memory) $(limit_of it cpu) $(limit_of it pids)"; }

# Memory in bytes, hundredths of a CPU, processes.
within_ceilings() {
  local memory cpu pids
  read -r memory cpu pids <<<"$(limits)"
  ((memory <= 128 * mib && cpu <= 100 && pids <= 100)) || fail "beyond a ceiling: $memory $cpu $pids"
}

@test "the limits at the start are those of the profile" { assert_equal "$(limits)" "$((64 * mib)) 50 50"; }

@test "within the ceiling: shown in the cgroup" {
  docker_ update --memory 100m --memory-swap 100m --cpus 0.8 it
  docker_ update --pids-limit 80 it
  assert_equal "$(limits)" "$((100 * mib)) 80 80"
  assert_equal "$(limit_of it swap)" 0
}

@test "above the ceiling: clamped to it" {
  docker_ update --memory 64g --memory-swap 64g it
  docker_ update --cpus "$(host_cpus)" it
  docker_ update --pids-limit 4000 it
  assert_equal "$(limits)" "$((128 * mib)) 100 100"
  assert_equal "$(limit_of it swap)" 0
}

@test "unlimited: clamped to the ceiling" {
  docker_ update --pids-limit -1 it
  docker_ update --cpu-quota -1 it
  assert_equal "$(limits)" "$((64 * mib)) 100 100"
}

@test "no swap beyond the limit" {
  docker_ update --memory 64m --memory-swap -1 it
  assert_equal "$(limit_of it swap)" 0
  run docker_ update --memory-swap -1 it
  assert_equal "$(limit_of it swap)" 0
}

@test "a period or a quota alone does not raise the share" {
  docker_ update --cpu-period 1000 it
  within_ceilings
  docker_ update --cpu-quota 1000000 it
  within_ceilings
  docker_ update --cpu-quota 50000 it
  docker_ update --cpu-period 10000 it
  within_ceilings
}

# On cgroup v1 runc writes the quota, then the period; on some kernels the other way round.
@test "a period or a quota that the kernel refuses leaves no more than the ceiling" {
  local text
  for text in '{"cpu": {"quota": 1000000, "period": 1000001}}' '{"cpu": {"quota": 500, "period": 1000}}' \
    '{"cpu": {"quota": 1000000, "period": 18446744073709551615}}' '{"cpu": {"period": 1}}' '{"cpu": {"period": 5000000}}'; do
    docker_ update --cpu-period 1000 --cpu-quota 1000 it
    run call update --resources - "$(id_of it)" <<<"$text"
    within_ceilings || fail "$text" || return 1
    run call update --cpu-quota 50000 --cpu-period 100000 "$(id_of it)"
    within_ceilings || fail "$text" || return 1
  done
}

@test "what an update leaves out stays" {
  docker_ update --cpu-shares 512 it
  assert_equal "$(limits)" "$((64 * mib)) 50 50"
}

@test "repeated updates do not drift" {
  local i
  for ((i = 0; i < 5; i++)); do docker_ update --memory 64g --memory-swap 64g --cpu-quota -1 it; done
  assert_equal "$(limits)" "$((128 * mib)) 100 50"
  for ((i = 0; i < 5; i++)); do docker_ update --memory 96m --memory-swap 96m --cpus 0.7 it; done
  assert_equal "$(limits)" "$((96 * mib)) 70 50"
}

@test "runc update by flags, by file, by stdin" {
  call update --memory 200m --pids-limit 77 --cpu-quota=70000 --cpu-period 100000 "$(id_of it)"
  assert_equal "$(limits)" "$((128 * mib)) 70 77"
  echo '{"memory": {"limit": 104857600}, "pids": {"limit": -1}}' >"$BATS_TEST_TMPDIR/r.json"
  call update --resources "$BATS_TEST_TMPDIR/r.json" "$(id_of it)"
  assert_equal "$(limits)" "$((100 * mib)) 70 100"
  echo '{"cpu": {"quota": 900000}}' | call update -r - "$(id_of it)"
  within_ceilings
}

@test "unified, where it would lift a limit: refused, on stderr" {
  run -1 call update --resources - "$(id_of it)" <<<'{"unified": {"memory.max": "max"}}'
  assert_refusal "$output" unified small
  within_ceilings
}

@test "what is no document is refused, and nothing changes" {
  local text
  for text in '' '{' '[]' '{"memory": {"limit": "64g"}}' '{"memory": {}, "Memory": {"limit": -1}}' '{"pids": {"limit": 1}} {"pids": {"limit": -1}}'; do
    run -1 call update --resources - "$(id_of it)" <<<"$text"
    assert_contains "$output" 'runward: '
  done
  run -1 call update --memory lots "$(id_of it)"
  assert_contains "$output" "'--memory' needs a number"
  assert_equal "$(limits)" "$((64 * mib)) 50 50"
}

@test "null is what is left out, and a reservation is no more than the limit" {
  local text
  for text in '{"pids": null}' '{"memory": null, "cpu": null}' '{"memory": {"limit": null}, "cpu": {"quota": null}, "blockIO": null}'; do
    run -0 call update --resources - "$(id_of it)" <<<"$text"
    assert_equal "$(limits)" "$((64 * mib)) 50 50" || return 1
  done
  run -0 call update --resources - "$(id_of it)" <<<"{\"memory\": {\"limit\": $((100 * mib)), \"reservation\": 9000000000000}}"
  local folder
  folder=$(cgroup_folder "$(pid_of it)" memory)
  assert_equal "$(cat "$folder/memory.soft_limit_in_bytes" 2>/dev/null || cat "$folder/memory.low")" $((100 * mib))
}

@test "a paused container" {
  docker_ pause it
  docker_ update --memory 100m --memory-swap 100m it
  docker_ unpause it
  assert_equal "$(limit_of it memory)" "$((100 * mib))"
}

@test "a container that runward did not start is refused" {
  docker_ run -d --name foreign box sleep 3600
  run -1 call update --memory 1g "$(id_of foreign)"
  assert_contains "$output" 'which runward did not start'
  docker_ rm -f foreign
}
