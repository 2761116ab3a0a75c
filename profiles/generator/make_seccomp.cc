// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/make_seccomp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "profiles/generator/families.h"
#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/risks.h"
#include "seccomp/sets.h"

namespace runward::profiles {
namespace {

using seccomp::Action;
using seccomp::Compare;
using seccomp::Condition;
using seccomp::Outcome;
using seccomp::Rule;
using seccomp::Rules;
using Values = std::set<std::vector<std::uint64_t>>;

constexpr Outcome kAllow{.action = Action::allow, .data = 0};
constexpr Outcome kNotThere{.action = Action::error, .data = ENOSYS};

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (clone(2)).
constexpr std::uint64_t kNamespaceFlags = 0x7E020000;
constexpr std::uint64_t kInt = 0xFFFFFFFF;  // the kernel looks at the lower half only
constexpr std::uint64_t kSocketType = 0xF;  // the rest are SOCK_CLOEXEC and SOCK_NONBLOCK (socket(2))
constexpr std::size_t kMostValues = 64;     // of one call: beyond that they are data and no choice of the program

// prctl(2): what the runtimes and C libraries ask for after the filter is there, whether it was seen or not: they do it
// in some runs only. PDEATHSIG, KEEPCAPS, NAME, SECCOMP, CAPBSET, NO_NEW_PRIVS, CAP_AMBIENT, VMA.
constexpr std::array<std::uint64_t, 12> kRuntimeOptions = {1, 7, 8, 15, 16, 22, 23, 24, 38, 39, 47, 0x53564d41};

// ioctl(2), asm-generic/ioctls.h: what libraries ask of any descriptor, and fcntl says too, or nobody minds: TCGETS (is
// it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, FIOASYNC.
constexpr std::array<std::uint64_t, 7> kCommonRequests = {0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0x5452};

// socket(2), linux/in.h
constexpr std::uint64_t kInet = 2, kInet6 = 10, kStream = 1, kDatagram = 2, kTcp = 6, kUdp = 17;

Condition masked(unsigned argument, std::uint64_t value, std::uint64_t mask) {
  return {.argument = argument, .compare = Compare::masked_equal, .value = value & mask, .mask = mask};
}

Rules any_of(unsigned argument, const std::set<std::uint64_t>& values) {
  Rules rules;
  for (const std::uint64_t value : values)
    rules.push_back({.conditions = {masked(argument, value, kInt)}, .outcome = kAllow});
  return rules;
}

std::set<std::uint64_t> first_of(const Values& all) {
  std::set<std::uint64_t> values;
  for (const auto& each : all) values.insert(each.at(0) & kInt);
  return values;
}

// TCP by name and by 0, and by the other version of IP.
Values other_sockets(const Values& recorded) {
  Values all = recorded;
  for (const auto& values : recorded) {
    if (values.size() < 3 || (values[0] != kInet && values[0] != kInet6)) continue;
    const std::uint64_t type = values[1] & kSocketType;
    const std::uint64_t named = type == kStream ? kTcp : kUdp;
    if ((type != kStream && type != kDatagram) || (values[2] != 0 && values[2] != named)) continue;
    for (const std::uint64_t domain : {kInet, kInet6})
      for (const std::uint64_t protocol : {std::uint64_t{0}, named}) all.insert({domain, type, protocol});
  }
  return all;
}

Rules socket_rules(const Values& recorded, Headroom headroom) {
  std::set<Rule> rules;
  for (const auto& values : headroom == Headroom::strict ? recorded : other_sockets(recorded))
    rules.insert({.conditions = {masked(0, values.at(0), kInt), masked(1, values.at(1), kSocketType),
                                 masked(2, values.at(2), kInt)},
                  .outcome = kAllow});
  return {rules.begin(), rules.end()};
}

bool is_bounded(const SeenCall& call) {
  return call.has_all_arguments && !call.arguments.empty() && call.arguments.size() <= kMostValues;
}

class Maker {
 public:
  Maker(const Observed& seen, const SeccompWish& wish) : seen_(seen), wish_(wish) {
    made_.profile.default_outcome = {.action = Action::error, .data = EPERM};
  }

  MadeSeccomp make(const seccomp::Profile& parent) {
    const bool is_strict = wish_.headroom == Headroom::strict;
    add_recorded(parent);
    add_reachable(parent);
    if (!is_strict) add_spellings(parent);
    for (const std::string& call : wish_.start) add(call, "runtime");
    if (!is_strict) {
      add_set(seccomp::kRuntimeStart, "another runtime");
      add_set(seccomp::kOrdinary, "no right");
    }
    add_set(is_strict ? seccomp::kUnforeseen : seccomp::kEssential, "any program");
    narrow();
    drop_absent();
    made_.profile = seccomp::intersect(made_.profile, parent).profile;
    std::erase_if(made_.reasons, [&](const auto& reason) {
      return seccomp::reach_of(made_.profile, reason.first) == seccomp::Reach::never;
    });
    answer_probes();
    return std::move(made_);
  }

 private:
  void add(const std::string& call, const std::string& reason) {
    if (made_.reasons.try_emplace(call, reason).second) made_.profile.calls[call] = seccomp::always(kAllow);
  }

  void add_set(std::string_view set, const std::string& reason) {
    for (const std::string_view call : seccomp::find_set(set)->calls) add(std::string(call), reason);
  }

  void add_recorded(const seccomp::Profile& parent) {
    for (const auto& [name, call] : seen_.calls) {
      if (name == "clone3") continue;  // narrow() has it
      if (name.starts_with('#')) {
        made_.unnamed.push_back(name);
      } else if (seccomp::reach_of(parent, name) == seccomp::Reach::never) {
        made_.refused.push_back(name);
      } else {
        add(name, "recorded");
      }
    }
  }

  // Not what is known from attacks: of such a call its author has to have seen the use.
  static bool is_risky(std::string_view call) {
    return std::ranges::find(seccomp::risks(), call, &seccomp::Risk::syscall) != seccomp::risks().end();
  }

  void add_reachable(const seccomp::Profile& parent) {
    for (const auto& [call, why] : wish_.reach.calls) {
      if (made_.reasons.contains(call)) continue;
      if (!is_risky(call) && seccomp::reach_of(parent, call) == seccomp::Reach::always) {
        add(call, why);
      } else if (seccomp::reach_of(parent, call) != seccomp::Reach::never) {
        made_.reached_only.push_back(call);
      }
    }
  }

  void add_spellings(const seccomp::Profile& parent) {
    const auto known_before = made_.reasons;
    for (const Family family : families()) {
      const auto known =
          std::ranges::find_if(family, [&](std::string_view call) { return known_before.contains(std::string(call)); });
      if (known == family.end()) continue;
      for (const std::string_view call : family)
        if (!is_risky(call) && seccomp::reach_of(parent, call) == seccomp::Reach::always)
          add(std::string(call), "as " + std::string(*known));
    }
  }

  void narrow() {
    auto& calls = made_.profile.calls;
    if (calls.contains("clone"))
      calls["clone"] = {Rule{.conditions = {masked(0, 0, kNamespaceFlags)}, .outcome = kAllow}};
    // Its flags lie behind a pointer, where no filter can look; C libraries fall back to clone.
    made_.reasons.erase("clone3");
    calls["clone3"] = seccomp::always(kNotThere);
    narrow_prctl();
    for (const std::string name : {"socket", "ioctl", "personality"}) {
      const auto recorded = seen_.calls.find(name);
      if (recorded == seen_.calls.end() || !calls.contains(name)) continue;
      if (!is_bounded(recorded->second)) {
        made_.whole.push_back(name);
      } else if (name == "socket") {
        calls[name] = socket_rules(recorded->second.arguments, wish_.headroom);
      } else if (name == "ioctl") {
        calls[name] = ioctl_rules(first_of(recorded->second.arguments));
      } else {
        calls[name] = any_of(0, first_of(recorded->second.arguments));
      }
    }
  }

  Rules ioctl_rules(std::set<std::uint64_t> requests) const {
    if (wish_.headroom != Headroom::strict) requests.insert(kCommonRequests.begin(), kCommonRequests.end());
    return any_of(1, requests);
  }

  void narrow_prctl() {
    std::set<std::uint64_t> options(kRuntimeOptions.begin(), kRuntimeOptions.end());
    options.insert(seen_.runtime_options.begin(), seen_.runtime_options.end());
    const auto recorded = seen_.calls.find("prctl");
    if (recorded != seen_.calls.end() && !is_bounded(recorded->second)) {
      made_.whole.emplace_back("prctl");
      return;
    }
    if (recorded != seen_.calls.end()) options.merge(first_of(recorded->second.arguments));
    made_.profile.calls["prctl"] = any_of(0, options);
  }

  // A runtime skips them, and a count of them would be a lie.
  void drop_absent() {
    const std::string architecture = seccomp_architecture(seen_.architecture);
    erase_if(made_.profile.calls, [&](const auto& call) { return !seccomp::syscall_number(call.first, architecture); });
  }

  void answer_probes() {
    const std::string architecture = seccomp_architecture(seen_.architecture);
    auto& calls = made_.profile.calls;
    for (const std::string_view call : seccomp::find_set(seccomp::kProbed)->calls)
      if (seccomp::syscall_number(call, architecture) && !calls.contains(call))
        calls[call] = seccomp::always(kNotThere);
  }

  const Observed& seen_;
  const SeccompWish& wish_;
  MadeSeccomp made_;
};

}  // namespace

std::string seccomp_architecture(std::string_view architecture) {
  std::string name = "SCMP_ARCH_";
  for (const char c : architecture) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

MadeSeccomp make_seccomp(const Observed& seen, const SeccompWish& wish, const seccomp::Profile& parent) {
  return Maker(seen, wish).make(parent);
}

}  // namespace runward::profiles
