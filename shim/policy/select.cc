// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/select.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "shim/policy/policy.h"

namespace runward::policy {
namespace {

constexpr std::string_view kRuntimePrefix = "runward-";
constexpr std::string_view kLocal = "local:";

const std::string* lookup(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() || key.empty() ? nullptr : &found->second;
}

// What the container asked for, or nothing.
struct Wish {
  std::string profile;
  std::string where;  // "annotation 'io.runward.profile'"
};

std::optional<Wish> wish_of(const Selection& selection, const SelectionInput& input) {
  if (const std::string* profile = lookup(input.annotations, selection.annotation))
    return Wish{.profile = *profile, .where = "annotation '" + selection.annotation + "'"};
  if (selection.choices.empty()) return std::nullopt;
  if (const std::string* profile = lookup(input.labels, selection.label))
    return Wish{.profile = *profile, .where = "label '" + selection.label + "'"};
  return std::nullopt;
}

// The wish comes from whoever started the container: short, and without what could break a line of a log.
std::string for_message(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string shown(text.substr(0, kLongest));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return shown;
}

Result<Choice> grant(const Selection& selection, const Wish& wish) {
  if (selection.choices.contains(wish.profile)) return Choice{.profile = wish.profile, .reason = wish.where};
  std::string allowed;
  for (const std::string& name : selection.choices) allowed += (allowed.empty() ? "" : ", ") + name;
  return make_error(ErrorKind::policy, "profile '" + for_message(wish.profile) + "', asked for by " + wish.where +
                                           ", is none that a container may choose (" +
                                           (allowed.empty() ? "profiles.choices is empty" : allowed) + ")");
}

// A reference as the user wrote it, without its tag or digest.
std::string_view without_tag(std::string_view reference) {
  reference = reference.substr(0, reference.find('@'));
  const std::size_t slash = reference.rfind('/');
  return reference.substr(0, reference.find(':', slash == std::string_view::npos ? 0 : slash));
}

// "nginx" means docker.io/library/nginx, "me/app" docker.io/me/app: what Docker makes of a name without a registry.
std::string full_repository(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return "docker.io/library/" + std::string(name);
  const std::string_view registry = name.substr(0, slash);
  const bool is_registry = registry.find_first_of(".:") != std::string_view::npos || registry == "localhost";
  return is_registry ? std::string(name) : "docker.io/" + std::string(name);
}

std::optional<Choice> choice_by_runtime(const Selection& selection, const std::string& name) {
  const std::string reason = "runtime name '" + name + "'";
  if (const std::string* profile = lookup(selection.by_runtime, name))
    return Choice{.profile = *profile, .reason = reason};
  if (name.starts_with(kRuntimePrefix) && name.size() > kRuntimePrefix.size())
    return Choice{.profile = name.substr(kRuntimePrefix.size()), .reason = reason};
  return std::nullopt;
}

// By its record only where the runtime's name says nothing: whoever may call dockerd can make any container look like a
// step of the classic builder, and must not get by that out of the profile that an administrator gave the runtime.
std::optional<Choice> choice_for_build(const Selection& selection, BuildStep step, bool runtime_chooses) {
  if (selection.builds.empty()) return std::nullopt;
  if (step == BuildStep::by_call) return Choice{.profile = selection.builds, .reason = "a step of an image build"};
  if (step == BuildStep::by_record && !runtime_chooses)
    return Choice{.profile = selection.builds, .reason = kClassicBuildStep};
  return std::nullopt;
}

}  // namespace

bool needs_container_info(const Selection& selection) {
  return !selection.by_image.empty() || (!selection.choices.empty() && !selection.label.empty());
}

bool image_matches(const std::string& pattern, const SelectionInput& input) {
  if (pattern.starts_with("sha256:"))
    return pattern == input.image_id || std::ranges::any_of(input.image_digests, [&](const std::string& digest) {
             return digest.ends_with("@" + pattern);
           });
  if (pattern.starts_with(kLocal)) {
    const std::string name = pattern.substr(kLocal.size());
    return !input.image.empty() && (matches(name, input.image) || matches(name, std::string(without_tag(input.image))));
  }
  // Not the name that the image was started by: a name is given by whoever may tag or build, a digest only by a pull.
  const std::string repository = full_repository(pattern);
  return std::ranges::any_of(input.image_digests, [&](const std::string& digest) {
    return matches(repository, full_repository(without_tag(digest)));
  });
}

Result<Choice> select_profile(const Selection& selection, const SelectionInput& input) {
  if (const std::string* profile = lookup(selection.by_namespace, input.engine_namespace))
    return Choice{.profile = *profile, .reason = "engine namespace '" + input.engine_namespace + "'"};
  const auto by_runtime = choice_by_runtime(selection, input.runtime_name);
  if (const auto build = choice_for_build(selection, input.build_step, by_runtime.has_value())) return *build;
  // What a Dockerfile says becomes a label of its steps' containers, and its author may choose nothing.
  const bool may_wish = input.build_step == BuildStep::none || selection.builds.empty();
  if (const auto wish = wish_of(selection, input); wish && may_wish) return grant(selection, *wish);
  if (by_runtime) return *by_runtime;
  for (const Selection::ImageChoice& choice : selection.by_image)
    if (image_matches(choice.image, input))
      return Choice{.profile = choice.profile, .reason = "image '" + choice.image + "'"};
  return Choice{.profile = selection.standard, .reason = "the default"};
}

}  // namespace runward::policy
