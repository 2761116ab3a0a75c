#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `exec`: whatever an engine asks for, no process in a container has more than the first one.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

# All that makes a process more or less than another one.
look='cat /proc/self/status /proc/self/limits; echo "oom $(cat /proc/self/oom_score_adj)"; echo "map" $(cat /proc/self/uid_map); echo "label" $(cat /proc/self/attr/current 2>/dev/null)'

setup_file() {
  export ENGINE_NETWORK=0 ENGINE_POLICY=$BATS_FILE_TMPDIR/policy MORE_RUNTIMES='runward-strips runward-compat runward-audits'
  mkdir -p "$ENGINE_POLICY/profiles/strips"
  echo '{"extends": "default", "rules": {"privileged": {"on_excess": "strip"}, "capabilities": {"on_excess": "strip"}}}' \
    >"$ENGINE_POLICY/profiles/strips/profile.json"
  mkdir -p "$ENGINE_POLICY/profiles/audits"
  echo '{"extends": "default", "rules": {"privileged": "audit", "capabilities": "audit", "rlimits": "audit"}}' \
    >"$ENGINE_POLICY/profiles/audits/profile.json"
  start_engine
  docker_ run -d --name box --runtime=runward --oom-score-adj 300 box sh -c "($look) >/tmp/first; exec sleep 3600"
  docker_ run -d --name strips --runtime=runward-strips box sh -c "($look) >/tmp/first; exec sleep 3600"
  docker_ run -d --name user --runtime=runward-strict --user 1000 box sh -c "($look) >/tmp/first; exec sleep 3600"
  docker_ run -d --name foreign box sleep 3600
}

teardown_file() { engine_stop; }

id_of() { docker_ inspect --format '{{.Id}}' "$1"; }
runtime_root() { printf '%s/exec/runtime-runc/moby' "$ENGINE_DIR"; }

# call ARG… - runward as the engine calls it, for its own containers.
call() { engine_ns "$RUNTIMES/runward" --root "$(runtime_root)" "$@"; }

field() { awk -v f="$1" '$1 == f {print $2}' <<<"$2"; }

# limit_rows TEXT - "Max open files|1024|4096" a line.
limit_rows() { sed -nE 's/^(Max [a-z -]*[a-z])  +([0-9]+|unlimited)  +([0-9]+|unlimited).*/\1|\2|\3/p' <<<"$1"; }

not_above() { [[ $2 == unlimited ]] || { [[ $1 != unlimited ]] && (($1 <= $2)); }; }

# assert_no_more FIRST LATER - each a text that `look` printed.
assert_no_more() {
  local first=$1 later=$2 name soft hard least_soft least_hard set
  for set in CapEff: CapPrm: CapBnd: CapInh: CapAmb:; do
    (((0x$(field $set "$later") & ~0x$(field $set "$first")) == 0)) ||
      fail "$set $(field $set "$later") beyond $(field $set "$first")" || return 1
  done
  assert_equal "$(field NoNewPrivs: "$later")" 1 || return 1
  assert_equal "$(field Seccomp: "$later")" 2 || return 1
  assert_equal "$(grep '^map' <<<"$later")" "$(grep '^map' <<<"$first")" || return 1
  assert_equal "$(grep '^label' <<<"$later")" "$(grep '^label' <<<"$first")" || return 1
  (($(field oom "$later") >= $(field oom "$first"))) || fail "oom $(field oom "$later") below $(field oom "$first")" || return 1
  assert_equal "$(limit_rows "$later" | wc -l)" "$(limit_rows "$first" | wc -l)" || return 1
  while IFS='|' read -r name soft hard; do
    IFS='|' read -r _ least_soft least_hard < <(limit_rows "$first" | grep -F "$name|")
    # A process may raise its own soft limit to the hard one, and Go's runtime in runc's exec does (golang/go#46279).
    not_above "$soft" "$hard" && not_above "$hard" "$least_hard" ||
      fail "$name: $soft $hard above $least_soft $least_hard" || return 1
  done < <(limit_rows "$later")
}

first_of() { docker_ exec "$1" cat /tmp/first; }

# exec_is_no_more CONTAINER FLAG… - by docker exec.
exec_is_no_more() {
  local container=$1
  shift
  run -0 docker_ exec "$@" "$container" sh -c "$look"
  assert_no_more "$(first_of "$container")" "$output"
}

# --- docker exec ------------------------------------------------------------------------------

@test "plain" { exec_is_no_more box; }
@test "-u 0" { exec_is_no_more box -u 0; }
@test "-u 1000" { exec_is_no_more box -u 1000; }
@test "--env and --workdir" {
  exec_is_no_more box --env A=1 --workdir /tmp
  run -0 docker_ exec --env A=1 --workdir /tmp box sh -c 'echo $A $PWD'
  assert_equal "$output" '1 /tmp'
}
@test "in a container of the strict profile" { exec_is_no_more user; }

@test "-u 0 in a container of the strict profile is refused" {
  run docker_ exec -u 0 user true
  ((status != 0)) || fail "$output"
  assert_refusal "$output" user strict
}

@test "--privileged is refused" {
  run docker_ exec --privileged box true
  ((status != 0)) || fail "$output"
  assert_refusal "$output" privileged default
}

@test "--privileged under a profile that strips" { exec_is_no_more strips --privileged; }
@test "--privileged -u 0 under a profile that strips" { exec_is_no_more strips --privileged -u 0; }

@test "-it: a terminal, and no more privileges" {
  # Into a file: an engine may lose the end of what a terminal prints when its process exits right behind it.
  run -0 script -qec "docker exec -it box sh -c 'tty; ($look) >/tmp/it; sleep 1'" /dev/null
  assert_contains "$output" /dev/pts/
  assert_no_more "$(first_of box)" "$(docker_ exec box cat /tmp/it)"
}

@test "-i: stdin arrives" {
  run -0 docker_ exec -i box cat <<<"through the pipe"
  assert_equal "$output" "through the pipe"
}

@test "-d: detached" {
  docker_ exec -d box sh -c "($look) >/tmp/detached.new; mv /tmp/detached.new /tmp/detached"
  wait_until 20 docker_ exec box test -e /tmp/detached
  assert_no_more "$(first_of box)" "$(docker_ exec box cat /tmp/detached)"
}

@test "a healthcheck" {
  docker_ run -d --name healthy --runtime=runward --health-interval 1s \
    --health-cmd "($look) >/tmp/health.new; mv /tmp/health.new /tmp/health" box sh -c "($look) >/tmp/first; exec sleep 3600"
  wait_until 30 sh -c '[ "$(docker inspect --format "{{.State.Health.Status}}" healthy)" = healthy ]'
  assert_no_more "$(first_of healthy)" "$(docker_ exec healthy cat /tmp/health)"
  docker_ rm -f healthy
}

@test "the exit code of the command" {
  run -7 docker_ exec box sh -c 'exit 7'
  run docker_ exec foreign no-such-command
  local with_runc=$status
  run docker_ exec box no-such-command
  assert_equal "$status" "$with_runc"
}

@test "no descriptor of runward's in the process" {
  run -0 docker_ exec box ls /proc/self/fd
  assert_equal "${output//$'\n'/ }" '0 1 2 3'  # 3 is ls's own
}

@test "top, logs and stats go on" {
  run -0 docker_ top box
  assert_contains "$output" 'sleep 3600'
  run -0 docker_ stats --no-stream box
}

# --- ctr and the runtime's own flags ------------------------------------------------------------

@test "ctr task exec" {
  run -0 engine_ns ctr --address "$ENGINE_DIR/exec/containerd/containerd.sock" --namespace moby \
    task exec --exec-id look "$(id_of box)" sh -c "$look"
  assert_no_more "$(first_of box)" "$output"
}

@test "runc exec" {
  run -0 call exec "$(id_of box)" sh -c "$look"
  assert_no_more "$(first_of box)" "$output"
}

@test "runc exec --user, --additional-gids, --env, --cwd" {
  run -0 call exec --user 1000:1000 --additional-gids 29 -e A=1 --cwd /tmp "$(id_of box)" sh -c "id; echo \$A \$PWD; $look"
  assert_contains "$output" 'uid=1000(user) gid=1000(user)'
  assert_contains "$output" '29(audio)'
  assert_contains "$output" '1 /tmp'
  assert_no_more "$(first_of box)" "$output"
}

@test "runc exec --no-new-privs=false" {
  run -0 call exec --no-new-privs=false "$(id_of box)" sh -c "$look"
  assert_no_more "$(first_of box)" "$output"
}

@test "no_new_privs of the first process holds where its rule is off" {
  docker_ run -d --name own --runtime=runward-compat --security-opt no-new-privileges box sh -c "($look) >/tmp/first; exec sleep 3600"
  docker_ run -d --name none --runtime=runward-compat box sleep 3600
  local no='grep NoNewPrivs: /proc/self/status'
  runtime_() { engine_ns "$RUNTIMES/runward-compat" --root "$(runtime_root)" "$@"; }
  run -0 runtime_ exec --no-new-privs=false "$(id_of own)" sh -c "$look"
  assert_no_more "$(first_of own)" "$output"
  jq -n --arg no "$no" '{args: ["sh", "-c", $no], cwd: "/", env: ["PATH=/bin"], user: {uid: 0, gid: 0}}' >"$BATS_TEST_TMPDIR/p.json"
  run -0 runtime_ exec --process "$BATS_TEST_TMPDIR/p.json" "$(id_of own)"
  assert_equal "$(field NoNewPrivs: "$output")" 1
  run -0 docker_ exec none sh -c "$no"
  assert_equal "$(field NoNewPrivs: "$output")" 0
  docker_ rm -f own none
}

@test "runc exec --cap is refused, in each of its spellings" {
  local flag
  for flag in '--cap CAP_SYS_ADMIN' '--cap=CAP_SYS_ADMIN' '-c CAP_SYS_ADMIN' '-cap=CAP_SYS_ADMIN'; do
    # shellcheck disable=SC2086  # two words
    run -1 call exec $flag "$(id_of box)" true
    assert_refusal "$output" capabilities default
  done
}

@test "runc exec --cap under a profile that strips" {
  run -0 engine_ns "$RUNTIMES/runward-strips" --root "$(runtime_root)" exec --cap CAP_SYS_ADMIN --cap CAP_NET_RAW \
    "$(id_of strips)" sh -c "$look"
  assert_no_more "$(first_of strips)" "$output"
}

@test "runc exec --cgroup is refused" {
  run -1 call exec --cgroup / "$(id_of box)" true
  assert_refusal "$output" runtime-flags default
}

@test "runc exec --apparmor and --process-label do not loosen" {
  run call exec --apparmor unconfined --process-label system_u:system_r:spc_t:s0 "$(id_of box)" sh -c "$look"
  ((status != 0)) || assert_no_more "$(first_of box)" "$output"
}

@test "runc exec --process of a file that asks for everything" {
  jq -n '{args: ["true"], cwd: "/", user: {uid: 0, gid: 0}, noNewPrivileges: false, oomScoreAdj: -1000,
    capabilities: (["CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_CHOWN"] as $c | {bounding: $c, effective: $c, permitted: $c, inheritable: $c, ambient: $c})}' \
    >"$BATS_TEST_TMPDIR/process.json"
  run -1 call exec --process "$BATS_TEST_TMPDIR/process.json" "$(id_of box)"
  assert_refusal "$output" 'capabilities|oom-score' default
  jq --arg look "$look" 'del(.oomScoreAdj) | .args = ["sh", "-c", $look] | .env = ["PATH=/bin"]
    | .rlimits = [{type: "RLIMIT_CORE", soft: 1000000000000, hard: 1000000000000}]' \
    "$BATS_TEST_TMPDIR/process.json" >"$BATS_TEST_TMPDIR/strips.json"
  run engine_ns "$RUNTIMES/runward-strips" --root "$(runtime_root)" exec --process "$BATS_TEST_TMPDIR/strips.json" "$(id_of strips)"
  assert_equal "$status" 0 || fail "$output"
  assert_no_more "$(first_of strips)" "$output"
}

@test "runc exec --process and --cap together: the flag is not passed on" {
  jq -n --arg look "$look" '{args: ["sh", "-c", $look], cwd: "/", env: ["PATH=/bin"], user: {uid: 0, gid: 0}}' >"$BATS_TEST_TMPDIR/p.json"
  run -0 call exec --process="$BATS_TEST_TMPDIR/p.json" --cap CAP_SYS_ADMIN --user 0 "$(id_of box)"
  assert_no_more "$(first_of box)" "$output"
}

@test "runc exec --preserve-fds" {
  # bats has a descriptor 3 of its own.
  pass_it_on() { (exec 3<<<"kept open"; call exec --preserve-fds 1 "$(id_of box)" sh -c 'cat <&3'); }
  run -0 pass_it_on
  assert_equal "$output" "kept open"
}

@test "runc exec --detach and --pid-file" {
  call exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$(id_of box)" sleep 60 </dev/null >/dev/null 2>&1
  assert_equal "$(tr '\0' ' ' <"/proc/$(cat "$BATS_TEST_TMPDIR/pid")/cmdline")" 'sleep 60 '
  kill "$(cat "$BATS_TEST_TMPDIR/pid")"
}

# --- containers of others, and kept decisions -----------------------------------------------------

decisions() { find /run/runward/decisions -name "$1.json" 2>/dev/null; }

@test "a container that runward did not start is refused, and says so" {
  run -1 call exec "$(id_of foreign)" true
  assert_contains "$output" 'which runward did not start'
  run ! grep -Eiq "$engine_words" <<<"$output"
}

@test "a decision is kept while the container lives, and no secret is in it" {
  docker_ run -d --name kept --runtime=runward --env TOKEN=abcdef box sleep 3600
  local id file
  id=$(id_of kept)
  file=$(decisions "$id")
  [[ -n $file ]]
  assert_equal "$(stat -c '%U %a' "$file")" 'root 600'
  assert_lacks "$(cat "$file")" abcdef
  docker_ restart -t 0 kept
  [[ -n $(decisions "$id") ]]
  docker_ exec kept true
  docker_ rm -f kept
  [[ -z $(decisions "$id") ]]
}

@test "delete twice, with --force, and of nothing" {
  docker_ run -d --name twice --runtime=runward box sleep 3600
  local id
  id=$(id_of twice)
  run ! call delete "$id"
  [[ -n $(decisions "$id") ]] || fail 'the decision of a running container went with a delete that failed'
  docker_ exec twice true
  call delete --force "$id"
  [[ -z $(decisions "$id") ]]
  run call delete --force "$id"
  run ! call delete "$id"
  docker_ rm -f twice
}

@test "a change of the policy is for new containers only" {
  docker_ run -d --name before --runtime=runward box sh -c "($look) >/tmp/first; exec sleep 3600"
  mkdir -p "$ENGINE_POLICY/profiles/default"
  echo '{"extends": "default", "rules": {"user": {"root_allowed": false}}}' >"$ENGINE_POLICY/profiles/default/profile.json"
  exec_is_no_more before
  run docker_ run --rm --runtime=runward box true
  assert_equal "$status" 125
  assert_refusal "$output" user default
  rm -r "$ENGINE_POLICY/profiles/default"
  docker_ rm -f before
}

@test "a policy that is broken by now does not loosen anything" {
  docker_ run -d --name lasting --runtime=runward box sh -c "($look) >/tmp/first; exec sleep 3600"
  mkdir -p "$ENGINE_POLICY/profiles/default"
  echo '{' >"$ENGINE_POLICY/profiles/default/profile.json"
  exec_is_no_more lasting
  rm -r "$ENGINE_POLICY/profiles/default"
  docker_ rm -f lasting
}

@test "a decision does not serve another container of the same id" {
  docker_ run -d --name reused --runtime=runward box sleep 3600
  local id bundle
  id=$(id_of reused)
  bundle=$ENGINE_DIR/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/$id
  engine_ns cp "$bundle/config.json" "$bundle/copy"
  engine_ns mv "$bundle/copy" "$bundle/config.json"
  run docker_ exec reused true
  ((status != 0))
  assert_contains "$output" 'is not the one that runward wrote'
  docker_ rm -f reused
}

@test "checkpoint is refused by the rule restore" {
  run -1 call checkpoint --image-path "$BATS_TEST_TMPDIR/images" "$(id_of box)"
  assert_refusal "$output" restore default
}

@test "what audit finds goes to the events, not to the container's stdout or stderr" {
  docker_ run -d --name audits --runtime=runward-audits box sleep 3600
  run -0 docker_ exec --privileged audits sh -c 'echo out; echo err >&2'
  assert_equal "$(sort <<<"$output")" $'err\nout'
  local id
  id=$(id_of audits)
  run -0 jq -r --arg id "$id" 'select(.container == $id and .command == "exec") | .decision + " " + ([.rules[] | select(.mode == "audit" and (.findings | length) > 0) | .rule] | join(","))' \
    /var/log/runward/events.jsonl
  assert_contains "$output" 'allowed privileged'
  docker_ rm -f audits
}

# The runtime does nothing: what is looked at is ours, and ten thousand of runc's would take a quarter of an hour.
@test "ten thousand execs leave nothing in the engine's log file" {
  local id
  id=$(id_of box)
  mkdir "$BATS_TEST_TMPDIR/bin"
  cp /bin/true "$BATS_TEST_TMPDIR/bin/runc"
  seq 10000 | PATH=$BATS_TEST_TMPDIR/bin:$PATH engine_ns xargs -P 4 -n 50 sh -c '
    for number; do
      "$RUNTIMES/runward" --root "$0" --log "$BATS_TEST_TMPDIR/log.json" --log-format json exec "'"$id"'" true || exit 255
    done' "$(runtime_root)" >"$BATS_TEST_TMPDIR/out" 2>&1
  [[ ! -s $BATS_TEST_TMPDIR/log.json && ! -s $BATS_TEST_TMPDIR/out ]] || fail "$(head -c 2000 "$BATS_TEST_TMPDIR/log.json" "$BATS_TEST_TMPDIR/out")"
}

@test "fifty execs leave nothing in the engine's log file, and none of our words in the output" {
  local id i
  id=$(id_of box)
  for ((i = 0; i < 50; i++)); do
    call --log "$BATS_TEST_TMPDIR/log.json" --log-format json exec "$id" echo "$i" >>"$BATS_TEST_TMPDIR/out" 2>&1
  done
  assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" "$(seq 0 49)"
  [[ ! -s $BATS_TEST_TMPDIR/log.json ]]
}
