// SPDX-License-Identifier: Apache-2.0
#pragma once

// A container's system calls, put together from the kernel's audit records about them (profiles/audit/record.h), whose
// filter has what it allows logged.
//
//   CallLog log(find_session);
//   for (const audit::Record& record : listener.read().records) log.take(record);
//   const auto calls = log.calls(names);
//
// A record tells the call, process, user and executable, and the audit session: of the container's own processes one,
// of each `docker exec` another, and no other process of the host has them. What a record does not tell: arguments, and
// whether the first process was told to end already, so that there is no phase `shutdown`.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "profiles/audit/record.h"
#include "profiles/recorder/executable_names.h"
#include "profiles/recording.h"

namespace runward::profiles::record {

enum class Session { others, containers, execs };
// Asked once for each session of the container's; of others again where there are very many.
using FindSession = std::function<Session(std::uint32_t number)>;

class CallLog {
 public:
  explicit CallLog(FindSession find) : find_(std::move(find)) {}

  void take(const audit::Record& record);

  [[nodiscard]] std::size_t distinct() const;
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  [[nodiscard]] std::string name_of(pid_t pid) const;  // of its latest executable; empty: it is not known
  [[nodiscard]] std::map<Phase, CallsByArchitecture> calls(ExecutableNames& names) const;
  // The host's ids that each process had at last.
  [[nodiscard]] std::set<User> users() const;
  [[nodiscard]] Lost lost() const { return lost_; }

 private:
  // What one starts with is the runtime's until it has executed the container's program.
  struct Starter {
    Session session = Session::others;
    pid_t pid = 0;
    std::pair<std::string, std::string> program;  // command and executable
    bool is_executing = false;
    bool has_started = false;
  };
  struct Process {
    std::string command;
    std::optional<User> user;
    bool has_ended = false;
  };
  struct Key {
    Phase phase = Phase::application;
    std::uint32_t architecture = 0;  // the audit's
    std::uint32_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14's error
  };

  enum class Meaning { any, executes, ends };

  Meaning meaning_of(const audit::FilteredCall& call);
  Starter* starter_of(std::uint32_t session);
  static Phase phase_of(const audit::Record& record, Meaning meaning, Starter& starter);
  void follow(const audit::Record& record, Meaning meaning, Phase phase);
  void count(const Key& key, const std::string& executable);

  FindSession find_;
  std::map<std::uint32_t, Starter> sessions_;
  std::set<std::uint32_t> others_;
  std::map<pid_t, Process> processes_;
  std::size_t ended_ = 0;  // of them
  std::map<Key, Executables> calls_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Meaning> meanings_;
  std::set<User> ended_users_;
  std::size_t entries_ = 0, bytes_ = 0;
  Lost lost_;
  bool has_begun_ = false;
};

}  // namespace runward::profiles::record
