#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What people do with containers every day works as with runc. RUNTIME=runc runs the same tests
# without runward, as a control: a test that fails there too tests nothing.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  # As the default runtime: docker info asks it for its version, builds and compose use it.
  export ENGINE_DAEMON_JSON_EXTRA="{\"default-runtime\": \"$RUNTIME\"}"
  start_engine
  docker_ network create front >/dev/null
  # An init, so that signals end it: a shell as pid 1 ignores them.
  start server --init -e FROM_RUN=1 box sleep 3600
}

teardown_file() { engine_stop; }

start() {
  local name=$1
  shift
  docker_ run -d --name "$name" --runtime="$RUNTIME" "$@" >/dev/null
}

inside() { run_in "$RUNTIME" "$@"; }

# --- running --------------------------------------------------------------------------------

@test "run prints what the program prints, apart for stdout and stderr" {
  run --separate-stderr inside -- sh -c 'echo out; echo err >&2'
  assert_equal "$output" out
  assert_equal "$stderr" err
}

@test "run reads stdin to its end" {
  run -0 bash -c "echo from-stdin | docker run -i --rm --runtime=$RUNTIME box cat"
  assert_equal "$output" from-stdin
}

@test "a megabyte through stdin and stdout is unchanged" {
  head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
  docker_ run -i --rm --runtime="$RUNTIME" box cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
  cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "exit code 0" { run -0 inside -- true; }
@test "exit code 3" { run -3 inside -- sh -c 'exit 3'; }
@test "exit code 126 for a program that cannot be run" { run -126 inside -- /etc/passwd; }
@test "exit code 127 for a program that is not there" { run -127 inside -- no-such-program; }
@test "exit code 137 after SIGKILL of itself" { run -137 inside --init -- sh -c 'kill -9 $$'; }

@test "environment, working directory, host name" {
  run -0 inside -e A=b -w /var/lib --hostname web-1 -- sh -c 'echo "$A $PWD $(hostname)"'
  assert_equal "$output" 'b /var/lib web-1'
}

@test "a user by name, by number, by group" {
  run -0 inside --user user -- id -u
  assert_equal "$output" 1000
  run -0 inside --user 1234:4321 -- sh -c 'id -u; id -g'
  assert_equal "$output" $'1234\n4321'
}

@test "a terminal: -it" {
  run -0 script -qec "docker run -it --rm --runtime=$RUNTIME box sh -c 'tty; stty size; sleep 1'" /dev/null
  assert_contains "$output" /dev/pts/0
}

@test "--init: the program is not pid 1, and gets signals" {
  run -0 inside --init -- sh -c 'cat /proc/1/comm; [ $$ != 1 ]'
  assert_contains "$output" init
}

@test "--rm leaves nothing behind" {
  inside --name gone -- true
  run -1 docker_ inspect --type container gone
}

@test "a hundred lines of logs, in order" {
  start logger box seq 100
  docker_ wait logger >/dev/null
  run -0 docker_ logs logger
  assert_equal "$output" "$(seq 100)"
}

@test "logs --follow ends with the container" {
  start follower box sh -c 'echo one; sleep 1; echo two'
  run -0 docker_ logs --follow follower
  assert_equal "$output" $'one\ntwo'
}

# --- exec and files -------------------------------------------------------------------------

@test "exec runs beside the program, with its environment" {
  run -0 docker_ exec server sh -c 'echo "$FROM_RUN $(ls /proc | grep -c ^1$)"'
  assert_equal "$output" '1 1'
}

@test "exec passes exit codes, user, environment and working directory on" {
  run -7 docker_ exec server sh -c 'exit 7'
  run -0 docker_ exec -u 1000 -e B=c -w /tmp server sh -c 'echo "$(id -u) $B $PWD"'
  assert_equal "$output" '1000 c /tmp'
}

@test "exec of a program that is not there" {
  run docker_ exec server no-such-program
  # Docker 20.10's API answers 126 here, later ones 127.
  ((status == 126 || status == 127))
}

@test "exec reads stdin" {
  run -0 bash -c 'echo hello | docker exec -i server cat'
  assert_equal "$output" hello
}

@test "exec with a terminal" {
  run -0 script -qec "docker exec -it server sh -c 'tty; sleep 1'" /dev/null
  assert_contains "$output" /dev/pts/
}

@test "exec --detach" { run -0 docker_ exec -d server sleep 1; }

@test "cp into a container and out of it" {
  echo content >"$BATS_TEST_TMPDIR/file"
  docker_ cp "$BATS_TEST_TMPDIR/file" server:/etc/file
  docker_ cp "$BATS_TEST_TMPDIR/file" server:/etc/group
  run -0 docker_ exec server cat /etc/file /etc/group
  assert_equal "$output" $'content\ncontent'
  docker_ cp server:/etc/file "$BATS_TEST_TMPDIR/back"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/back")" content
}

@test "diff and commit know what was copied in" {
  start committed box sleep 3600
  echo content >"$BATS_TEST_TMPDIR/file"
  docker_ cp "$BATS_TEST_TMPDIR/file" committed:/var/lib/committed
  run -0 docker_ diff committed
  assert_contains "$output" 'A /var/lib/committed'
  docker_ commit committed new-image >/dev/null
  run -0 docker_ run --rm --runtime="$RUNTIME" new-image cat /var/lib/committed
  assert_equal "$output" content
}

@test "export holds the files" {
  docker_ export server | tar -t | grep -qx bin/busybox
}

@test "top shows the processes" {
  run -0 docker_ top server
  assert_contains "$output" 'sleep 3600'
}

@test "stats shows memory and the limit" {
  run -0 docker_ stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' server
  [[ $output =~ ^server\ [0-9.]+[KM]iB\ /\ [0-9.]+[MG]iB\ [0-9]+$ ]] || fail "$output"
}

# --- the life of a container ----------------------------------------------------------------

state() { docker_ inspect --format '{{.State.Status}}' "$1"; }

@test "pause and unpause" {
  start pausing box sleep 3600
  docker_ pause pausing
  assert_equal "$(state pausing)" paused
  docker_ unpause pausing
  assert_equal "$(state pausing)" running
}

@test "stop sends the stop signal and waits" {
  start stopping --stop-signal USR1 box sh -c 'trap "exit 42" USR1; while :; do sleep 0.1; done'
  sleep 0.5
  docker_ stop --time 10 stopping
  assert_equal "$(docker_ inspect --format '{{.State.ExitCode}}' stopping)" 42
}

@test "kill with a signal" {
  start killing box sh -c 'trap "exit 43" HUP; while :; do sleep 0.1; done'
  sleep 0.5
  docker_ kill --signal HUP killing
  assert_equal "$(docker_ wait killing)" 43
}

@test "kill ends at once" {
  start killed box sleep 3600
  docker_ kill killed
  assert_equal "$(docker_ wait killed)" 137
}

@test "restart, and start after stop" {
  start restarting --init box sh -c 'echo started; sleep 3600'
  docker_ restart --time 5 restarting
  docker_ stop --time 5 restarting
  docker_ start restarting
  assert_equal "$(state restarting)" running
  assert_equal "$(docker_ logs restarting | grep -c started)" 3
}

@test "a restart policy" {
  start policy --restart on-failure:2 box false
  wait_until 20 restarted_twice
}
restarted_twice() { [[ $(docker_ inspect --format '{{.RestartCount}} {{.State.Status}}' policy) == '2 exited' ]]; }

@test "create, then start attached" {
  docker_ create --name created --runtime="$RUNTIME" box echo created >/dev/null
  run -0 docker_ start --attach created
  assert_equal "$output" created
}

@test "update changes a limit of a running container" {
  start updated --memory 128m box sleep 3600
  docker_ update --memory 64m --memory-swap 64m updated
  assert_equal "$(limit_of updated memory)" $((64 << 20))
}

@test "a health check becomes healthy, and unhealthy" {
  start well --health-cmd 'test -e /etc/passwd' --health-interval 1s box sleep 3600
  start ill --health-cmd false --health-interval 1s --health-retries 1 box sleep 3600
  wait_until 30 health_is well healthy
  wait_until 30 health_is ill unhealthy
}
health_is() { [[ $(docker_ inspect --format '{{.State.Health.Status}}' "$1") == "$2" ]]; }

@test "a container that ran out of memory is said to have" {
  run docker_ run --name oom --runtime="$RUNTIME" --memory 16m box tail /dev/zero
  assert_equal "$status" 137
  assert_equal "$(docker_ inspect --format '{{.State.OOMKilled}}' oom)" true
}

# --- network --------------------------------------------------------------------------------

httpd=(sh -c 'mkdir -p /tmp/www && hostname >/tmp/www/index.html && exec httpd -f -p 80 -h /tmp/www')

@test "a published port answers" {
  start published -p 127.0.0.1:18080:80 --hostname published box "${httpd[@]}"
  wait_until 10 answers published engine_net curl -sf http://127.0.0.1:18080/
}
answers() { [[ $("${@:2}" 2>/dev/null) == "$1" ]]; }

@test "containers of a network find each other by name" {
  start web --network front --hostname web box "${httpd[@]}"
  wait_until 20 answers web inside --network front -- wget -q -O - http://web/
}

@test "a network alias" {
  start aliased --network front --network-alias other --hostname aliased box "${httpd[@]}"
  wait_until 20 answers aliased inside --network front -- wget -q -O - http://other/
}

@test "connect and disconnect while running" {
  docker_ network create back >/dev/null
  docker_ network connect back server
  run -0 docker_ exec server sh -c 'ip -o -4 addr show | grep -c "eth[01]"'
  assert_equal "$output" 2
  docker_ network disconnect back server
}

@test "--network none has only loopback" {
  run -0 inside --network none -- sh -c 'ip -o link | grep -vc ": lo:" || true'
  assert_equal "$output" 0
}

@test "--network container: shares it" {
  start owner box "${httpd[@]}"
  wait_until 10 inside --network container:owner -- wget -q -O /dev/null http://127.0.0.1/
}

@test "--add-host and --dns reach the container" {
  run -0 inside --add-host db:192.0.2.7 --dns 192.0.2.8 -- cat /etc/hosts /etc/resolv.conf
  assert_contains "$output" 192.0.2.7
  assert_contains "$output" 192.0.2.8
}

@test "a user without privileges binds port 80" {
  start low --user 1000 --hostname low -p 127.0.0.1:18081:80 box "${httpd[@]}"
  wait_until 10 answers low engine_net curl -sf http://127.0.0.1:18081/
}

# --- volumes --------------------------------------------------------------------------------

@test "a named volume keeps what is written" {
  inside -v data:/data -- sh -c 'echo kept >/data/file'
  run -0 inside -v data:/data -- cat /data/file
  assert_equal "$output" kept
}

@test "a new volume takes the image's content and owner" {
  run -0 inside -v homes:/home/user --user 1000 -- sh -c 'touch /home/user/x && stat -c %u /home/user'
  assert_equal "$output" 1000
}

@test "an anonymous volume can be written" { run -0 inside -v /data -- touch /data/file; }

@test "a bind mount, and a read-only one" {
  mkdir -p "$ENGINE_DIR/bind"
  run -0 inside -v "$ENGINE_DIR/bind:/data" -- sh -c 'echo bound >/data/file'
  assert_equal "$(cat "$ENGINE_DIR/bind/file")" bound
  run -1 inside -v "$ENGINE_DIR/bind:/data:ro" -- touch /data/file
}

@test "a file bound over one of the image's" {
  echo 'bound:x:0:0::/:/bin/sh' >"$ENGINE_DIR/passwd"
  run -0 inside -v "$ENGINE_DIR/passwd:/etc/passwd:ro" -- head -n 1 /etc/passwd
  assert_equal "$output" 'bound:x:0:0::/:/bin/sh'
}

@test "--volumes-from" {
  start holder -v /held box sh -c 'echo held >/held/file; sleep 3600'
  run -0 inside --volumes-from holder -- cat /held/file
  assert_equal "$output" held
}

@test "--tmpfs and --shm-size" {
  run -0 inside --tmpfs /scratch:size=1m --shm-size 2m -- sh -c 'touch /scratch/x /dev/shm/x && df -k /scratch /dev/shm | awk "NR > 1 {print \$2}"'
  assert_equal "$output" $'1024\n2048'
}

@test "--read-only with a tmpfs" {
  run -0 inside --read-only --tmpfs /tmp -- touch /tmp/x
}

# --- the engine -----------------------------------------------------------------------------

@test "docker info warns of nothing about the runtime and knows its version" {
  run --separate-stderr docker_ info
  ! grep -i runtime <<<"$stderr" || fail "$stderr"
  ! grep -i 'warning.*runtime' <<<"$output" || fail "$output"
  assert_equal "$(docker_ info --format '{{.DefaultRuntime}}')" "$RUNTIME"
  [[ $(docker_ info --format '{{.RuncCommit.ID}}') != N/A ]]
}

@test "the engine's log has no complaint about the runtime's version" {
  docker_ info >/dev/null
  run ! grep -i 'failed to \(retrieve\|parse\).*version' "$ENGINE_DIR/dockerd.log"
}

@test "compose: up, exec, logs, down" {
  local file=$ENGINE_DIR/compose.yml compose=(docker-compose)
  command -v docker-compose >/dev/null || skip "no docker-compose on this machine"
  cat >"$file" <<-YAML
	version: "2.4"
	services:
	  web:
	    image: box
	    command: ["sh", "-c", "mkdir -p /tmp/www && echo composed >/tmp/www/index.html && exec httpd -f -p 80 -h /tmp/www"]
	    volumes: ["data:/data"]
	  client:
	    image: box
	    command: ["sh", "-c", "until wget -q -O - http://web/; do sleep 0.2; done"]
	    depends_on: [web]
	volumes: {data: {}}
	YAML
  compose+=(-p composed -f "$file")
  run -0 "${compose[@]}" up -d
  wait_until 20 composed_answered
  run -0 "${compose[@]}" exec -T web cat /tmp/www/index.html
  assert_equal "$output" composed
  run -0 "${compose[@]}" down -v
}
composed_answered() { docker_ logs "$(docker_ ps -aq --filter name=composed.client)" 2>&1 | grep -q composed; }

@test "swarms of containers at once" {
  local i pids=()
  for i in {1..8}; do
    inside -- echo "$i" >"$BATS_TEST_TMPDIR/$i" &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/[1-8])" "$(seq 8)"
}

@test "nothing is left of containers that are gone" {
  local id
  id=$(docker_ run -d --runtime="$RUNTIME" box true)
  docker_ wait "$id" >/dev/null
  docker_ rm "$id" >/dev/null
  assert_equal "$(find "$ENGINE_DIR/exec" /run/runward -name "*$id*" 2>/dev/null)" ""
}
