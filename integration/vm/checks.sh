#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs inside the virtual machine (see test.sh): what only a kernel with AppArmor and cgroup v2
# can show. Prints TAP. The working folder is the share: runward, runwardctl, lib/, box.tar.
#
# Everything is ten times slower here, one `docker run` takes 4 to 14 s: so many checks look at
# the report of one container, and none depends on time.
# shellcheck disable=SC2031  # rootfs.sh, which is sourced below, has a `work` of its own in a subshell
set -u
cd "$(dirname "$0")" || exit 2
work=/run/checks
mkdir -p $work
trap 'cp $work/*.log $work/*.err /var/log/runward/* /vm/out/ 2>/dev/null' EXIT # run.sh's --out

count=0 failed=0
ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() { # NAME, then diagnostics
  count=$((count + 1)) failed=$((failed + 1))
  echo "not ok $count - $1"
  shift
  printf '%s\n' "$@" | sed 's/^/# /'
}
check() { # NAME COMMAND…
  local name=$1 output; shift
  if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "failed: $*" "$output"; fi
}
is() { # NAME ACTUAL EXPECTED
  if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:      $2" "expected: $3"; fi
}

# --- the engine ---

start_dockerd() { # CGROUP-DRIVER: one of its own, which is never stopped: the machine is switched off anyway
  local dir=$work/engine-$1
  mkdir "$dir"
  jq -n --arg driver "$1" '{bridge: "none", iptables: false, ip6tables: false,
    "exec-opts": ["native.cgroupdriver=\($driver)"], runtimes: (["runward", "runward-copies", "runward-unmapped", "runward-lsm", "runward-own", "runward-record", "runward-verify", "runward-tried"] | map({(.): {path: "/usr/local/bin/\(.)"}}) | add)}' >"$dir/daemon.json"
  export DOCKER_HOST=unix://$dir/docker.sock
  setsid dockerd --config-file "$dir/daemon.json" --data-root "/var/lib/docker-$1" --exec-root "$dir/exec" \
    --pidfile "$dir/pid" --host "$DOCKER_HOST" >"$work/dockerd-$1.log" 2>&1 &
  until grep -q 'API listen on' "$work/dockerd-$1.log"; do
    if ! kill -0 $! 2>/dev/null; then
      echo "Bail out! dockerd does not start"
      tail -20 "$work/dockerd-$1.log" | sed 's/^/# /'
      exit 2
    fi
    sleep .5
  done
  docker import box.tar box >/dev/null
}
refused() { # WHAT RULE docker-run-options…
  local what=$1 rule=$2 code=0 output; shift 2
  output=$(docker run --rm --runtime=runward "$@" box true 2>&1) || code=$?
  is "$what is refused with exit code 125" "$code" 125
  case $output in
    *runward:*"(rule $rule)"*) ok "$what: the message names rule $rule" ;;
    *) not_ok "$what: the message names rule $rule" "$output" ;;
  esac
}

# --- a container's report: what it sees of itself, as key=value ---

# shellcheck disable=SC2016  # expands in the container
report='
for key in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
  echo "$key=$(sed -n "s/^$key:[[:space:]]*//p" /proc/self/status)"
done
echo "ids=$(tr -s " " </proc/self/uid_map)"
echo "apparmor=$(cat /proc/self/attr/current)"
for file in memory.max memory.swap.max cpu.max pids.max; do echo "$file=$(cat /sys/fs/cgroup/$file)"; done
while read -r _ path type options _; do
  case $path in / | /tmp | /run | /var/tmp) echo "mount:$path=,$type,$options," ;; esac
done </proc/self/mounts
tries() { if sh -c "$2" 2>/dev/null; then echo "$1=yes"; else echo "$1=no"; fi; }
tries write:/ "echo >/file"
tries write:/etc "echo >/etc/file"
for path in /tmp /run /var/tmp; do
  tries write:$path "echo >$path/file"
  tries run:$path "cp /bin/busybox $path/busybox && $path/busybox true"
done
echo "core=$(ulimit -c)"
echo "oom_score_adj=$(cat /proc/self/oom_score_adj)"
echo "end=end"
'
run() { # NAME RUNTIME docker-run-options…: the report goes to $work/NAME
  local name=$1 runtime=$2; shift 2
  docker run --rm --runtime="$runtime" "$@" box sh -c "$report" >"$work/$name" 2>"$work/$name.err" || true
  now=$name
  [ "$(value end)" = end ] || not_ok "container '$name' runs to its end" "$(tail -5 "$work/$name" "$work/$name.err")"
}
value() { sed -n "s|^$1=||p" "$work/$now"; } # of the last report
mounted_with() { # PATH OPTION…
  local options option; options=$(value "mount:$1"); shift
  for option; do case $options in *",$option,"*) ;; *) echo "no $option in: $options"; return 1 ;; esac; done
}

# --- what is expected under the profile `default` (the rules' own documentation says why) ---

capabilities=0x5fb # CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE
bytes=$(($(awk '$1 == "MemTotal:" {print $2}' /proc/meminfo) * 1024))
page=4096
quarter=$((bytes / 4)) ceiling=$((bytes * 80 / 100))
[ $quarter -le $((4 << 30)) ] || quarter=$((4 << 30))
cpus=$(nproc)
quota=$((cpus * 100000 / 2))
[ $quota -ge 100000 ] || quota=100000
near() { # ACTUAL EXPECTED: the kernel rounds down to pages, the policy's per cent may round too
  [ "$1" != max ] && [ "$1" -le "$2" ] && [ $(($2 - $1)) -lt $((2 * page)) ]
}
limits_are() { # memory.max cpu.max pids.max
  check "$now: memory.max=$(value memory.max) is $1" near "$(value memory.max)" "$1"
  is "$now: memory.swap.max is 0" "$(value memory.swap.max)" 0
  is "$now: cpu.max is $2" "$(value cpu.max)" "$2"
  is "$now: pids.max is $3" "$(value pids.max)" "$3"
}

# --- the checks ---

install -m 755 runward runwardctl runward-recorder /usr/local/bin
for name in record verify tried; do ln -s runward /usr/local/bin/runward-$name; done
./install-libraries.sh

echo "# $(sed -n 's/^PRETTY_NAME=//p' /etc/os-release), kernel $(uname -r), $cpus CPUs, $((bytes >> 20)) MiB"
is "this machine has AppArmor" "$(cat /sys/module/apparmor/parameters/enabled)" Y
is "this machine has cgroup v2" "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs
check "runward runs here" runward --version

start_dockerd systemd

# doctor: what it says of a host with all that a host can have.
runwardctl doctor --json >$work/doctor.log 2>$work/doctor.err || true
doctor_says() { jq -r --arg check "$1" --arg subject "${2:-}" \
  '.lines[] | select(.check == $check and (.subject | contains($subject))) | .level + ": " + .reason' $work/doctor.log; }
says() { # CHECK SUBJECT PATTERN
  # shellcheck disable=SC2053  # a pattern
  if [[ $(doctor_says "$1" "$2") == $3 ]]; then ok "doctor: $1 $2"; else not_ok "doctor: $1 $2" "$(doctor_says "$1" "$2")" "expected: $3"; fi
}
says apparmor '' 'ok: enabled, * profiles are loaded'
says apparmor-profiles runward-default 'info: is compiled and loaded when a container starts*'
says apparmor-profiles runward-strict 'info: is compiled and loaded when a container starts*'
says cgroups '' $'ok: version 2\nok: memory, cpu and pids'
says seccomp '' 'ok: actions: *'
says user-namespaces '' 'ok: root can make them (tried)*'
says idmapped-mounts 'ext4, /var/lib/docker-systemd' 'ok: work here (tried)'
says runtime /usr/sbin/runc "ok: runc $(runc --version | sed -n 's/^runc version //p')"
says docker 'runward, /usr/local/bin/runward' 'ok: registered, the same build'
says docker 'default runtime' 'warning: is runc: *'

run plain-runc runc
is "$now: AppArmor profile (the control)" "$(value apparmor)" "docker-default (enforce)"
is "$now: can write to / (the control)" "$(value write:/)" yes

# What a container does is recorded, and its cgroup tells of its peaks.
check "recording: the container runs as ever" docker run --name recorded --runtime=runward-record box \
  sh -c 'cat /etc/hostname; echo x >/new; i=0; while [ $i -lt 20 ]; do echo $i | cat >/dev/null; i=$((i + 1)); done; sleep 3'
recording=/var/lib/runward/recordings/recorded.json
recorded() { jq -c "$1" $recording; }
cp $recording $work/recording.log
is "recording: it is complete" "$(recorded .complete)" true
is "recording: each pipeline is there" "$(recorded '.calls.application.x86_64 | (.pipe // .pipe2).count')" 20
is "recording: files and the writable layer" "$(recorded '[.files["/new"].write, .upper.created]')" '[true,["/new"]]'
check "recording: peaks of the cgroup" jq -e '.peaks | .memory > 100000 and .pids >= 1 and .cpu_time > 0' $recording
is "recording: capabilities are told of where there is the tracepoint" "$(recorded '.mechanisms.capabilities == "ebpf"')" \
  "$([ -d /sys/kernel/tracing/events/capability ] && echo true || echo false)"
is "recording: no recorder is left" "$(pgrep -c runward-recorde)" 0

# A profile made of a recording: what was not in it is refused by AppArmor, where no other layer would.
mkdir -p /srv/own/other
docker run --rm -v /srv/own:/v box sh -c 'cp /bin/busybox /v; cp /bin/busybox /v/other; echo x >/v/seen; echo x >/v/unseen'
# shellcheck disable=SC2016  # expands in the container
own='tries() { if sh -c "$2" 2>/dev/null; then echo "$1=yes"; else echo "$1=no"; fi; }
tries read "cat /v/seen"; tries execute "/v/busybox true"; tries write "echo x >/tmp/x"'
others='tries read:/v/unseen "cat /v/unseen"; tries execute:/v/other/busybox "/v/other/busybox true"; tries write:/v/new "echo x >/v/new"; echo end=end'
runtime_own() { docker run --rm --name own --runtime="$1" -v /srv/own:/v box sh -c "$own; $2" >$work/own.log 2>$work/own.err; now=own.log; }
own_says() { sed -n 's/^\(\(read\|execute\|write\).*=.*\)/\1/p' $work/own.log | paste -sd ' '; }
runtime_own runward-record 'echo end=end'
check "own profile: made of a recording" runwardctl profile generate /var/lib/runward/recordings/own.json --output $work/own --headroom strict
check "own profile: installed" runwardctl profile install $work/own
ln -s runward /usr/local/bin/runward-own
all=(read execute write read:/v/unseen execute:/v/other/busybox write:/v/new)
runtime_own runward "$others"
is "own profile: without it all of that works (the control)" "$(own_says)" "$(printf '%s=yes ' "${all[@]}" | sed 's/ $//')"
rm -f /srv/own/new
runtime_own runward-own "$others"
is "own profile: what was recorded works, and nothing else" "$(own_says)" \
  "read=yes execute=yes write=yes read:/v/unseen=no execute:/v/other/busybox=no write:/v/new=no"
is "own profile: it came to its end" "$(value end)" end

# A profile tried out under AppArmor, and what it then refuses.
work_again='cat /etc/hostname; echo x >/tmp/new; i=0; while [ $i -lt 20 ]; do echo $i | cat >/dev/null; i=$((i + 1)); done; sleep 3'
docker run --name again --runtime=runward-record box sh -c "$work_again" >$work/again.log 2>&1
runwardctl profile generate /var/lib/runward/recordings/again.json --output $work/tried --headroom strict >>$work/again.log 2>&1
try() { runwardctl profile verify $work/tried "$@" >$work/verify.log 2>&1; }
try -- docker run --rm box sh -c "$work_again"
is "verify: what was recorded passes" "$? $(tail -n 1 $work/verify.log)" "0 pass: profile 'tried' refused nothing"
try --output $work/patch -- docker run --rm box sh -c "$work_again; cat /etc/hosts"
is "verify: a file more is a denial" "$?" 1
check "verify: by its name, with the program" grep -q 'file /etc/hosts: read  cat' $work/verify.log
is "verify: and the patch is the one rule" "$(grep -c '^+  ' $work/patch) $(sed -n 's/^+  //p' $work/patch)" '1 /etc/hosts r,'
check "verify: the container read it all the same" grep -q '^127.0.0.1' $work/verify.log
is "verify: no profile of it is left" "$(grep -c runward-verify /sys/kernel/security/apparmor/profiles)" 0
check "verify: the profile is installed" runwardctl profile install $work/tried
docker run --rm --runtime=runward-tried box sh -c 'cat /etc/hosts' >$work/tried.log 2>&1
is "denials: an enforced profile refuses the file" "$(grep -c '^127.0.0.1' $work/tried.log)" 0
runwardctl denials --json >$work/denials.log 2>$work/denials.err
is "denials: program, file, and the line to add" \
  "$(jq -r 'select(.denied == "file /etc/hosts: read") | "\(.command) \(.add) \(.file)"' $work/denials.log | tail -n 1)" \
  'cat /etc/hosts r, /etc/runward/profiles/tried/apparmor'

run default runward
limits_are "$quarter" "$quota 100000" 1024
is "$now: AppArmor profile, which nobody had loaded" "$(value apparmor)" "runward-default (enforce)"
for set in CapEff CapPrm CapBnd; do
  check "$now: $set=$(value $set) is within the profile's" test $((0x0$(value $set) & ~capabilities)) -eq 0
done
check "$now: user ids$(value ids) are a range of its own" grep -Eq '^ 0 (18[789][0-9]|19[0-9]{2}|20[0-9]{2}|21[0-4][0-9])[0-9]{6} 65536$' <<<"$(value ids)"
is "$now: CapInh" "$(value CapInh)" 0000000000000000
is "$now: CapAmb" "$(value CapAmb)" 0000000000000000
is "$now: NoNewPrivs" "$(value NoNewPrivs)" 1
is "$now: Seccomp" "$(value Seccomp)" 2
check "$now: / is mounted read-only" mounted_with / ro
is "$now: cannot write to /" "$(value write:/)" no
is "$now: cannot write to /etc" "$(value write:/etc)" no
for path in /tmp /run /var/tmp; do
  check "$now: $path is a tmpfs with nosuid,nodev,noexec" mounted_with $path tmpfs rw nosuid nodev noexec
  is "$now: can write to $path" "$(value "write:$path")" yes
  is "$now: cannot run a program from $path" "$(value "run:$path")" no
done
is "$now: oom_score_adj" "$(value oom_score_adj)" 0

run smaller-limits runward --memory 64m --cpus 0.5 --pids-limit 50
limits_are $((64 << 20)) "50000 100000" 50

mkdir -p /srv/volume && chmod 777 /srv/volume && echo secret >/srv/volume/roots && chmod 600 /srv/volume/roots
docker run --rm --runtime=runward -v /srv/volume:/v box sh -c 'echo x >/v/by-root; chown 1000:1000 /v/by-root; stat -c %u:%g /v/roots' >$work/volume 2>&1
is "a volume: files have their owners inside and on the host" "$(cat $work/volume) $(stat -c %u:%g /srv/volume/by-root)" "0:0 1000:1000"
docker run --rm --runtime=runward --user 1000 -v /srv/volume:/v box cat /v/roots >$work/volume 2>&1
is "a volume: what is root's alone is not read by another user" "$(grep -c secret $work/volume)" 0

run larger-limits runward --memory $((bytes * 2)) --memory-swap -1 --pids-limit -1 --ulimit core=1000000
check "$now: memory.max=$(value memory.max) is 80 % of the machine" near "$(value memory.max)" "$ceiling"
is "$now: memory.swap.max is 0" "$(value memory.swap.max)" 0
is "$now: no core dumps" "$(value core)" 0
check "$now: pids.max=$(value pids.max) is at most 4096" test "$(value pids.max)" -le 4096

refused --privileged privileged --privileged
refused apparmor=unconfined apparmor --security-opt apparmor=unconfined

# From the host's side, and with the other cgroup driver.
start_dockerd cgroupfs
mkfifo $work/hold
docker run -i --rm --cidfile $work/cid --runtime=runward box sh -c "$report cat" <$work/hold >$work/cgroupfs 2>$work/cgroupfs.err &
exec 9>$work/hold # held open, so the container's cat keeps it alive
now=cgroupfs
while [ -z "$(value end)" ] && kill -0 $! 2>/dev/null; do sleep .5; done
limits_are "$quarter" "$quota 100000" 1024
group=/sys/fs/cgroup/docker/$(cat $work/cid)
is "$now: the host sees the same limits" \
  "$(cat "$group/memory.max") $(cat "$group/cpu.max") $(cat "$group/pids.max")" "$(value memory.max) $quota 100000 1024"
is "$now: AppArmor profile" "$(value apparmor)" "runward-default (enforce)"
id=$(cat $work/cid)
check "$now: an update within the ceiling" docker update --memory 128m --memory-swap 128m --pids-limit 60 "$id"
is "$now: it is in the cgroup" "$(cat "$group/memory.max") $(cat "$group/memory.swap.max") $(cat "$group/pids.max")" "$((128 << 20)) 0 60"
check "$now: an update beyond it" docker update --memory 64g --memory-swap 64g --pids-limit -1 "$id"
check "$now: memory.max stays at or below the ceiling" test "$(cat "$group/memory.max")" -le "$ceiling"
check "$now: pids.max stays at or below the ceiling" test "$(cat "$group/pids.max")" -le 4096
is "$now: AppArmor profile of an exec" "$(docker exec "$id" cat /proc/self/attr/current 2>&1)" "runward-default (enforce)"
docker exec "$id" grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status >$work/exec 2>&1
is "$now: exec has no more than the first process" "$(awk '{printf "%s ", $2}' $work/exec)" "00000000000005fb 1 2 "
exec 9>&-
wait $!

# A filesystem in memory, which can be idmapped since Linux 6.3.
mkdir -p /etc/runward/profiles/{copies,unmapped} /srv/memory
for choice in copies=copy unmapped=unmapped; do
  ln -s runward "/usr/local/bin/runward-${choice%=*}"
  echo "{\"extends\": \"default\", \"rules\": {\"user-namespace\": {\"unmappable\": \"${choice#*=}\"}}}" \
    >"/etc/runward/profiles/${choice%=*}/profile.json"
done
mount -t tmpfs memory /srv/memory
echo for-1000 >/srv/memory/secret && chmod 0400 /srv/memory/secret && chown 1000:1000 /srv/memory/secret
reads_secret() { # RUNTIME
  docker run --rm --runtime="$1" --user 1000 -v /srv/memory:/s:ro box sh -c 'cat /s/secret; stat -c %u /s/secret' 2>/dev/null | tr '\n' ' '
}
is "a secret in memory that is copied" "$(reads_secret runward-copies)" "for-1000 1000 "
if [ "$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -n 1)" = 6.3 ]; then
  is "a secret in memory, idmapped" "$(reads_secret runward)" "for-1000 1000 "
else
  refused "a secret in memory" user-namespace -v /srv/memory:/s:ro
  is "a secret in memory that is left as it is" "$(reads_secret runward-unmapped)" "65534 "
fi

# crun as the low-level runtime.
install -m 755 crun /usr/local/bin/crun
echo '{"runtime": "crun"}' >/etc/runward/config.json
echo x >/srv/volume/of-1000 && chown 1000:1000 /srv/volume/of-1000
docker run -d --name crun --runtime=runward -v /srv/volume:/v box sleep 3600 >$work/crun 2>&1
if grep -q 'unknown version specified' $work/crun; then
  echo "# not checked with crun: that of Debian 12, which lies in the share, is too old for the documents of this Docker"
  docker rm -f crun >/dev/null
else
  pid=$(docker inspect --format '{{.State.Pid}}' crun)
  check "crun: user ids of its own" grep -Eq '^ +0 +(18[789][0-9]|19[0-9]{2}|20[0-9]{2}|21[0-4][0-9])[0-9]{6} +65536$' "/proc/$pid/uid_map"
  docker exec crun sh -c 'tr -s " " </proc/self/uid_map; stat -c %u /v/of-1000; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; touch /v/by-crun' >$work/crun-exec 2>&1
  is "crun: exec is in the same user namespace" "$(sed -n 1p $work/crun-exec)" "$(tr -s ' ' <"/proc/$pid/uid_map")"
  is "crun: files of a volume have their owners, inside and on the host" "$(sed -n 2p $work/crun-exec) $(stat -c %u /srv/volume/by-crun)" "1000 0"
  is "crun: exec has no more than the first process" "$(awk 'NR > 2 {printf "%s ", $2}' $work/crun-exec)" "00000000000005fb 1 2 "
  check "crun: it ends" docker rm -f crun
fi
rm /etc/runward/config.json

# AppArmor alone: every other rule that would say no is off, and what Docker does by itself is switched off too.
mkdir -p /etc/runward/profiles/lsm
jq -n '{extends: "default", rules: ({apparmor: {mode: "enforce", profile: "runward-default", required: true}} +
  (["privileged", "namespaces", "user-namespace", "user", "no-new-privileges", "capabilities", "seccomp", "mounts", "rootfs",
    "masked-paths", "sysctl", "cgroup-path"] | map({(.): "off"}) | add))}' >/etc/runward/profiles/lsm/profile.json
ln -s runward /usr/local/bin/runward-lsm
check "the test profile is a good one" runwardctl check-config --profile lsm
# shellcheck disable=SC2016  # expands in the container
lsm='
tries() { if sh -c "$2" 2>/dev/null; then echo "$1=yes"; else echo "$1=no"; fi; }
echo "apparmor=$(cat /proc/self/attr/current)"
echo "CapEff=$(sed -n "s/^CapEff:[[:space:]]*//p" /proc/self/status)"
echo "Seccomp=$(sed -n "s/^Seccomp:[[:space:]]*//p" /proc/self/status)"
tries write:/file "echo >/file && chmod 700 /file && rm /file"
mkdir /m
tries mount "mount -t tmpfs none /m"
tries bind "mount --bind /tmp /m"
tries remount "mount -o remount,ro /dev/shm"
tries umount "umount /dev/shm"
tries core_pattern "echo core >/proc/sys/kernel/core_pattern"
tries sysrq ": >>/proc/sysrq-trigger"
tries uid_map ": >>/proc/self/uid_map"
tries kallsyms "head -n 1 /proc/kallsyms >/dev/null"
tries kcore "head -c 1 /proc/kcore >/dev/null"
tries signal-host "kill -0 1"
tries ptrace-host "readlink /proc/1/exe"
tries signal-own "sleep 9 & kill -TERM \$!"
tries ptrace-own "readlink /proc/self/exe && sleep 9 & readlink /proc/\$!/exe"
tries packet "arping -c 1 -w 1 -I lo 127.0.0.1 2>&1 | grep -qv -e denied -e permitted"
tries udp "nslookup -type=a localhost 127.0.0.1 2>&1 | grep -qv -e denied -e permitted"
echo no module >/file.ko
echo "module=$(insmod /file.ko 2>&1)"
echo "socket=$(cat /run/docker.sock 2>&1)"
tries nobodys-profile "echo changeprofile unconfined >/proc/self/attr/current"
echo "end=end"
'
run_lsm() { # NAME RUNTIME docker-run-options…
  local name=$1 runtime=$2; shift 2
  # shellcheck disable=SC2086
  docker run --rm --runtime="$runtime" --pid host --cap-add ALL --security-opt seccomp=unconfined \
    --security-opt systempaths=unconfined -v "$DOCKER_HOST_SOCKET":/run/docker.sock "$@" box sh -c "$lsm" >"$work/$name" 2>"$work/$name.err" || true
  now=$name
  [ "$(value end)" = end ] || not_ok "container '$name' runs to its end" "$(tail -5 "$work/$name" "$work/$name.err")"
}
DOCKER_HOST_SOCKET=${DOCKER_HOST#unix://}
core_pattern=$(cat /proc/sys/kernel/core_pattern)
run_lsm unconfined runc --security-opt apparmor=unconfined
echo "$core_pattern" >/proc/sys/kernel/core_pattern
says_of() { # NAMES… : "name=yes name=no …" of the last report
  local name; for name; do printf '%s=%s ' "$name" "$(value "$name")"; done
}
forbidden=(mount bind remount umount core_pattern sysrq uid_map kallsyms kcore signal-host ptrace-host packet nobodys-profile)
allowed=(write:/file signal-own ptrace-own udp)
all_are() { local answer=$1 name; shift; for name; do printf '%s=%s ' "$name" "$answer"; done; }
is "$now: AppArmor (the control)" "$(value apparmor)" unconfined
is "$now: what AppArmor will forbid works without it (the control)" "$(says_of "${forbidden[@]}" "${allowed[@]}")" "$(all_are yes "${forbidden[@]}" "${allowed[@]}")"
check "$now: a module is tried (the control)" grep -q 'invalid module format' <<<"$(value module)"
check "$now: the engine's socket is reached (the control)" grep -q 'No such device or address' <<<"$(value socket)"
run_lsm lsm runward-lsm
is "$now: AppArmor" "$(value apparmor)" "runward-default (enforce)"
is "$now: no other rule forbids it" "$(value CapEff) $(value Seccomp)" "$(sed -n 's/^CapEff=//p' $work/unconfined) 0"
is "$now: AppArmor alone forbids it" "$(says_of "${forbidden[@]}")" "$(all_are no "${forbidden[@]}")"
is "$now: and nothing else" "$(says_of "${allowed[@]}")" "$(all_are yes "${allowed[@]}")"
check "$now: no module" grep -q 'Operation not permitted' <<<"$(value module)"
check "$now: no engine's socket" grep -q 'Permission denied' <<<"$(value socket)"

# Loading, by runward itself: the low-level runtime is one that does nothing, so that what is measured is ours.
mkdir -p $work/bundle/rootfs && tar -x -C $work/bundle/rootfs -f box.tar
(cd $work/bundle && runc spec && jq '.process.args = ["true"]' config.json >spec.json)
echo '{"runtime": "/bin/true"}' >/etc/runward/config.json
create() { # NUMBER
  cp $work/bundle/spec.json $work/bundle/config.json
  runward --root $work/root create --bundle $work/bundle "c$1"
}
is_enforced() { grep -qx "$1 (enforce)" /sys/kernel/security/apparmor/profiles; }
hash_of() { cat /sys/kernel/security/apparmor/policy/profiles/"$1".*/sha*; }
milliseconds() { # COMMAND… : the median of nine
  local i start; for i in 1 2 3 4 5 6 7 8 9; do
    [ -z "${before:-}" ] || $before
    start=$(date +%s%N); "$@" "$i" >/dev/null 2>&1; echo $((($(date +%s%N) - start) / 10000))
  done | sort -n | sed -n '5s/..$/.&/p'
}
remove() { apparmor_parser -R <<<'profile runward-default {}'; }
check "a create" create 0
check "the profile is loaded" is_enforced runward-default
own=$(hash_of runward-default)
remove
check "it is removed (the control)" eval '! is_enforced runward-default'
check "a create after that" create 1
check "it is loaded again" is_enforced runward-default
is "with the same content" "$(hash_of runward-default)" "$own"
apparmor_parser -r <<<'profile runward-default { file, capability, network, mount, }'
check "another content under its name (the control)" test "$(hash_of runward-default)" != "$own"
check "a create after that" create 2
is "it is replaced" "$(hash_of runward-default)" "$own"
apparmor_parser -rC <<<'profile runward-default { file, }'
check "a create after a complaining one" create 3
check "it is enforced" is_enforced runward-default
check "strict brings its own" runwardctl apparmor load strict
check "it is enforced" is_enforced runward-strict
is "apparmor unload" "$(runwardctl apparmor unload strict)" "runward-strict: unloaded; containers that run under it are unconfined now"
check "it is gone" eval '! is_enforced runward-strict'
check "apparmor check" runwardctl apparmor check
plain=$(milliseconds create)
again=$(before=remove milliseconds create)
echo "# runward create before a runtime that does nothing: $plain ms with the profile loaded, $again ms where it must be loaded"
forget() { remove; rm -rf /var/lib/runward/apparmor; }
rebuilt=$(before=forget milliseconds create)
echo "# and $rebuilt ms where it must be compiled too"
mv /usr/sbin/apparmor_parser /usr/sbin/apparmor_parser.away
create 4 && remove 2>/dev/null
check "without a parser, from what was compiled" create 5
check "it is loaded" is_enforced runward-default
rm -rf /var/lib/runward/apparmor /run/runward/apparmor
check "without parser and compiled form: if-available goes on" create 6
is "with the engine's own profile" "$(jq -r '.process.apparmorProfile // "none"' $work/bundle/config.json)" none
jq '.rules.apparmor.required = true' /etc/runward/profiles/lsm/profile.json >$work/lsm.json
mkdir -p /etc/runward/profiles/must && cp $work/lsm.json /etc/runward/profiles/must/profile.json
echo '{"runtime": "/bin/true", "profiles": {"default": "must"}}' >/etc/runward/config.json
message=$(create 7 2>&1); code=$?
is "and required refuses" "$code" 1
case $message in *"(rule apparmor)"*"install the package apparmor"*) ok "the message says what to do" ;; *) not_ok "the message says what to do" "$message" ;; esac
mv /usr/sbin/apparmor_parser.away /usr/sbin/apparmor_parser
rm -r /etc/runward/config.json

# Two servers live under the profile, and its signals reach them: nginx and redis end by themselves on SIGTERM, with 0.
docker_() { docker "$@"; }
need_packages() { :; }
XDG_CACHE_HOME=$PWD/cache
# shellcheck source=../servers/rootfs.sh
source servers/rootfs.sh
answers() { # SERVER TEXT COMMAND…
  local server=$1 text=$2 output='' tries=0; shift 2
  until output=$(docker exec "$server" "$@" 2>&1) && [[ $output == *"$text"* ]]; do
    tries=$((tries + 1))
    if [ $tries -ge 20 ]; then echo "$output"; docker logs --tail 20 "$server"; return 1; fi
    sleep 1
  done
}
for server in nginx redis; do
  rootfs_import $server $server
  docker run -d --name $server --runtime=runward $server >/dev/null 2>$work/$server.err || not_ok "$server starts" "$(cat $work/$server.err)"
done
# shellcheck disable=SC2016  # expands in the container
check "nginx answers" answers nginx 'hello from nginx' \
  bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET /hello.txt HTTP/1.0\r\n\r\n" >&3; cat <&3'
check "redis answers" answers redis PONG redis-cli ping
check "redis writes its file" answers redis OK redis-cli save
for server in nginx redis; do
  is "$server: AppArmor profile" "$(docker exec $server cat /proc/1/attr/current 2>&1)" "runward-default (enforce)"
  docker stop -t 100 $server >/dev/null
  is "$server: docker stop reaches it" "$(docker inspect -f '{{.State.ExitCode}}' $server)" 0
  docker rm $server >/dev/null
done

# With systemd, and the machine's own engine of its own units.
install -m 755 runwardctl /usr/local/bin/runwardctl
path_of() { tr '\0' '\n' <"/proc/$(pidof containerd | tr ' ' '\n' | sort -n | tail -n 1)/environ" | sed -n 's/^PATH=//p'; }
check "lockdown: runc becomes runward" runwardctl lockdown
is "lockdown: where runc leads" "$(readlink /usr/sbin/runc)" /usr/local/bin/runward
is "lockdown: the PATH of dockerd's service begins with runward's folder" \
  "$(systemctl show --property Environment docker.service | cut -d : -f 1)" Environment=PATH=/var/lib/runward/lockdown
check "lockdown: containerd.service starts" systemctl start containerd.service
is "lockdown: its PATH is that one" "$(path_of | cut -d : -f 1)" /var/lib/runward/lockdown
run locked runc
is "$now: no_new_privs by --runtime=runc" "$(value NoNewPrivs)" 1
is "$now: capabilities by --runtime=runc" "$((0x$(value CapEff)))" "$((capabilities))"
check "lockdown: --undo" runwardctl lockdown --undo
is "lockdown: every program of runc's package is as it was" "$(dpkg --verify runc | grep bin/)" ""
is "lockdown: no drop-in is left" "$(systemctl show --property Environment docker.service)" Environment=

echo "1..$count"
[ $failed -eq 0 ]
