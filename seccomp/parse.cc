// SPDX-License-Identifier: Apache-2.0
#include "seccomp/parse.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <utility>

#include "seccomp/sets.h"
#include "shim/oci/parse.h"

namespace runward::seccomp {
namespace {

using oci::Pointer;
using oci::Value;

constexpr std::size_t kMaxErrno = 4095;  // MAX_ERRNO of the kernel: more is no error any more

// moby names architectures as Go does.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kGoArchitectures = {{
    {"amd64", "SCMP_ARCH_X86_64"},
    {"386", "SCMP_ARCH_X86"},
    {"x86", "SCMP_ARCH_X86"},
    {"x32", "SCMP_ARCH_X32"},
    {"arm64", "SCMP_ARCH_AARCH64"},
    {"arm", "SCMP_ARCH_ARM"},
    {"ppc64le", "SCMP_ARCH_PPC64LE"},
    {"riscv64", "SCMP_ARCH_RISCV64"},
    {"s390x", "SCMP_ARCH_S390X"},
    {"s390", "SCMP_ARCH_S390"},
    {"mips64", "SCMP_ARCH_MIPS64"},
    {"mips64el", "SCMP_ARCH_MIPSEL64"},
    {"mipsel", "SCMP_ARCH_MIPSEL"},
    {"loong64", "SCMP_ARCH_LOONGARCH64"},
}};

std::string architecture_named(const std::string& word) {
  const auto* const found = std::ranges::find(kGoArchitectures, word, [](const auto& row) { return row.first; });
  return found == kGoArchitectures.end() ? word : std::string(found->second);
}

// Reads one profile; keeps the first thing that is wrong, after which what it returns is of no use.
class Parser {
 public:
  Parser(std::string_view name, std::string_view text) : name_(name), text_(text) {}

  Result<Template> read(const Value& json) {
    const Pointer root;
    Template profile;
    if (!json.is_object()) fail(root, "expected an object");
    if (error_) return *error_;
    profile.default_outcome = read_outcome(json, root, "defaultAction", "defaultErrnoRet");
    profile.architectures = texts(json, root, "architectures");
    profile.flags = texts(json, root, "flags");
    each(json, root, "archMap", [&](const Value& entry, const Pointer& where) {
      profile.architecture_map.push_back(
          {.architecture = text(entry, where, "architecture"), .with = texts(entry, where, "subArchitectures")});
    });
    each(json, root, "syscalls",
         [&](const Value& rule, const Pointer& where) { profile.rules.push_back(read_rule(rule, where)); });
    if (error_) return *error_;
    return profile;
  }

 private:
  void fail(const Pointer& where, const std::string& problem) {
    if (!error_) error_ = make_error(ErrorKind::parse, place_of(where) + ": " + where.to_string() + ": " + problem);
  }

  [[nodiscard]] std::string place_of(const Pointer& where) const {
    std::string place(name_);
    if (text_.empty()) return place;
    const oci::TextPosition at = oci::position_of(text_, where, {.comments = true});
    return place + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  }

  template <typename Read>
  void each(const Value& object, const Pointer& where, const char* key, Read read) {
    const Value* const list = oci::find(object, std::string_view(key));
    if (list == nullptr) return;
    if (!list->is_array()) return fail(where / key, "expected a list");
    for (std::size_t i = 0; i < list->size() && !error_; ++i) {
      const Pointer place = where / key / i;
      read((*list)[i], place);
    }
  }

  std::vector<std::string> texts(const Value& object, const Pointer& where, const char* key) {
    std::vector<std::string> list;
    const Value* const values = oci::find(object, std::string_view(key));
    if (values == nullptr) return list;
    if (!values->is_array()) {
      fail(where / key, "expected a list");
      return list;
    }
    list.reserve(values->size());
    for (const Value& item : values->get_ref<const Value::array_t&>()) {
      if (item.is_string())
        list.push_back(item.get_ref<const std::string&>());
      else
        fail(where / key / list.size(), "expected a text");  // a pointer for each name would take longer than the rest
    }
    return list;
  }

  std::string text(const Value& object, const Pointer& where, const char* key) {
    const Value* const value = oci::find(object, std::string_view(key));
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    fail(where / key, "expected a text");
    return {};
  }

  std::uint64_t number(const Value& object, const Pointer& where, const char* key, std::uint64_t most) {
    const Value* const value = oci::find(object, std::string_view(key));
    if (value == nullptr) return 0;
    // A document that we made ourselves may have signed numbers in it.
    const bool is_count =
        value->is_number_unsigned() || (value->is_number_integer() && value->get<std::int64_t>() >= 0);
    if (is_count && value->get<std::uint64_t>() <= most) return value->get<std::uint64_t>();
    fail(where / key, "expected a number from 0 to " + std::to_string(most));
    return 0;
  }

  // Where no errno is given the runtimes take EPERM (runc libcontainer/seccomp, crun).
  Outcome read_outcome(const Value& object, const Pointer& where, const char* action_key, const char* errno_key) {
    const std::string word = text(object, where, action_key);
    const auto action = parse_action(word);
    if (!action) {
      fail(where / action_key,
           word.empty() ? "expected an action such as \"SCMP_ACT_ERRNO\"" : "unknown action \"" + word + "\"");
      return {};
    }
    const bool has_data = *action == Action::error || *action == Action::trace;
    const std::uint64_t data = number(object, where, errno_key, kMaxErrno);
    if (!has_data) return {.action = *action, .data = 0};
    const bool is_given = oci::find(object, std::string_view(errno_key)) != nullptr;
    return {.action = *action, .data = static_cast<std::uint16_t>(is_given ? data : EPERM)};
  }

  Condition read_condition(const Value& json, const Pointer& where) {
    Condition condition;
    if (!json.is_object()) {
      fail(where, "expected an object");
      return condition;
    }
    constexpr std::uint64_t kAny = ~std::uint64_t{0};
    const std::uint64_t value = number(json, where, "value", kAny);
    const std::uint64_t second = number(json, where, "valueTwo", kAny);
    condition.argument = static_cast<unsigned>(number(json, where, "index", kArgumentCount - 1));
    const std::string word = text(json, where, "op");
    if (const auto compare = parse_compare(word))
      condition.compare = *compare;
    else
      fail(where / "op", "unknown comparison \"" + word + "\"");
    const bool is_masked = condition.compare == Compare::masked_equal;
    condition.value = is_masked ? second : value;
    condition.mask = is_masked ? value : kAny;
    return condition;
  }

  static bool repeats_an_argument(std::vector<Condition> conditions) {
    std::ranges::sort(conditions, {}, &Condition::argument);
    return std::ranges::adjacent_find(conditions, {}, &Condition::argument) != conditions.end();
  }

  std::vector<std::vector<Condition>> read_alternatives(const Value& rule, const Pointer& where) {
    std::vector<Condition> all;
    each(rule, where, "args",
         [&](const Value& json, const Pointer& place) { all.push_back(read_condition(json, place)); });
    if (!repeats_an_argument(all)) return {all};
    std::vector<std::vector<Condition>> alternatives;
    alternatives.reserve(all.size());
    for (const Condition& condition : all) alternatives.push_back({condition});
    return alternatives;
  }

  Requirement read_requirement(const Value& rule, const Pointer& where, const char* key) {
    Requirement requirement;
    const Value* const json = oci::find(rule, std::string_view(key));
    if (json == nullptr) return requirement;
    if (!json->is_object()) {
      fail(where / key, "expected an object");
      return requirement;
    }
    requirement.capabilities = texts(*json, where / key, "caps");
    for (const std::string& word : texts(*json, where / key, "arches"))
      requirement.architectures.push_back(architecture_named(word));
    const std::string kernel = text(*json, where / key, "minKernel");
    requirement.min_kernel = parse_kernel_version(kernel);
    if (!kernel.empty() && !requirement.min_kernel)
      fail(where / key / "minKernel", "expected a version such as \"4.8\"");
    return requirement;
  }

  // In place of the names of sets.
  void put_members(std::vector<std::string>& names, const Pointer& where) {
    const auto is_set = [](const std::string& name) { return name.starts_with('@'); };
    const auto first = std::ranges::find_if(names, is_set);
    if (first == names.end()) return;
    const std::vector<std::string> rest(first, names.end());
    names.erase(first, names.end());
    for (const std::string& name : rest) {
      if (!is_set(name)) {
        names.push_back(name);
      } else if (const SyscallSet* const set = find_set(name)) {
        names.insert(names.end(), set->calls.begin(), set->calls.end());
      } else {
        fail(where / "names", "unknown set of system calls \"" + name + "\"");
      }
    }
  }

  TemplateRule read_rule(const Value& json, const Pointer& where) {
    TemplateRule rule;
    if (!json.is_object()) {
      fail(where, "expected an object");
      return rule;
    }
    rule.names = texts(json, where, "names");
    put_members(rule.names, where);
    if (std::string one = text(json, where, "name"); !one.empty()) rule.names.push_back(std::move(one));
    if (rule.names.empty()) fail(where, "expected \"names\" of system calls");
    rule.outcome = read_outcome(json, where, "action", "errnoRet");
    rule.alternatives = read_alternatives(json, where);
    rule_count_ += rule.names.size() * rule.alternatives.size();
    if (rule_count_ > kMostRules) fail(where, "more than " + std::to_string(kMostRules) + " rules in all");
    rule.includes = read_requirement(json, where, "includes");
    rule.excludes = read_requirement(json, where, "excludes");
    return rule;
  }

  // Of one call each; Docker's own filter has some 400.
  static constexpr std::size_t kMostRules = 20'000;

  std::string_view name_;
  std::string_view text_;
  std::size_t rule_count_ = 0;
  std::optional<Error> error_;
};

bool is_empty(const Requirement& requirement) {
  return requirement.capabilities.empty() && requirement.architectures.empty() && !requirement.min_kernel;
}

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

bool reaches(const Environment& environment, KernelVersion wanted) {
  return environment.kernel && *environment.kernel >= wanted;
}

bool applies(const TemplateRule& rule, const Environment& environment) {
  const auto given = [&](const std::string& capability) { return environment.capabilities.contains(capability); };
  const Requirement& in = rule.includes;
  const Requirement& ex = rule.excludes;
  if (!in.architectures.empty() && !has(in.architectures, environment.architecture)) return false;
  if (!std::ranges::all_of(in.capabilities, given)) return false;
  if (in.min_kernel && !reaches(environment, *in.min_kernel)) return false;
  if (has(ex.architectures, environment.architecture)) return false;
  if (std::ranges::any_of(ex.capabilities, given)) return false;
  return !ex.min_kernel || !reaches(environment, *ex.min_kernel);
}

void add_rules(Rules& rules, const TemplateRule& rule) {
  for (const auto& conditions : rule.alternatives) {
    Rule& added = rules.emplace_back();
    added.conditions = conditions;
    added.outcome = rule.outcome;
  }
}

constexpr std::size_t kUsualCalls = 512;

struct NamedRule {
  std::string_view name;
  const TemplateRule* rule;
};

// Those of one name stay as they came. Lists of names are written in order, or nearly so: their sorted runs are merged.
void sort_by_name(std::vector<NamedRule>& all) {
  std::vector<std::vector<NamedRule>::iterator> ends{all.begin()};  // of the runs; before them where the first begins
  while (ends.back() != all.end())
    ends.push_back(std::ranges::is_sorted_until(ends.back(), all.end(), {}, &NamedRule::name));
  const std::size_t last = ends.size() - 1;
  for (std::size_t width = 1; width < last; width *= 2)
    for (std::size_t i = 0; i + width < last; i += 2 * width)
      std::ranges::inplace_merge(ends[i], ends[i + width], ends[std::min(i + 2 * width, last)], {}, &NamedRule::name);
}

std::vector<std::string> architectures_for(const Template& profile, const std::string& native) {
  for (const ArchitectureMap& entry : profile.architecture_map) {
    if (entry.architecture != native) continue;
    std::vector<std::string> all{native};
    all.insert(all.end(), entry.with.begin(), entry.with.end());
    return all;
  }
  return profile.architectures;
}

}  // namespace

std::optional<KernelVersion> parse_kernel_version(std::string_view text) {
  KernelVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc()) return std::nullopt;
  return version;
}

Profile Template::resolve(const Environment& environment) const {
  Profile profile{.default_outcome = default_outcome,
                  .architectures = architectures_for(*this, environment.architecture),
                  .flags = flags,
                  .calls = {}};
  std::vector<NamedRule> all;
  all.reserve(kUsualCalls);
  for (const TemplateRule& rule : rules)
    if (applies(rule, environment))
      for (const std::string& name : rule.names) all.push_back({.name = name, .rule = &rule});
  sort_by_name(all);
  profile.calls.reserve(all.size());
  for (auto next = all.begin(); next != all.end();) {
    const std::string_view name = next->name;
    Rules of_call;
    for (; next != all.end() && next->name == name; ++next) add_rules(of_call, *next->rule);
    profile.calls.append(name, std::move(of_call));
  }
  return profile;
}

Template condensed(Template profile) {
  std::vector<TemplateRule> rules;
  for (TemplateRule& rule : profile.rules) {
    const auto differs_in_names_only = [&](const TemplateRule& other) {
      return other.outcome == rule.outcome && other.alternatives == rule.alternatives &&
             other.includes == rule.includes && other.excludes == rule.excludes;
    };
    const auto same = std::ranges::find_if(rules, differs_in_names_only);
    if (same == rules.end())
      rules.push_back(std::move(rule));
    else
      std::ranges::move(rule.names, std::back_inserter(same->names));
  }
  for (TemplateRule& rule : rules) std::ranges::sort(rule.names);
  profile.rules = std::move(rules);
  return profile;
}

Result<Template> parse_template(const Value& json, std::string_view name, std::string_view text) {
  return Parser(name, text).read(json);
}

Result<Profile> parse_profile(const Value& json, std::string_view name) {
  SHIM_TRY(const Template profile, parse_template(json, name));
  const auto depends = [](const TemplateRule& rule) { return !is_empty(rule.includes) || !is_empty(rule.excludes); };
  if (std::ranges::any_of(profile.rules, depends) || !profile.architecture_map.empty())
    return make_error(ErrorKind::parse,
                      std::string(name) + ": it has includes, excludes or archMap, which a runtime ignores");
  return profile.resolve({});
}

}  // namespace runward::seccomp
