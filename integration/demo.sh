#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh - build runward, install it, and show an ordinary and a hardened container side by side.
#
# For a fresh Debian or Ubuntu, as root. Installs build needs and Docker's packages by apt, builds
# into build/release, installs to PREFIX (/usr/local), and starts a dockerd of its own, beside the
# machine's if there is one. What stays afterwards are the packages, the build and the installed files.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
prefix=${PREFIX:-/usr/local}
# shellcheck source=lib/engine.sh
source "$here/lib/engine.sh"
# shellcheck source=lib/limits.sh
source "$here/lib/limits.sh"

# --- getting there --------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }

# quietly WHAT COMMAND… - one line while it works, all of its output when it does not.
quietly() {
  local what=$1 start=$SECONDS
  shift
  printf '  %-46s' "$what …"
  if ! "$@" >"$log" 2>&1; then
    printf 'failed\n\n'
    tail -n 50 "$log" >&2
    return 1
  fi
  printf 'done (%d s)\n' $((SECONDS - start))
}

install_needs() {
  local needs
  mapfile -t needs < <(grep -v '^#' "$here/lib/build-deps.txt")
  need_packages "${needs[@]}"
  engine_need
}

configure() { (cd "$repository" && cmake --preset release); }
build() { cmake --build "$repository/build/release" --target runward runwardctl runward-recorder; }
install_files() { cmake --install "$repository/build/release" --prefix "$prefix"; }

start() {
  engine_start runward="$prefix/bin/runward"
  make_busybox_image demo
}

# --- what a container is --------------------------------------------------------------------

# Runs inside; prints KEY=VALUE.
inside_script='
value() { awk -v k="$1:" "\$1 == k {print \$2}" /proc/self/status; }
echo "uid=$(id -u)"
echo "capabilities=$(value CapEff)"
echo "bounding=$(value CapBnd)"
echo "nnp=$(value NoNewPrivs)"
echo "seccomp=$(value Seccomp)"
read -r _ first _ </proc/self/uid_map
echo "first=$first"
writable=
for path in / /etc /root /usr/bin /var/lib /run /tmp /var/tmp; do
  if touch "$path/.demo" 2>/dev/null; then
    echo "#!/bin/sh" >"$path/.demo" && chmod 755 "$path/.demo"
    if "$path/.demo" 2>/dev/null; then item=$path; else item="$path(noexec)"; fi
    writable=${writable:+$writable }$item
  fi
done
echo "writable=$writable"
echo "devices=$(find /dev -type b -o -type c | grep -vc ^/dev/pts)"
symbols=$(head -n 1 /proc/kallsyms 2>/dev/null)
if [ -n "$symbols" ]; then echo "kallsyms=readable"; else echo "kallsyms=empty"; fi
if mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp 2>/dev/null; then echo "mount=possible"; else echo "mount=denied"; fi
'

declare -A fact

# examine NAME RUNTIME FLAG… - fill fact[NAME.*]; for what does not start, fact[NAME.error].
examine() {
  local name=$1 runtime=$2 id output line
  shift 2
  if ! output=$(docker_ run --rm --runtime="$runtime" "$@" demo sh -c "$inside_script" 2>&1); then
    fact[$name.error]=$(refusal_in "$output")
    return 0
  fi
  while IFS= read -r line; do
    fact[$name.${line%%=*}]=${line#*=}
  done <<<"$output"
  id=$(docker_ run -d --runtime="$runtime" "$@" demo sleep 600)
  for line in memory swap cpu pids; do fact[$name.$line]=$(limit_of "$id" "$line"); done
  docker_ rm -f "$id" >/dev/null
}

# The runtime's own sentence, without what the engine puts around it.
refusal_in() {
  local sentence
  sentence=$(head -n 1 <<<"$1")
  sentence=${sentence##*OCI runtime create failed: }
  sentence=${sentence%.}
  printf '%s\n' "${sentence%: unknown}"
}

capability_names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
  SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
  SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)

capabilities() {
  local bits=$((0x$1)) bit names=()
  for bit in "${!capability_names[@]}"; do
    if ((bits >> bit & 1)); then names+=("${capability_names[bit]}"); fi
  done
  if ((${#names[@]} == 0)); then say none
  elif ((${#names[@]} == ${#capability_names[@]})); then say "all ${#names[@]}"
  else say "${#names[@]}: ${names[*]}"; fi
}

bytes() {
  if [[ $1 == max ]] || (($1 > 1 << 50)); then say unlimited
  elif (($1 >= 1 << 30)); then awk -v n="$1" 'BEGIN {printf "%.1f GiB\n", n / 2 ^ 30}'
  else awk -v n="$1" 'BEGIN {printf "%.0f MiB\n", n / 2 ^ 20}'; fi
}

swap() { if [[ $1 == 0 ]]; then say none; else bytes "$1"; fi; }
cpus() { if [[ $1 == max ]]; then say unlimited; else awk -v n="$1" 'BEGIN {printf "%.1f\n", n / 100}'; fi; }
number() { if [[ $1 == max ]]; then say unlimited; else say "$1"; fi; }
user() { if [[ $1 == 0 ]]; then say 'root'; else say "$1, nobody"; fi; }
yes_no() { if [[ $1 == 1 ]]; then say yes; else say no; fi; }
filter() { if [[ $1 == 2 ]]; then say 'filter in force'; else say none; fi; }

# --- the table ------------------------------------------------------------------------------

label_width=20 column_width=36

rule() { printf -- '-%.0s' $(seq $((label_width + 2 * column_width + 4))); printf '\n'; }

# row LABEL LEFT RIGHT - the columns wrapped at words.
row() {
  local labels left right i lines
  mapfile -t labels < <(fold -s -w "$label_width" <<<"$1")
  mapfile -t left < <(fold -s -w "$column_width" <<<"$2")
  mapfile -t right < <(fold -s -w "$column_width" <<<"$3")
  lines=${#left[@]}
  ((${#right[@]} <= lines)) || lines=${#right[@]}
  ((${#labels[@]} <= lines)) || lines=${#labels[@]}
  for ((i = 0; i < lines; i++)); do
    printf "%-${label_width}s  %-${column_width}s  %s\n" "${labels[i]:-}" "${left[i]:-}" "${right[i]:-}"
  done
}

# both LABEL KEY FORMAT - one fact of both containers.
both() { row "$1" "$("$3" "${fact[runc.$2]}")" "$("$3" "${fact[runward.$2]}")"; }

heading() { printf '\n%s\n' "$1"; rule; row '' 'runc' 'runward'; rule; }

show_plain() {
  heading 'docker run IMAGE'
  both 'user id' uid say
  both 'on the host that is' first user
  both capabilities capabilities capabilities
  both 'can gain more' bounding capabilities
  both 'no_new_privs' nnp yes_no
  both seccomp seccomp filter
  both 'writable paths' writable say
  both 'device nodes' devices say
  both 'kernel symbols' kallsyms say
  both 'memory' memory bytes
  both 'swap beyond it' swap swap
  both 'CPUs' cpu cpus
  both 'processes' pids number
}

# What a loosening flag gets from each.
outcome() {
  local name=$1
  if [[ -n ${fact[$name.error]:-} ]]; then say "${fact[$name.error]}"; return; fi
  say "starts: capabilities $(capabilities "${fact[$name.capabilities]}" | sed 's/:.*//'), seccomp $(filter "${fact[$name.seccomp]}"), ${fact[$name.devices]} device nodes, mount $(say "${fact[$name.mount]}")"
}

flag() {
  local i=$((flags += 1))
  examine "runc$i" runc "$@"
  examine "runward$i" runward "$@"
  row "$*" "$(outcome "runc$i")" "$(outcome "runward$i")"
  rule
}

show_flags() {
  flags=0
  heading 'docker run FLAGS IMAGE'
  flag --privileged
  flag --cap-add SYS_ADMIN
  flag --pid host
  flag -v /etc:/host
}

main() {
  ((EUID == 0)) || { echo 'the demo needs root: sudo ./integration/demo.sh' >&2; return 1; }
  log=$(mktemp)
  trap 'engine_stop; rm -f "$log"' EXIT
  say "runward: build, install, compare"
  quietly 'installing build needs and Docker' install_needs
  quietly 'configuring' configure
  quietly 'building' build
  quietly "installing to $prefix" install_files
  quietly 'starting a dockerd of our own' start
  examine runc runc
  examine runward runward
  show_plain
  show_flags
  say ''
  say "The private dockerd is gone again; runward is in $prefix/bin. For the machine's own Docker: runwardctl install"
}

main "$@"
