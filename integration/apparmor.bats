#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The rule apparmor on a host as it is: with AppArmor the profile is enforced, without it `required` decides. What a profile
# forbids is shown in the virtual machine (vm/checks.sh).

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  export ENGINE_NETWORK=0 NEED_RUNWARD=1 ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY/profiles/must" "$ENGINE_POLICY/profiles/web"
  echo '{"profiles": {"choices": ["must", "web"]}}' >"$ENGINE_POLICY/config.json"
  echo '{"extends": "default", "rules": {"apparmor": {"required": true}}}' >"$ENGINE_POLICY/profiles/must/profile.json"
  echo '{"extends": "default", "rules": {"apparmor": {"profile": "runward-web"}}}' >"$ENGINE_POLICY/profiles/web/profile.json"
  sed 's/runward-default/runward-web/' "$BATS_TEST_DIRNAME/../profiles/default/apparmor" >"$ENGINE_POLICY/profiles/web/apparmor"
  start_engine
}

teardown_file() { engine_stop; }

has_apparmor() { [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; }
ctl() { engine_ns "${RUNWARDCTL:-$(dirname "$(find_runward)")/runwardctl}" "$@"; }

@test "a profile that requires AppArmor starts no container on a host without it" {
  run run_in runward --label io.runward.profile=must -- cat /proc/self/attr/current
  if has_apparmor; then
    assert_equal "$status: $output" '0: runward-default (enforce)'
  else
    assert_equal "$status" 125 || fail "$output" || return 1
    assert_refusal "$output" apparmor must || return 1
    assert_contains "$output" "boot a kernel with AppArmor, or set apparmor.required to false"
  fi
}

@test "one that does not goes on there" {
  run run_in runward -- sh -c 'cat /proc/self/attr/current 2>/dev/null || echo none'
  assert_equal "$status" 0 || fail "$output" || return 1
  if has_apparmor; then assert_equal "$output" 'runward-default (enforce)'; else assert_lacks "$output" runward; fi
}

@test "runwardctl apparmor: a profile of one's own is shown, checked, and told apart from others'" {
  run -0 ctl apparmor show web
  assert_contains "$output" "# runward-web, from /etc/runward/profiles/web/apparmor" || return 1
  assert_contains "$output" "profile runward-web flags=(attach_disconnected, mediate_deleted) {" || return 1
  has_apparmor || assert_contains "$output" "this host has no AppArmor" || return 1
  run -0 ctl apparmor show strict --abi 3.0
  assert_contains "$output" "abi <abi/3.0>," || return 1
  assert_lacks "$output" "mqueue," || return 1
  run -0 ctl apparmor check
  for name in default strict web; do grep -Eq "^ok +runward-$name " <<<"$output" || fail "$output" || return 1; done
  echo 'profile sshd { file, }' >"$ENGINE_POLICY/profiles/web/apparmor"
  run -1 ctl apparmor check web
  grep -Eq "^wrong +runward-web .*sshd" <<<"$output" || fail "$output" || return 1
  run -2 ctl apparmor nonsense
  if ! has_apparmor; then
    run -1 ctl apparmor load
    assert_contains "$output" "this host has no AppArmor"
  fi
}
