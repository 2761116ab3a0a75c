#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A user namespace for every container, with layers that are its own: looked at from inside, from the host, and by what
# the engine does with the container's files. Mounts: userns-mounts.bats; namespaces that are joined: userns-joined.bats.
#
#   USERNS_CONTAINERS=500   the long run of "no two live containers share an id"

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() { start_with_each_access; }

teardown_file() { engine_stop; }

# --- the map ----------------------------------------------------------------------------------

@test "the container's ids are one range of the pool, uids as gids" {
  run -0 run_in runward -- sh -c 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map'
  assert_equal "${lines[0]}" "${lines[1]}"
  assert_is_mapped "${lines[0]}"
}

@test "root in the container is the range's first id on the host, and that is not root" {
  local pid
  pid=$(pid_of one)
  assert_equal "$(awk '/^[UG]id:/ {print $2, $3, $4, $5}' "/proc/$pid/status" | sort -u)" \
    "$(b=$(base_of one); echo "$b $b $b $b")"
  assert_is_mapped "$(map_of "$pid")"
}

@test "strict: uid 1000 is the thousandth id of the range" {
  docker_ run -d --name strict --runtime=runward-strict --user 1000 box sleep 3600 >/dev/null
  assert_is_mapped "$(map_of "$(pid_of strict)")"
  assert_equal "$(awk '/^Uid:/ {print $2}' "/proc/$(pid_of strict)/status")" $(($(base_of strict) + 1000))
}

@test "exec is in the same user namespace, with the same map" {
  run -0 docker_ exec one sh -c 'readlink /proc/self/ns/user; tr -s " " </proc/self/uid_map'
  assert_equal "${lines[0]}" "$(readlink "/proc/$(pid_of one)/ns/user")"
  assert_is_mapped "${lines[1]# }"
  assert_equal "${lines[1]# }" "$(map_of "$(pid_of one)")"
}

@test "the initial user namespace is not the container's, and two containers have two ranges" {
  [[ $(readlink "/proc/$(pid_of one)/ns/user") != $(readlink /proc/self/ns/user) ]]
  [[ $(base_of one) != $(base_of other) ]]
}

@test "an init (--init) is in it too" {
  run -0 run_in runward --init -- sh -c 'cat /proc/1/comm; tr -s " " </proc/1/uid_map'
  assert_contains "${lines[0]}" init
  assert_is_mapped "${lines[1]# }"
}

# Kills, at any of its instants, one in three of the runwards that create a container of this engine.
kill_creates() {
  exec perl -e '
    my ($killed, %seen) = (0);
    $SIG{TERM} = sub { print "$killed\n"; exit 0 };
    for (;;) {
      opendir(my $proc, "/proc");
      for my $pid (grep { /^\d+$/ && !$seen{$_} } readdir $proc) {
        open(my $f, "<", "/proc/$pid/comm") or next;
        my $comm = <$f> // "";
        next unless $comm eq "runward\n";
        open($f, "<", "/proc/$pid/cmdline") or next;
        my $line = <$f> // "";
        next unless $line =~ /\Q$ENV{ENGINE_DIR}\E/ && $line =~ /\0create\0/;
        $seen{$pid} = 1;
        next if rand(3) > 1;
        select(undef, undef, undef, rand(0.006));
        $killed += kill("KILL", $pid) if -e "/proc/$pid" && `cat /proc/$pid/comm 2>/dev/null` eq "runward\n";
      }
      select(undef, undef, undef, 0.001);
    }'
}

# Of every live container of this test: its map.
maps_of_crowd() {
  local pid
  for pid in $(docker_ ps -q --filter label=crowd | xargs -r docker inspect --format '{{.State.Pid}}'); do
    ((pid == 0)) || map_of "$pid" 2>/dev/null || true
  done
}

# Of the engine's mount namespace, without what other test runs on this machine have left in it or take away.
mounts_there() {
  engine_ns cat /proc/self/mounts | awk '$2 !~ "^(/tmp/rw[.]|/var/tmp/rw-)" || index($2, ENVIRON["ENGINE_DIR"] "/") == 1' | sort
}

@test "no two live containers share an id, sixteen created at a time and kill -9 in between; and nothing is left of them" {
  local total=${USERNS_CONTAINERS:-60} made=0 round=0 mounts folder killer maps most=0 i pids
  mounts=$(mounts_there)
  folder=$(staging_folder)
  local folders ranges
  folders=$(ls "$folder") ranges=$(held_ranges | sort)
  (kill_creates) >"$BATS_TEST_TMPDIR/killed" 3>&- &
  killer=$!
  while ((made < total)); do
    pids=()
    for ((i = 0; i < 16 && made < total; i++, made++)); do
      docker_ run -d --name "crowd-$made" --label crowd --network none --runtime=runward -v "crowd-$((made % 4)):/data" \
        box sleep 3600 >/dev/null 2>&1 3>&- &
      pids+=($!)
    done
    wait "${pids[@]}" || true
    maps=$(maps_of_crowd)
    while read -r i; do assert_is_mapped "$i" || { kill "$killer"; return 1; }; done <<<"$maps"
    assert_equal "$(sort <<<"$maps" | uniq -d)" "" || { kill "$killer"; return 1; }
    (($(wc -l <<<"$maps") <= most)) || most=$(wc -l <<<"$maps")
    # Every second one ends as a host's out-of-memory killer would end it, with everything that it holds.
    ((++round % 2)) || for i in $(docker_ ps -q --filter label=crowd | xargs docker inspect --format '{{.State.Pid}}' | awk 'NR % 2'); do
      kill -KILL "$i" 2>/dev/null || true
    done
  done
  kill "$killer"
  wait "$killer" || true
  echo "# $total created, $(cat "$BATS_TEST_TMPDIR/killed") of the creates killed, up to $most alive" >&3
  (($(cat "$BATS_TEST_TMPDIR/killed") > 0)) || fail 'no create was killed: nothing was tried'
  ((most >= 8)) || fail "only $most containers lived at a time"
  # Docker 20.10 may miss that a container ended when so many do at once, and then waits for ever.
  docker_ ps -aq --filter label=crowd | xargs timeout 300 docker rm -f >/dev/null
  for i in 0 1 2 3; do docker_ volume rm "crowd-$i" >/dev/null; done

  wait_until 20 nothing_runs
  assert_equal "$(held_ranges | sort)" "$ranges"
  assert_equal "$(ls "$folder")" "$folders"
  assert_equal "$(mounts_there)" "$mounts"
}

@test "a range, its folder and its mounts are gone with the container" {
  local id
  start passing
  id=$(id_of passing)
  [[ -n $(grep -rlsF "/$id" /run/runward/ranges) && -d $(staging_folder)/$id/rootfs ]]
  docker_ rm -f passing >/dev/null
  assert_equal "$(grep -rlsF "/$id" /run/runward/ranges; find /run/runward -name "*$id*")" ""
}

@test "what runward mounts is in no mount table of the host's" {
  assert_equal "$(grep -c " /run/runward" /proc/self/mounts || true)" 0
  assert_equal "$(engine_ns grep -c " /run/runward" /proc/self/mounts || true)" 0
}

@test "a container that is refused has taken no range" {
  local before
  before=$(held_ranges | sort)
  refused capabilities --cap-add SYS_ADMIN
  assert_equal "$(held_ranges | sort)" "$before"
}

# --- owners of files --------------------------------------------------------------------------

# For a folder $d: one file each by three users.
write_as_three='for u in 0 1000 65534; do touch $d/by-$u && chown $u:$u $d/by-$u; done; chmod 1777 $d'
three=$'by-0 0:0\nby-1000 1000:1000\nby-65534 65534:65534'

@test "files of uids 0, 1000 and 65534 on a bind mount lie on the host's disk under these ids" {
  mkdir "$HOST/owners"
  run -0 run_in runward -v "$HOST/owners:/d" -- sh -c "d=/d; $write_as_three"
  assert_equal "$(owners_in "$HOST/owners")" "$three"
  chmod 1777 "$HOST/owners"
  run -0 run_in runward -v "$HOST/owners:/d" -u 1000 -- sh -c 'touch /d/own && stat -c %u:%g /d/own /d/by-0 /d/by-65534'
  assert_equal "$output" $'1000:1000\n0:0\n65534:65534'
  assert_equal "$(stat -c %u:%g "$HOST/owners/own")" 1000:1000
}

@test "files on a named volume likewise, which two containers of different ranges both read and write" {
  start first runward -v shared:/d
  start second runward -v shared:/d
  [[ $(base_of first) != $(base_of second) ]]
  docker_ exec first sh -c "d=/d; $write_as_three; echo of-first >/d/by-1000"
  run -0 docker_ exec -u 1000 second sh -c 'cat /d/by-1000; echo of-second >/d/by-1000; touch /d/own; stat -c %u /d/own'
  assert_equal "$output" $'of-first\n1000'
  run -0 docker_ exec first sh -c 'cat /d/by-1000; stat -c "%n %u:%g" /d/by-* /d/own'
  assert_equal "$output" "of-second"$'\n'"$(sed 's|^|/d/|' <<<"$three")"$'\n/d/own 1000:1000'
  assert_equal "$(owners_in "$ENGINE_DIR/data/volumes/shared/_data")" "$three"$'\nown 1000:1000'
  docker_ rm -f first second >/dev/null
}

@test "a new volume takes the image's owners" {
  run -0 run_in runward -v of-image:/home/user -u 1000 -- sh -c 'touch /home/user/file && stat -c %u /home/user'
  assert_equal "$output" 1000
  assert_equal "$(stat -c %u "$ENGINE_DIR/data/volumes/of-image/_data")" 1000
}

@test "files of the image have their owners, and none is the overflow id" {
  run -0 run_in runward -- sh -c 'stat -c %u:%g / /etc/passwd /home/user; find / -xdev -user 65534 ! -path /proc ! -path /sys'
  assert_equal "$output" $'0:0\n0:0\n1000:1000'
}

@test "writable: files on the root filesystem lie in the engine's layer under the container's ids" {
  start rootfs runward-writes
  docker_ exec rootfs sh -c "mkdir /d; d=/d; $write_as_three; echo changed >>/etc/passwd; rm /etc/group"
  local upper
  upper=$(docker_ inspect --format '{{.GraphDriver.Data.UpperDir}}' rootfs)
  assert_equal "$(owners_in "$upper/d")" "$three"
  assert_equal "$(stat -c %u:%g "$upper/etc/passwd")" 0:0
  docker_ rm -f rootfs >/dev/null
}

@test "writable: diff, commit, export and cp both ways know what the container wrote" {
  start kept runward-writes
  docker_ exec kept sh -c "mkdir /d; d=/d; $write_as_three; echo late >/late; rm -r /home"
  assert_contains "$(docker_ diff kept)" $'A /late'
  assert_contains "$(docker_ diff kept)" 'A /d/by-1000'
  assert_equal "$(docker_ cp kept:/late - | tar -xO)" late
  assert_equal "$(docker_ cp kept:/d - | tar -tv --numeric-owner | awk '/by-/ {print $2}')" $'0/0\n1000/1000\n65534/65534'
  assert_equal "$(docker_ export kept | tar -tv --numeric-owner | awk '/by-/ {print $2}')" $'0/0\n1000/1000\n65534/65534'
  echo from-host >"$BATS_TEST_TMPDIR/file"
  docker_ cp "$BATS_TEST_TMPDIR/file" kept:/d/from-host
  assert_equal "$(docker_ exec kept sh -c 'cat /d/from-host; stat -c %u:%g /d/from-host')" $'from-host\n0:0'
  docker_ commit kept committed >/dev/null
  run -0 docker_ run --rm --runtime=runward committed sh -c 'cat /late; test ! -e /home; cd /d; stat -c "%n %u:%g" by-*'
  assert_equal "$output" $'late\n'"$three"
  run -0 docker_ run --rm committed stat -c %u:%g /d/by-1000  # with runc
  assert_equal "$output" 1000:1000
  docker_ rm -f kept >/dev/null
}

# The engine has an overlay of its own over the same folders, and what that one once looked up it does not look up again
# (README, "docker cp and a user namespace").
@test "writable: what the engine has looked at before it sees anew after stop and start; commit is right at once" {
  start seen runward-writes
  docker_ cp seen:/etc/passwd - >/dev/null
  docker_ exec seen sh -c 'echo new >/etc/passwd; rm /etc/group; echo late >/late'
  docker_ commit seen of-seen >/dev/null
  run -0 docker_ run --rm --runtime=runward of-seen sh -c 'cat /etc/passwd /late; test -e /etc/group || echo gone'
  assert_equal "$output" $'new\nlate\ngone'
  docker_ stop -t 0 seen >/dev/null
  docker_ start seen >/dev/null
  assert_equal "$(docker_ cp seen:/etc/passwd - | tar -xO)" new
  assert_equal "$(docker_ cp seen:/late - | tar -xO)" late
  run ! docker_ cp seen:/etc/group -
  run -0 docker_ diff seen
  assert_contains "$output" 'D /etc/group'
  docker_ rm -f seen >/dev/null
}

@test "writable: after restarts, in another range each, the files are there with their owners; rename goes on" {
  start again runward-writes
  docker_ exec again sh -c "mkdir /d; d=/d; $write_as_three; rm -r /home"
  local before i
  before=$(base_of again)
  for i in 1 2; do docker_ restart -t 1 again >/dev/null; done
  # By chance it may be the same.
  [[ $(base_of again) != "$before" ]] || docker_ restart -t 1 again >/dev/null
  [[ $(base_of again) != "$before" ]]
  docker_ rename again renamed
  run -0 docker_ exec renamed sh -c 'cd /d; stat -c "%n %u:%g" *; echo more >by-0; test -e /home || echo gone'
  assert_equal "$output" "$three"$'\ngone'
  docker_ rm -f renamed >/dev/null
}

@test "read-only: what cp puts there is seen by the container, and cp out works" {
  echo from-host >"$BATS_TEST_TMPDIR/file"
  docker_ create --name filled --runtime=runward box cat /etc/new /etc/passwd >/dev/null
  docker_ cp "$BATS_TEST_TMPDIR/file" filled:/etc/new
  docker_ cp "$BATS_TEST_TMPDIR/file" filled:/etc/passwd
  run -0 docker_ start -a filled
  assert_equal "$output" $'from-host\nfrom-host'
  assert_equal "$(docker_ cp one:/etc/passwd - | tar -xO | head -n 1)" 'root:x:0:0:root:/root:/bin/sh'
  docker_ rm filled >/dev/null
}

@test "ephemeral: writes work, with owners, and are gone after a restart" {
  start briefly runward-ephemeral
  docker_ exec briefly sh -c "mkdir /d; d=/d; $write_as_three; rm -r /home; echo more >>/etc/passwd"
  run -0 docker_ exec briefly sh -c 'cd /d; stat -c "%n %u:%g" *; tail -n 1 /etc/passwd'
  assert_equal "$output" "$three"$'\nmore'
  docker_ restart -t 1 briefly >/dev/null
  run -0 docker_ exec briefly sh -c 'test -d /home && test ! -e /d && grep -c more /etc/passwd || true'
  assert_equal "$output" 0
  assert_equal "$(docker_ diff briefly | grep -c '/d' || true)" 0
  docker_ rm -f briefly >/dev/null
}

@test "ephemeral: writes end at ephemeral_size, and are the container's own memory" {
  run run_in runward-ephemeral -- sh -c 'dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null; stat -c %s /big'
  ((output >= 15 << 20 && output <= 34 << 20)) || fail "$output bytes"
}

@test "read-only: nothing can be written to the root filesystem, by root either" {
  run -0 run_in runward -- sh -c 'for d in / /etc /root /home/user /usr/bin /dev/pts; do touch $d/x 2>/dev/null && echo "$d"; done; true'
  assert_equal "$output" ""
}

# --- what programs do -------------------------------------------------------------------------

@test "a healthcheck" {
  docker_ run -d --name healthy --runtime=runward --health-interval 1s --health-cmd 'test -e /tmp/up' box \
    sh -c 'touch /tmp/up; exec sleep 3600' >/dev/null
  wait_until 30 sh -c '[ "$(docker inspect --format "{{.State.Health.Status}}" healthy)" = healthy ]'
  docker_ rm -f healthy >/dev/null
}

to_both='echo out >/dev/stdout; echo err >/dev/stderr'

@test "/dev/stdout and /dev/stderr are opened by root and by uid 1000" {
  local flags
  for flags in '-u 0' '-u 1000'; do
    # shellcheck disable=SC2086  # two words
    run --separate-stderr -0 run_in runward $flags -- sh -c "$to_both"
    assert_equal "$output $stderr" 'out err'
  done
}

@test "/dev/stdout and /dev/stderr through exec" {
  local user
  for user in 0 1000; do
    run --separate-stderr -0 docker_ exec -u "$user" one sh -c "$to_both"
    assert_equal "$output $stderr" 'out err'
    run --separate-stderr -0 docker_ exec -i -u "$user" one sh -c "cat </dev/stdin; $to_both" <<<in
    assert_equal "$output $stderr" $'in\nout err'
  done
}

@test "stdin and logs of a detached one" {
  docker_ run -d --name logs --runtime=runward -u 1000 box sh -c "$to_both" >/dev/null
  docker_ wait logs >/dev/null
  assert_equal "$(docker_ logs logs 2>/dev/null)" out
  assert_equal "$(docker_ logs logs 2>&1 >/dev/null)" err
  docker_ rm logs >/dev/null
  assert_equal "$(docker_ run -i --rm --runtime=runward -u 1000 box sh -c 'cat </dev/stdin' <<<in)" in
}

# --- what can't be done -----------------------------------------------------------------------

@test "root's file of mode 0600 on a bound folder is not read by uid 1000" {
  mkdir "$HOST/private"
  echo secret >"$HOST/private/of-root"
  chmod 0600 "$HOST/private/of-root"
  run ! run_in runward -u 1000 -v "$HOST/private:/d" -- cat /d/of-root
  assert_lacks "$output" secret
  run -0 run_in runward -v "$HOST/private:/d" -- cat /d/of-root
  assert_equal "$output" secret
}

@test "an id of the range itself owns nothing on the host, and ids beyond it can't be given" {
  mkdir "$HOST/beyond"
  touch "$HOST/beyond/high"
  chown 70000:70000 "$HOST/beyond/high"
  run -0 run_in runward -v "$HOST/beyond:/d" -- sh -c 'stat -c %u /d/high; cat /d/high; chown 70000 /d/high 2>/dev/null || chown 0 /d/high 2>/dev/null || echo kept; touch /d/mine'
  assert_equal "$output" $'65534\nkept'
  assert_equal "$(owners_in "$HOST/beyond")" $'high 70000:70000\nmine 0:0'
}

@test "a setuid program on a volume gives nobody anything" {
  run -0 run_in runward -v setuid:/d -- sh -c 'cp /bin/busybox /d && chmod 4755 /d/busybox && grep " /d " /proc/self/mounts'
  assert_contains "$output" nosuid
  run -0 run_in runward -v setuid:/d -u 1000 -- /d/busybox id -u
  assert_equal "$output" 1000
}

@test "mount, unshare and mknod fail, by root too" {
  run -0 run_in runward -- sh -c \
    'mount -t tmpfs x /tmp 2>/dev/null && echo mount; unshare -U true 2>/dev/null && echo unshare; unshare -m true 2>/dev/null && echo unshare; mknod /tmp/d c 1 3 2>/dev/null && echo mknod; true'
  assert_equal "$output" ""
}

@test "another container's processes are not there, by /proc or by signal" {
  run -0 run_in runward -- sh -c 'ls -d /proc/[0-9]* | wc -l'
  ((output <= 4))
  # Were they there, the host's rules for a foreign uid would hold.
  run -0 nsenter --target "$(pid_of one)" --user --setuid 0 --setgid 0 sh -c "kill -0 $(pid_of one)"
  run ! nsenter --target "$(pid_of one)" --user --setuid 0 --setgid 0 sh -c "kill -0 $(pid_of other)"
  run ! nsenter --target "$(pid_of one)" --user --setuid 0 --setgid 0 cat "/proc/$(pid_of other)/environ"
}

# The seccomp baseline has no keyctl(2) at all; this is what lies behind it.
as_root_of() { nsenter --target "$(pid_of "$1")" --user --setuid 0 --setgid 0 perl -e "$2"; }

@test "another container's keys can't be looked at" {
  [[ $(uname -m) == x86_64 ]] || skip 'numbers of system calls of x86-64'
  local key describe
  key=$(as_root_of other 'my ($type, $name, $text) = ("user", "runward-test", "secret"); print syscall(248, $type, $name, $text, 6, -4)')  # add_key, the user keyring
  ((key > 0)) || fail "no key was made: $key"
  describe="print syscall(250, 6, $key, 0, 0) > 0 ? 'shown' : 'hidden'"
  assert_equal "$(as_root_of other "$describe") $(as_root_of one "$describe")" 'shown hidden'
}

@test "the host's switches are not root's to set in the container" {
  run -0 run_in runward -- sh -c \
    'for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/power/state; do echo x 2>/dev/null >$f && echo $f; done; cat /proc/1/root/etc/shadow 2>/dev/null; dmesg 2>/dev/null | head -n 1; true'
  assert_equal "$output" ""
}

# --- images and storage drivers ---------------------------------------------------------------

# layered_image NAME COUNT - busybox and COUNT-1 layers of one file each, loaded as `docker save` has them.
layered_image() {
  local folder=$BATS_TEST_TMPDIR/layers i layers=() ids=()
  mkdir "$folder"
  docker_ save box | tar -x -C "$folder"
  layers=("$(jq -r '.[0].Layers[0]' "$folder/manifest.json")")
  ids=("sha256:$(sha256sum <"$folder/${layers[0]}" | cut -d' ' -f1)")
  for ((i = 1; i < $2; i++)); do
    mkdir -p "$BATS_TEST_TMPDIR/content/of"
    echo "$i" >"$BATS_TEST_TMPDIR/content/of/$i"
    chown 1000 "$BATS_TEST_TMPDIR/content/of/$i"
    tar -C "$BATS_TEST_TMPDIR/content" -cf "$folder/$i.tar" of
    rm "$BATS_TEST_TMPDIR/content/of/$i"
    layers+=("$i.tar")
    ids+=("sha256:$(sha256sum <"$folder/$i.tar" | cut -d' ' -f1)")
  done
  jq -n '{architecture: "amd64", os: "linux", config: {Cmd: ["sh"]}, rootfs: {type: "layers", diff_ids: $ARGS.positional}}' \
    --args "${ids[@]}" >"$folder/image.json"
  jq -n --arg name "$1:latest" '[{Config: "image.json", RepoTags: [$name], Layers: $ARGS.positional}]' \
    --args "${layers[@]}" >"$folder/manifest.json"
  rm -rf "$folder/index.json" "$folder/oci-layout"
  tar -C "$folder" -c . | docker_ load >/dev/null
}

@test "as many layers as Docker allows, read-only, ephemeral and writable" {
  layered_image layered 125
  local runtime
  for runtime in runward runward-ephemeral runward-writes; do
    run -0 docker_ run --rm --runtime="$runtime" layered sh -c 'ls /of | wc -l; cat /of/1 /of/124; stat -c %u /of/77'
    assert_equal "$output" $'124\n1\n124\n1000'
  done
}

@test "an image of the classic builder, with a whiteout, an opaque folder and a file of uid 1000" {
  mkdir "$BATS_TEST_TMPDIR/context"
  echo file >"$BATS_TEST_TMPDIR/context/file"
  printf '%s\n' 'FROM box' 'RUN rm /etc/group && rm -r /home && mkdir /home && touch /home/new' \
    'COPY --chown=1000:1000 file /srv/file' 'RUN echo more >>/srv/file' >"$BATS_TEST_TMPDIR/context/Dockerfile"
  DOCKER_BUILDKIT=0 docker_ build -q -t built "$BATS_TEST_TMPDIR/context" >/dev/null 2>&1
  run -0 docker_ run --rm --runtime=runward built sh -c 'ls /home; cat /srv/file; stat -c %u /srv/file; ls /etc/group 2>/dev/null || echo gone'
  assert_equal "$output" $'new\nfile\nmore\n1000\ngone'
}

# A second engine, with another storage driver.
on_vfs() {
  ENGINE_DAEMON_JSON_EXTRA='{"storage-driver": "vfs"}' ENGINE_NETWORK=0
  local runtimes=() name
  for name in runward runward-writes runward-ephemeral; do runtimes+=("$name=$RUNTIMES/$name"); done
  engine_start "${runtimes[@]}"
  trap engine_stop EXIT
  make_busybox_image box
  docker_ info --format '{{.Driver}}'
  run_in runward -- sh -c 'tr -s " " </proc/self/uid_map; stat -c %u /etc/passwd /home/user; touch /x 2>/dev/null && echo written || echo kept'
  run_in runward-ephemeral -- sh -c 'touch /x && stat -c %u /x'
  docker_ run -d --init --name files --runtime=runward-writes box sleep 3600 >/dev/null
  docker_ exec files sh -c 'touch /by-1000 && chown 1000 /by-1000'
  docker_ restart -t 1 files >/dev/null
  docker_ exec files stat -c %u /by-1000 /etc/passwd
  docker_ diff files
  # An exec has an overlay forget what it has seen (refresh.h); this is none.
  echo from-host >"$BATS_TEST_TMPDIR/file"
  docker_ cp "$BATS_TEST_TMPDIR/file" files:/from-host
  docker_ exec files cat /from-host
  docker_ exec files sh -c 'echo new >/etc/passwd'
  docker_ cp files:/etc/passwd - | tar -xO
}

@test "the storage driver vfs" {
  run -0 on_vfs
  assert_equal "${lines[0]}" vfs
  assert_is_mapped "${lines[1]# }"
  assert_equal "${lines[*]:2:6}" '0 1000 kept 0 1000 0'
  assert_contains "$output" 'A /by-1000'
  assert_equal "${lines[*]: -2}" 'from-host new'
}

# --- without an engine ------------------------------------------------------------------------

# by_hand CALL… - of the runtime, in the folder that a bundle lies in, with a relative state folder.
by_hand() { (cd "$HOST/by-hand" && "$RUNTIMES/runward" --root state "$@" </dev/null 3>&-); }

@test "paths of a call by hand may be relative, and later calls come from another folder" {
  mkdir -p "$HOST/by-hand/b"
  busybox_rootfs "$HOST/by-hand/b/rootfs"
  (cd "$HOST/by-hand/b" && runc spec &&
    jq '.process.terminal = false | .process.args = ["sleep", "600"] | .linux.cgroupsPath = "/docker/by-hand"' config.json >new &&
    mv new config.json)
  by_hand create --bundle b --pid-file pid by-hand >/dev/null
  by_hand start by-hand
  run -0 by_hand exec by-hand echo hello
  assert_equal "$output" hello
  run -0 "$RUNTIMES/runward" --root "$HOST/by-hand/state" exec by-hand sh -c 'tr -s " " </proc/self/uid_map'
  assert_is_mapped "${output# }"
  by_hand delete --force by-hand
}

@test "a bundle that was hardened already is refused with what to do" {
  run by_hand create --bundle b --pid-file pid again
  ((status != 0))
  assert_contains "$output" 'put back what that was made from, config.runward-original.json'
  mv "$HOST/by-hand/b/config.runward-original.json" "$HOST/by-hand/b/config.json"
  by_hand create --bundle b --pid-file pid again >/dev/null
  by_hand delete --force again
}

# --- at the end -------------------------------------------------------------------------------

@test "nothing is left of all of these but what still runs" { assert_nothing_is_left; }
