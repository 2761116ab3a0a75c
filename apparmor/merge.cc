// SPDX-License-Identifier: Apache-2.0
#include "apparmor/merge.h"

#include <map>
#include <tuple>

#include "apparmor/render.h"

namespace runward::apparmor {
namespace {

// File rules that differ in their permissions only are one.
using Place = std::tuple<Pattern, bool, bool, bool>;  // path, deny, audit, owner

Status join(FileRule& into, const FileRule& more) {
  const bool conflict =
      into.transition && more.transition && (into.transition != more.transition || into.target != more.target);
  if (conflict)
    return make_error(ErrorKind::policy, "the AppArmor rules '" + render(Rule{.body = into}) + "' and '" +
                                             render(Rule{.body = more}) + "' exclude each other");
  into.permissions = into.permissions | more.permissions;
  if (into.permissions.has(Permission::write)) into.permissions.remove(Permission::append);
  if (!into.transition) {
    into.transition = more.transition;
    into.target = more.target;
  }
  return ok();
}

}  // namespace

Result<Profile> merge(const Profile& first, const Profile& second) {
  Profile merged{.name = first.name, .flags = first.flags};
  std::map<Place, FileRule> files;
  for (const Profile* profile : {&first, &second}) {
    for (const Rule& rule : profile->rules) {
      const auto* const file = std::get_if<FileRule>(&rule.body);
      if (file == nullptr || !file->path) {
        merged.add(rule);
        continue;
      }
      const auto [place, is_new] = files.try_emplace(Place(*file->path, rule.deny, rule.audit, file->owner), *file);
      if (!is_new) SHIM_CHECK(join(place->second, *file));
    }
  }
  for (const auto& entry : files) {
    const auto& [path, deny, audit, owner] = entry.first;
    merged.add({.deny = deny, .audit = audit, .body = entry.second});
  }
  return merged;
}

}  // namespace runward::apparmor
