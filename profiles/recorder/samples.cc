// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/samples.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "shim/base/file.h"

namespace runward::profiles::record {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20U;
constexpr std::size_t kMaxPorts = 1024;

std::string text_of(const std::string& path) {
  auto text = read_file(path, kMaxText);
  return text ? *std::move(text) : std::string();
}

std::optional<std::uint64_t> number_in(std::string_view text, int base = 10) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

std::uint64_t number_of(const std::string& path) { return number_in(text_of(path)).value_or(0); }

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// At spaces, however many.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty())
    if (const std::string_view word = take(line, ' '); !word.empty()) words.push_back(word);
  return words;
}

// A line of /proc/<pid>/cgroup is "4:memory:/path", or "0::/path" for v2.
std::string cgroup_path(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    take(line, ':');
    std::string_view names = take(line, ':');
    if (controller.empty() && names.empty()) return std::string(line);
    while (!names.empty())
      if (take(names, ',') == controller) return std::string(line);
  }
  return "";
}

constexpr auto kCgroups = "/sys/fs/cgroup";

std::string existing(const std::string& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 ? folder : std::string();
}

std::string namespace_of(const std::string& process, const char* kind) {
  struct stat status {};
  return ::stat((process + "/ns/" + kind).c_str(), &status) == 0 ? std::to_string(status.st_ino) : std::string();
}

// Of a line "Uid:\t0\t0\t0\t0".
std::vector<std::uint64_t> numbers_of(std::string_view status, std::string_view name) {
  std::vector<std::uint64_t> numbers;
  while (!status.empty()) {
    std::string_view line = take(status, '\n');
    if (take(line, '\t') != name) continue;
    while (!line.empty())
      if (const auto number = number_in(take(line, '\t'))) numbers.push_back(*number);
  }
  return numbers;
}

void raise(std::uint64_t& peak, std::uint64_t value) { peak = std::max(peak, value); }

}  // namespace

void add_ports(std::string_view text, std::string_view protocol, std::set<Port>& ports) {
  constexpr std::string_view kListens = "0A";
  constexpr std::string_view kUnconnected = "07";
  constexpr std::string_view kDockersNameServer = "0B00007F";
  const std::string_view wanted = protocol == "tcp" ? kListens : kUnconnected;
  take(text, '\n');  // the header
  while (!text.empty() && ports.size() < kMaxPorts) {
    const auto words = words_of(take(text, '\n'));
    if (words.size() < 4 || words[3] != wanted || words[1].starts_with(kDockersNameServer)) continue;
    const auto port = number_in(words[1].substr(words[1].find(':') + 1), 16);
    if (port && *port != 0) ports.insert({.protocol = std::string(protocol), .port = *port});
  }
}

std::optional<std::uint64_t> stat_value(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (take(line, ' ') == name) return number_in(line);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> inside_id(std::string_view map, std::uint64_t outside) {
  while (!map.empty()) {
    const auto words = words_of(take(map, '\n'));
    if (words.size() != 3) continue;
    const auto inside = number_in(words[0]);
    const auto first = number_in(words[1]);
    const auto size = number_in(words[2]);
    if (inside && first && size && outside >= *first && outside - *first < *size) return *inside + (outside - *first);
  }
  return std::nullopt;
}

bool is_first_process(std::string_view status) {
  const auto numbers = numbers_of(status, "NSpid:");
  return numbers.size() > 1 && numbers.back() == 1;
}

Sampler::Sampler(pid_t init) : process_("/proc/" + std::to_string(init)) {
  const std::string cgroups = text_of(process_ + "/cgroup");
  unified_ = !existing(std::string(kCgroups) + "/cgroup.controllers").empty();
  const auto folder = [&](const char* controller) {
    const std::string path = cgroup_path(cgroups, unified_ ? "" : controller);
    if (path.empty() || path == "/") return std::string();
    return existing(std::string(kCgroups) + (unified_ ? "" : "/" + std::string(controller)) + path);
  };
  memory_ = folder("memory");
  pids_ = folder("pids");
  cpu_ = folder("cpuacct");
  cpu_begin_ = cpu_used();
  // The host's, or another container's, would tell of others too.
  sees_ports_ = namespace_of(process_, "net") != namespace_of("/proc/self", "net");
  uid_map_ = text_of(process_ + "/uid_map");
  gid_map_ = text_of(process_ + "/gid_map");
}

void Sampler::sample() {
  was_looked_at_ = true;
  if (!memory_.empty()) sample_memory();
  if (!pids_.empty()) sample_pids();
  if (!cpu_.empty()) sample_cpu();
  if (sees_ports_) sample_ports();
}

void Sampler::sample_memory() {
  const std::string stat = text_of(memory_ + "/memory.stat");
  if (unified_) {
    const std::uint64_t kernel =
        stat_value(stat, "kernel")
            .value_or(stat_value(stat, "kernel_stack").value_or(0) + stat_value(stat, "slab").value_or(0));
    raise(peaks_.memory, stat_value(stat, "anon").value_or(0) + kernel);
    raise(peaks_.page_cache, stat_value(stat, "file").value_or(0));
  } else {
    raise(peaks_.memory,
          stat_value(stat, "total_rss").value_or(0) + number_of(memory_ + "/memory.kmem.usage_in_bytes"));
    raise(peaks_.page_cache, stat_value(stat, "total_cache").value_or(0));
  }
}

void Sampler::sample_pids() { raise(peaks_.pids, number_of(pids_ + "/pids.current")); }

// Microseconds.
std::uint64_t Sampler::cpu_used() const {
  constexpr std::uint64_t kNanoseconds = 1000;
  if (cpu_.empty()) return 0;
  return unified_ ? stat_value(text_of(cpu_ + "/cpu.stat"), "usage_usec").value_or(0)
                  : number_of(cpu_ + "/cpuacct.usage") / kNanoseconds;
}

void Sampler::sample_cpu() {
  const std::uint64_t used = cpu_used();
  const auto now = std::chrono::steady_clock::now();
  raise(peaks_.cpu_time, used - std::min(used, cpu_begin_));
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - cpu_time_before_).count();
  // Over shorter times a share of a CPU says little.
  constexpr std::int64_t kShortest = 900'000;
  if (cpu_before_ && elapsed < kShortest) return;
  if (cpu_before_)
    raise(peaks_.cpu, (used - std::min(used, *cpu_before_)) * 1000 / static_cast<std::uint64_t>(elapsed));
  cpu_before_ = used;
  cpu_time_before_ = now;
}

void Sampler::sample_ports() {
  for (const std::string name : {"tcp", "tcp6", "udp", "udp6"})
    add_ports(text_of(process_ + "/net/" + name), name.substr(0, 3), ports_);
}

// What was between two looks.
void Sampler::finish() {
  if (!cpu_.empty()) sample_cpu();
  if (was_looked_at_) return;
  // Memory counts the page cache, and both count the runtime's own start: better than nothing.
  if (!memory_.empty()) sample_memory();
  if (!memory_.empty()) {
    const std::uint64_t peak = number_of(memory_ + (unified_ ? "/memory.peak" : "/memory.max_usage_in_bytes"));
    raise(peaks_.memory, peak - std::min(peak, peaks_.page_cache));
  }
  if (!pids_.empty()) raise(peaks_.pids, number_of(pids_ + "/pids.peak"));
}

std::set<User> Sampler::running_users() const {
  constexpr std::size_t kEffective = 1;
  std::set<User> users;
  const std::string processes = pids_.empty() ? std::string() : text_of(pids_ + "/cgroup.procs");
  std::string_view rest = processes;
  while (!rest.empty()) {
    const std::string status = text_of("/proc/" + std::string(take(rest, '\n')) + "/status");
    const auto uids = numbers_of(status, "Uid:");
    const auto gids = numbers_of(status, "Gid:");
    if (uids.size() > kEffective && gids.size() > kEffective)
      users.insert({.uid = uids[kEffective], .gid = gids[kEffective]});
  }
  return users;
}

std::set<User> Sampler::inside(const std::set<User>& outside) const {
  std::set<User> users;
  for (const User& user : outside) {
    const auto uid = inside_id(uid_map_, user.uid);
    const auto gid = inside_id(gid_map_, user.gid);
    if (uid && gid) users.insert({.uid = *uid, .gid = *gid});
  }
  return users;
}

}  // namespace runward::profiles::record
