# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A container's limits as the host's cgroups have them, on v1 and on v2. After engine.sh.

host_memory() { awk '/^MemTotal:/ {printf "%.0f\n", $2 * 1024}' /proc/meminfo; }
host_cpus() { getconf _NPROCESSORS_ONLN; }
min() { (($1 < $2)) && echo "$1" || echo "$2"; }
max() { (($1 > $2)) && echo "$1" || echo "$2"; }

pid_of() { docker_ inspect --format '{{.State.Pid}}' "$1"; }

# cgroup_folder PID CONTROLLER - on v1 the controller's own hierarchy, on v2 the only one.
cgroup_folder() {
  local pid=$1 controller=$2 path mount
  path=$(awk -F: -v c="$controller" '{n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3}' "/proc/$pid/cgroup")
  if [[ -n $path ]]; then
    mount=$(awk -v c="$controller" '$3 == "cgroup" && "," $4 "," ~ "," c "," {print $2; exit}' /proc/mounts)
  else
    path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    mount=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
  fi
  printf '%s%s\n' "$mount" "$path"
}

# limit_of CONTAINER memory|swap|cpu|pids - bytes, bytes beyond memory, hundredths of a CPU, processes; or max.
limit_of() {
  local pid folder value period
  pid=$(pid_of "$1")
  case $2 in
    memory)
      folder=$(cgroup_folder "$pid" memory)
      cat "$folder/memory.limit_in_bytes" 2>/dev/null || cat "$folder/memory.max"
      ;;
    swap)
      folder=$(cgroup_folder "$pid" memory)
      if [[ -e $folder/memory.memsw.limit_in_bytes ]]; then
        value=$(cat "$folder/memory.memsw.limit_in_bytes")
        # Without a limit the file holds the largest page-aligned number.
        if ((value > 1 << 60)); then echo max; else echo $((value - $(cat "$folder/memory.limit_in_bytes"))); fi
      else
        cat "$folder/memory.swap.max"
      fi
      ;;
    cpu)
      folder=$(cgroup_folder "$pid" cpu)
      if [[ -e $folder/cpu.max ]]; then
        read -r value period <"$folder/cpu.max"
      else
        value=$(cat "$folder/cpu.cfs_quota_us") period=$(cat "$folder/cpu.cfs_period_us")
      fi
      if [[ $value == max || $value == -1 ]]; then echo max; else echo $((value * 100 / period)); fi
      ;;
    pids) cat "$(cgroup_folder "$pid" pids)/pids.max" ;;
  esac
}
