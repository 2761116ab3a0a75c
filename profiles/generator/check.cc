// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/check.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <variant>

#include "apparmor/match.h"
#include "profiles/bytes.h"
#include "profiles/generator/make_apparmor.h"
#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/risks.h"
#include "seccomp/derive.h"
#include "seccomp/evaluate.h"

namespace runward::profiles {
namespace {

using apparmor::FileRule;
using apparmor::Matcher;
using apparmor::Permission;
using apparmor::Permissions;
using seccomp::Arguments;

oci::CapabilitySet capabilities_of(const policy::Policy& policy) {
  return policy.capabilities.allowed | policy.capabilities.on_request;
}

// --- calls ----------------------------------------------------------------------------------

class CallCheck {
 public:
  static Result<CallCheck> begin(const seccomp::Profile& filter, const seccomp::Profile& parent,
                                 const std::string& architecture) {
    CallCheck made(filter, parent, architecture);
    SHIM_TRY(made.program_, seccomp::compile(filter));
    return made;
  }

  Status check_call(const std::string& name, const SeenCall& call, Verdicts& verdicts) {
    ++verdicts.calls;
    const auto number = seccomp::syscall_number(name, architecture_);
    if (!number) {
      verdicts.notes.push_back("call " + name + ": it has no number on " + architecture_);
      return ok();
    }
    for (const std::vector<std::uint64_t>& values : call.arguments)
      SHIM_CHECK(check_values(name, *number, arguments_of(name, values), verdicts));
    if (call.has_all_arguments) return ok();
    const seccomp::Reach reach = seccomp::reach_of(parent_, name);
    // Which arguments it had is not known: then it is enough that there are some.
    if (reach == seccomp::Reach::always) return check_values(name, *number, {}, verdicts);
    if (reach == seccomp::Reach::never) {
      verdicts.notes.push_back("call " + name + ": the parent refuses it too");
    } else if (seccomp::reach_of(filter_, name) == seccomp::Reach::never) {
      verdicts.failures.push_back("call " + name + ": refused");
    }
    return ok();
  }

  Status check_attacks(Verdicts& verdicts) {
    for (const seccomp::Risk& risk : seccomp::risks()) {
      SHIM_TRY(const bool passes, passes_as(risk));
      ++verdicts.attacks;
      if (passes)
        verdicts.failures.push_back("attack " + std::string(risk.id) + ": let through; it " + std::string(risk.opens));
    }
    return ok();
  }

 private:
  CallCheck(const seccomp::Profile& filter, const seccomp::Profile& parent, std::string architecture)
      : filter_(filter), parent_(parent), architecture_(std::move(architecture)) {}

  // Where the recorded values stand in the call.
  static Arguments arguments_of(std::string_view name, const std::vector<std::uint64_t>& values) {
    Arguments arguments{};
    const auto* const recorded = std::ranges::find(kRecordedArguments, name, &RecordedArguments::call);
    for (std::size_t i = 0; recorded != kRecordedArguments.end() && i < recorded->count && i < values.size(); ++i)
      arguments.at(recorded->arguments.at(i)) = values[i];
    return arguments;
  }

  Status check_values(const std::string& name, int number, const Arguments& arguments, Verdicts& verdicts) {
    SHIM_TRY(const bool passes, evaluate(architecture_, number, arguments));
    if (passes) return ok();
    std::string what = "call " + name;
    for (const std::uint64_t value : arguments)
      if (arguments != Arguments{}) what.append(" ").append(std::to_string(value));
    const bool parents_fault = !lets_through(seccomp::decide(parent_, name, arguments));
    if (parents_fault) {
      verdicts.notes.push_back(what + ": the parent refuses it too");
    } else {
      verdicts.failures.push_back(what + ": refused");
    }
    return ok();
  }

  Result<bool> passes_as(const seccomp::Risk& risk) {
    constexpr int kX32 = 0x40000000;
    if (risk.entry != seccomp::Entry::native && architecture_ != "SCMP_ARCH_X86_64") return false;
    const std::string table = risk.entry == seccomp::Entry::i386 ? "SCMP_ARCH_X86" : architecture_;
    const auto number = seccomp::syscall_number(risk.syscall, table);
    if (!number) return false;
    return evaluate(table, risk.entry == seccomp::Entry::x32 ? *number | kX32 : *number, risk.arguments);
  }

  Result<bool> evaluate(const std::string& architecture, int number, const Arguments& arguments) {
    const seccomp::Call call{.architecture = seccomp::audit_architecture(architecture).value_or(0),
                             .number = number,
                             .arguments = arguments,
                             .instruction_pointer = 0};
    SHIM_TRY(const seccomp::Outcome outcome, seccomp::evaluate(program_, call));
    return lets_through(outcome);
  }

  const seccomp::Profile& filter_;
  const seccomp::Profile& parent_;
  std::string architecture_;
  seccomp::Program program_;
};

// --- files ----------------------------------------------------------------------------------

// apparmor::file_access, made ready for thousands of questions.
class FileRules {
 public:
  explicit FileRules(const apparmor::Profile& profile) {
    for (const apparmor::Rule& rule : profile.rules) {
      const auto* const file = std::get_if<FileRule>(&rule.body);
      if (file == nullptr || file->owner) continue;  // whose a file will be is not known
      if (file->path && file->path->is_exact()) {
        exact_.emplace(file->path->text(), std::pair(rule.deny, file->effective()));
      } else {
        globs_.push_back({.deny = rule.deny, .permissions = file->effective(), .matcher = {}});
        if (file->path) globs_.back().matcher.emplace(*file->path);
      }
    }
  }

  struct Access {
    Permissions allowed;
    Permissions denied;
  };
  [[nodiscard]] Access of(const std::string& path) const {
    Access access;
    const auto add = [&](bool deny, Permissions permissions) {
      Permissions& target = deny ? access.denied : access.allowed;
      target = target | permissions;
    };
    const auto [begin, end] = exact_.equal_range(apparmor::escape(path));
    for (auto rule = begin; rule != end; ++rule) add(rule->second.first, rule->second.second);
    for (const Glob& glob : globs_)
      if (!glob.matcher || glob.matcher->matches(path)) add(glob.deny, glob.permissions);
    return access;
  }

 private:
  struct Glob {
    bool deny;
    Permissions permissions;
    std::optional<Matcher> matcher;  // nothing: all files
  };
  std::multimap<std::string, std::pair<bool, Permissions>> exact_;
  std::vector<Glob> globs_;
};

struct Wish {
  bool FileUse::*use;
  Permission permission;
  std::string_view word;
};
constexpr std::array kWishes = {
    Wish{&FileUse::read, Permission::read, "read"}, Wish{&FileUse::write, Permission::write, "write"},
    Wish{&FileUse::execute, Permission::execute, "execute"}, Wish{&FileUse::map, Permission::map, "map"}};

void check_file(const std::string& path, const FileUse& use, const FileRules& rules, const FileRules& parent,
                Verdicts& verdicts) {
  ++verdicts.paths;
  const std::string example = example_of(path, use.directory);
  const FileRules::Access access = rules.of(example);
  for (const Wish& wish : kWishes) {
    if (!(use.*wish.use) || (use.directory && wish.permission == Permission::execute)) continue;
    if (access.allowed.has(wish.permission) && !access.denied.has(wish.permission)) continue;
    const std::string what = "file " + to_text(path) + ": may not " + std::string(wish.word) + " it";
    if (parent.of(example).denied.has(wish.permission)) {
      verdicts.notes.push_back(what + ", and the parent refuses it too");
    } else {
      verdicts.failures.push_back(what);
    }
  }
}

void check_capabilities(const ProfileFolder& profile, const Observed& seen, const Parent& parent, Verdicts& verdicts) {
  const oci::CapabilitySet given = capabilities_of(profile.policy);
  const oci::CapabilitySet of_parent = capabilities_of(parent.policy);
  for (const auto& [name, use] : seen.capabilities) {
    const auto capability = oci::parse_capability(name);
    if (capability && given.has(*capability)) continue;
    if (capability && of_parent.has(*capability)) {
      verdicts.failures.push_back("capability " + name + ": not given");
    } else {
      verdicts.notes.push_back("capability " + name + ": the parent never gives it");
    }
  }
}

}  // namespace

seccomp::Profile ProfileFolder::filter(std::string_view architecture) const {
  seccomp::Environment environment{
      .capabilities = {}, .architecture = seccomp_architecture(architecture), .kernel = std::nullopt};
  for (const std::string& capability : capabilities_of(policy).names()) environment.capabilities.insert(capability);
  return seccomp::derive(seccomp, environment, nullptr).profile;
}

Result<Verdicts> check(const ProfileFolder& profile, const Collection& recordings, const Parent& parent) {
  SHIM_TRY(const Observed seen, observe(recordings));
  const std::string architecture = seccomp_architecture(seen.architecture);
  if (architecture != seccomp::native_architecture())
    return make_error(ErrorKind::unsupported, "the recordings are of '" + seen.architecture +
                                                  "': filters for it are compiled on such a machine");
  Verdicts verdicts;
  const seccomp::Profile filter = profile.filter(seen.architecture);
  const seccomp::Profile of_parent = parent.filter(capabilities_of(parent.policy), seen.architecture);
  SHIM_TRY(CallCheck calls, CallCheck::begin(filter, of_parent, architecture));
  for (const auto& [name, call] : seen.calls) SHIM_CHECK(calls.check_call(name, call, verdicts));
  SHIM_CHECK(calls.check_attacks(verdicts));
  check_capabilities(profile, seen, parent, verdicts);
  if (profile.apparmor) {
    const FileRules rules(*profile.apparmor);
    const FileRules parents_rules(parent.apparmor);
    for (const auto& [path, file] : seen.files) check_file(path, file.use, rules, parents_rules, verdicts);
  } else if (!seen.files.empty()) {
    verdicts.notes.emplace_back("the profile has no AppArmor profile of its own: files were not looked at");
  }
  std::ranges::sort(verdicts.failures);
  std::ranges::sort(verdicts.notes);
  return verdicts;
}

}  // namespace runward::profiles
