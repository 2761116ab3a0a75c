// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>

#include "shim/ctl/doctor/judges.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
constexpr std::uint64_t kFewBytes = 64 * kMebibyte;  // some 100,000 events

bool others_write(const FileFact& file) {
  return file.uid != 0 || (!S_ISLNK(file.mode) && (file.mode & (S_IWGRP | S_IWOTH)) != 0);
}

bool others_read(const FileFact& file) { return (file.mode & S_IROTH) != 0; }

std::string written_by(const FileFact& file) {
  return "can be written by others than root (owner " + std::to_string(file.uid) + ")";
}

std::string size_of(std::uint64_t bytes) { return std::to_string(bytes / kMebibyte) + " MiB"; }

Lines judge_log(const FileFact& file) {
  Lines lines;
  if (others_write(file))
    lines.push_back({.level = Level::fail,
                     .subject = file.path,
                     .reason = written_by(file) + ": events can be forged",
                     .mend = "chown root and chmod go-w it"});
  if (others_read(file))
    lines.push_back({.level = Level::warning,
                     .subject = file.path,
                     .reason = "can be read by everybody: events tell what runs here",
                     .mend = "chmod o-rwx it"});
  return lines;
}

void append(Lines& lines, Lines more) {
  for (Line& line : more) lines.push_back(std::move(line));
}

Lines judge_space(const EventsFacts& events) {
  if (!events.free_bytes) return {unknown(events.free_bytes.error(), events.file)};
  if (*events.free_bytes >= kFewBytes) return {};
  const bool stops = events.required && *events.free_bytes == 0;
  return {{.level = stops ? Level::fail : Level::warning,
           .subject = events.file,
           .reason = "only " + size_of(*events.free_bytes) + " are free there: " +
                     (events.required ? "containers do not start when an event cannot be written"
                                      : "events that cannot be written are lost"),
           .mend = "make room, or rotate the file"}};
}

// Of somebody else's profile: loaded or not.
Line judge_foreign(const AppArmorWish& wish, const std::string& subject, bool is_loaded) {
  if (is_loaded) return {.level = Level::ok, .subject = subject, .reason = "loaded", .mend = {}};
  if (wish.required)
    return {.level = Level::fail,
            .subject = subject,
            .reason = "is required and not loaded: no container with that profile starts",
            .mend = "load it with apparmor_parser -r, or set rules.apparmor.required to false"};
  return {.level = Level::warning,
          .subject = subject,
          .reason = "is not loaded: containers keep the engine's AppArmor profile",
          .mend = "load it with apparmor_parser -r"};
}

// Of runward's own, which it loads itself.
Line judge_own(const AppArmorWish& wish, const std::string& subject, const Result<Standing>& standing) {
  if (!standing) return unknown(standing.error(), subject);
  switch (*standing) {
    case Standing::loaded:
      return {.level = Level::ok, .subject = subject, .reason = "loaded", .mend = {}};
    case Standing::compiled:
      return {.level = Level::ok,
              .subject = subject,
              .reason = "compiled: it is loaded when a container starts",
              .mend = {}};
    case Standing::to_compile:
      return {.level = Level::info,
              .subject = subject,
              .reason = "is compiled and loaded when a container starts, which then takes longer",
              .mend = "runwardctl install compiles it"};
    case Standing::unavailable:
      break;
  }
  return {.level = wish.required ? Level::fail : Level::warning,
          .subject = subject,
          .reason = wish.required ? "is required, not compiled, and apparmor_parser is missing: no container starts"
                                  : "is not compiled, and apparmor_parser is missing: containers keep the engine's",
          .mend = "install the package apparmor, then runwardctl install"};
}

}  // namespace

Lines judge_program(const Facts& facts) {
  const ProgramFacts& program = facts.program;
  if (!program.usable)
    return {{.level = Level::warning,
             .subject = program.path,
             .reason = program.usable.error().message + ": what engines call is not compared with it",
             .mend = "install runward and runwardctl into the same folder"}};
  if (program.only_root_writes)
    return {{.level = Level::ok, .subject = program.path, .reason = "only root can write to it", .mend = {}}};
  if (program.only_root_writes.error().kind != ErrorKind::policy)
    return {unknown(program.only_root_writes.error(), program.path)};
  return {{.level = Level::fail,
           .subject = program.path,
           .reason = program.only_root_writes.error().message,
           .mend = "whoever can replace it is root at the next container: install it where only root writes"}};
}

Lines judge_configuration(const Facts& facts) {
  if (!facts.configuration) return {unknown(facts.configuration.error())};
  Lines lines;
  for (const Checked& one : *facts.configuration)
    if (!one.problem.empty())
      lines.push_back({.level = Level::fail,
                       .subject = one.what,
                       .reason = one.problem,
                       .mend = "put it right: until then no container that needs it starts"});
  if (lines.empty())
    lines.push_back(
        {.level = Level::ok,
         .subject = {},
         .reason = std::to_string(facts.configuration->size()) + " documents are read as runward reads them",
         .mend = {}});
  return lines;
}

Lines judge_configuration_files(const Facts& facts) {
  const auto& files = facts.configuration_files;
  if (!files && files.error().code == std::errc::no_such_file_or_directory)
    return {{.level = Level::info, .subject = {}, .reason = "there are none: the built-in values hold", .mend = {}}};
  if (!files) return {unknown(files.error())};
  Lines lines;
  for (const FileFact& file : *files) {
    if (others_write(file))
      lines.push_back({.level = Level::fail,
                       .subject = file.path,
                       .reason = written_by(file),
                       .mend = "chown root and chmod go-w it: runward does not read it as it is"});
    if (S_ISLNK(file.mode))
      lines.push_back({.level = Level::warning,
                       .subject = file.path,
                       .reason = "is a symbolic link: runward follows none to its configuration",
                       .mend = "put the file itself there"});
  }
  if (lines.empty())
    lines.push_back({.level = Level::ok,
                     .subject = {},
                     .reason = "only root can write to the " + std::to_string(files->size()) + " of them",
                     .mend = {}});
  return lines;
}

Lines judge_apparmor_profiles(const Facts& facts) {
  const KernelFacts& kernel = facts.kernel;
  Lines lines;
  for (const AppArmorWish& wish : facts.apparmor_wishes) {
    const std::string subject = wish.apparmor + ", of profile " + wish.profile;
    const bool is_loaded =
        kernel.apparmor_enabled && kernel.apparmor_loaded && kernel.apparmor_loaded->contains(wish.apparmor);
    if (wish.standing) {
      lines.push_back(judge_own(wish, subject, *wish.standing));
    } else if (wish.required || kernel.apparmor_enabled) {
      lines.push_back(judge_foreign(wish, subject, is_loaded));
    }
  }
  if (lines.empty())
    lines.push_back({.level = Level::info,
                     .subject = {},
                     .reason = kernel.apparmor_enabled ? "no profile names one"
                                                       : "no profile requires one, and this host has no AppArmor",
                     .mend = {}});
  return lines;
}

Lines judge_events(const Facts& facts) {
  const EventsFacts& events = facts.events;
  if (events.file.empty())
    return {{.level = Level::warning,
             .subject = {},
             .reason = "no events are written: refusals leave no trace",
             .mend = "name a file as events.file in config.json"}};
  if (!events.folder && events.folder.error().code == std::errc::no_such_file_or_directory)
    return {{.level = Level::info,
             .subject = events.file,
             .reason = "its folder is not there yet: runwardctl install makes it, else runward at the first event",
             .mend = {}}};
  if (!events.folder) return {unknown(events.folder.error(), events.file)};
  Lines lines;
  if (others_write(*events.folder))
    append(lines, {{.level = Level::fail,
                    .subject = events.folder->path,
                    .reason = "the folder " + written_by(*events.folder) + ": events can be forged",
                    .mend = "chown root and chmod go-w it"}});
  if (events.log && !*events.log) append(lines, {unknown(events.log->error(), events.file)});
  if (events.log && *events.log) append(lines, judge_log(**events.log));
  append(lines, judge_space(events));
  if (!lines.empty()) return lines;
  return {{.level = Level::ok,
           .subject = events.file,
           .reason = (events.log ? "" : "not written yet; ") + size_of(*events.free_bytes) + " are free there",
           .mend = {}}};
}

}  // namespace runward::ctl::doctor
