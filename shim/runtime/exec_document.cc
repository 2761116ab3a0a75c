// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/exec_document.h"

#include <array>
#include <cstdint>
#include <string_view>

#include "shim/base/number.h"
#include "shim/oci/spec.h"
#include "shim/runtime/rewrite.h"

namespace runward::runtime {
namespace {

// How the runtime starts the process, not what the process is.
constexpr std::array<std::string_view, 7> kKept = {"console-socket", "pidfd-socket", "detach",       "pid-file",
                                                   "preserve-fds",   "cgroup",       "ignore-paused"};

Result<std::uint32_t> parse_id(std::string_view text, std::string_view option) {
  if (const auto id = parse_number<std::uint32_t>(text)) return *id;
  return make_error(ErrorKind::usage,
                    "option '--" + std::string(option) + "' needs numbers, not '" + std::string(text) + "'");
}

// "UID" or "UID:GID".
Status set_user(oci::Value& process, std::string_view text) {
  const std::size_t colon = text.find(':');
  SHIM_TRY(const std::uint32_t uid, parse_id(text.substr(0, colon), "user"));
  process["user"]["uid"] = uid;
  if (colon == std::string_view::npos) return ok();
  SHIM_TRY(const std::uint32_t gid, parse_id(text.substr(colon + 1), "user"));
  process["user"]["gid"] = gid;
  return ok();
}

oci::Value& list_at(oci::Value& object, const std::string& member) {
  oci::Value& list = object[member];
  if (!list.is_array()) list = oci::Value::array();
  return list;
}

Status add_groups(oci::Value& process, const Invocation& call) {
  for (const std::string_view text : option_values(call, "additional-gids")) {
    SHIM_TRY(const std::uint32_t gid, parse_id(text, "additional-gids"));
    list_at(process["user"], "additionalGids").push_back(gid);
  }
  return ok();
}

struct TextFlag {
  std::string_view option;
  const char* member;
};
constexpr std::array kTextFlags = {TextFlag{"cwd", "cwd"}, TextFlag{"apparmor", "apparmorProfile"},
                                   TextFlag{"process-label", "selinuxLabel"}};

}  // namespace

Result<oci::Value> process_from_flags(const Invocation& call, oci::Value own) {
  if (call.arguments.size() < 2) return make_error(ErrorKind::usage, "'exec' needs a command or '--process'");
  oci::Value process = std::move(own);
  process["args"] = oci::Strings(call.arguments.begin() + 1, call.arguments.end());
  process["terminal"] = option_value(call, "tty") == "true";
  for (const TextFlag& flag : kTextFlags)
    if (const auto value = option_value(call, flag.option); value && !value->empty()) process[flag.member] = *value;
  for (const std::string_view entry : option_values(call, "env")) list_at(process, "env").push_back(entry);
  for (const std::string_view capability : option_values(call, "cap"))
    for (const std::string_view set : oci::kCapabilitySets)
      list_at(process["capabilities"], std::string(set)).push_back(capability);
  if (const auto value = option_value(call, "no-new-privs")) process["noNewPrivileges"] = *value == "true";
  if (const auto user = option_value(call, "user"); user && !user->empty()) SHIM_CHECK(set_user(process, *user));
  SHIM_CHECK(add_groups(process, call));
  return process;
}

std::vector<std::string> with_process(const Invocation& call, const std::vector<std::string>& argv,
                                      const std::string& path) {
  return rewritten(call, argv, kKept, "--process=" + path);
}

}  // namespace runward::runtime
