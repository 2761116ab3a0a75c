#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Whatever is broken, nothing starts: runward says what is wrong in one line of the engine's log
# file, exits with 1, does not call runc and leaves nothing behind.
#
# runward is called as engines call it, in a mount namespace of its own where /etc and /usr/sbin
# are overlays: so policies can be written and runc be replaced without touching the host.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  need_packages runc jq busybox-static util-linux
  link_runtimes
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs
  busybox_rootfs "$ROOTFS"
}

setup() {
  bundle=$BATS_TEST_TMPDIR/bundle log=$BATS_TEST_TMPDIR/log.json calls=$BATS_TEST_TMPDIR/calls
  mkdir -p "$bundle"
  write_config '.'
  # A runc that says what it was called for. runward may ask it for features and version.
  fake_runc=$BATS_TEST_TMPDIR/fake-runc
  printf '#!/bin/sh\nfor a; do case $a in features) exec %s features ;; --version) exec %s --version ;; esac; done\necho "$*" >>%q\n' \
    "$(command -v runc)" "$(command -v runc)" "$calls" >"$fake_runc"
  chmod +x "$fake_runc"
}

# write_config FILTER - runc's own example without a terminal, changed by a jq filter.
write_config() {
  rm -f "$bundle/config.json"
  (cd "$bundle" && runc spec)
  jq -c ".process.terminal = false | .process.args = [\"true\"] | .linux.cgroupsPath = \"/docker/runward-test\"
    | .root.path = \"$ROOTFS\" | $1" \
    "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
}

# direct PREPARATION CALL… - PREPARATION is shell, run as root where /etc and runc's folders are overlays.
direct() {
  local preparation=$1
  shift
  timeout 60 unshare --mount --propagation private bash -c '
    set -eu
    scratch=$1 preparation=$2
    shift 2
    mkdir -p "$scratch"
    mount -t tmpfs none "$scratch"
    for folder in /etc /usr/sbin /usr/bin /usr/local; do
      name=${folder//\//-}
      mkdir -p "$scratch/$name/upper" "$scratch/$name/work"
      mount -t overlay overlay -o "lowerdir=$folder,upperdir=$scratch/$name/upper,workdir=$scratch/$name/work" "$folder"
    done
    real_runc=$(command -v runc)
    eval "$preparation"
    exec "$@"' bash "$BATS_TEST_TMPDIR/scratch" "$preparation" "$@"
}

with_fake_runc="rm \"\$real_runc\"; cp \$FAKE_RUNC \"\$real_runc\";"

create() {
  local preparation=${1:-}
  FAKE_RUNC=$fake_runc direct "$with_fake_runc $preparation" "$RUNTIMES/${program:-runward}" --root "$BATS_TEST_TMPDIR/root" --log "$log" \
    --log-format json create --bundle "$bundle" --pid-file "$bundle/init.pid" x
}

# What lies in the bundle, and the document's content (a pipe is not read).
listing() {
  (cd "$bundle" && find . -mindepth 1 -exec ls -ld --time-style=+ {} + | sort)
  [[ ! -f $bundle/config.json ]] || sha256sum "$bundle/config.json"
}

# assert_broken MESSAGE [PREPARATION] - a pattern that the message must match.
assert_broken() {
  local pattern=$1 preparation=${2:-} before
  before=$(listing)
  run --separate-stderr create "$preparation"
  assert_equal "$status" 1 || fail "$output$stderr" || return 1
  assert_equal "$output" "" || return 1
  [[ ! -e $calls ]] || fail "runc was called: $(cat "$calls")" || return 1
  assert_equal "$(listing)" "$before" || return 1
  assert_one_line || return 1
  grep -Eiq "$pattern" <<<"$(jq -r .msg "$log")" || fail "$(cat "$log")"
}

# What containerd and Podman both read: one JSON object on one line, the time as RFC 3339.
assert_one_line() {
  assert_equal "$(wc -l <"$log")" 1 || return 1
  assert_equal "$(jq -c 'keys' "$log")" '["level","msg","time"]' || return 1
  assert_equal "$(jq -r .level "$log")" error || return 1
  [[ $(jq -r .time "$log") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$ ]] ||
    fail "$(cat "$log")" || return 1
  ! grep -Eiq "$engine_words" "$log" || fail "a word that engines act upon in: $(cat "$log")"
}

policy() { printf 'mkdir -p /etc/runward; cat >/etc/runward/config.json <<<%q;' "$1"; }
profile() { printf 'mkdir -p /etc/runward/profiles/default; cat >/etc/runward/profiles/default/profile.json <<<%q;' "$1"; }

# --- first, that these tests can see success ------------------------------------------------

@test "a sound call reaches runc, once, and prints nothing" {
  run --separate-stderr create
  assert_equal "$status" 0 || fail "$output$stderr$(cat "$log")"
  assert_equal "$output$stderr" ""
  assert_equal "$(wc -l <"$calls")" 1
  assert_contains "$(cat "$calls")" "create --bundle $bundle --pid-file $bundle/init.pid"
  [[ ! -s $log ]] || fail "$(cat "$log")"
}

@test "with the real runc it creates a container" {
  local created=0 id=runward-test-$$
  # Not by bats' run: the container's first process keeps stdout open.
  direct '' "$RUNTIMES/runward" --root "$BATS_TEST_TMPDIR/root" --log "$log" --log-format json \
    create --bundle "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" "$id" \
    </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || created=$?
  runc --root "$BATS_TEST_TMPDIR/root" delete --force "$id" || true
  assert_equal "$created" 0 || fail "$(cat "$BATS_TEST_TMPDIR/out" "$log")"
}

# --- policy ---------------------------------------------------------------------------------

@test "a policy that is cut off" {
  assert_broken 'config\.json' "$(policy '{"mode": "enfo')"
}
@test "a policy that is empty" { assert_broken 'config\.json' ': >/dev/null; mkdir -p /etc/runward; : >/etc/runward/config.json;'; }
@test "a policy with an unknown key names file, line and key" {
  assert_broken 'config\.json:1:.*no_such_key' "$(policy '{"no_such_key": 1}')"
}
@test "a policy with a key twice" {
  assert_broken 'config\.json' "$(policy '{"mode": "off", "mode": "enforce"}')"
}
@test "a policy with an unknown mode" {
  assert_broken 'config\.json.*mode' "$(policy '{"mode": "lenient"}')"
}
@test "a profile with an unknown rule" {
  assert_broken 'profile\.json.*no-such-rule' "$(profile '{"rules": {"no-such-rule": {"mode": "off"}}}')"
}
# The name of a shipped profile means the shipped one there; there is no shipped one of this name.
@test "a profile that extends itself" {
  assert_broken "unknown profile 'loop'" "$(policy '{"profiles": {"default": "loop"}}')mkdir -p /etc/runward/profiles/loop; echo '{\"extends\": \"loop\"}' >/etc/runward/profiles/loop/profile.json;"
}
@test "a profile that is not there" {
  ln -sfn "$RUNWARD" "$RUNTIMES/runward-nowhere"
  program=runward-nowhere assert_broken nowhere
}
@test "a policy that is a folder" { assert_broken 'config\.json' 'mkdir -p /etc/runward/config.json;'; }
@test "a policy that is a pipe does not hang" { assert_broken 'config\.json' 'mkdir -p /etc/runward; mkfifo /etc/runward/config.json;'; }
@test "a policy of 100 MB" { assert_broken 'config\.json' 'mkdir -p /etc/runward; head -c 100M /dev/zero >/etc/runward/config.json;'; }
@test "a policy that others can write" {
  assert_broken 'config\.json' "$(policy '{}') chmod 666 /etc/runward/config.json;"
}
@test "a policy that a group can write" {
  assert_broken 'config\.json' "$(policy '{}') chgrp 1000 /etc/runward/config.json; chmod 664 /etc/runward/config.json;"
}
@test "a policy that another user owns" {
  assert_broken 'config\.json' "$(policy '{}') chown 1000 /etc/runward/config.json;"
}
@test "a policy in a folder that others can write" {
  assert_broken runward "$(policy '{}') chmod 777 /etc/runward;"
}
@test "a policy that is a link to a file of another user's" {
  echo '{}' >"$BATS_TEST_TMPDIR/theirs"
  chown 1000 "$BATS_TEST_TMPDIR/theirs"
  assert_broken 'config\.json|theirs' "mkdir -p /etc/runward; ln -s $BATS_TEST_TMPDIR/theirs /etc/runward/config.json;"
}
@test "a profile that others can write" {
  assert_broken 'profile\.json' "$(profile '{}') chmod 666 /etc/runward/profiles/default/profile.json;"
}
@test "a broken policy does not stop what is not governed" {
  FAKE_RUNC=$fake_runc run -0 direct "$with_fake_runc $(policy '{')" "$RUNTIMES/runward" --log "$log" --log-format json kill x 9
  assert_equal "$(cat "$calls")" "--log $log --log-format json kill x 9"
}

# --- the document ---------------------------------------------------------------------------

@test "no bundle" {
  rm -r "$bundle"
  run --separate-stderr create
  assert_equal "$status" 1
  assert_one_line
  [[ ! -e $calls && ! -e $bundle ]]
}
@test "no config.json" {
  rm "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is a folder" {
  rm "$bundle/config.json"
  mkdir "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is a link" {
  mv "$bundle/config.json" "$BATS_TEST_TMPDIR/elsewhere.json"
  ln -s "$BATS_TEST_TMPDIR/elsewhere.json" "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is a pipe" {
  rm "$bundle/config.json"
  mkfifo "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is empty" {
  : >"$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is cut off" {
  truncate -s 1000 "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json of 300 MB" {
  { printf '{"x":"'; head -c 300M /dev/zero | tr '\0' a; printf '",'; tail -c +2 "$bundle/config.json"; } >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json 200,000 levels deep" {
  { printf '{"x":'; printf '[%.0s' {1..200000}; printf ']%.0s' {1..200000}; printf ','; tail -c +2 "$bundle/config.json"; } >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json 200,000 levels deep and never closed" {
  printf '[%.0s' {1..200000} >"$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is not an object" {
  echo '[]' >"$bundle/config.json"
  assert_broken 'config\.json'
}
@test "config.json is not UTF-8" {
  write_config '.hostname = "@@"'
  sed -i 's/@@/\xff\xfe/' "$bundle/config.json"
  assert_broken 'config\.json'
}
@test "a key twice" {
  sed -i 's/"process":{/"process":{"noNewPrivileges":true,"noNewPrivileges":false,/' "$bundle/config.json"
  assert_broken 'noNewPrivileges'
}
@test "a key that differs in case only" {
  sed -i 's/"process":{/"process":{"NoNewPrivileges":false,/' "$bundle/config.json"
  assert_broken 'noNewPrivileges'
}
@test "a second value after the first" {
  echo '{}' >>"$bundle/config.json"
  assert_broken 'config\.json'
}
@test "a number where text belongs" {
  write_config '.root.path = 7'
  assert_broken 'root|path'
}
@test "an unknown major ociVersion" {
  write_config '.ociVersion = "7.0.0"'
  assert_broken 'ociVersion'
}
@test "a cgroupsPath that climbs" {
  write_config '.linux.cgroupsPath = "/docker/../../x"'
  assert_broken 'cgroup path'
}

# --- the host -------------------------------------------------------------------------------

@test "no runc" { assert_broken runc 'rm "$real_runc";'; }
@test "runc cannot be executed" { assert_broken runc 'chmod -x "$real_runc";'; }
@test "runc is runward itself" { assert_broken 'runc|itself' "rm \"\$real_runc\"; ln -s $RUNWARD \"\$real_runc\";"; }
@test "a read-only bundle" { assert_broken 'bundle|config\.json|read-only' "mount --bind $bundle $bundle; mount -o remount,ro,bind $bundle;"; }
@test "a full disk" {
  local small=$BATS_TEST_TMPDIR/small
  # The document fits, its hardened copy beside it does not.
  run --separate-stderr create "mkdir $small; mount -t tmpfs -o size=16k none $small; cp $bundle/config.json $small/;
    head -c 1M /dev/zero >$small/filler 2>/dev/null || true; mount --bind $small $bundle;"
  assert_equal "$status" 1
  assert_one_line
  grep -Eiq 'space|disk is full' <<<"$(jq -r .msg "$log")" || fail "$(cat "$log")"
  [[ ! -e $calls ]]
}
@test "an option that runc does not have" {
  FAKE_RUNC=$fake_runc run -1 direct "$with_fake_runc" "$RUNTIMES/runward" --log "$log" --log-format json create --no-such-option --bundle "$bundle" x
  assert_one_line
  [[ ! -e $calls ]]
}
@test "a log file that cannot be written still ends with 1, and says so on stderr" {
  log=/proc/none/log
  run --separate-stderr create "$(policy '{')"
  assert_equal "$status" 1
  assert_contains "$stderr" config.json
  [[ ! -e $calls ]]
}
@test "without --log the message goes to stderr" {
  FAKE_RUNC=$fake_runc run --separate-stderr -1 direct "$with_fake_runc $(policy '{')" "$RUNTIMES/runward" create --bundle "$bundle" x
  assert_contains "$stderr" config.json
}

# --- through dockerd ------------------------------------------------------------------------

@test "docker run says what is wrong with the policy, exits with 125 and leaves no container" {
  [[ ! -e /etc/runward ]] || skip "this machine has an /etc/runward"
  export ENGINE_NETWORK=0
  engine_start runward="$RUNTIMES/runward"
  make_busybox_image box
  write_host_config '{"no_such_key": 1}'
  run docker_ run --rm --runtime=runward box true
  assert_equal "$status" 125
  assert_contains "$(sentence_of "$output")" no_such_key
  assert_equal "$(docker_ ps -aq)" ""
}

# Only where the host has no configuration: making the folder is the lock.
write_host_config() {
  mkdir /etc/runward
  host_config=1
  printf '%s\n' "$1" >/etc/runward/config.json
}

teardown() {
  engine_stop
  [[ -z ${host_config:-} ]] || rm -r /etc/runward
}
