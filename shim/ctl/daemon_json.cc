// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/daemon_json.h"

#include <algorithm>
#include <cctype>

#include "shim/ctl/json_edit.h"
#include "shim/oci/parse.h"

namespace runward::ctl {
namespace {

constexpr auto kRuntimes = "runtimes";
constexpr auto kDefault = "default-runtime";
constexpr auto kEmpty = "{}\n";

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Error wrong(std::string_view text, std::string_view name, const oci::Pointer& where, const std::string& problem) {
  const oci::TextPosition at = oci::position_of(text, where);
  return make_error(ErrorKind::parse, std::string(name) + ":" + std::to_string(at.line) + ":" +
                                          std::to_string(at.column) + ": " + problem);
}

bool differs_in_case(const std::string& key, std::string_view known) {
  return key != known && std::ranges::equal(key, known, [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

// Go reads keys whatever their case, so "Runtimes" would be a second "runtimes".
Status check(const oci::Value& document, std::string_view text, std::string_view name) {
  if (!document.is_object()) return wrong(text, name, oci::Pointer(), "expected an object");
  for (const auto& [key, value] : document.items())
    for (const auto* known : {kRuntimes, kDefault})
      if (differs_in_case(key, known))
        return wrong(text, name, oci::Pointer() / key, "'" + key + "' has to be written '" + known + "'");
  const oci::Value* const runtimes = oci::find(document, std::string_view(kRuntimes));
  if (runtimes != nullptr && !runtimes->is_object())
    return wrong(text, name, oci::Pointer() / kRuntimes, "runtimes: expected an object");
  const oci::Value* const standard = oci::find(document, std::string_view(kDefault));
  if (standard != nullptr && !standard->is_string())
    return wrong(text, name, oci::Pointer() / kDefault, "default-runtime: expected a text");
  return ok();
}

Result<oci::Value> parse(std::string_view text, std::string_view name) {
  if (is_blank(text)) return oci::Value::object();
  SHIM_TRY(oci::Value document, oci::parse(text, name));
  SHIM_CHECK(check(document, text, name));
  return document;
}

std::string text_at(const oci::Value& document, const oci::Pointer& where) {
  const oci::Value* const value = oci::find(document, where);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// dockerd puts runtimeArgs into a script that it deletes at every start, so we neither want nor keep them.
Status check_is_only_path(const oci::Value& document, std::string_view text, std::string_view name,
                          const std::string& runtime) {
  const oci::Pointer where = oci::Pointer() / kRuntimes / runtime;
  const oci::Value* const entry = oci::find(document, where);
  if (entry == nullptr) return ok();
  const bool only_path = entry->is_object() && entry->size() == 1 && !text_at(document, where / "path").empty();
  if (only_path) return ok();
  return wrong(text, name, where,
               "runtimes." + runtime + " is there already, with more than a path: remove it, or choose another --name");
}

Registration registration_in(const oci::Value& document, const std::vector<std::string>& names) {
  Registration found;
  for (const std::string& name : names) {
    std::string path = text_at(document, oci::Pointer() / kRuntimes / name / "path");
    if (!path.empty()) found.runtimes.push_back({.name = name, .path = std::move(path)});
  }
  const std::string standard = text_at(document, oci::Pointer() / kDefault);
  if (std::ranges::find(names, standard) != names.end()) found.default_runtime = standard;
  return found;
}

}  // namespace

Result<std::string> add_runtimes(std::string_view text, std::string_view name, const Registration& registration) {
  SHIM_TRY(const oci::Value document, parse(text, name));
  for (const RuntimeEntry& entry : registration.runtimes)
    SHIM_CHECK(check_is_only_path(document, text, name, entry.name));
  std::string result(is_blank(text) ? std::string_view(kEmpty) : text);
  if (oci::find(document, std::string_view(kRuntimes)) == nullptr) {
    OrderedValue runtimes = OrderedValue::object();
    for (const RuntimeEntry& entry : registration.runtimes) runtimes[entry.name] = {{"path", entry.path}};
    result = set_member(result, {}, kRuntimes, runtimes);
  } else {
    for (const RuntimeEntry& entry : registration.runtimes)
      if (text_at(document, oci::Pointer() / kRuntimes / entry.name / "path") != entry.path)
        result = set_member(result, {kRuntimes}, entry.name, OrderedValue{{"path", entry.path}});
  }
  const auto& standard = registration.default_runtime;
  if (standard && text_at(document, oci::Pointer() / kDefault) != *standard)
    result = set_member(result, {}, kDefault, *standard);
  return result;
}

Result<std::string> remove_runtimes(std::string_view text, std::string_view name, const std::vector<std::string>& names,
                                    const std::optional<std::string>& before) {
  SHIM_TRY(const oci::Value document, parse(text, name));
  const Registration ours = registration_in(document, names);
  if (before) {
    const auto again = add_runtimes(*before, name, ours);
    if (again && *again == text) return *before;
  }
  std::string result(text);
  for (const RuntimeEntry& entry : ours.runtimes) result = remove_member(result, {kRuntimes}, entry.name);
  const oci::Value* const runtimes = oci::find(document, std::string_view(kRuntimes));
  if (!ours.runtimes.empty() && runtimes->size() == ours.runtimes.size()) result = remove_member(result, {}, kRuntimes);
  if (!ours.default_runtime) return result;
  const auto earlier = before ? daemon_setting(*before, kDefault) : std::nullopt;
  const bool is_ours = earlier && std::ranges::find(names, *earlier) != names.end();
  return earlier && !is_ours ? set_member(result, {}, kDefault, *earlier) : remove_member(result, {}, kDefault);
}

Result<std::vector<RuntimeEntry>> registered(std::string_view text, std::string_view name,
                                             const std::vector<std::string>& names) {
  SHIM_TRY(const oci::Value document, parse(text, name));
  return registration_in(document, names).runtimes;
}

std::optional<std::string> daemon_setting(std::string_view text, std::string_view key) {
  if (is_blank(text)) return std::nullopt;
  const auto document = oci::parse(text, "daemon.json");
  if (!document) return std::nullopt;
  const oci::Value* const value = oci::find(*document, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

}  // namespace runward::ctl
