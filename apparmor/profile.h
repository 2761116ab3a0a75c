// SPDX-License-Identifier: Apache-2.0
#pragma once

// An AppArmor profile as a value: rules as types, in a set, so that two profiles that say the same are equal and are
// printed alike (apparmor.d(5) gives the language, profiles/default/apparmor an example).
//
//   Profile profile{.name = "runward-web"};
//   profile.add({.body = FileRule{.path = *exact_path(name), .permissions = {Permission::read}}});
//   SHIM_TRY(const std::string text, render(profile, Abi::v4_0));
//
// To add a kind of rule: 1. its struct and a place in Body; 2. render.cc; 3. parse.cc; 4. the tests' random rules.
// To add a word of a rule: its row in words.h.

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "apparmor/pattern.h"

namespace runward::apparmor {

enum class Permission : std::uint8_t { read, write, append, link, lock, map, execute };

class Permissions {
 public:
  Permissions() = default;
  Permissions(std::initializer_list<Permission> all) {
    for (const Permission permission : all) add(permission);
  }
  void add(Permission permission) { bits_ = static_cast<std::uint8_t>(bits_ | bit(permission)); }
  void remove(Permission permission) { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(permission)); }
  [[nodiscard]] bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }

  friend Permissions operator|(Permissions a, Permissions b) { return of(a.bits_ | b.bits_); }
  friend Permissions operator-(Permissions a, Permissions b) { return of(a.bits_ & ~b.bits_); }
  friend auto operator<=>(Permissions, Permissions) = default;  // NOLINT(modernize-use-nullptr): not a pointer

 private:
  static constexpr std::uint8_t bit(Permission permission) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(permission));
  }
  static Permissions of(int bits) {
    Permissions made;
    made.bits_ = static_cast<std::uint8_t>(bits);
    return made;
  }
  std::uint8_t bits_ = 0;
};

// What becomes of the profile when a program is executed. The _clean ones have ld.so scrub the environment.
enum class Transition : std::uint8_t {
  inherit,                      // ix
  profile,                      // px: the program's own, else no
  profile_clean,                // Px
  child,                        // cx: a child profile of this one
  child_clean,                  // Cx
  unconfined,                   // ux
  unconfined_clean,             // Ux
  profile_or_inherit,           // pix
  profile_or_inherit_clean,     // Pix
  child_or_inherit,             // cix
  child_or_inherit_clean,       // Cix
  profile_or_unconfined,        // pux
  profile_or_unconfined_clean,  // PUx
  child_or_unconfined,          // cux
  child_or_unconfined_clean,    // CUx
};

using Words = std::set<std::string>;  // out of a table of words.h; empty: all of them

// `include <abstractions/base>`, or a path in quotes.
struct IncludeRule {
  std::string path;
  bool is_magic = true;  // below /etc/apparmor.d
  bool if_exists = false;
  friend auto operator<=>(const IncludeRule&,
                          const IncludeRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct FileRule {
  std::optional<Pattern> path{};  // nothing: `file,`, all files with all permissions, executed under the same profile
  Permissions permissions{};      // `execute` in rules that deny only; else the transition says it
  std::optional<Transition> transition{};
  std::string target{};  // the profile of a px or cx rule, by name
  bool owner = false;    // only of files that the process's user owns

  // With what comes with them: w has a, and ix has m and x.
  [[nodiscard]] Permissions effective() const;
  friend auto operator<=>(const FileRule&, const FileRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct CapabilityRule {
  std::string name{};  // "net_raw"; empty: all
  friend auto operator<=>(const CapabilityRule&,
                          const CapabilityRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct NetworkRule {
  std::string family{};  // "inet"; empty: all
  std::string type{};    // "stream", or a protocol, "tcp"; empty: all
  friend auto operator<=>(const NetworkRule&,
                          const NetworkRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

enum class MountKind : std::uint8_t { mount, remount, umount, pivot_root };

struct MountRule {
  MountKind kind = MountKind::mount;
  Words types{};                    // fstype=(…)
  Words options{};                  // options=(…): exactly these
  bool any_of_options = false;      // options in (…): any of these, or none
  std::optional<Pattern> source{};  // of pivot_root: where the old root goes (oldroot=)
  std::optional<Pattern> target{};
  friend auto operator<=>(const MountRule&,
                          const MountRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct SignalRule {
  Words access{};   // send, receive
  Words signals{};  // "term"
  std::optional<Pattern> peer{};
  friend auto operator<=>(const SignalRule&,
                          const SignalRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct PtraceRule {
  Words access{};  // trace, tracedby, read, readby
  std::optional<Pattern> peer{};
  friend auto operator<=>(const PtraceRule&,
                          const PtraceRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct UnixRule {
  Words access{};
  std::string type{};                                                   // "stream"; empty: all
  std::optional<Pattern> address{};                                     // addr=
  std::optional<Pattern> peer{};                                        // peer=(label=…)
  friend auto operator<=>(const UnixRule&, const UnixRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct ChangeProfileRule {
  std::optional<Pattern> target{};
  friend auto operator<=>(const ChangeProfileRule&,
                          const ChangeProfileRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

// A class of things as a whole that parsers before 4.0 don't know: left out for those (render.h).
enum class NewClass : std::uint8_t { userns, mqueue, io_uring };
struct NewClassRule {
  NewClass what = NewClass::userns;
  friend auto operator<=>(const NewClassRule&,
                          const NewClassRule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

using Body = std::variant<IncludeRule, CapabilityRule, NetworkRule, MountRule, NewClassRule, SignalRule, PtraceRule,
                          UnixRule, ChangeProfileRule, FileRule>;

struct Rule {
  bool deny = false;   // goes before every rule that allows, and is silent unless `audit`
  bool audit = false;  // what it meets is logged
  Body body{};
  friend auto operator<=>(const Rule&, const Rule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct Profile {
  std::string name;
  Words flags{};  // "attach_disconnected"
  std::set<Rule> rules{};

  void add(Rule rule) { rules.insert(std::move(rule)); }
  friend bool operator==(const Profile&, const Profile&) = default;
};

// What we take for a profile's name: a letter, then letters, digits and "._-", at most 128.
bool is_profile_name(std::string_view name);

// The name of a confinement by both: what either forbids is forbidden (aa_stack_profile(2)). This is the intersection
// of two loaded profiles, made by the kernel, which understands both, and not by us, who would have to understand the
// globs of both. It works as process.apparmorProfile and in attr/exec where
// /sys/kernel/security/apparmor/features/domain/stack says yes (Linux 4.13), also under no_new_privs, which forbids any
// other change of a confined process.
std::string stacked(std::string_view a, std::string_view b);

}  // namespace runward::apparmor
