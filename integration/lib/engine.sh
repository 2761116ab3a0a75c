# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A private dockerd for one test file or one script. Source this file, then:
#
#   engine_start runward=/path/to/runward capture=/path/to/capture
#   trap engine_stop EXIT
#   make_busybox_image box
#   docker_ run --rm --runtime=runward box id
#   engine_net curl http://127.0.0.1:8080/      # ports are published in the engine's network
#
# Everything the engine has (data, sockets, pid file, configuration, network) is its own, in
# one folder under /tmp and one network namespace, so that it can run beside the machine's
# dockerd, and beside others of its kind, and disturb none.
#
# Options, by environment:
#   ENGINE_PATH_PREFIX        folders put in front of PATH (a newer Docker; see docker-of.sh)
#   ENGINE_NETWORK=0          no bridge, no iptables: containers get no network, start is quicker
#   ENGINE_DAEMON_JSON_EXTRA  JSON merged over the daemon.json that engine_start writes
#   ENGINE_EXTRA_HOST         one more address to listen on, such as unix:///run/docker.sock
#   ENGINE_POLICY             a folder that the engine and its runtimes see as /etc/runward; the engine
#                             then has a mount namespace of its own, and engine_ns runs commands in it
#   ENGINE_MOUNT_NS           a mount namespace to start it in (/proc/PID/ns/mnt)
#   ENGINE_START_TIMEOUT      seconds to wait until the engine answers (60, times PATIENCE)
#
# engine_start exports ENGINE_DIR, ENGINE_PID and DOCKER_HOST; bats' tests see them when it is
# called in setup_file, and engine_stop works in teardown_file.

_engine_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packages.sh
source "$_engine_lib/packages.sh"

_engine_path() { printf '%s' "${ENGINE_PATH_PREFIX:+$ENGINE_PATH_PREFIX:}$PATH"; }

_engine_has() { (PATH=$(_engine_path) && command -v "$1" >/dev/null); }

# Packages only for what is not on PATH: a machine with Docker's own packages keeps them.
engine_need() {
  local need=()
  _engine_has dockerd || need+=(docker.io iptables)
  # Debian 12 has the CLI in docker.io, Debian 13 in docker-cli.
  _engine_has docker || need+=("docker-cli|docker.io")
  _engine_has containerd || need+=(containerd)
  _engine_has runc || need+=(runc)
  _engine_has iptables || need+=(iptables)
  _engine_has jq || need+=(jq)
  _engine_has nsenter || need+=(util-linux)
  [[ -x /bin/busybox ]] || need+=(busybox-static)
  ((${#need[@]} == 0)) || need_packages "${need[@]}"
}

# The CLI with a configuration folder of its own: ~/.docker may name contexts and plugins.
docker_() { PATH=$(_engine_path) DOCKER_CONFIG=$ENGINE_DIR/cli docker "$@"; }

# Run a command where the engine's published ports and bridges are.
engine_net() { nsenter --net="/proc/$ENGINE_PID/ns/net" -- "$@"; }

# Run a command where the engine's mounts are: as the engine runs its runtime.
engine_ns() { nsenter --net="/proc/$ENGINE_PID/ns/net" --mount="/proc/$ENGINE_PID/ns/mnt" -- "$@"; }

_engine_daemon_json() {
  local runtimes='{}' pair extra=${ENGINE_DAEMON_JSON_EXTRA:-}
  for pair in "$@"; do
    runtimes=$(jq -c --arg n "${pair%%=*}" --arg p "${pair#*=}" '.[$n] = {path: $p}' <<<"$runtimes")
  done
  jq -n --argjson runtimes "$runtimes" --arg network "${ENGINE_NETWORK:-1}" --argjson extra "${extra:-{\}}" '
    {runtimes: $runtimes}
    + (if $network == "0" then {iptables: false, ip6tables: false, "ip-forward": false, bridge: "none"} else {} end)
    | . * $extra'
}

# In a session and a network namespace of its own: our caller's terminal, signals and firewall
# are not touched. Only file descriptors 0 to 2 go along: bats waits for whoever holds its fd 3.
_engine_spawn() {
  local dir=$1 fd within=()
  [[ -z ${ENGINE_MOUNT_NS:-} ]] || within=(nsenter --mount="$ENGINE_MOUNT_NS" --)
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || eval "exec $fd>&-" 2>/dev/null || true
    done
    PATH=$(_engine_path)
    unset DOCKER_HOST
    # shellcheck disable=SC2016  # $1 belongs to the inner shell
    exec setsid --fork "${within[@]}" unshare --net ${ENGINE_POLICY:+--mount --propagation private} sh -c '
      /bin/busybox ip link set lo up
      # Without it the CLI warns at every container; a new network namespace has what the first one has.
      echo 1 >/proc/sys/net/ipv4/ip_forward
      if [ -n "$3" ]; then
        # Writable: dockerd 20.10 makes a key in /etc/docker where there is none.
        mkdir -p "$1/etc/runward" "$1/etc-work"
        mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/etc-work" /etc
        mount --bind "$3" /etc/runward
      fi
      exec dockerd --config-file "$1/daemon.json" --data-root "$1/data" --exec-root "$1/exec" \
        --pidfile "$1/pid" --host "unix://$1/docker.sock" ${2:+--host "$2"}' sh "$dir" "${ENGINE_EXTRA_HOST:-}" \
      "${ENGINE_POLICY:-}" \
      </dev/null >"$dir/dockerd.log" 2>&1
  )
}

_engine_answers() { grep -qs 'API listen on' "$ENGINE_DIR/dockerd.log" && docker_ version >/dev/null 2>&1; }

# dockerd gives its containerd fifteen seconds, which a slow machine may not have; the next dockerd finds it running.
_engine_wait() {
  local deadline=$((SECONDS + ${ENGINE_START_TIMEOUT:-60} * ${PATIENCE:-1}))
  until _engine_answers; do
    if grep -Eq 'failed to start (daemon|containerd)' "$ENGINE_DIR/dockerd.log" || ((SECONDS >= deadline)); then
      if grep -q 'timeout waiting for containerd to start' "$ENGINE_DIR/dockerd.log" && ((SECONDS < deadline)); then
        _engine_spawn "$ENGINE_DIR"
        continue
      fi
      printf 'the private dockerd does not start; the end of its log:\n' >&2
      tail -n 20 "$ENGINE_DIR/dockerd.log" >&2
      return 1
    fi
    sleep 0.2
  done
}

engine_start() {
  ((EUID == 0)) || { echo 'a private dockerd needs root' >&2; return 1; }
  engine_need
  # A short path: a unix socket's name holds 107 bytes.
  ENGINE_DIR=$(mktemp -d /tmp/rw.XXXXXX)
  mkdir -p "$ENGINE_DIR/cli"
  # What an engine maps its containers' root to has to come through to their files.
  [[ ${ENGINE_DAEMON_JSON_EXTRA:-} != *userns-remap* ]] || chmod 711 "$ENGINE_DIR"
  export ENGINE_DIR DOCKER_HOST="unix://$ENGINE_DIR/docker.sock"
  _engine_daemon_json "$@" >"$ENGINE_DIR/daemon.json"
  _engine_spawn "$ENGINE_DIR"
  if ! _engine_wait; then engine_stop; return 1; fi
  ENGINE_PID=$(cat "$ENGINE_DIR/pid")
  export ENGINE_PID
}

_engine_wait_gone() {
  local pid=$1 tries=$2
  while kill -0 "$pid" 2>/dev/null && ((tries-- > 0)); do sleep 0.1; done
  ! kill -0 "$pid" 2>/dev/null
}

# dockerd, containerd and the shims all carry the engine's unique folder in their command line.
_engine_pids() {
  local proc
  while read -r proc; do
    case $(cat "$proc/comm" 2>/dev/null) in
      dockerd | containerd*) printf '%s\n' "${proc#/proc/}" ;;
    esac
  done < <(grep -lsaF "$ENGINE_DIR/" /proc/[0-9]*/cmdline | sed 's|/cmdline$||')
}

_engine_umount() {
  local target
  # Last mounted first. Spaces are octal in mountinfo; our folder's name has none.
  while read -r target; do
    umount -l "$target" 2>/dev/null || true
  done < <(awk -v d="$ENGINE_DIR/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | tac)
}

# dockerd waits ten seconds for each container that ignores SIGTERM, as a shell that is pid 1 does.
_engine_kill_containers() {
  local ids
  ids=$(timeout 20 env PATH="$(_engine_path)" docker ps -q 2>/dev/null) || return 0
  # shellcheck disable=SC2086  # a list of ids
  [[ -z $ids ]] || timeout 60 env PATH="$(_engine_path)" docker kill $ids >/dev/null 2>&1 || true
}

engine_stop() {
  local pid
  [[ -n ${ENGINE_DIR:-} && -d $ENGINE_DIR ]] || return 0
  _engine_kill_containers
  if pid=$(cat "$ENGINE_DIR/pid" 2>/dev/null) && kill -TERM "$pid" 2>/dev/null; then
    _engine_wait_gone "$pid" 300 || true
  fi
  for pid in $(_engine_pids); do
    kill -KILL "$pid" 2>/dev/null || true
    _engine_wait_gone "$pid" 50 || true
  done
  _engine_umount
  if [[ -n ${ENGINE_KEEP_LOG:-} ]]; then cp "$ENGINE_DIR/dockerd.log" "$ENGINE_KEEP_LOG"; fi
  rm -rf --one-file-system "$ENGINE_DIR"
  unset ENGINE_DIR ENGINE_PID DOCKER_HOST
}

# busybox_rootfs DIR - a root filesystem of one static program and the files that servers expect.
busybox_rootfs() {
  local root=$1
  need_packages busybox-static
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,root,home/user,proc,sys,dev,var/lib,run}
  mkdir -p "$root"/tmp "$root"/var/tmp
  chmod 1777 "$root"/tmp "$root"/var/tmp
  cp /bin/busybox "$root/bin/busybox"
  chroot "$root" /bin/busybox --install -s
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000:user:/home/user:/bin/sh' \
    'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'audio:x:29:' 'user:x:1000:' 'nogroup:x:65534:' >"$root/etc/group"
  chown 1000:1000 "$root/home/user"
}

# make_busybox_image NAME [change…] - import it; each change is a Dockerfile line.
make_busybox_image() {
  local name=$1 root change changes=(--change 'CMD ["sh"]')
  shift
  for change in "$@"; do changes+=(--change "$change"); done
  root=$(mktemp -d "$ENGINE_DIR/rootfs.XXXXXX")
  busybox_rootfs "$root"
  tar -C "$root" -c . | docker_ import "${changes[@]}" - "$name" >/dev/null
  rm -rf "$root"
}
