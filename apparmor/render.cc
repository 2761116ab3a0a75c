// SPDX-License-Identifier: Apache-2.0
#include "apparmor/render.h"

#include <algorithm>

#include "apparmor/words.h"

namespace runward::apparmor {
namespace {

template <typename Table, typename Key>
std::string_view word_of(const Table& table, Key Table::value_type::*member, Key key) {
  return std::ranges::find(table, key, member)->word;
}

// In quotes where it has more than letters, digits, globs and a path's own marks.
std::string quoted(const Pattern& pattern) {
  constexpr std::string_view kBare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-*?[]{},^";
  const std::string& text = pattern.text();
  const bool bare = text.starts_with('/') && text.find_first_not_of(kBare) == std::string::npos;
  return bare ? text : '"' + text + '"';
}

std::string list(const Words& words) {
  std::string text = "(";
  for (const std::string& word : words) text.append(text.size() == 1 ? "" : ", ").append(word);
  return text + ")";
}

std::string after_blank(const std::string& text) { return text.empty() ? text : " " + text; }

std::string access_list(const Words& words) { return words.empty() ? "" : " " + list(words); }

std::string peer(const std::optional<Pattern>& label) { return label ? " peer=\"" + label->text() + '"' : ""; }

std::string permissions(const FileRule& rule) {
  std::string text;
  for (const PermissionLetter& entry : kPermissionLetters)
    if (rule.permissions.has(entry.permission)) text.push_back(entry.letter);
  if (rule.transition) text.append(word_of(kTransitions, &TransitionWord::transition, *rule.transition));
  return text;
}

struct BodyText {
  std::string operator()(const IncludeRule& rule) const {
    const std::string name = rule.is_magic ? "<" + rule.path + ">" : '"' + rule.path + '"';
    return std::string("include ").append(rule.if_exists ? "if exists " : "").append(name);
  }
  std::string operator()(const FileRule& rule) const {
    const std::string owner = rule.owner ? "owner " : "";
    if (!rule.path) return owner + "file";
    const std::string target = rule.target.empty() ? "" : " -> " + rule.target;
    return owner + quoted(*rule.path) + " " + permissions(rule) + target;
  }
  std::string operator()(const CapabilityRule& rule) const { return "capability" + after_blank(rule.name); }
  std::string operator()(const NetworkRule& rule) const {
    return "network" + after_blank(rule.family) + after_blank(rule.type);
  }
  std::string operator()(const MountRule& rule) const {
    std::string text(word_of(kMountWords, &MountWord::kind, rule.kind));
    if (!rule.types.empty()) text += " fstype=" + list(rule.types);
    if (!rule.options.empty()) text += (rule.any_of_options ? " options in " : " options=") + list(rule.options);
    if (rule.kind == MountKind::pivot_root) {
      if (rule.source) text += " oldroot=" + quoted(*rule.source);
      return rule.target ? text + " " + quoted(*rule.target) : text;
    }
    if (rule.kind != MountKind::mount) return rule.target ? text + " " + quoted(*rule.target) : text;
    if (rule.source) text += " " + quoted(*rule.source);
    return rule.target ? text + " -> " + quoted(*rule.target) : text;
  }
  std::string operator()(const SignalRule& rule) const {
    const std::string set = rule.signals.empty() ? "" : " set=" + list(rule.signals);
    return "signal" + access_list(rule.access) + set + peer(rule.peer);
  }
  std::string operator()(const PtraceRule& rule) const { return "ptrace" + access_list(rule.access) + peer(rule.peer); }
  std::string operator()(const UnixRule& rule) const {
    std::string text = "unix" + access_list(rule.access);
    if (!rule.type.empty()) text += " type=" + rule.type;
    if (rule.address) text += " addr=\"" + rule.address->text() + '"';
    if (rule.peer) text += " peer=(label=\"" + rule.peer->text() + "\")";
    return text;
  }
  std::string operator()(const ChangeProfileRule& rule) const {
    return rule.target ? "change_profile -> \"" + rule.target->text() + '"' : "change_profile";
  }
  std::string operator()(const NewClassRule& rule) const {
    return std::string(word_of(kNewClasses, &NewClassWord::what, rule.what));
  }
};

Status check_file_rule(const Rule& rule, const FileRule& file) {
  const auto wrong = [&](const std::string& why) {
    return make_error(ErrorKind::internal, "rule '" + render(rule) + "': " + why);
  };
  if (!file.path) return ok();
  if (!file.path->text().starts_with('/')) return wrong("not an absolute path");
  // apparmor_parser takes one of them out, but not at the beginning: what the rule means would depend on that.
  if (file.path->text().find("//") != std::string::npos) return wrong("a path with an empty component");
  if (file.permissions.empty() && !file.transition) return wrong("no permission");
  if (file.permissions.has(Permission::write) && file.permissions.has(Permission::append))
    return wrong("'w' and 'a' exclude each other");
  if (file.permissions.has(Permission::execute) != (file.permissions.has(Permission::execute) && rule.deny))
    return wrong("'x' without a transition is for rules that deny");
  if (rule.deny && file.transition) return wrong("a rule that denies has no transition");
  if (!file.target.empty() && (!file.transition || !is_profile_name(file.target)))
    return wrong("a target that is none");
  return ok();
}

bool is_known(const Rule& rule, Abi abi) {
  return abi != Abi::v3_0 || !std::holds_alternative<NewClassRule>(rule.body);
}

// apparmor_parser 3.0.8 makes of `audit deny umount` and its like a profile under which the kernel does not look at
// mounts at all (seen on Linux 6.1: every mount went through). Silent, they are denied.
Rule as_understood(Rule rule, Abi abi) {
  if (abi == Abi::v3_0 && rule.deny && std::holds_alternative<MountRule>(rule.body)) rule.audit = false;
  return rule;
}

}  // namespace

std::string render(const Rule& rule) {
  std::string text = rule.audit ? "audit " : "";
  if (rule.deny) text += "deny ";
  text += std::visit(BodyText(), rule.body);
  return std::holds_alternative<IncludeRule>(rule.body) ? text : text + ",";
}

Result<std::string> render(const Profile& profile, Abi abi) {
  if (!is_profile_name(profile.name))
    return make_error(ErrorKind::internal, "'" + profile.name.substr(0, 80) + "' is no name for an AppArmor profile");
  std::string text = abi == Abi::v4_0 ? "abi <abi/4.0>,\n\n" : "abi <abi/3.0>,\n\n";
  text += "profile " + profile.name;
  if (!profile.flags.empty()) text += " flags=" + list(profile.flags);
  text += " {\n";
  for (const Rule& rule : profile.rules) {
    if (const auto* const file = std::get_if<FileRule>(&rule.body)) SHIM_CHECK(check_file_rule(rule, *file));
    if (is_known(rule, abi)) text += "  " + render(as_understood(rule, abi)) + "\n";
  }
  return text + "}\n";
}

}  // namespace runward::apparmor
