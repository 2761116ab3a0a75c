// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/diversion.h"

#include <filesystem>

#include "shim/runtime/capture.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

Status check_exit(const runtime::Captured& captured, const std::string& what) {
  if (captured.exit_code == 0) return ok();
  return make_error(ErrorKind::io, "`dpkg-divert " + what + "` ended with " + std::to_string(captured.exit_code));
}

}  // namespace

std::optional<Dpkg> Dpkg::find(const std::string& root) {
  std::error_code error;
  if (!std::filesystem::exists(root + "/var/lib/dpkg/status", error)) return std::nullopt;
  // Not by PATH: this runs as root.
  const auto program = runtime::find_program("dpkg-divert", "");
  if (!program) return std::nullopt;
  return Dpkg(*program, root.empty() ? "/" : root);
}

Result<std::string> Dpkg::ask(const std::string& question, const std::string& path) const {
  SHIM_TRY(runtime::Captured answer, runtime::run_and_capture(program_, {"--root", root_, question, path}));
  SHIM_CHECK(check_exit(answer, question + " " + path));
  while (answer.output.ends_with('\n')) answer.output.pop_back();
  return std::move(answer.output);
}

Result<Diversion> Dpkg::look_at(const std::string& from, const std::string& to) const {
  SHIM_TRY(const std::string by, ask("--listpackage", from));
  if (by.empty()) return Diversion::none;
  SHIM_TRY(const std::string where, ask("--truename", from));
  return by == "LOCAL" && where == to ? Diversion::ours : Diversion::foreign;
}

Status Dpkg::add(const std::string& from, const std::string& to) const {
  SHIM_TRY(const runtime::Captured done,
           runtime::run_and_capture(
               program_, {"--root", root_, "--quiet", "--local", "--no-rename", "--divert", to, "--add", from}));
  return check_exit(done, "--add " + from);
}

Status Dpkg::remove(const std::string& from) const {
  SHIM_TRY(const runtime::Captured done, runtime::run_and_capture(program_, {"--root", root_, "--quiet", "--local",
                                                                             "--no-rename", "--remove", from}));
  return check_exit(done, "--remove " + from);
}

}  // namespace runward::ctl
