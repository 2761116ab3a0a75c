// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/container_processes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/harden/event.h"
#include "shim/host/running.h"
#include "shim/state/decisions.h"

namespace runward::ctl {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10U;
constexpr std::size_t kIdLength = 64;
constexpr std::int64_t kThousand = 1000;

std::string place_of(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

std::int64_t milliseconds(clockid_t clock) {
  constexpr std::int64_t kNanoseconds = 1'000'000;
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kThousand + now.tv_nsec / kNanoseconds;
}

// When it was started; nothing: it is gone.
std::optional<std::int64_t> start_of(pid_t pid) {
  constexpr int kStartField = 22;  // proc_pid_stat(5), in ticks since the machine's start
  const auto text = read_file(place_of(pid, "stat"), kMaxBytes);
  if (!text) return std::nullopt;
  std::size_t at = text->rfind(") ");  // the name can have anything in it
  for (int field = 2; field < kStartField && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  if (at == std::string::npos) return std::nullopt;
  std::int64_t ticks = 0;
  const auto [end, error] = std::from_chars(text->data() + at + 1, text->data() + text->size(), ticks);
  if (error != std::errc()) return std::nullopt;
  const std::int64_t since_boot = ticks * kThousand / ::sysconf(_SC_CLK_TCK);
  return milliseconds(CLOCK_REALTIME) - milliseconds(CLOCK_BOOTTIME) + since_boot;
}

constexpr std::string_view kDigits = "0123456789abcdef";

// Of a container that runward started.
std::optional<std::string> container_by_namespace(pid_t pid) {
  struct stat wanted {};
  if (::stat(place_of(pid, "ns/pid").c_str(), &wanted) != 0) return std::nullopt;
  for (const state::Decision& decision : state::Decisions(build_info::kStateDir).list()) {
    const auto first = host::first_process_of(decision.pid_file, decision.runtime_root, decision.container);
    struct stat own {};
    if (first && ::stat(place_of(*first, "ns/pid").c_str(), &own) == 0 && own.st_ino == wanted.st_ino)
      return decision.container;
  }
  return std::nullopt;
}

// Not of one that was started later, on a range that was another's.
std::optional<std::string> container_by_user(std::uint32_t user, std::int64_t time_ms) {
  const std::string time = harden::rfc3339(std::chrono::system_clock::time_point(std::chrono::milliseconds(time_ms)));
  for (const state::Decision& decision : state::Decisions(build_info::kStateDir).list())
    if (decision.time < time && decision.users && user >= decision.users->first &&
        user - decision.users->first < decision.users->size)
      return decision.container;
  return std::nullopt;
}

bool has_own_namespace(pid_t pid) {
  struct stat there {};
  struct stat ours {};
  return ::stat(place_of(pid, "ns/pid").c_str(), &there) == 0 && ::stat("/proc/self/ns/pid", &ours) == 0 &&
         there.st_ino != ours.st_ino;
}

}  // namespace

std::optional<std::string> container_in_cgroup(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find_first_of(kDigits, at), text.size());
    const std::size_t end = std::min(text.find_first_not_of(kDigits, begin), text.size());
    const bool begins_word = begin > 0 && (text[begin - 1] == '/' || text[begin - 1] == '-');
    const bool ends_word = end == text.size() || text[end] == '/' || text[end] == '.' || text[end] == '\n';
    if (end - begin == kIdLength && begins_word && ends_word) return std::string(text.substr(begin, kIdLength));
    at = std::max(end, at + 1);
  }
  return std::nullopt;
}

ProcessOwner owner_of(pid_t pid, std::int64_t time_ms, std::optional<std::uint32_t> user) {
  const auto start = start_of(pid);
  if (!start || *start > time_ms + kThousand) {
    const auto id = user ? container_by_user(*user, time_ms) : std::nullopt;
    return id ? ProcessOwner{.owner = Owner::container, .container = *id} : ProcessOwner();
  }
  if (const auto text = read_file(place_of(pid, "cgroup"), kMaxBytes))
    if (auto id = container_in_cgroup(*text)) return {.owner = Owner::container, .container = *std::move(id)};
  if (!has_own_namespace(pid)) return {.owner = Owner::host, .container = {}};
  if (auto id = container_by_namespace(pid)) return {.owner = Owner::container, .container = *std::move(id)};
  return {};
}

}  // namespace runward::ctl
