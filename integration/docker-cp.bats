#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `docker cp` into a container that runs: the engine writes beside runward's own mounts, and the container sees it.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() { start_with_each_access; }

teardown_file() { engine_stop; }

# cp_in CONTAINER PATH… - the text "from-host"
cp_in() {
  local container=$1 path
  shift
  echo from-host >"$BATS_TEST_TMPDIR/file"
  for path; do docker_ cp "$BATS_TEST_TMPDIR/file" "$container:$path"; done
}

# assert_has_them CONTAINER PATH… - what cp_in has put there
assert_has_them() {
  local container=$1
  shift
  run -0 docker_ exec "$container" cat "$@"
  assert_equal "$output" "$(printf 'from-host\n%.0s' "$@")"
}

@test "cp into a running container is seen by the next exec, also where it has looked before" {
  local runtime files=(/new /home/user/new)
  for runtime in runward runward-writes runward-ephemeral; do
    start into "$runtime"
    docker_ exec into sh -c "ls -d ${files[*]} /home/user" >/dev/null 2>&1 || true
    cp_in into "${files[@]}"
    assert_has_them into "${files[@]}"
    docker_ rm -f into >/dev/null
  done
}

@test "cp into folders with mounts inside: new files and old ones; diff, cp out and commit know of them" {
  local runtime files=(/etc/new /etc/passwd /var/new /home/new)
  for runtime in runward runward-writes runward-ephemeral; do
    start into "$runtime" -v inside:/home/user -v deeper:/usr/share/deep/er
    # All is looked up, and the list of a folder is read.
    docker_ exec into sh -c "cat ${files[*]}; ls /etc /var /home /usr/share" >/dev/null 2>&1 || true
    cp_in into "${files[@]}"
    assert_has_them into "${files[@]}"
    run -0 docker_ exec into ls /etc /var /home
    assert_equal "$(grep -cx new <<<"$output")" 3
    assert_equal "$(docker_ cp into:/etc/passwd - | tar -xO)" from-host
    run -0 docker_ diff into
    assert_contains "$output" 'A /etc/new'
    assert_contains "$output" 'C /etc/passwd'
    docker_ commit into of-into >/dev/null
    run -0 docker_ run --rm --runtime="$runtime" of-into cat "${files[@]}"
    assert_equal "$output" $'from-host\nfrom-host\nfrom-host\nfrom-host'
    docker_ rm -f into >/dev/null
  done
}

# What runs in /opt/app/bin, with /srv/www/here for its working folder, holds these and all folders above.
program_image() {
  local root=$BATS_TEST_TMPDIR/root
  busybox_rootfs "$root"
  mkdir -p "$root"/opt/app/{bin,etc} "$root"/srv/www/{here,there} "$root/usr/share/www" "$root/usr/lib"
  mv "$root/bin/busybox" "$root/opt/app/bin/busybox"
  ln -s ../opt/app/bin/busybox "$root/bin/busybox"
  ln -s busybox "$root/opt/app/bin/sleep"
  cp "$root/opt/app/bin/busybox" "$root/usr/lib/held"
  tar -C "$root" -c . | docker_ import --change 'ENV PATH=/opt/app/bin:/bin' --change 'WORKDIR /srv/www/here' - program >/dev/null
}

@test "cp into the folders that a program is run from, and that it works in, and beside them" {
  local files=(/opt/app/bin/new /opt/app/etc/new /opt/new /srv/www/here/new /srv/www/there/new /usr/share/www/new)
  program_image
  docker_ run -d --name runs --runtime=runward program sleep 3600 >/dev/null
  # As a library does, which a program has mapped: /usr/lib and /usr are held.
  docker_ exec -d runs /usr/lib/held sleep 3600
  docker_ exec runs sh -c "ls ${files[*]}" >/dev/null 2>&1 || true
  cp_in runs "${files[@]}"
  assert_has_them runs "${files[@]}"
  docker_ rm -f runs >/dev/null
  docker_ run -d --init --name runs --runtime=runward program sleep 3600 >/dev/null
  cp_in runs "${files[@]}"
  assert_has_them runs "${files[@]}"
  docker_ rm -f runs >/dev/null
}

@test "of a container that changed nothing diff shows nothing, as with runc" {
  local runtime
  for runtime in runward runward-writes runward-ephemeral; do
    docker_ run -d --name still --runtime="$runtime" -v "inside:/home/user" box sleep 3600 >/dev/null
    [[ -d $(docker_ inspect --format '{{.GraphDriver.Data.UpperDir}}' still)/etc ]]  # it has been copied up
    assert_equal "$(docker_ diff still)" ""
    docker_ restart -t 0 still >/dev/null
    assert_equal "$(docker_ diff still)" ""
    docker_ rm -f still >/dev/null
  done
}

reloads() { [[ $(docker_ logs reloading) == "$1" ]]; }

@test "cp over a file that a program has read, and a signal: it reads the new one, without an exec" {
  local runtime
  for runtime in runward runward-writes; do
    docker_ run -d --name reloading --runtime="$runtime" box sh -c '
      reload() { cat /etc/group; ls /etc/new 2>/dev/null; }
      trap reload HUP USR1
      echo of-image >/tmp/file && head -n 1 /etc/group && ls /etc/new 2>/dev/null
      while :; do sleep 0.1; done' >/dev/null
    wait_until 10 reloads 'root:x:0:'
    cp_in reloading /etc/group /etc/new
    docker_ kill -s HUP reloading >/dev/null
    wait_until 10 reloads $'root:x:0:\nfrom-host\n/etc/new'
    echo again >"$BATS_TEST_TMPDIR/file"
    docker_ cp "$BATS_TEST_TMPDIR/file" reloading:/etc/group
    docker_ kill -s USR1 reloading >/dev/null
    wait_until 10 reloads $'root:x:0:\nfrom-host\n/etc/new\nagain\n/etc/new'
    docker_ rm -f reloading >/dev/null
  done
}
