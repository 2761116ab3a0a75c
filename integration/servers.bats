#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Real servers, started as their official images start them and not changed for us, answer real
# requests. `RUNTIME=runc bats integration/servers.bats` is the control: what fails there too is
# not ours. How the images are made: servers/rootfs.sh. What they need: servers/NEEDS.md.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"
# shellcheck source=lib/clients.bash
source "$BATS_TEST_DIRNAME/lib/clients.bash"

# CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SETPCAP 8, NET_BIND_SERVICE 10.
allowed_mask=$((1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10))

setup_file() {
  need_packages curl
  rootfs_make "${SERVERS[@]}"
  start_engine
}

teardown_file() { engine_stop; }

# Each test has one server, named srv.
teardown() {
  [[ -n ${BATS_TEST_COMPLETED:-} ]] || docker_ logs --tail 20 srv >&2 || true
  docker_ rm --force --volumes srv web >/dev/null 2>&1 || true
}

# --- starting, stopping, waiting --------------------------------------------------------------

# need_image NAME - Debian's files and the server's own, as rw-NAME.
need_image() {
  docker_ image inspect "rw-$1" >/dev/null 2>&1 || rootfs_import "$1" "rw-$1"
}

# start NAME FLAG…
start() {
  local name=$1
  shift
  need_image "$name"
  docker_ run --detach --name srv --runtime="$RUNTIME" "$@" "rw-$name" >/dev/null
}

# As `docker stop` and a new container: the volume is all that is left.
stop_and_remove() {
  docker_ stop srv >/dev/null
  docker_ rm srv >/dev/null
}

range_of_srv() { awk '{print $2}' "/proc/$(pid_of srv)/uid_map"; }

# start_again NAME FLAG… - a new container in place of srv, whose ids are other ones of the host's. By chance they are
# the same: then once more.
start_again() {
  local before i
  before=$(range_of_srv)
  for i in 1 2; do
    stop_and_remove
    start "$@"
    [[ $RUNTIME != runc ]] || return 0
    [[ $(range_of_srv) == "$before" ]] || return 0
  done
  fail "twice the ids from $before on"
}

# owner_on_disk VOLUME FILE - as the host sees it.
owner_on_disk() { stat -c %u "$ENGINE_DIR/data/volumes/$1/_data/$2"; }
uid_in_image() { docker_ exec srv awk -F: -v name="$1" '$1 == name {print $3}' /etc/passwd; }

running() { [[ $(docker_ inspect --format '{{.State.Running}}' srv) == true ]]; }

# await COMMAND… - until it succeeds; a server that has ended is not waited for.
await() {
  local deadline=$((SECONDS + 60))
  until "$@" >/dev/null 2>&1; do
    running || fail 'the server has ended' || return 1
    ((SECONDS < deadline)) || fail "no answer after a minute: $*" || return 1
    sleep 0.3
  done
}

# --- what holds for every server ---------------------------------------------------------------

processes() { cat "$(cgroup_folder "$(pid_of srv)" pids)/cgroup.procs"; }

status_of() { awk -v f="$2:" '$1 == f {print $2}' "/proc/$1/status"; }

# The user as the container sees it: with a user namespace the host sees another number.
user_of() {
  awk -v uid="$(status_of "$1" Uid)" '$2 <= uid && uid < $2 + $3 {print $1 + uid - $2}' "/proc/$1/uid_map"
}

# assert_confined_as USER - USER, as the image's passwd names it, is among those that the server runs
# as, and none of its processes can get back what the profile took.
assert_confined_as() {
  local wanted pid users=''
  wanted=$(awk -F: -v name="$1" '$1 == name {print $3}' "/proc/$(pid_of srv)/root/etc/passwd")
  for pid in $(processes); do
    users+=" $(user_of "$pid")"
    [[ $RUNTIME != runc ]] || continue
    assert_equal "$(status_of "$pid" NoNewPrivs)" 1
    assert_equal "$((0x$(status_of "$pid" CapBnd) & ~allowed_mask))" 0
  done
  assert_contains "$users " " $wanted "
}

# --- the servers -------------------------------------------------------------------------------

@test "nginx serves a file, and buffers an upload on disk" {
  start nginx -p 127.0.0.1::80 -p 127.0.0.1::8080
  await http_get 80 /hello.txt
  assert_equal "$(http_get 80 /hello.txt)" 'hello from nginx'
  head -c 300000 /dev/zero >"$BATS_TEST_TMPDIR/upload"
  assert_equal "$(http_get 8080 / --data-binary "@$BATS_TEST_TMPDIR/upload")" 'uploaded 300000 bytes'
  assert_contains "$(docker_ logs srv 2>&1)" 'GET /hello.txt'
  assert_confined_as www-data
}

@test "redis keeps what it was given over a new container" {
  docker_ volume create redis-data
  start redis -p 127.0.0.1::6379 -v redis-data:/data
  await say 6379 PING
  assert_equal "$(say 6379 'SET greeting hello' 'GET greeting' QUIT)" $'+OK\n$5\nhello\n+OK'
  # A child process writes the snapshot.
  assert_contains "$(say 6379 BGSAVE QUIT)" 'Background saving started'
  assert_equal "$(docker_ exec srv redis-cli GET greeting)" hello
  assert_confined_as redis
  await test -s "$ENGINE_DIR/data/volumes/redis-data/_data/dump.rdb"
  assert_equal "$(owner_on_disk redis-data dump.rdb)" "$(uid_in_image redis)"

  start_again redis -p 127.0.0.1::6379 -v redis-data:/data
  await say 6379 PING
  assert_equal "$(say 6379 'GET greeting' QUIT)" $'$5\nhello\n+OK'
}

@test "postgresql makes its cluster once, and answers from it in a new container" {
  local sql=(docker_ exec -e PGPASSWORD=for-this-test srv psql -h 127.0.0.1 -U postgres -d app -v ON_ERROR_STOP=1 -qAtc)
  local options=(-e POSTGRES_PASSWORD=for-this-test -v postgres-data:/var/lib/postgresql/data --stop-signal SIGINT)
  docker_ volume create postgres-data
  start postgresql "${options[@]}"
  await "${sql[@]}" 'SELECT 1'
  "${sql[@]}" "CREATE TABLE greeting AS SELECT 'hello' AS word"
  # Parallel workers share memory by way of /dev/shm.
  assert_equal "$("${sql[@]}" 'SET force_parallel_mode = on; SELECT sum(n) FROM generate_series(1, 1000) AS n')" 500500
  assert_confined_as postgres
  assert_equal "$(owner_on_disk postgres-data PG_VERSION)" "$(uid_in_image postgres)"

  start_again postgresql "${options[@]}"
  await "${sql[@]}" 'SELECT 1'
  assert_equal "$("${sql[@]}" 'SELECT word FROM greeting')" hello
  assert_contains "$(docker_ logs srv 2>&1)" 'skipping initialisation'
}

@test "apache2 serves a file" {
  start apache2 -p 127.0.0.1::80 --stop-signal SIGWINCH
  await http_get 80 /hello.txt
  assert_equal "$(http_get 80 /hello.txt)" 'hello from apache2'
  assert_contains "$(docker_ logs srv 2>&1)" 'GET /hello.txt'
  assert_confined_as www-data
}

@test "memcached, started as root, drops to its user and stores" {
  start memcached -p 127.0.0.1::11211
  await say 11211 version quit
  assert_equal "$(say 11211 'set greeting 0 0 5' hello 'get greeting' quit)" \
    $'STORED\nVALUE greeting 0 5\nhello\nEND'
  assert_confined_as memcache
}

@test "haproxy, not root, listens on port 80 and finds its backend by name" {
  local config=$BATS_TEST_TMPDIR/haproxy
  mkdir -m 755 "$config"
  printf '%s\n' 'defaults' '  mode http' '  timeout connect 5s' '  timeout client 5s' '  timeout server 5s' \
    'frontend front' '  bind :80' '  default_backend back' \
    'backend back' '  server web web:8000' >"$config/haproxy.cfg"
  chmod 644 "$config/haproxy.cfg"
  docker_ network create backend
  need_image python
  docker_ run --detach --name web --runtime="$RUNTIME" --network backend rw-python
  start haproxy --network backend -p 127.0.0.1::80 -v "$config:/usr/local/etc/haproxy:ro" --stop-signal SIGUSR1
  await http_get 80 /hello.txt
  assert_equal "$(http_get 80 /hello.txt)" 'hello from python'
  assert_confined_as haproxy
}

@test "a Python web server answers" {
  start python -p 127.0.0.1::8000
  await http_get 8000 /hello.txt
  assert_equal "$(http_get 8000 /hello.txt)" 'hello from python'
  assert_confined_as app
}

@test "a Node web server answers" {
  start node -p 127.0.0.1::3000
  await http_get 3000 /
  assert_equal "$(http_get 3000 /)" 'hello from node'
  assert_confined_as node
}

@test "a static Go program answers" {
  start go -p 127.0.0.1::2016
  await http_get 2016 '/scep?operation=GetCACaps'
  assert_contains "$(http_get 2016 '/scep?operation=GetCACaps')" SHA-256
  assert_confined_as scep
}

# --- a folder of the host's, over two containers -------------------------------------------------

# serves_a_bound_folder NAME FLAG… - in place of the image's own files; what the first container writes there, as root
# and as its server's user, the second one serves.
serves_a_bound_folder() {
  local name=$1 pages=$BATS_TEST_TMPDIR/pages
  shift
  mkdir -m 755 "$pages"
  echo 'of the host' >"$pages/host.txt"
  install -d -o 33 -g 33 "$pages/uploads"
  start "$name" -p 127.0.0.1::80 -v "$pages:/var/www/html" "$@"
  await http_get 80 /host.txt
  assert_equal "$(http_get 80 /host.txt)" 'of the host'
  docker_ exec srv sh -c 'echo of-root >/var/www/html/root.txt'
  docker_ exec -u www-data srv sh -c 'echo of-www-data >/var/www/html/uploads/user.txt; umask 0077; echo secret >/var/www/html/uploads/own.txt'
  assert_equal "$(cd "$pages" && stat -c '%n %u' root.txt uploads/user.txt)" $'root.txt 0\nuploads/user.txt 33'

  start_again "$name" -p 127.0.0.1::80 -v "$pages:/var/www/html" "$@"
  await http_get 80 /host.txt
  assert_equal "$(http_get 80 /root.txt; http_get 80 /uploads/user.txt; http_get 80 /uploads/own.txt)" $'of-root\nof-www-data\nsecret'
  assert_confined_as www-data
}

@test "nginx serves a folder of the host's, and in a second container what the first one wrote there" {
  serves_a_bound_folder nginx
}

@test "apache2 likewise" { serves_a_bound_folder apache2 --stop-signal SIGWINCH; }
