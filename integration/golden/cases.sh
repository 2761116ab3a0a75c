# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The golden cases: one line each, a name and the flags of `docker run`. capture.sh runs them,
# `capture.sh --list` prints them as the table of tests/golden/CASES.md.
#
# To add a case: write a line here, run capture.sh for each engine (its head says how), commit
# the new documents.
#
#   container NAME FLAG…      docker run --rm FLAG… IMAGE true
#   terminal  NAME FLAG…      the same from a terminal
#   since VERSION …           only engines from this version on
#
# $HOST is a folder on the host with a file, a folder, a seccomp profile; $SOCKET the engine's socket.
# $PEER is a running container; host-volume, a volume that binds $HOST/dir.

golden_cases() {
  container plain
  terminal  interactive -it
  container init --init
  container workdir -w /var/lib
  container hostname --hostname web-1
  container env -e A=1 -e 'SPACES=a b'
  container entrypoint --entrypoint /bin/echo

  container privileged --privileged
  container privileged-cap-drop-all --privileged --cap-drop ALL
  container privileged-userns-host --privileged --userns host
  container cap-add --cap-add SYS_ADMIN
  container cap-add-harmless --cap-add NET_BIND_SERVICE
  container cap-add-net-admin --cap-add NET_ADMIN
  container cap-add-sys-ptrace --cap-add SYS_PTRACE
  container cap-add-all --cap-add ALL
  container cap-drop-all --cap-drop ALL
  container cap-drop-all-add-one --cap-drop ALL --cap-add CHOWN
  container cap-add-all-systempaths --cap-add ALL --security-opt systempaths=unconfined
  container like-privileged --cap-add ALL --security-opt systempaths=unconfined \
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt label=disable \
    --device-cgroup-rule 'a *:* rwm'

  container device --device /dev/fuse
  container device-read --device /dev/fuse:/dev/other:r
  container device-folder --device /dev/net
  container device-block --device /dev/loop0
  container device-cgroup-rule --device-cgroup-rule 'c 10:229 rwm'
  container device-cgroup-rule-all --device-cgroup-rule 'a *:* rwm'

  container network-host --network host
  container network-none --network none
  container network-container --network "container:$PEER"
  container network-user --network golden
  container publish -p 127.0.0.1::80
  container dns --dns 192.0.2.1 --add-host db:192.0.2.2
  container pid-host --pid host
  container pid-container --pid "container:$PEER"
  container ipc-host --ipc host
  container ipc-shareable --ipc shareable
  container ipc-none --ipc none
  container ipc-container --ipc "container:$PEER"
  container uts-host --uts host
  container userns-host --userns host
  container cgroupns-host --cgroupns host
  container cgroupns-private --cgroupns private
  container cgroup-parent --cgroup-parent /elsewhere
  container host-everything --pid host --network host --ipc host --uts host --cgroupns host

  container bind -v "$HOST/dir:/data"
  container bind-file -v "$HOST/file:/etc/app.conf"
  container bind-ro -v "$HOST/dir:/data:ro"
  container bind-rshared -v "$HOST/shared:/data:rshared"
  container bind-rslave -v "$HOST/shared:/data:rslave"
  container bind-private --mount "type=bind,src=$HOST/dir,dst=/data,bind-propagation=rprivate"
  container bind-z -v "$HOST/dir:/data:z"
  container bind-symlink -v "$HOST/link:/data"
  container bind-root -v /:/host
  container bind-etc -v /etc:/host/etc
  container bind-etc-ro -v /etc:/host/etc:ro
  container bind-proc -v /proc:/host/proc
  container bind-sys -v /sys:/host/sys
  container bind-dev -v /dev:/host/dev
  container bind-cgroup -v /sys/fs/cgroup:/sys/fs/cgroup:ro
  container bind-docker-sock -v "$SOCKET:/var/run/docker.sock"
  container bind-docker-sock-ro -v "$SOCKET:/var/run/docker.sock:ro"
  container bind-docker-sock-folder -v "$(dirname "$SOCKET"):/engine"
  container volume -v golden:/data
  container volume-anonymous -v /data
  container volume-nocopy -v golden:/data:nocopy
  container volume-bind -v host-volume:/data
  container volumes-from --volumes-from "$PEER"
  container tmpfs --tmpfs /scratch
  container tmpfs-exec --tmpfs /scratch:exec
  container tmpfs-options --tmpfs /scratch:rw,exec,suid,dev,size=64m,mode=1777
  container tmpfs-mount --mount type=tmpfs,dst=/scratch,tmpfs-size=1048576
  container read-only --read-only
  container read-only-tmpfs --read-only --tmpfs /tmp --tmpfs /run

  container memory --memory 64m
  container memory-swap --memory 64m --memory-swap 128m
  container memory-swap-unlimited --memory 64m --memory-swap -1
  container memory-reservation --memory 64m --memory-reservation 32m
  container memory-large --memory 1000g
  container memory-swappiness --memory-swappiness 10
  container cpus --cpus 0.5
  container cpu-quota --cpu-period 50000 --cpu-quota 25000
  container cpu-shares --cpu-shares 2048
  container cpuset --cpuset-cpus 0 --cpuset-mems 0
  container pids-limit --pids-limit 100
  container pids-limit-unlimited --pids-limit -1
  container pids-limit-large --pids-limit 100000
  container blkio-weight --blkio-weight 300
  container blkio-device --device-read-bps /dev/loop0:1mb
  container ulimit --ulimit nofile=1024:2048 --ulimit core=-1 --ulimit memlock=-1
  container oom-score-adj --oom-score-adj 500
  container oom-score-adj-negative --oom-score-adj -500
  container oom-kill-disable --memory 64m --oom-kill-disable
  container shm-size --shm-size 128m
  container sysctl --sysctl net.core.somaxconn=1024
  container sysctl-ipc --sysctl kernel.shmmax=67108864
  container sysctl-forwarding --sysctl net.ipv4.ip_forward=1

  container user --user 1000
  container user-group --user 1000:1000
  container user-root -u 0
  container group-add --group-add audio --group-add 0
  container user-cap-add --user 1000 --cap-add NET_BIND_SERVICE

  container seccomp-unconfined --security-opt seccomp=unconfined
  container seccomp-custom --security-opt "seccomp=$HOST/seccomp.json"
  container apparmor-unconfined --security-opt apparmor=unconfined
  container apparmor-name --security-opt apparmor=some-profile
  container label-disable --security-opt label=disable
  container label-type --security-opt label=type:container_t
  container no-new-privileges --security-opt no-new-privileges
  container no-new-privileges-false --security-opt no-new-privileges=false
  container systempaths-unconfined --security-opt systempaths=unconfined
  since 28 container writable-cgroups --security-opt writable-cgroups=true

  container label --label com.example.team=web --label dev.runward.profile=strict
  since 26 container annotation --annotation com.example.team=web
  since 26 container annotation-systemd --annotation 'org.systemd.property.ExecStart=/bin/true'
  since 26 container annotation-crun --annotation 'run.oci.keep_original_groups=1'

  # The values are examples from documentation, or made up: none opens anything.
  container env-secrets -e AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY \
    -e POSTGRES_PASSWORD=example-only -e DATABASE_URL=postgres://app:example-only@db/app \
    -e "TLS_KEY=-----BEGIN PRIVATE KEY-----"
  container healthcheck --health-cmd true --health-interval 1s
  container stop-signal --stop-signal SIGQUIT --stop-timeout 1
}

# Documents that `docker exec` makes: NAME and the flags. Kept in process/.
golden_processes() {
  process exec
  process exec-privileged --privileged
  process exec-root -u 0
  process exec-user -u 1000
  process exec-env -e A=1 -w /tmp
  process_terminal exec-interactive -it
}

# Documents that `docker update` makes. Kept in resources/.
golden_resources() {
  resources update-memory --memory 64m --memory-swap 128m
  resources update-cpus --cpus 1.5
  resources update-cpu-quota-unlimited --cpu-quota -1
  resources update-cpu-shares --cpu-shares 512
  resources update-pids --pids-limit 100
  resources update-pids-unlimited --pids-limit -1
}
