#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An engine in userns-remap mode brings a user namespace of its own, one range for all containers: it is kept as it is,
# and all other rules hold.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  # The engine then has an /etc of its own, in which it makes its user dockremap and that one's ids.
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy MORE_RUNTIMES='runward-needs runward-without'
  export ENGINE_DAEMON_JSON_EXTRA='{"userns-remap": "default"}'
  mkdir -p "$ENGINE_POLICY"/profiles/{needs,without}
  echo '{"extends": "default", "rules": {"user-namespace": "off"}}' >"$ENGINE_POLICY/profiles/without/profile.json"
  echo '{"extends": "default", "rules": {"user-namespace": {"use": "require"}}}' >"$ENGINE_POLICY/profiles/needs/profile.json"
  need_packages passwd
  start_engine
}

teardown_file() { engine_stop; }

engines_map() { engine_ns awk -F: '$1 == "dockremap" {print "0", $2, $3}' /etc/subuid; }

@test "the engine's own user namespace is kept, and none of the pool is taken" {
  run -0 run_in runward -- sh -c 'tr -s " " </proc/self/uid_map'
  assert_equal "${output# }" "$(engines_map)"
  docker_ run -d --name mapped --runtime=runward box sleep 3600 >/dev/null
  assert_equal "$(grep -rlsF "/$(docker_ inspect --format '{{.Id}}' mapped)" /run/runward/ranges || true)" ""
}

@test "… also where the profile requires one" {
  run -0 run_in runward-needs -- sh -c 'tr -s " " </proc/self/uid_map'
  assert_equal "${output# }" "$(engines_map)"
}

@test "… and the other rules hold: capabilities, no_new_privs, a read-only root filesystem, limits" {
  run -0 run_in runward -- sh -c 'grep -E "CapBnd|NoNewPrivs|^Seccomp:" /proc/self/status; touch /x 2>/dev/null && echo written; touch /tmp/x && echo scratch'
  assert_equal "$output" $'CapBnd:\t00000000000005fb\nNoNewPrivs:\t1\nSeccomp:\t2\nscratch'
  [[ $(limit_of mapped pids) == 1024 ]]
}

@test "… exec is in it, and has no more than the first process" {
  run -0 docker_ exec mapped sh -c 'tr -s " " </proc/self/uid_map; grep CapBnd /proc/self/status'
  assert_equal "${lines[0]# }" "$(engines_map)"
  assert_equal "${lines[1]}" $'CapBnd:\t00000000000005fb'
}

@test "a volume is written with the engine's ids, and the checks of sources hold" {
  run -0 run_in runward -v remapped:/d -- sh -c 'touch /d/x && stat -c %u /d/x'
  assert_equal "$output" 0
  assert_equal "$(find "$ENGINE_DIR/data" -path '*/volumes/remapped/_data/x' -printf %U)" "$(engines_map | cut -d ' ' -f 2)"
  refused mounts -v /etc:/host
}

# The image's files and the volumes have the engine's ids, which are nobody's in a range of the pool.
@test "--userns=host asks for none: refused, as nothing there would be the container's" {
  refused user-namespace --userns=host
  assert_contains "$output" 'leave --userns=host out'
  run -125 docker_ run --rm --runtime=runward-needs --userns=host -v remapped:/d box true
  assert_refusal "$output" user-namespace needs
  assert_equal "$(grep -rlsF "$(docker_ ps -aq --no-trunc --latest)" /run/runward/ranges || true)" ""
}

@test "… and where the rule is off it is as with runc, and the other rules hold" {
  local look='tr -s " " </proc/self/uid_map; stat -c "%n %u" / /etc/passwd /home/user /d /h; touch /d/by-host /h/x && stat -c %u /d/by-host /h/x; cat /h/of-root'
  mkdir -p "$BATS_TEST_TMPDIR/host"
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
  echo secret >"$BATS_TEST_TMPDIR/host/of-root"
  chmod 600 "$BATS_TEST_TMPDIR/host/of-root"
  run -0 run_in runc --userns=host -v of-host:/d -v "$BATS_TEST_TMPDIR/host:/h" -- sh -c "$look"
  local with_runc=$output
  assert_contains "$with_runc" ' 0 0 4294967295'
  run -0 run_in runward-without --userns=host -v of-host:/d -v "$BATS_TEST_TMPDIR/host:/h" -- sh -c "$look"
  assert_equal "$output" "$with_runc"
  assert_equal "$(find "$ENGINE_DIR/data" -path '*/volumes/of-host/_data/by-host' -printf %U)" 0
  run -0 run_in runward-without --userns=host -- grep -E 'CapBnd|NoNewPrivs|^Seccomp:' /proc/self/status
  assert_equal "$output" $'CapBnd:\t00000000000005fb\nNoNewPrivs:\t1\nSeccomp:\t2'
  # What it wrote there is nobody's for the engine's other containers, as with runc.
  run -0 run_in runward -v of-host:/d -- stat -c %u /d/by-host
  assert_equal "$output" 65534
}
