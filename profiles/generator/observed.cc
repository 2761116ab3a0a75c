// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/observed.h"

#include <algorithm>

namespace runward::profiles {
namespace {

bool has_recorded_arguments(std::string_view call) {
  return std::ranges::find(kRecordedArguments, call, &RecordedArguments::call) != kRecordedArguments.end();
}

void add_call(const std::string& name, const Call& call, SeenCall& seen) {
  std::uint64_t known = 0;
  for (const ArgumentUse& use : call.arguments) {
    seen.arguments.insert(use.values);
    known += use.count;
  }
  seen.count += call.count;
  if (known < call.count || !has_recorded_arguments(name)) seen.has_all_arguments = false;
}

// A thing counts once for each recording, in however many phases it was.
void add_calls(const Recording& recording, Observed& seen) {
  std::set<std::string> names;
  for (const auto& [phase, architectures] : recording.calls) {
    for (const auto& [architecture, calls] : architectures) {
      for (const auto& [name, call] : calls) {
        if (phase == Phase::runtime_start) {
          if (name == "prctl")
            for (const ArgumentUse& use : call.arguments) seen.runtime_options.insert(use.values.at(0));
        } else if (architecture != seen.architecture) {
          seen.foreign_calls.insert(std::string(architecture).append(" ").append(name));
        } else {
          add_call(name, call, seen.calls[name]);
          names.insert(name);
        }
      }
    }
  }
  for (const std::string& name : names) ++seen.calls[name].recordings;
}

void add_capabilities(const Recording& recording, Observed& seen) {
  seen.has_capabilities = seen.has_capabilities && !recording.mechanisms.capabilities.empty();
  std::set<std::string> names;
  for (const auto& [phase, capabilities] : recording.capabilities) {
    if (phase == Phase::runtime_start) continue;
    for (const auto& [name, use] : capabilities) {
      seen.capabilities[name].count += use.count;
      names.insert(name);
    }
  }
  for (const std::string& name : names) ++seen.capabilities[name].recordings;
}

void add_files(const Recording& recording, Observed& seen) {
  seen.has_files = seen.has_files && !recording.mechanisms.files.empty();
  for (const auto& [path, use] : recording.files) {
    SeenFile& file = seen.files[path];
    ++file.recordings;
    file.use.count += use.count;
    file.use.read |= use.read;
    file.use.write |= use.write;
    file.use.execute |= use.execute;
    file.use.map |= use.map;
    file.use.directory |= use.directory;
    for (const auto& [executable, count] : use.executables) file.use.executables[executable] += count;
  }
}

void add_rest(const Recording& recording, Observed& seen) {
  seen.upper.created.insert(recording.upper.created.begin(), recording.upper.created.end());
  seen.upper.written.insert(recording.upper.written.begin(), recording.upper.written.end());
  seen.upper.deleted.insert(recording.upper.deleted.begin(), recording.upper.deleted.end());
  seen.ports.insert(recording.ports.begin(), recording.ports.end());
  seen.users.insert(recording.users.begin(), recording.users.end());
  for (const auto member : {&Peaks::memory, &Peaks::page_cache, &Peaks::pids, &Peaks::cpu, &Peaks::cpu_time})
    seen.peaks.*member = std::max(seen.peaks.*member, recording.peaks.*member);
}

// --- evidence -------------------------------------------------------------------------------

std::string values_of(const Call& call) {
  std::string text;
  for (const ArgumentUse& use : call.arguments) {
    std::string values;
    for (const std::uint64_t value : use.values) values.append(values.empty() ? "" : ",").append(std::to_string(value));
    text.append(text.empty() ? "(" : " (").append(values).append(")");
  }
  return text;
}

// One line for each executable; one without when none is known.
void add_each(const Executables& executables, std::uint64_t count, const Evidence& like, std::vector<Evidence>& all) {
  for (const auto& [executable, times] : executables) {
    all.push_back(like);
    all.back().executable = executable;
    all.back().count = times;
  }
  if (!executables.empty()) return;
  all.push_back(like);
  all.back().count = count;
}

void add_call_evidence(const Recording& recording, std::string_view thing, std::vector<Evidence>& all) {
  for (const auto& [phase, architectures] : recording.calls) {
    for (const auto& [architecture, calls] : architectures) {
      const auto call = calls.find(std::string(thing));
      if (call == calls.end()) continue;
      const bool is_native = architecture == recording.host.architecture;
      add_each(call->second.executables, call->second.count,
               {.what = is_native ? call->first : architecture + " " + call->first,
                .recording = recording.name,
                .phase = std::string(name_of(phase)),
                .executable = {},
                .count = 0,
                .detail = values_of(call->second)},
               all);
    }
  }
}

void add_capability_evidence(const Recording& recording, std::string_view thing, std::vector<Evidence>& all) {
  for (const auto& [phase, capabilities] : recording.capabilities) {
    const auto use = capabilities.find(std::string(thing));
    if (use == capabilities.end()) continue;
    add_each(use->second.executables, use->second.count,
             {.what = use->first,
              .recording = recording.name,
              .phase = std::string(name_of(phase)),
              .executable = {},
              .count = 0,
              .detail = {}},
             all);
  }
}

void add_file_evidence(const Recording& recording, std::string_view thing, std::vector<Evidence>& all) {
  const std::string path(thing);
  Evidence like{.what = path, .recording = recording.name, .phase = {}, .executable = {}, .count = 0, .detail = {}};
  const auto file = recording.files.find(path);
  if (file != recording.files.end()) {
    like.detail = letters_of(file->second);
    add_each(file->second.executables, file->second.count, like, all);
  }
  const std::array changes = {std::pair{&recording.upper.created, "created"},
                              std::pair{&recording.upper.written, "changed"},
                              std::pair{&recording.upper.deleted, "deleted"}};
  for (const auto& [paths, word] : changes) {
    if (!paths->contains(path)) continue;
    like.detail = std::string(word) + " in the writable layer";
    like.count = 1;
    all.push_back(like);
  }
}

}  // namespace

std::string letters_of(const FileUse& use) {
  std::string letters;
  if (use.read) letters += 'r';
  if (use.write) letters += 'w';
  if (use.execute) letters += 'x';
  if (use.map) letters += 'm';
  return letters;
}

Result<Observed> observe(const Collection& recordings) {
  Observed seen;
  seen.recordings = recordings.size();
  for (const Recording& recording : recordings) {
    if (seen.architecture.empty()) seen.architecture = recording.host.architecture;
    if (recording.host.architecture != seen.architecture)
      return make_error(ErrorKind::parse, "the recordings are of different architectures: '" + seen.architecture +
                                              "' and '" + recording.host.architecture + "'");
    seen.runtimes.insert({.name = recording.host.runtime, .version = recording.host.runtime_version});
    add_calls(recording, seen);
    add_capabilities(recording, seen);
    add_files(recording, seen);
    add_rest(recording, seen);
  }
  if (seen.calls.empty())
    return make_error(ErrorKind::parse, "no system calls were recorded: a profile of none would start nothing");
  return seen;
}

std::vector<Evidence> evidence_of(const Collection& recordings, std::string_view thing) {
  std::vector<Evidence> all;
  for (const Recording& recording : recordings) {
    if (thing.starts_with('/')) {
      add_file_evidence(recording, thing, all);
    } else if (thing.starts_with("CAP_")) {
      add_capability_evidence(recording, thing, all);
    } else {
      add_call_evidence(recording, thing, all);
    }
  }
  return all;
}

}  // namespace runward::profiles
