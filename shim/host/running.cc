// SPDX-License-Identifier: Apache-2.0
#include "shim/host/running.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "shim/base/file.h"
#include "shim/host/mount_table.h"
#include "shim/oci/parse.h"

namespace runward::host {
namespace {

constexpr std::size_t kSmallFile = 4096;
constexpr std::size_t kStateFile = std::size_t{16} << 20U;
// memory.limit_in_bytes without a limit: LONG_MAX rounded down to a page (Documentation/admin-guide/cgroup-v1).
constexpr std::uint64_t kNoMemoryLimit = std::uint64_t{1} << 62U;

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

std::string_view take_word(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<pid_t> pid_in(const std::string& path, const char* member) {
  const auto text = read_file(path, kStateFile);
  if (!text) return std::nullopt;
  const auto state = oci::parse(*text, path);
  const oci::Value* const pid = state ? oci::find(*state, std::string_view(member)) : nullptr;
  if (pid == nullptr || !pid->is_number_integer()) return std::nullopt;
  return pid->get<pid_t>();
}

std::optional<pid_t> pid_of_file(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto text = read_file(path, kSmallFile);
  return text ? to_number<pid_t>(*text) : std::nullopt;
}

std::string proc(pid_t pid, std::string_view name) { return "/proc/" + std::to_string(pid) + "/" + std::string(name); }

// Where a hierarchy is mounted; "" when it is not.
std::string mount_point_of(std::string_view controller) {
  constexpr std::string_view kTop = "/sys/fs/cgroup";
  return controller.empty() ? std::string(kTop) : std::string(kTop) + "/" + std::string(controller);
}

class Cgroup {
 public:
  Cgroup(std::string text, bool is_v2, MountTable mounts)
      : text_(std::move(text)), is_v2_(is_v2), mounts_(std::move(mounts)) {}

  [[nodiscard]] std::optional<std::string> read(std::string_view controller, std::string_view file) const {
    const auto path = cgroup_path(text_, is_v2_ ? std::string_view() : controller);
    if (!path) return std::nullopt;
    const std::string top = mount_point_of(is_v2_ ? std::string_view() : controller);
    auto text = read_file(top + below_mount(top, *path) + "/" + std::string(file), kSmallFile);
    return text ? std::optional(*std::move(text)) : std::nullopt;
  }

 private:
  // A hierarchy may be mounted from a cgroup of its own on (a container that runs an engine).
  [[nodiscard]] std::string below_mount(const std::string& top, const std::string& path) const {
    const MountEntry* const mount = mounts_.holder_of(top);
    const bool is_part = mount != nullptr && mount->root != "/" && is_or_below(path, mount->root);
    return is_part ? path.substr(mount->root.size()) : path;
  }

  std::string text_;
  bool is_v2_;
  MountTable mounts_;
};

CurrentLimits read_v2(const Cgroup& cgroup) {
  CurrentLimits limits;
  limits.memory = to_number<std::uint64_t>(cgroup.read("memory", "memory.max").value_or(""));
  limits.pids = to_number<std::uint64_t>(cgroup.read("pids", "pids.max").value_or(""));
  const auto cpu = cgroup.read("cpu", "cpu.max");  // "max 100000"
  if (!cpu) return limits;
  std::string_view rest = *cpu;
  limits.cpu_quota = to_number<std::uint64_t>(take_word(rest, ' '));
  limits.cpu_period = to_number<std::uint64_t>(rest);
  return limits;
}

CurrentLimits read_v1(const Cgroup& cgroup) {
  CurrentLimits limits;
  limits.memory = to_number<std::uint64_t>(cgroup.read("memory", "memory.limit_in_bytes").value_or(""));
  if (limits.memory >= kNoMemoryLimit) limits.memory.reset();
  limits.pids = to_number<std::uint64_t>(cgroup.read("pids", "pids.max").value_or(""));
  limits.cpu_period = to_number<std::uint64_t>(cgroup.read("cpu", "cpu.cfs_period_us").value_or(""));
  const auto quota = to_number<std::int64_t>(cgroup.read("cpu", "cpu.cfs_quota_us").value_or(""));
  if (quota && *quota > 0) limits.cpu_quota = static_cast<std::uint64_t>(*quota);
  return limits;
}

}  // namespace

std::optional<std::string> cgroup_path(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    std::string_view line = take_word(text, '\n');  // "4:cpu,cpuacct:/docker/…", or "0::/…"
    take_word(line, ':');
    std::string_view controllers = take_word(line, ':');
    if (controller.empty() && controllers.empty()) return std::string(line);
    while (!controllers.empty())
      if (take_word(controllers, ',') == controller) return std::string(line);
  }
  return std::nullopt;
}

bool is_running(pid_t pid) {
  const auto status = read_file(proc(pid, "stat"), kSmallFile);
  if (!status) return false;
  // "PID (NAME) S …": the name may hold anything.
  const std::size_t name_end = status->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= status->size()) return false;
  const char state = (*status)[name_end + 2];
  return state != 'Z' && state != 'X';
}

// One after the other: runc's state.json is long, and parsing it takes as long as all the rest of an `exec`.
std::optional<pid_t> first_process_of(const std::string& pid_file, const std::string& runtime_root,
                                      const std::string& id) {
  const std::string state = runtime_root + "/" + id;
  const auto is_told = [](const std::optional<pid_t>& pid) { return pid && *pid > 0; };
  std::optional<pid_t> pid = pid_of_file(pid_file);
  if (!is_told(pid)) pid = pid_in(state + "/state.json", "init_process_pid");
  if (!is_told(pid)) pid = pid_in(state + "/status", "pid");
  return is_told(pid) && is_running(*pid) ? pid : std::nullopt;
}

Result<CurrentLimits> read_limits(pid_t pid) {
  const std::string path = proc(pid, "cgroup");
  SHIM_TRY(std::string text, read_file(path, std::size_t{64} << 10U));
  SHIM_TRY(MountTable mounts, MountTable::read());
  const bool is_v2 = !cgroup_path(text, "memory") && cgroup_path(text, "");
  const Cgroup cgroup(std::move(text), is_v2, std::move(mounts));
  return is_v2 ? read_v2(cgroup) : read_v1(cgroup);
}

}  // namespace runward::host
