// SPDX-License-Identifier: Apache-2.0
#include "profiles/audit/denial.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "apparmor/parse.h"
#include "apparmor/render.h"
#include "profiles/bytes.h"
#include "profiles/verify/patch.h"
#include "seccomp/compile.h"

namespace runward::profiles::audit {
namespace {

using apparmor::Permission;

// --- system calls ---------------------------------------------------------------------------

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::string_view kArchPrefix = "SCMP_ARCH_";
constexpr std::array<std::string_view, 6> kArchitectures = {"SCMP_ARCH_X86_64",  "SCMP_ARCH_X86",
                                                            "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
                                                            "SCMP_ARCH_RISCV64", "SCMP_ARCH_PPC64LE"};

// "SCMP_ARCH_X86_64"; empty: unknown.
std::string architecture_of(const FilteredCall& call) {
  for (const std::string_view name : kArchitectures) {
    if (seccomp::audit_architecture(name) != call.architecture) continue;
    const bool is_x32 = name == "SCMP_ARCH_X86_64" && (call.number & kX32Bit) != 0;
    return is_x32 ? "SCMP_ARCH_X32" : std::string(name);
  }
  return "";
}

std::string in_words(std::string architecture) {
  if (architecture.empty()) return "of an unknown architecture";
  architecture.erase(0, kArchPrefix.size());
  std::ranges::transform(architecture, architecture.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return architecture == "x86" ? "i386" : architecture;
}

// Calls that profiles mostly allow with some arguments only.
constexpr std::array<std::string_view, 4> kNarrowed = {"ioctl", "personality", "prctl", "socket"};

bool ends_process(std::uint32_t action) {
  return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD;
}

Denial describe_call(const FilteredCall& call) {
  const std::string architecture = architecture_of(call);
  const bool is_native = architecture == seccomp::native_architecture();
  const auto name = seccomp::syscall_name(static_cast<int>(call.number), architecture);
  Denial denial;
  denial.what = "system call " + (name ? *name : "number " + std::to_string(call.number & ~kX32Bit)) +
                (is_native ? "" : " (" + in_words(architecture) + ")");
  denial.ended_process = ends_process(call.action);
  if (!is_native) {
    denial.remark = "a program of another architecture: filters are for the machine's own, which keeps that way closed";
  } else if (!name) {
    denial.remark = "libseccomp has no name for it, so no filter in OCI form can allow it";
  } else {
    denial.call = *name;
    denial.line = allowing_entries({*name});
    if (std::ranges::find(kNarrowed, *name) != kNarrowed.end())
      denial.remark = "the kernel does not tell with which arguments: this line allows all of them";
  }
  return denial;
}

// --- AppArmor -------------------------------------------------------------------------------

struct Letter {
  char letter;
  Permission permission;
  std::string_view word;
};
// c and d: made and deleted, which is a kind of writing in the language of profiles.
constexpr std::array kLetters = {Letter{'r', Permission::read, "read"},      Letter{'w', Permission::write, "write"},
                                 Letter{'a', Permission::append, "append"},  Letter{'c', Permission::write, "create"},
                                 Letter{'d', Permission::write, "delete"},   Letter{'m', Permission::map, "map"},
                                 Letter{'k', Permission::lock, "lock"},      Letter{'l', Permission::link, "link"},
                                 Letter{'x', Permission::execute, "execute"}};

bool are_letters(std::string_view mask) {
  return !mask.empty() && std::ranges::all_of(mask, [](char c) {
    return std::ranges::find(kLetters, c, &Letter::letter) != kLetters.end();
  });
}

std::string words_of(std::string_view mask) {
  std::string words;
  for (const Letter& letter : kLetters)
    if (mask.find(letter.letter) != std::string_view::npos) words.append(words.empty() ? "" : ", ").append(letter.word);
  return words;
}

std::optional<apparmor::Rule> file_rule(const RefusedAccess& access) {
  const auto path = apparmor::exact_path(access.name);
  if (!path) return std::nullopt;
  apparmor::FileRule rule{.path = *path};
  for (const Letter& letter : kLetters)
    if (access.denied.find(letter.letter) != std::string::npos) rule.permissions.add(letter.permission);
  if (rule.permissions.has(Permission::execute)) {
    rule.permissions.remove(Permission::execute);
    rule.permissions.add(Permission::read);
    rule.transition = apparmor::Transition::inherit;
  }
  if (rule.permissions.has(Permission::write)) rule.permissions.remove(Permission::append);  // w has it
  return apparmor::Rule{.body = std::move(rule)};
}

// "send receive"
apparmor::Words split(const std::string& text) {
  std::istringstream words(text);
  apparmor::Words all;
  for (std::string word; words >> word;) all.insert(word);
  return all;
}

// Processes of one container have one profile, whose name in its rules may be another than in the kernel's.
std::optional<apparmor::Pattern> peer_pattern(const Record& record, const std::string& own_label) {
  const std::string& peer = std::get<RefusedAccess>(record.what).peer;
  const bool is_own = !own_label.empty() && profile_in(peer) == profile_in(record.label);
  auto pattern = apparmor::Pattern::glob(apparmor::escape(is_own ? own_label : peer));
  return pattern ? std::optional(*std::move(pattern)) : std::nullopt;
}

void describe_other(const Record& record, const std::string& own_label, Denial& denial) {
  const auto& access = std::get<RefusedAccess>(record.what);
  if (!access.capability.empty()) {
    denial.what = "capability " + to_text(access.capability);
    denial.rule = apparmor::Rule{.body = apparmor::CapabilityRule{.name = access.capability}};
  } else if (!access.family.empty()) {
    denial.what = "network " + to_text(access.family) + " " + to_text(access.socket);
    denial.rule = apparmor::Rule{.body = apparmor::NetworkRule{.family = access.family, .type = access.socket}};
  } else if (access.operation == "signal") {
    denial.what = "signal " + to_text(access.signal) + ": " + to_text(access.denied) + ", " + to_text(access.peer);
    denial.rule = apparmor::Rule{.body = apparmor::SignalRule{.access = split(access.denied),
                                                              .signals = {access.signal},
                                                              .peer = peer_pattern(record, own_label)}};
  } else if (access.operation == "ptrace") {
    denial.what = "ptrace: " + to_text(access.denied) + ", " + to_text(access.peer);
    denial.rule = apparmor::Rule{
        .body = apparmor::PtraceRule{.access = split(access.denied), .peer = peer_pattern(record, own_label)}};
  } else {
    denial.what = to_text(access.operation) + (access.name.empty() ? "" : " " + to_text(access.name));
  }
}

bool is_file(const RefusedAccess& access) {
  return (access.kind == "file" || access.kind.empty()) && !access.name.empty() && are_letters(access.denied);
}

// What the record says in other words than the language has makes no rule.
bool is_in_the_language(const apparmor::Rule& rule) {
  const auto parsed = apparmor::parse("profile p {\n" + apparmor::render(rule) + "\n}\n", "rule");
  return parsed && parsed->rules == std::set{rule};
}

Denial describe_access(const Record& record, const std::string& own_label) {
  const auto& access = std::get<RefusedAccess>(record.what);
  Denial denial;
  denial.layer = Layer::apparmor;
  if (is_file(access)) {
    denial.what = "file " + to_text(access.name) + ": " + words_of(access.denied);
    denial.rule = file_rule(access);
  } else {
    describe_other(record, own_label, denial);
  }
  if (denial.rule && !is_in_the_language(*denial.rule)) denial.rule.reset();
  if (denial.rule) {
    denial.line = apparmor::render(*denial.rule);
  } else {
    denial.remark = "no rule of the kinds that runward writes allows this one thing";
  }
  return denial;
}

}  // namespace

std::string profile_in(std::string_view label) { return std::string(label.substr(0, label.find("//"))); }

Denial describe(const Record& record, const std::string& own_label) {
  if (const auto* const call = std::get_if<FilteredCall>(&record.what)) return describe_call(*call);
  return describe_access(record, own_label);
}

}  // namespace runward::profiles::audit
