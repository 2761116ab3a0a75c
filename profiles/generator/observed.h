// SPDX-License-Identifier: Apache-2.0
#pragma once

// What all recordings of a collection together saw, and who did what in which of them.
//
//   const Observed seen = observe(recordings);
//   seen.calls.at("socket").recordings   // in how many of them
//
// What the low-level runtime does before the container's first program is not in it: the filter and the AppArmor
// profile come into force at its end, and what is still needed then is measured elsewhere (start_calls.h).

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/collection.h"

namespace runward::profiles {

struct SeenCall {
  std::size_t recordings = 0;
  std::uint64_t count = 0;
  std::set<std::vector<std::uint64_t>> arguments;
  bool has_all_arguments = true;  // false: it was made with values that were not recorded
};

struct SeenUse {
  std::size_t recordings = 0;
  std::uint64_t count = 0;
};

struct SeenFile {
  std::size_t recordings = 0;
  FileUse use;
};

struct RuntimeName {
  std::string name;                                                           // "runc"
  std::string version;                                                        // "1.1.5+ds1"
  friend auto operator<=>(const RuntimeName&, const RuntimeName&) = default;  // NOLINT(modernize-use-nullptr)
};

struct Observed {
  std::size_t recordings = 0;
  std::string architecture;                 // "x86_64"; of all of them
  std::set<RuntimeName> runtimes;           // the low-level ones that started the containers
  std::map<std::string, SeenCall> calls;    // of that architecture
  std::set<std::string> foreign_calls;      // of others: "x86 getpid"
  std::set<std::uint64_t> runtime_options;  // of prctl, by the runtime
  std::map<std::string, SeenUse> capabilities;
  bool has_capabilities = true;  // false: some recording could not see them
  std::map<std::string, SeenFile> files;
  bool has_files = true;
  Upper upper;
  std::set<Port> ports;
  Peaks peaks;
  std::set<User> users;
};

// An error where they come from machines of different architectures, or saw no calls.
Result<Observed> observe(const Collection& recordings);

// One line of an answer to "why is this allowed?".
struct Evidence {
  std::string what;  // "openat", "x86 getpid", "CAP_CHOWN", "/etc/passwd"
  std::string recording;
  std::string phase;       // of files: empty
  std::string executable;  // empty: unknown
  std::uint64_t count = 0;
  std::string detail;  // values of arguments, what was done with a file
};
// Of a call, a capability ("CAP_CHOWN", "chown" is a call), or an absolute path.
std::vector<Evidence> evidence_of(const Collection& recordings, std::string_view thing);

// "r", "w", "x", "m" as they were seen.
std::string letters_of(const FileUse& use);

}  // namespace runward::profiles
