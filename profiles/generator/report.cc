// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/report.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "profiles/bytes.h"
#include "profiles/generator/generate.h"
#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/risks.h"

namespace runward::profiles {
namespace {

// Docker 20.10's default profile on amd64, with its 14 capabilities (design: measured).
constexpr std::size_t kDockerDefault = 352;

// Names come from a container: in Markdown they must be nothing but text.
std::string code(std::string_view bytes) {
  std::string text = to_text(bytes);
  std::ranges::replace(text, '`', '\'');
  return "`" + text + "`";
}

std::string list_of(const auto& items) {
  constexpr std::size_t kMost = 1000;
  std::string text;
  std::size_t count = 0;
  for (const std::string& item : items)
    if (++count <= kMost) text.append(text.empty() ? "" : ", ").append(code(item));
  if (count > kMost) text.append(" and ").append(std::to_string(count - kMost)).append(" more");
  return text.empty() ? "none" : text;
}

std::string count_of(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

class Report {
 public:
  Report(const Collection& recordings, const GenerateOptions& options, const Generated& made,
         const seccomp::Profile& parent)
      : recordings_(recordings), options_(options), made_(made), parent_(parent) {}

  std::string write() {
    line("# Hardening profile " + code(options_.name));
    line("");
    line("Made by `runwardctl profile generate` with headroom `" + std::string(name_of(options_.headroom)) +
         "`. Read it before you install it.");
    write_what_fails();
    write_recordings();
    write_calls();
    write_files();
    write_settings();
    write_next();
    return std::move(text_);
  }

 private:
  void line(const std::string& text) { text_.append(text).append("\n"); }
  void heading(const std::string& text) { line("\n## " + text + "\n"); }
  void item(const std::string& text) { line("- " + text); }

  void write_what_fails() {
    const Settings& settings = made_.settings;
    const bool is_fine = made_.seccomp.refused.empty() && made_.seccomp.unnamed.empty() && settings.refused.empty() &&
                         settings.read_only.empty() && settings.no_room.empty() && made_.seen.foreign_calls.empty();
    if (is_fine) return;
    heading("What was seen and is not allowed");
    if (!made_.seccomp.refused.empty())
      item("system calls that the parent lets nobody make: " + list_of(made_.seccomp.refused));
    if (!made_.seccomp.unnamed.empty())
      item("system calls without a name here, which no filter can name: " + list_of(made_.seccomp.unnamed));
    if (!made_.seen.foreign_calls.empty())
      item("system calls of another architecture than the machine's: " + list_of(made_.seen.foreign_calls));
    if (!settings.refused.empty()) item("capabilities that the parent never gives: " + list_of(settings.refused));
    if (!settings.read_only.empty())
      item("writes to the image where no scratch folder can be (mount a volume there, or change the image): " +
           list_of(settings.read_only));
    if (!settings.no_room.empty())
      item("writes in " + count_of(settings.no_room.size(), "folder") +
           " beyond the most that a profile takes, of scratch and of volumes (name one that holds them as a scratch "
           "folder, or mount a volume there): " +
           list_of(settings.no_room));
  }

  void write_recordings() {
    heading("The recordings");
    line("| name | image | command | seconds | complete |");
    line("| --- | --- | --- | --- | --- |");
    for (const Recording& recording : recordings_) {
      std::string command;
      for (const std::string& word : recording.command) command.append(command.empty() ? "" : " ").append(word);
      std::ranges::replace(command, '|', '/');
      constexpr std::uint64_t kSecond = 1000;
      line("| " + code(recording.name) + " | " + code(recording.image) + " | " + code(command) + " | " +
           std::to_string(recording.milliseconds / kSecond) + " | " + (recording.complete ? "yes" : "**no**") + " |");
    }
    line("");
    for (const Recording& recording : recordings_)
      for (const std::string& gap : recording.gaps) item(code(recording.name) + ": " + code(gap));
  }

  void write_calls() {
    const std::string architecture = seccomp_architecture(made_.seen.architecture);
    const auto allowed = calls_let_through(made_.seccomp.profile, architecture);
    heading("System calls");
    line("| filter | calls let through |");
    line("| --- | --- |");
    line("| this profile | " + std::to_string(allowed.size()) + " |");
    line("| its parent | " + std::to_string(calls_let_through(parent_, architecture).size()) + " |");
    line("| Docker's default (20.10, amd64) | " + std::to_string(kDockerDefault) + " |");
    line("\n| call | why | recordings | times |\n| --- | --- | --- | --- |");
    for (const std::string& call : allowed) {
      const auto reason = made_.seccomp.reasons.find(call);
      const auto seen = made_.seen.calls.find(call);
      const bool is_seen = seen != made_.seen.calls.end();
      line("| " + code(call) + " | " + (reason == made_.seccomp.reasons.end() ? "" : reason->second) + " | " +
           (is_seen ? std::to_string(seen->second.recordings) + " of " + std::to_string(made_.seen.recordings) : "") +
           " | " + (is_seen ? std::to_string(seen->second.count) : "") + " |");
    }
    line("");
    if (!made_.seccomp.whole.empty())
      item("let through with whatever arguments the parent allows, as not all values were recorded: " +
           list_of(made_.seccomp.whole));
    if (!made_.start.measured.empty())
      item("\"runtime\": what the low-level runtime calls under the filter before the program runs, as measured with " +
           list_of(made_.start.measured));
    if (!made_.start.unknown.empty())
      item(
          "**not calibrated**, so that the calls of every known runtime are let through (`runwardctl profile "
          "calibrate`): " +
          list_of(made_.start.unknown));
    if (options_.headroom == Headroom::reachable) write_reach();
    write_risks(allowed);
  }

  // What a look at files can say, and what it can't.
  void write_reach() {
    item("of " + count_of(options_.reach.examined, "executable") +
         " and libraries that were recorded the imports were looked at: what they can come to call through the C "
         "library. "
         "A library imports for all of its users, so that some of it is more than this program needs");
    if (!made_.seccomp.reached_only.empty())
      item("reachable, and not let through, as its parent narrows it or attacks are known: record its use: " +
           list_of(made_.seccomp.reached_only));
    item(
        "not seen by it: calls by number (syscall(2), Go, assembler), code that is made at run time (JITs), libraries "
        "loaded by a name that no recording has, and programs that no recording has executed");
    for (const std::string& file : options_.reach.unseen) item("calls not known, " + code(file));
  }

  // Calls that attacks are known for: with these arguments refused, and let through with those that were recorded.
  void write_risks(const std::vector<std::string>& allowed) {
    std::set<std::string> lines;
    for (const seccomp::Risk& risk : seccomp::risks()) {
      if (risk.entry != seccomp::Entry::native || std::ranges::find(allowed, risk.syscall) == allowed.end()) continue;
      const bool passes = lets_through(seccomp::decide(made_.seccomp.profile, risk.syscall, risk.arguments));
      if (passes) lines.insert("**let through**: " + std::string(risk.id) + ", which " + std::string(risk.opens));
    }
    std::set<std::string> narrowed;
    for (const seccomp::Risk& risk : seccomp::risks())
      if (std::ranges::find(allowed, risk.syscall) != allowed.end()) narrowed.emplace(risk.syscall);
    for (const std::string& text : lines) item(text);
    item("risky calls that are allowed for some arguments only (each known attack by them is refused" +
         std::string(lines.empty() ? "" : ", but for those above") + "): " + list_of(narrowed));
  }

  void write_files() {
    heading("Files");
    std::size_t reads = 0, writes = 0;
    std::vector<std::string> executables;
    for (const auto& [path, file] : made_.seen.files) {
      reads += file.use.read ? 1 : 0;
      writes += file.use.write ? 1 : 0;
      if (file.use.execute) executables.push_back(path);
    }
    if (!made_.seen.has_files) item("**files were not recorded in every recording: expect denials**");
    item(count_of(reads, "file") + " and folders read, " + std::to_string(writes) +
         " written; the AppArmor profile has " + count_of(made_.apparmor.rules.size(), "rule"));
    item("executed: " + list_of(executables));
    std::vector<std::string> scratch;
    for (const policy::Scratch& each : made_.settings.scratch) scratch.push_back(each.path);
    item("scratch folders (empty at each start, nothing is executed there): " + list_of(scratch));
    if (!made_.settings.data.empty())
      item(
          "folders outside of scratch that were written to, and nothing of it is in the writable layer: volumes, which "
          "may be written to as a whole, or files that were deleted again, for which you have to name a scratch "
          "folder: " +
          list_of(made_.settings.data));
  }

  void write_settings() {
    const Settings& settings = made_.settings;
    heading("Capabilities, limits, user");
    if (settings.has_capabilities) {
      item("capabilities: " + list_of(settings.allowed.names()) +
           "; on request: " + list_of(settings.on_request.names()));
    } else {
      item("capabilities were not recorded: the parent's stay");
    }
    for (const auto& [name, use] : made_.seen.capabilities)
      item(code(name) + " used in " + std::to_string(use.recordings) + " of " +
           count_of(made_.seen.recordings, "recording"));
    const auto limit = [&](const char* what, std::uint64_t peak, const std::optional<std::uint64_t>& value) {
      item(std::string(what) + ": peak " + std::to_string(peak) + ", limit when unset " +
           (value ? std::to_string(*value) : "the parent's"));
    };
    limit("memory in bytes", made_.seen.peaks.memory, settings.memory);
    limit("processes and threads", made_.seen.peaks.pids, settings.pids);
    limit("thousandths of a CPU", made_.seen.peaks.cpu, settings.cpu);
    item(settings.root_allowed ? "user 0 is allowed" : "user 0 is refused");
  }

  void write_next() {
    heading("What to exercise more");
    std::vector<std::string> rare;
    for (const auto& [name, call] : made_.seen.calls)
      if (made_.seen.recordings > 1 && call.recordings < made_.seen.recordings) rare.push_back(name);
    if (made_.seen.recordings == 1)
      item(
          "there is one recording only. One benchmark run of nginx, haproxy and sqlite missed 33, 25 and 23 of the "
          "calls "
          "that their own test suites make. Record another one (a second workload, reload, log rotation, errors, the "
          "end "
          "by SIGTERM), and generate from both");
    if (!rare.empty()) item("calls that not every recording has; more runs may show more such: " + list_of(rare));
    write_phases();
    item("then: `runwardctl profile check`, and run it in audit mode for a while");
  }

  void write_phases() {
    std::set<Phase> phases;
    for (const Recording& recording : recordings_)
      for (const auto& [phase, calls] : recording.calls) phases.insert(phase);
    if (!phases.contains(Phase::exec))
      item("no `docker exec` or healthcheck was recorded: what they need beyond the rest is not allowed");
    if (!phases.contains(Phase::shutdown)) item("no orderly end (SIGTERM) was recorded");
  }

  const Collection& recordings_;
  const GenerateOptions& options_;
  const Generated& made_;
  const seccomp::Profile& parent_;
  std::string text_;
};

}  // namespace

std::vector<std::string> calls_let_through(const seccomp::Profile& profile, std::string_view architecture) {
  std::vector<std::string> calls;
  for (const std::string& call : seccomp::syscalls_of(architecture))
    if (seccomp::reach_of(profile, call) != seccomp::Reach::never) calls.push_back(call);
  std::ranges::sort(calls);
  return calls;
}

std::string report_of(const Collection& recordings, const GenerateOptions& options, const Generated& made,
                      const seccomp::Profile& parent) {
  return Report(recordings, options, made, parent).write();
}

}  // namespace runward::profiles
