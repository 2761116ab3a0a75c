#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The mounts of a container with a user namespace: copies with its own ids of what was checked.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() {
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  export MORE_RUNTIMES='runward-writes runward-copies runward-unmapped runward-device runward-closed runward-unchecked'
  # Of a filesystem that does not tell what it gives access to, as an overlay, only what is on that list is mounted.
  export HOST=$BATS_FILE_TMPDIR/host
  profile default "{\"mounts\": {\"allowed_sources_add\": [\"$HOST/refuses/all\", \"$HOST/copied/all\", \"$HOST/left/all\", \"$HOST/empty\", \"$HOST/enosys\"]}}"
  profile writes '{"rootfs": {"access": "writable"}}'
  profile copies '{"user-namespace": {"unmappable": "copy"}}'
  profile unmapped '{"user-namespace": {"unmappable": "unmapped"}}'
  profile device '{"devices": {"allowed": ["/dev/fuse", "/dev/net/tun", "/dev/vsock", "/dev/nought", "/dev/runward-test/zero"]}}'
  profile unchecked '{"mounts": "off"}'
  start_engine
  start_containers
}

teardown_file() { engine_stop; }

# --- mounts -----------------------------------------------------------------------------------

@test "a mount point that the image does not have" {
  run -0 run_in runward -v new:/not/in/the/image -v "$HOST:/nor/this:ro" -- sh -c 'touch /not/in/the/image/x && ls -d /nor/this'
  assert_equal "$output" /nor/this
}

@test "a mount inside of a mount, and the volumes of another container" {
  start nested runward -v outer:/d -v inner:/d/inner
  docker_ exec nested sh -c 'touch /d/of-outer /d/inner/of-inner'
  run -0 run_in runward --volumes-from nested -- sh -c 'ls /d /d/inner; stat -c %u /d/of-outer /d/inner/of-inner'
  assert_equal "$output" $'/d:\ninner\nof-outer\n\n/d/inner:\nof-inner\n0\n0'
  assert_equal "$(ls -A "$ENGINE_DIR/data/volumes/outer/_data/inner")" ""
  docker_ rm -f nested >/dev/null
}

@test "writable: --read-only still is" {
  run -0 run_in runward-writes --read-only -- sh -c 'for d in / /tmp /etc; do touch $d/x 2>/dev/null && echo $d; done; true'
  assert_equal "$output" ""
}

@test "a source below a folder of mode 0700" {
  mkdir -p "$HOST/closed/inner"
  chmod 0700 "$HOST/closed"
  echo inner >"$HOST/closed/inner/file"
  run -0 run_in runward -u 1000 -v "$HOST/closed/inner:/d" -- cat /d/file
  assert_equal "$output" inner
}

@test "one file, bound" {
  echo content >"$HOST/file"
  run -0 run_in runward -v "$HOST/file:/etc/passwd" -- sh -c 'cat /etc/passwd; echo changed >/etc/passwd; stat -c %u /etc/passwd'
  assert_equal "$output" $'content\n0'
  assert_equal "$(cat "$HOST/file")" changed
}

@test "a read-only bind is read-only down to the mounts inside" {
  mkdir -p "$HOST/outer/inner" "$HOST/mounted"
  # Not a tmpfs, which can't be idmapped before Linux 6.3.
  engine_ns mount --bind "$HOST/mounted" "$HOST/outer/inner"
  touch "$HOST/mounted/there"
  run -0 run_in runward -v "$HOST/outer:/d:ro" -- sh -c 'ls /d/inner; touch /d/x /d/inner/x 2>/dev/null || true; ls /d /d/inner'
  engine_ns umount "$HOST/outer/inner"
  assert_lacks "$output" x
  assert_contains "$output" there
}

@test "--tmpfs with a uid, and --shm-size" {
  run -0 run_in runward --tmpfs /scratch:uid=1000,mode=0700 --shm-size 32m -u 1000 -- \
    sh -c 'touch /scratch/x /dev/shm/x && stat -c %u /scratch; df -m /dev/shm | awk "NR == 2 {print \$2}"'
  assert_equal "$output" $'1000\n32'
}

@test "an allowed device is the host's" {
  local device
  for device in /dev/fuse /dev/net/tun /dev/vsock ""; do [[ ! -c $device ]] || break; done
  [[ -n $device ]] || skip 'no device to give away on this machine'
  run -0 run_in runward-device --device "$device" -- stat -c %F:%t:%T "$device"
  assert_equal "$output" "$(stat -c %F:%t:%T "$device")"
}

# The runtime would bind what the host has by that name, whatever device was checked.
@test "an allowed device by another name is refused" {
  local name
  for name in /dev/nought /dev/full; do
    run run_in runward-device --device /dev/zero:"$name" -- true
    assert_equal "$status" 125 || fail "$output" || return 1
    assert_refusal "$output" user-namespace device
  done
}

# The runtime binds by name, and another one can put another device there.
@test "an allowed device below a folder of /dev that others can write is refused" {
  engine_ns sh -c 'mkdir /dev/runward-test && chmod 0777 /dev/runward-test && mknod /dev/runward-test/zero c 1 5'
  run run_in runward-device --device /dev/runward-test/zero -- true
  engine_ns rm -r /dev/runward-test
  assert_equal "$status" 125 || fail "$output" || return 1
  assert_refusal "$output" user-namespace device
  assert_contains "$output" /dev/runward-test/zero
}

@test "the devices that every container has are opened by everybody" {
  run -0 run_in runward -u 1000 -- sh -c 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c'
  assert_equal "$output" $'4\n4'
}

@test "a terminal: -it" {
  run -0 script -qec "docker run -it --rm --runtime=runward box sh -c 'tty; echo to-tty >/dev/tty; stat -c %u \$(tty); sleep 1'" /dev/null
  assert_contains "$output" /dev/pts/0
  assert_contains "$output" to-tty
}

@test "a terminal of an ordinary user, and through exec" {
  run -0 script -qec "docker run -it --rm -u 1000 --runtime=runward box sh -c 'echo to-tty >\$(tty); stat -c %u \$(tty); sleep 1'" /dev/null
  assert_contains "$output" to-tty
  assert_contains "$output" 1000
  run -0 script -qec "docker exec -it -u 1000 one sh -c 'echo to-tty >\$(tty)'" /dev/null
  assert_contains "$output" to-tty
}

# As Swarm's secrets and systemd's credentials are: files in memory, for one user each.
make_secrets() {
  mkdir -p "$HOST/$1"
  engine_ns mount -t tmpfs secrets "$HOST/$1"
  engine_ns sh -c 'cd "$1"; echo for-1000 >user; echo for-0 >root; chmod 0400 user root; chown 1000:1000 user' sh "$HOST/$1"
}
read_secrets='cat /run/secrets/root 2>/dev/null; cat /run/secrets/user 2>/dev/null; stat -c %u /run/secrets/user /run/secrets/root'

@test "secrets in memory are read by whom they are for" {
  make_secrets memory
  run run_in runward -u 1000 -v "$HOST/memory:/run/secrets:ro" -- sh -c "$read_secrets"
  engine_ns umount "$HOST/memory"
  if kernel_at_least 6.3; then
    assert_equal "$output" $'for-1000\n1000\n0'
  else
    assert_refusal "$output" user-namespace default
    assert_contains "$output" "can't be idmapped"
  fi
}

# An overlay can't be idmapped on any kernel.
make_unmappable() {
  mkdir -p "$HOST/$1/"{lower,upper,work,all}
  engine_ns mount -t overlay "$1" -o "lowerdir=$HOST/$1/lower,upperdir=$HOST/$1/upper,workdir=$HOST/$1/work" "$HOST/$1/all"
  engine_ns sh -c 'cd "$1"; echo for-1000 >user; echo for-0 >root; chmod 0400 user root; chown 1000:1000 user' sh "$HOST/$1/all"
}

@test "a filesystem that can't be idmapped is refused, and the refusal names the mount" {
  make_unmappable refuses
  refused user-namespace -v "$HOST/refuses/all:/run/secrets:ro"
  assert_contains "$output" "'$HOST/refuses/all'"
  assert_contains "$output" "can't be idmapped"
  engine_ns umount "$HOST/refuses/all"
}

@test "… but under a profile that copies small ones, with their owners" {
  make_unmappable copied
  run -0 run_in runward-copies -u 1000 -v "$HOST/copied/all:/run/secrets:ro" -- sh -c "$read_secrets"
  assert_equal "$output" $'for-1000\n1000\n0'
  run -0 run_in runward-copies -v "$HOST/copied/all:/run/secrets:ro" -- sh -c "cat /run/secrets/root; echo x 2>/dev/null >/run/secrets/root || true"
  assert_equal "${lines[0]}" for-0
  assert_equal "$(engine_ns cat "$HOST/copied/all/root")" for-0
  engine_ns dd if=/dev/zero of="$HOST/copied/all/big" bs=1M count=2 status=none
  run run_in runward-copies -v "$HOST/copied/all:/run/secrets:ro" -- true
  assert_equal "$status" 125
  assert_refusal "$output" user-namespace copies
  engine_ns umount "$HOST/copied/all"
}

@test "… and under a profile that leaves them as they are, all is of nobody" {
  make_unmappable left
  run -0 run_in runward-unmapped -v "$HOST/left/all:/run/secrets" -- sh -c "$read_secrets"
  assert_equal "$output" $'65534\n65534'
  engine_ns umount "$HOST/left/all"
}

@test "a FUSE filesystem whose server knows no ids is refused, or all is of nobody, or copied, as the profile says" {
  fuse empty
  refused user-namespace -v "$HOST/empty:/d"
  assert_contains "$output" "can't be idmapped"
  local runtime
  for runtime in runward-unmapped runward-copies; do
    run -0 run_in "$runtime" -v "$HOST/empty:/d:ro" -- sh -c 'stat -c %u /d; ls /d'
    assert_equal "$runtime $output" "$runtime $([[ $runtime == runward-copies ]] && echo 0 || echo 65534)"
  done
  end_fuse empty
}

@test "a FUSE server that answers every question by ENOSYS: no container, whatever the profile says of its mounts" {
  fuse enosys
  local runtime
  for runtime in runward runward-unmapped runward-copies; do
    run timeout 60 docker run --rm --runtime="$runtime" -v "$HOST/enosys:/d" box ls /d
    ((status != 0 && status != 124)) || fail "$runtime: $status: $output" || return 1
  done
  end_fuse enosys
}

# A mount inside of the source: dockerd looks at the source, and would hang there, with whichever runtime.
@test "a FUSE server that never answers: refused in bounded time, and nothing of the container is left" {
  local runtime before
  fuse silent hangs/in
  before=$(held_ranges | sort)
  for runtime in runward runward-unmapped runward-unchecked; do
    run -125 timeout 100 docker run --rm --runtime="$runtime" -v "$HOST/hangs:/d" box true
    assert_equal "$(grep -c 'runward: ' <<<"$output")" 1 || fail "$output" || return 1
    assert_contains "$output" "the mount '$HOST/hangs' on '/d' is refused (rule mounts)" || return 1
    assert_contains "$output" 'did not answer within 10 s' || return 1
  done
  assert_equal "$(held_ranges | sort)" "$before"
  # Others go on beside it.
  run -0 run_in runward -v "$HOST/answers:/d" -- ls /d
  # The children that asked are still there; they end with the server.
  run ! nothing_runs
  end_fuse hangs/in
  wait_until 10 nothing_runs
}

# dockerd looks before, so by hand: as if it went between.
@test "a source that is not there is refused, also where nobody checks mounts" {
  local bundle=$BATS_TEST_TMPDIR/bundle
  mkdir "$bundle"
  busybox_rootfs "$bundle/rootfs"
  (cd "$bundle" && runc spec)
  jq '.process.terminal = false | .mounts += [{destination: "/d", type: "bind", source: "/not/there", options: ["rbind"]}]' \
    "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  run ! engine_ns "$RUNTIMES/runward-unchecked" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" gone
  assert_refusal "$output" user-namespace unchecked
  assert_contains "$output" "'/not/there' on '/d', whose source is not there"
}

@test "a mount that appears in the source while the container runs does not appear in it" {
  mkdir -p "$HOST/later/inner"
  start before runward -v "$HOST/later:/d"
  engine_ns mount -t tmpfs later "$HOST/later/inner"
  engine_ns touch "$HOST/later/inner/late"
  run -0 docker_ exec before ls /d/inner
  assert_equal "$output" ""
  engine_ns umount "$HOST/later/inner"
  docker_ rm -f before >/dev/null
}

@test "a mount with nosuid, nodev, noexec and ro on the host keeps them" {
  mkdir -p "$HOST/locked"
  engine_ns mount -t tmpfs -o ro,nosuid,nodev,noexec locked "$HOST/locked"
  run -0 run_in runward-unmapped -v "$HOST/locked:/d" -- sh -c 'grep " /d " /proc/self/mounts | cut -d" " -f4'
  engine_ns umount "$HOST/locked"
  for word in ro nosuid nodev noexec; do assert_contains ",$output," ",$word,"; done
}

# --- sources that are exchanged ---------------------------------------------------------------

# One link that leads to an allowed folder and to a denied one by turns, as fast as a rename goes.
flip() {
  exec perl -e '
    my ($link, @to) = @ARGV;
    for (my $i = 0;; $i++) {
      symlink($to[$i % 2], "$link.new"); rename("$link.new", $link);
      select(undef, undef, undef, rand(0.001)) if rand(4) < 3;
    }' "$@"
}

@test "a source that is exchanged all the time: the denied folder is never mounted" {
  mkdir "$HOST/allowed"
  touch "$HOST/allowed/this-is-allowed"
  (flip "$HOST/flipping" "$HOST/allowed" /root) >/dev/null 2>&1 3>&- &
  local flipper=$! i refused=0 allowed=0 odd="" out denied
  denied=$(stat -c %d:%i /root)
  wait_until 5 test -L "$HOST/flipping"
  for ((i = 0; i < 40; i++)); do
    out=$(run_in runward -v "$HOST/flipping:/x:ro" -- sh -c 'stat -c %d:%i /x; ls /x' 2>&1) || true
    if [[ $out == *"$denied"* ]]; then odd="the denied folder was mounted: $out"; break
    elif [[ $out == *"rule mounts"* ]]; then refused=$((refused + 1))
    elif [[ $out == *this-is-allowed* ]]; then allowed=$((allowed + 1))
    else odd=$out
    fi
  done
  kill "$flipper"
  [[ -z $odd ]] || fail "try $i: $odd"
  ((refused > 0 && allowed > 0 && refused + allowed == 40)) || fail "refused $refused, allowed $allowed"
}

@test "a folder on the way that is exchanged all the time: what lies in the denied one is never mounted" {
  mkdir -p "$HOST/open/inner" "$HOST/denied/inner"
  touch "$HOST/open/inner/this-is-allowed" "$HOST/denied/inner/this-is-denied"
  profile closed "{\"mounts\": {\"denied_sources_add\": [\"$HOST/denied\"]}}"
  (flip "$HOST/way" "$HOST/open" "$HOST/denied") >/dev/null 2>&1 3>&- &
  local flipper=$! i refused=0 allowed=0 odd="" out
  wait_until 5 test -L "$HOST/way"
  for ((i = 0; i < 40; i++)); do
    out=$(run_in runward-closed -v "$HOST/way/inner:/x:ro" -- ls /x 2>&1) || true
    if [[ $out == *"rule mounts"* ]]; then refused=$((refused + 1))
    elif [[ $out == *this-is-allowed* ]]; then allowed=$((allowed + 1))
    else odd=$out && break
    fi
  done
  kill "$flipper"
  [[ -z $odd ]] || fail "try $i: $odd"
  ((refused > 0 && allowed > 0 && refused + allowed == 40)) || fail "refused $refused, allowed $allowed"
}

# --- at the end -------------------------------------------------------------------------------

@test "nothing is left of all of these but what still runs" { assert_nothing_is_left; }
