// SPDX-License-Identifier: Apache-2.0
#pragma once

// Profiles by chance, over few and short names, so that their rules meet.

#include <random>
#include <string>

#include "apparmor/profile.h"
#include "apparmor/words.h"

namespace runward::apparmor {

inline std::string random_path(std::mt19937& random) {
  constexpr std::string_view kBytes = "ab/*\"";
  std::string path = "/";
  const std::size_t length = 1 + random() % 6;
  while (path.size() < length) {
    const char c = kBytes[random() % kBytes.size()];
    if (c != '/' || path.back() != '/') path.push_back(c);
  }
  return path;
}

inline std::string random_glob(std::mt19937& random) {
  constexpr std::array<std::string_view, 16> kParts = {"a",    "b",       "/",     "*",     "**",     "?",
                                                       "[ab]", "[^a]",    "{a,b}", "{,/a}", "{a,*b}", "{a,{b,/}}",
                                                       "\\*",  "{**,/b}", "/*",    "/**"};
  std::string glob = "/";
  const std::size_t parts = random() % 6;
  for (std::size_t i = 0; i < parts; ++i) glob += kParts[random() % kParts.size()];
  // apparmor_parser takes slashes out, and we refuse them.
  for (std::size_t at = glob.find("//"); at != std::string::npos; at = glob.find("//")) glob.erase(at, 1);
  return glob;
}

template <typename Table>
std::string any(std::mt19937& random, const Table& table) {
  return std::string(table[random() % table.size()]);
}
template <typename Table>
Words some(std::mt19937& random, const Table& table) {
  Words words;
  for (std::size_t count = random() % 3; count > 0; --count) words.insert(any(random, table));
  return words;
}

inline std::optional<Pattern> maybe_glob(std::mt19937& random) {
  if (random() % 2 == 0) return std::nullopt;
  return *Pattern::glob(random_glob(random));
}

inline Rule random_file_rule(std::mt19937& random) {
  FileRule file{.path = random() % 2 == 0 ? *exact_path(random_path(random)) : *Pattern::glob(random_glob(random)),
                .owner = random() % 4 == 0};
  const bool deny = random() % 4 == 0;
  for (const PermissionLetter& entry : kPermissionLetters)
    if (random() % 3 == 0) file.permissions.add(entry.permission);
  if (file.permissions.has(Permission::write)) file.permissions.remove(Permission::append);
  if (!deny) file.permissions.remove(Permission::execute);
  if (!deny && random() % 4 == 0)
    file.transition = random() % 3 == 0 ? Transition::profile_or_inherit : Transition::inherit;
  if (file.permissions.empty() && !file.transition) file.permissions.add(Permission::read);
  if (file.transition == Transition::profile_or_inherit && random() % 2 == 0) file.target = "other";
  return {.deny = deny, .audit = random() % 4 == 0, .body = std::move(file)};
}

inline Body random_body(std::mt19937& random) {
  switch (random() % 9) {
    case 0:
      return CapabilityRule{.name = any(random, kCapabilities)};
    case 1:
      return NetworkRule{.family = any(random, kFamilies), .type = random() % 2 == 0 ? "" : "stream"};
    case 2: {
      MountRule mount{.kind = kMountWords[random() % kMountWords.size()].kind};
      if (mount.kind != MountKind::pivot_root) mount.options = some(random, kMountOptions);
      mount.any_of_options = !mount.options.empty() && random() % 2 == 0;
      if (mount.kind == MountKind::mount || mount.kind == MountKind::pivot_root) mount.source = maybe_glob(random);
      mount.target = maybe_glob(random);
      return mount;
    }
    case 3:
      return SignalRule{
          .access = some(random, kSignalAccess), .signals = some(random, kSignals), .peer = maybe_glob(random)};
    case 4:
      return PtraceRule{.access = some(random, kPtraceAccess), .peer = maybe_glob(random)};
    case 5:
      return UnixRule{.access = some(random, kUnixAccess),
                      .type = random() % 2 == 0 ? "" : "dgram",
                      .address = maybe_glob(random),
                      .peer = maybe_glob(random)};
    case 6:
      return ChangeProfileRule{.target = maybe_glob(random)};
    case 7:
      return NewClassRule{.what = kNewClasses[random() % kNewClasses.size()].what};
    default:
      return FileRule{};
  }
}

inline Profile random_profile(std::mt19937& random) {
  Profile profile{.name = "p", .flags = random() % 2 == 0 ? Words{} : Words{"attach_disconnected", "mediate_deleted"}};
  for (std::size_t count = random() % 12; count > 0; --count) profile.add(random_file_rule(random));
  for (std::size_t count = random() % 6; count > 0; --count)
    profile.add({.deny = random() % 3 == 0, .audit = random() % 3 == 0, .body = random_body(random)});
  if (random() % 4 == 0)
    profile.add({.body = IncludeRule{.path = "abstractions/base", .if_exists = random() % 2 == 0}});
  return profile;
}

}  // namespace runward::apparmor
