// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/apparmor.h"

#include <algorithm>
#include <map>

#include "apparmor/compile.h"
#include "apparmor/parse.h"
#include "apparmor/render.h"
#include "apparmor/words.h"
#include "shim/ctl/apparmor_profiles.h"
#include "shim/ctl/table.h"
#include "shim/ctl/words.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

using apparmor::Profile;
using apparmor::Rule;

std::string_view word(Standing standing) {
  switch (standing) {
    case Standing::loaded:
      return "loaded";
    case Standing::compiled:
      return "compiled, loaded when a container starts";
    case Standing::to_compile:
      return "compiled and loaded when a container starts";
    case Standing::unavailable:
      return "not compiled, and apparmor_parser is missing";
  }
  return "";
}

std::string standing_text(const apparmor::Wanted& wanted) {
  const apparmor::Places places = apparmor::host_places();
  if (!apparmor::kernel_has_apparmor(places)) return "this host has no AppArmor";
  const auto standing = standing_of(places, wanted);
  return standing ? std::string(word(*standing)) : standing.error().message;
}

// ---- the summary

template <typename Kind>
std::vector<std::string> texts_of(const Profile& profile, bool deny) {
  std::vector<std::string> texts;
  for (Rule rule : profile.rules) {
    if (rule.deny != deny || !std::holds_alternative<Kind>(rule.body)) continue;
    rule.deny = rule.audit = false;
    std::string text = apparmor::render(rule);
    text.pop_back();  // its comma
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string counted(std::size_t count, const char* what) { return std::to_string(count) + " " + what; }

std::string files_line(const Profile& profile) {
  const auto allowed = texts_of<apparmor::FileRule>(profile, false);
  const auto denied = texts_of<apparmor::FileRule>(profile, true);
  const bool all = std::ranges::find(allowed, "file") != allowed.end();
  return (all ? std::string("all, as owners and modes say") : counted(allowed.size(), "rules")) +
         (denied.empty() ? "" : "; " + counted(denied.size(), "rules that deny"));
}

std::string capabilities_line(const Profile& profile) {
  std::vector<std::string> allowed, denied;
  for (const Rule& rule : profile.rules)
    if (const auto* const capability = std::get_if<apparmor::CapabilityRule>(&rule.body))
      (rule.deny ? denied : allowed).push_back(capability->name.empty() ? "all" : capability->name);
  if (allowed.empty()) return "none";
  return joined(allowed) + (denied.empty() ? "" : ", but " + joined(denied));
}

std::string network_line(const Profile& profile) {
  std::map<std::string, std::vector<std::string>> families;
  for (const Rule& rule : profile.rules) {
    const auto* const network = std::get_if<apparmor::NetworkRule>(&rule.body);
    if (network == nullptr || rule.deny) continue;
    if (network->family.empty()) return "all";
    families[network->family].push_back(network->type);
  }
  std::vector<std::string> texts;
  for (const auto& [family, types] : families) {
    const std::string list = joined(types);
    texts.push_back(list.empty() ? family : family + " (" + list + ")");
  }
  const std::size_t closed = apparmor::kFamilies.size() - families.size();
  return (texts.empty() ? "none" : joined(texts)) + "; " + counted(closed, "families closed");
}

template <typename Kind>
std::string plain_line(const Profile& profile) {
  const auto allowed = texts_of<Kind>(profile, false);
  return allowed.empty() ? "none" : joined(allowed);
}

std::string new_classes_line(const Profile& profile) {
  std::vector<std::string> closed;
  for (const apparmor::NewClassWord& entry : apparmor::kNewClasses) {
    const bool open = profile.rules.contains({.body = apparmor::NewClassRule{entry.what}});
    if (!open) closed.emplace_back(entry.word);
  }
  return closed.empty() ? "nothing" : joined(closed);
}

// ---- the actions

Result<int> show(const OwnProfile& own, const Given& given) {
  const std::string version = given.value("abi").value_or("4.0");
  if (version != "4.0" && version != "3.0") return make_error(ErrorKind::usage, "--abi takes 4.0 or 3.0");
  const auto profile = apparmor::parse(own.wanted.source, own.place);
  print("# " + own.wanted.name + ", from " + printable(own.place) + "\n# " + standing_text(own.wanted) + "\n");
  if (!profile) {
    print("# more than runward reads itself: " + printable(profile.error().message) + "\n\n" + own.wanted.source);
    return kExitOk;
  }
  SHIM_TRY(const std::string text,
           apparmor::render(*profile, version == "4.0" ? apparmor::Abi::v4_0 : apparmor::Abi::v3_0));
  print("#\n" + indented(apparmor_summary(*profile), "# ") + "\n" + text);
  return kExitOk;
}

std::string problem_of(const OwnProfile& own, const std::string& parser) {
  const auto profile = apparmor::parse(own.wanted.source, own.place);
  if (profile && profile->name != own.wanted.name) return "its name is '" + profile->name + "'";
  if (parser.empty()) return profile ? "" : profile.error().message;
  const auto text = apparmor::text_for(parser, own.wanted.source);
  if (!text) return text.error().message;
  const auto names = apparmor::names_in(parser, *text);
  if (!names) return names.error().message;
  if (*names != std::vector{own.wanted.name}) return "expected one profile of this name, not " + joined(*names);
  const Status valid = apparmor::validate(parser, *text);
  return valid ? "" : valid.error().message;
}

Result<int> check(const std::vector<OwnProfile>& all) {
  const std::string parser = apparmor::find_parser();
  Table table;
  bool fine = true;
  for (const OwnProfile& own : all) {
    const std::string problem = problem_of(own, parser);
    fine = fine && problem.empty();
    table.rows.push_back({problem.empty() ? "ok" : "wrong", own.wanted.name, printable(own.place), printable(problem)});
  }
  print(render(table));
  if (parser.empty()) complain("apparmor_parser is not installed: only what runward reads itself was checked");
  return fine ? kExitOk : kExitProblem;
}

Result<int> load(const OwnProfile& own) {
  const apparmor::Places places = apparmor::host_places();
  if (!apparmor::kernel_has_apparmor(places))
    return make_error(ErrorKind::unsupported, "this host has no AppArmor: boot a kernel with it");
  SHIM_TRY(const apparmor::Loaded loaded, apparmor::ensure_loaded(places, own.wanted));
  const char* const how = loaded == apparmor::Loaded::already      ? "was loaded already"
                          : loaded == apparmor::Loaded::from_cache ? "loaded, as it was compiled before"
                                                                   : "compiled and loaded";
  print(own.wanted.name + ": " + how + "\n");
  return kExitOk;
}

Result<int> unload(const OwnProfile& own) {
  const apparmor::Places places = apparmor::host_places();
  SHIM_TRY(const bool loaded, apparmor::is_loaded(places, own.wanted.name));
  if (!loaded) {
    print(own.wanted.name + ": is not loaded\n");
    return kExitOk;
  }
  SHIM_CHECK(apparmor::unload(places, own.wanted.name));
  print(own.wanted.name + ": unloaded; containers that run under it are unconfined now\n");
  return kExitOk;
}

}  // namespace

std::string apparmor_summary(const Profile& profile) {
  Table table;
  table.rows = {{"files", files_line(profile)},
                {"capabilities", capabilities_line(profile)},
                {"mounts", plain_line<apparmor::MountRule>(profile)},
                {"network", network_line(profile)},
                {"signals", plain_line<apparmor::SignalRule>(profile)},
                {"ptrace", plain_line<apparmor::PtraceRule>(profile)},
                {"other profiles", plain_line<apparmor::ChangeProfileRule>(profile)},
                {"closed by 4.0", new_classes_line(profile)}};
  return render(table);
}

Result<int> run_apparmor(const Given& given) {
  const auto& arguments = given.arguments();
  if (arguments.empty()) return make_error(ErrorKind::usage, "apparmor needs show, check, load or unload");
  const std::string& action = arguments[0];
  const bool names_one = arguments.size() == 2;
  if (action == "check" && !names_one) {
    SHIM_TRY(const auto all, own_profiles(config_dir(given)));
    return check(all);
  }
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
  SHIM_TRY(const OwnProfile own,
           own_profile_of(config_dir(given), names_one ? arguments[1] : config.selection.standard));
  if (action == "show") return show(own, given);
  if (action == "check") return check({own});
  if (action == "load") return load(own);
  if (action == "unload") return unload(own);
  return make_error(ErrorKind::usage, "apparmor takes show, check, load or unload, not '" + printable(action) + "'");
}

}  // namespace runward::ctl
