#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# capture.sh ENGINE OUTDIR [NAME…] - write the documents a real engine makes into OUTDIR.
# capture.sh --list                - print the cases as a Markdown table.
#
#   ENGINE  docker             the machine's own Docker
#           docker:SUITE       the Docker of another Debian release: docker:trixie, docker:sid
#           containerd[:SUITE] `ctr run`, straight to that release's containerd
#           podman             the machine's Podman (installed if missing)
#   NAME…   only these cases
#
# The documents are kept byte for byte. A case whose container does not start still counts: the
# engine has written its document by then. Cases without one are named at the end.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../lib/engine.sh
source "$here/../lib/engine.sh"
# shellcheck source=cases.sh
source "$here/cases.sh"

engines=${RUNWARD_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/runward/engines}
image=golden
missing=()

usage() { sed -n '4,14s/^# \{0,1\}//p' "$0"; }

# --- the words of cases.sh ----------------------------------------------------------------

wanted() { ((${#only[@]} == 0)) || [[ " ${only[*]} " == *" $1 "* ]]; }

version_at_least() { [[ $(printf '%s\n' "$1" "$engine_version" | sort -V | head -n 1) == "$1" ]]; }

since() {
  version_at_least "$1" || return 0
  shift
  "$@"
}

# keep NAME FOLDER COMMAND… - run the command, then move the document it made.
keep() {
  local name=$1 folder=$2
  shift 2
  wanted "$name" || return 0
  echo "$name" >"$capture/case"
  timeout 60 "$@" >"$capture/output" 2>&1 </dev/null || true
  rm -f "$capture/case"
  if [[ -s $capture/$name.json ]]; then
    mkdir -p "$folder"
    mv "$capture/$name.json" "$folder/"
    if [[ -s $capture/$name.process.json ]]; then
      mkdir -p "$folder/process"
      mv "$capture/$name.process.json" "$folder/process/$name.json"
    fi
  else
    missing+=("$name: $(tail -n 1 "$capture/output")")
  fi
}

run_flags=(run --rm --runtime=capture)

container() {
  local name=$1 seconds=0
  shift
  # The engine runs the health check a second later, through exec.
  [[ $name != healthcheck ]] || seconds=2
  keep "$name" "$out" "${cli[@]}" "${run_flags[@]}" "$@" "$image" sleep "$seconds"
}

on_terminal() { script -qec "$(printf '%q ' "$@")" /dev/null; }

terminal() {
  local name=$1
  shift
  export -f on_terminal
  keep "$name" "$out" bash -c 'on_terminal "$@"' bash "${cli[@]}" "${run_flags[@]}" "$@" "$image" true
}

process() {
  local name=$1
  shift
  keep "$name" "$out/process" "${cli[@]}" exec "$@" "$PEER" true
}

process_terminal() {
  local name=$1
  shift
  export -f on_terminal
  keep "$name" "$out/process" bash -c 'on_terminal "$@"' bash "${cli[@]}" exec "$@" "$PEER" true
}

resources() {
  local name=$1
  shift
  keep "$name" "$out/resources" "${cli[@]}" update "$@" "$PEER"
}

# --- the host side -----------------------------------------------------------------------

prepare_capture() {
  capture=$(mktemp -d /tmp/rwcapture.XXXXXX)
  cp "$here/capture-runtime.sh" "$capture/runtime"
  chmod +x "$capture/runtime"
  command -v runc >"$capture/runc"
}

prepare_host() {
  HOST=$ENGINE_DIR/host SOCKET=$ENGINE_DIR/docker.sock PEER=peer
  mkdir -p "$HOST/dir" "$HOST/shared"
  echo file >"$HOST/file"
  ln -s dir "$HOST/link"
  mount --bind "$HOST/shared" "$HOST/shared"
  mount --make-rshared "$HOST/shared"
  jq -n '{defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{names: ["chmod", "fchmod", "fchmodat"], action: "SCMP_ACT_ERRNO"}]}' >"$HOST/seccomp.json"
}

prepare_docker() {
  make_busybox_image "$image"
  docker_ network create golden >/dev/null
  docker_ volume create golden >/dev/null
  docker_ volume create -o type=none -o o=bind -o device="$HOST/dir" host-volume >/dev/null
  docker_ run -d --name "$PEER" --runtime=capture --ipc shareable -v /peer-data "$image" sleep 3600 >/dev/null
}

clean_up() {
  engine_stop
  rm -rf "${capture:?}"
}

# --- engines -----------------------------------------------------------------------------

use_suite() {
  [[ -n $1 ]] || return 0
  ENGINE_PATH_PREFIX=$("$here/../lib/docker-of.sh" "$1" "$engines/$1")
  export ENGINE_PATH_PREFIX
}

start_docker() {
  use_suite "$1"
  engine_start capture="$capture/runtime"
  engine_version=$(docker_ version --format '{{.Server.Version}}')
}

compose_case() {
  local file=$ENGINE_DIR/compose.yml
  wanted compose || return 0
  command -v docker-compose >/dev/null || need_packages docker-compose
  cat >"$file" <<-YAML
	version: "2.4"
	services:
	  web:
	    image: $image
	    runtime: capture
	    command: ["sleep", "1"]
	    environment: {A: "1"}
	    volumes: ["data:/data", "$HOST/dir:/bind:ro"]
	    tmpfs: ["/scratch"]
	    mem_limit: 64m
	    cap_drop: ["ALL"]
	    read_only: true
	volumes: {data: {}}
	YAML
  keep compose "$out" docker-compose -p golden -f "$file" up --no-color
}

capture_docker() {
  start_docker "$1"
  cli=(env PATH="$(_engine_path)" DOCKER_CONFIG="$ENGINE_DIR/cli" docker)
  prepare_host
  prepare_docker
  golden_cases
  compose_case
  golden_processes
  golden_resources
  if ((${#only[@]} == 0)); then write_calls; fi
}

# One call of each kind, ids shortened: what the command line looks like from this engine.
write_calls() {
  sed -E "s/^[^:]*: //; s|$ENGINE_DIR|ENGINE|g; s/[0-9a-f]{64}/ID/g; s/runc-process[0-9]+/runc-processN/; s/[0-9]{6,}/N/g; s|$capture|CAPTURE|g" \
    "$capture/calls" | sort -u >"$out/calls.txt"
}

capture_containerd() {
  local socket ctr=(ctr) run
  start_docker "$1"
  prepare_host
  make_busybox_image "$image"
  socket=$ENGINE_DIR/exec/containerd/containerd.sock
  ctr=(env PATH="$(_engine_path)" ctr --address "$socket" --namespace golden)
  docker_ save "$image" | "${ctr[@]}" image import - >/dev/null
  run=("${ctr[@]}" run --rm --runc-binary "$capture/runtime")
  keep plain "$out" "${run[@]}" "docker.io/library/$image:latest" plain true
  keep privileged "$out" "${run[@]}" --privileged "docker.io/library/$image:latest" privileged true
  keep network-host "$out" "${run[@]}" --net-host "docker.io/library/$image:latest" network-host true
  keep memory "$out" "${run[@]}" --memory-limit 67108864 "docker.io/library/$image:latest" memory true
}

# Podman has no daemon: its storage, its state and its configuration go below a folder of ours.
capture_podman() {
  local root podman
  need_packages podman conmon crun
  root=$ENGINE_DIR
  printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$root/policy.json"
  podman=(podman --root "$root/data" --runroot "$root/run" --tmpdir "$root/tmp"
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none --runtime "$capture/runtime")
  busybox_rootfs "$root/rootfs"
  tar -C "$root/rootfs" -c . | "${podman[@]}" import --signature-policy "$root/policy.json" - "$image" >/dev/null 2>&1
  cli=("${podman[@]}")
  run_flags=(run --rm --network none)
  HOST=$root/host SOCKET=$root/none
  mkdir -p "$HOST/dir"
  container plain
  container privileged --privileged
  container cap-add --cap-add SYS_ADMIN
  container bind -v "$HOST/dir:/data"
  container tmpfs --tmpfs /scratch
  container read-only --read-only
  container memory --memory 64m
  container user --user 1000
  container pid-host --pid host
  container seccomp-unconfined --security-opt seccomp=unconfined
}

list() {
  local HOST='HOST' SOCKET='HOST/docker.sock' PEER='peer' from=''
  # The words of cases.sh print instead of running.
  # shellcheck disable=SC2317
  row() { printf '| %s | `%s` | %s |\n' "$2" "$1 ${*:3}" "${from:+Docker ≥ $from}"; }
  # shellcheck disable=SC2317
  container() { row 'docker run' "$@"; }
  # shellcheck disable=SC2317
  terminal() { row 'docker run' "$@"; }
  # shellcheck disable=SC2317
  process() { row 'docker exec' "process/$1" "${@:2}"; }
  # shellcheck disable=SC2317
  process_terminal() { row 'docker exec' "process/$1" "${@:2}"; }
  # shellcheck disable=SC2317
  resources() { row 'docker update' "resources/$1" "${@:2}"; }
  # shellcheck disable=SC2317
  since() { from=$1; "${@:2}"; from=''; }
  printf '| case | command | only |\n| --- | --- | --- |\n'
  golden_cases
  printf '| compose | `docker-compose up`: volumes, tmpfs, mem_limit, cap_drop, read_only | |\n'
  golden_processes
  golden_resources
}

main() {
  local engine=${1:-} name
  case $engine in
    --list) list; return ;;
    '' | -h | --help) usage; return ;;
  esac
  mkdir -p "${2:?OUTDIR}"
  out=$(cd "$2" && pwd)
  only=("${@:3}")
  engine_need
  prepare_capture
  trap clean_up EXIT
  case $engine in
    docker | docker:*) name=${engine#docker}; capture_docker "${name#:}" ;;
    containerd | containerd:*) name=${engine#containerd}; capture_containerd "${name#:}" ;;
    podman) ENGINE_DIR=$(mktemp -d /tmp/rw.XXXXXX); capture_podman ;;
    *) usage >&2; return 2 ;;
  esac
  if ((${#missing[@]})); then printf 'no document: %s\n' "${missing[@]}" >&2; fi
}

main "$@"
