// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/call_log.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <string_view>

#include "profiles/recorder/call_names.h"

namespace runward::profiles::record {
namespace {

// Enough for any program that is no attack; what has no room is counted as lost.
constexpr std::size_t kMaxEntries = 32768;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;  // of names of executables
constexpr std::size_t kMaxProcesses = 32768;
// Any process that may write its login id begins as many sessions as it likes.
constexpr std::size_t kMaxOthers = 4096;
constexpr std::size_t kCommLength = 15;

struct Place {
  std::string_view machine;
  Abi abi = Abi::native;
};

std::optional<Place> place_of(std::uint32_t architecture) {
  switch (architecture) {
    case AUDIT_ARCH_X86_64:
      return Place{.machine = "x86_64", .abi = Abi::native};
    case AUDIT_ARCH_I386:
      return Place{.machine = "x86_64", .abi = Abi::compat};
    case AUDIT_ARCH_AARCH64:
      return Place{.machine = "aarch64", .abi = Abi::native};
    case AUDIT_ARCH_ARM:
      return Place{.machine = "aarch64", .abi = Abi::compat};
    default:
      return std::nullopt;
  }
}

std::string in_brackets(const std::string& command) { return "[" + (command.empty() ? "?" : command) + "]"; }

// What it calls itself is all that is known of it; else the file that it was read from, which it can't change.
bool is_known_by_command(const audit::Record& record, Phase phase) {
  return phase == Phase::runtime_start || record.executable.empty();
}

bool is_in_brackets(std::string_view name) { return name.starts_with('['); }

}  // namespace

CallLog::Meaning CallLog::meaning_of(const audit::FilteredCall& call) {
  const auto [entry, is_new] = meanings_.try_emplace({call.architecture, call.number}, Meaning::any);
  const auto place = is_new ? place_of(call.architecture) : std::nullopt;
  if (!place) return entry->second;
  const std::string name = name_of_call(call.number, place->abi, place->machine).name;
  if (name == "execve" || name == "execveat") entry->second = Meaning::executes;
  if (name == "exit_group") entry->second = Meaning::ends;
  return entry->second;
}

// nullptr: it is none of the container's.
CallLog::Starter* CallLog::starter_of(std::uint32_t session) {
  if (const auto known = sessions_.find(session); known != sessions_.end()) return &known->second;
  if (others_.contains(session)) return nullptr;
  const Session kind = find_(session);
  if (kind != Session::others) {
    Starter& starter = sessions_[session];
    starter.session = kind;
    return &starter;
  }
  if (others_.size() >= kMaxOthers) others_.clear();
  others_.insert(session);
  return nullptr;
}

// An execve(2) that fails leaves both names as they are, and the kernel does not say whether it did.
Phase CallLog::phase_of(const audit::Record& record, Meaning meaning, Starter& starter) {
  const Phase own = starter.session == Session::execs ? Phase::exec : Phase::application;
  if (starter.pid == 0) {
    starter.pid = record.pid;
    starter.program = {record.command, record.executable};
  }
  if (starter.has_started || record.pid != starter.pid) return own;
  if (starter.is_executing && starter.program != std::pair{record.command, record.executable}) {
    starter.has_started = true;
    return own;
  }
  starter.is_executing = starter.is_executing || meaning == Meaning::executes;
  return Phase::runtime_start;
}

void CallLog::follow(const audit::Record& record, Meaning meaning, Phase phase) {
  if (processes_.size() >= kMaxProcesses && !processes_.contains(record.pid)) {
    if (ended_ != 0) std::erase_if(processes_, [](const auto& entry) { return entry.second.has_ended; });
    ended_ = 0;
    if (processes_.size() >= kMaxProcesses) {
      ++lost_.processes;
      return;
    }
  }
  Process& process = processes_[record.pid];
  process.command = is_known_by_command(record, phase)
                        ? record.command
                        : record.executable.substr(record.executable.rfind('/') + 1, kCommLength);
  const bool ends = meaning == Meaning::ends;
  if (ends != process.has_ended) ends ? ++ended_ : --ended_;
  process.has_ended = ends;
  if (phase != Phase::runtime_start && record.user && record.group)
    process.user = User{.uid = *record.user, .gid = *record.group};
  // Its number may be another's from now on.
  if (process.has_ended && process.user && ended_users_.size() < kMaxUsers) ended_users_.insert(*process.user);
}

void CallLog::count(const Key& key, const std::string& executable) {
  Executables& executables = calls_[key];
  const auto known = executables.find(executable);
  if (known != executables.end()) {
    ++known->second;
    return;
  }
  if (entries_ >= kMaxEntries || bytes_ > kMaxBytes) {
    ++lost_.calls;
    return;
  }
  ++entries_;
  bytes_ += executable.size();
  executables.emplace(executable, 1);
}

void CallLog::take(const audit::Record& record) {
  const auto* const call = std::get_if<audit::FilteredCall>(&record.what);
  // What the filter refuses never becomes a call.
  if (call == nullptr || call->action != SECCOMP_RET_LOG || !record.session) return;
  Starter* const starter = starter_of(*record.session);
  if (starter == nullptr) return;
  const Meaning meaning = meaning_of(*call);
  const Phase phase = phase_of(record, meaning, *starter);
  has_begun_ = has_begun_ || phase == Phase::application;
  follow(record, meaning, phase);
  count({.phase = phase, .architecture = call->architecture, .number = call->number},
        is_known_by_command(record, phase) ? in_brackets(record.command) : record.executable);
}

std::size_t CallLog::distinct() const {
  std::set<std::pair<std::uint32_t, std::uint32_t>> numbers;
  for (const auto& [key, executables] : calls_) numbers.emplace(key.architecture, key.number);
  return numbers.size();
}

std::string CallLog::name_of(pid_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? std::string() : found->second.command;
}

std::map<Phase, CallsByArchitecture> CallLog::calls(ExecutableNames& names) const {
  std::map<Phase, CallsByArchitecture> all;
  for (const auto& [key, executables] : calls_) {
    const auto place = place_of(key.architecture);
    if (!place || executables.empty()) continue;
    NamedCall named = name_of_call(key.number, place->abi, place->machine);
    Call& call = all[key.phase][named.architecture][named.name];
    for (const auto& [executable, count] : executables) {
      call.count += count;
      const bool is_command = is_in_brackets(executable);
      call.executables[is_command ? names.name_of(executable.substr(1, executable.size() - 2)) : executable] += count;
    }
  }
  return all;
}

std::set<User> CallLog::users() const {
  std::set<User> all = ended_users_;
  for (const auto& [pid, process] : processes_)
    if (process.user) all.insert(*process.user);
  return all;
}

}  // namespace runward::profiles::record
