// SPDX-License-Identifier: Apache-2.0
#include "shim/state/decisions.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <memory>

#include "shim/base/file.h"
#include "shim/base/fnv1a.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"

namespace runward::state {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
constexpr std::int64_t kVersion = 2;
constexpr std::string_view kSuffix = ".json";
constexpr auto kSwept = ".swept";
constexpr mode_t kOnlyRoot = 0700;
// Longer than any low-level runtime takes from its start to the folder that shows that the container is there.
constexpr std::time_t kYoung = 60;

std::string folder_of(const std::string& state_dir, const std::string& root) {
  Fnv1a hash;
  hash.add(root);
  return state_dir + "/decisions/" + std::filesystem::path(root).filename().native() + "-" + hash.hex();
}

// Others than root may look through the state dir on their way to a root filesystem below it, nothing else.
Status make_folder(const std::string& state_dir, const std::string& folder) {
  constexpr mode_t kMayPass = 0711;
  ::mkdir(state_dir.c_str(), kMayPass);
  ::mkdir((state_dir + "/decisions").c_str(), kOnlyRoot);
  if (::mkdir(folder.c_str(), kOnlyRoot) != 0 && errno != EEXIST) return errno_error("make folder", folder);
  return ok();
}

Result<UniqueFd> open_folder(const std::string& folder) {
  SHIM_TRY(UniqueFd fd, open_directory(folder));
  SHIM_CHECK(check_only_root_writes(fd, folder));
  return fd;
}

void write(oci::Writer& out, const policy::PolicyText& text) {
  out.begin_object().key("config").text(text.config).key("documents").begin_array();
  for (const policy::ProfileDocument& document : text.documents)
    out.begin_object()
        .key("directory")
        .text(document.directory)
        .key("name")
        .text(document.name)
        .key("text")
        .text(document.text)
        .end_object();
  out.end_array().key("profile").text(text.profile).end_object();
}

oci::Value to_json(const FileIdentity& file) {
  return {{"device", file.device}, {"inode", file.inode}, {"mtime_ns", file.mtime_ns}};
}

oci::Value to_json(const std::optional<KeptUsers>& users) {
  if (!users) return nullptr;
  return {{"first", users->first},
          {"size", users->size},
          {"pool", users->pool},
          {"number", users->number},
          {"holder", users->holder}};
}

// Part by part: a container waits for it.
std::string print(const Decision& decision) {
  oci::Writer out;
  out.begin_object();
  out.key("bundle").text(decision.bundle);
  out.key("command").text(decision.command);
  out.key("container").text(decision.container);
  out.key("document").value(to_json(decision.document));
  out.key("image").text(decision.image);
  out.key("pid_file").text(decision.pid_file);
  write(out.key("policy"), decision.policy);
  out.key("policy_hash").text(decision.policy_hash);
  out.key("process").value(decision.process);
  out.key("resources").value(decision.resources);
  out.key("runtime_root").text(decision.runtime_root);
  out.key("selected").text(decision.selected);
  out.key("time").text(decision.time);
  out.key("users").value(to_json(decision.users));
  out.key("version").value(kVersion);
  return out.end_object().take();
}

// Reading is strict: a member that is missing or of another type makes the whole file unreadable. nlohmann's at() and
// get() throw, and the one catch is in parse_decision.
policy::PolicyText policy_from(const oci::Value& json) {
  policy::PolicyText text{.profile = json.at("profile"), .config = json.at("config"), .documents = {}};
  for (const oci::Value& document : json.at("documents"))
    text.documents.push_back(
        {.text = document.at("text"), .name = document.at("name"), .directory = document.at("directory")});
  return text;
}

std::optional<KeptUsers> users_from(const oci::Value& json) {
  if (json.is_null()) return std::nullopt;
  return KeptUsers{.first = json.at("first"),
                   .size = json.at("size"),
                   .pool = json.at("pool"),
                   .number = json.at("number"),
                   .holder = json.at("holder")};
}

Decision decision_from(const oci::Value& json) {
  const oci::Value& document = json.at("document");
  return {
      .container = json.at("container"),
      .runtime_root = json.at("runtime_root"),
      .bundle = json.at("bundle"),
      .pid_file = json.at("pid_file"),
      .command = json.at("command"),
      .time = json.at("time"),
      .image = json.at("image"),
      .selected = json.at("selected"),
      .policy_hash = json.at("policy_hash"),
      .document = {.device = document.at("device"), .inode = document.at("inode"), .mtime_ns = document.at("mtime_ns")},
      .policy = policy_from(json.at("policy")),
      .process = json.at("process"),
      .resources = json.at("resources"),
      .users = users_from(json.at("users"))};
}

Result<Decision> parse_decision(const std::string& text, const std::string& name) {
  SHIM_TRY(const oci::Value json, oci::parse(text, name));
  try {
    if (json.at("version") != kVersion)
      return make_error(ErrorKind::unsupported, "'" + name + "' was written by another version of runward");
    return decision_from(json);
  } catch (const oci::Value::exception&) {
    return make_error(ErrorKind::parse, "'" + name + "' is no decision of runward's");
  }
}

Result<std::optional<Decision>> read_decision(const UniqueFd& folder, const std::string& name) {
  const auto fd = open_regular(folder.get(), name);
  if (!fd && fd.error().code == std::errc::no_such_file_or_directory) return std::optional<Decision>{};
  if (!fd) return fd.error();
  SHIM_TRY(const std::string text, read_all(*fd, kMaxBytes, name));
  SHIM_TRY(Decision decision, parse_decision(text, name));
  return std::optional<Decision>(std::move(decision));
}

oci::Value members(const oci::Value& object, std::initializer_list<const char*> names) {
  oci::Value kept = oci::Value::object();
  for (const char* const name : names)
    if (const oci::Value* const value = oci::find(object, std::string_view(name))) kept[name] = *value;
  return kept;
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const Directory directory(::opendir(path.c_str()), &::closedir);
  if (!directory) return names;
  while (const dirent* const entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') names.emplace_back(&entry->d_name[0]);
  return names;
}

std::optional<std::time_t> age_of(int folder, const std::string& name) {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return std::time(nullptr) - status.st_mtim.tv_sec;
}

void touch(int folder) {
  const UniqueFd fd(::openat(folder, kSwept, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) ::futimens(fd.get(), nullptr);
}

}  // namespace

oci::Value kept_process(const oci::Value& process) {
  return members(process, {"user", "capabilities", "noNewPrivileges", "apparmorProfile", "selinuxLabel", "rlimits",
                           "oomScoreAdj"});
}

oci::Value kept_resources(const oci::Value& resources) { return members(resources, {"memory", "cpu", "pids"}); }

std::optional<FileIdentity> identify(const std::string& path) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{.device = status.st_dev,
                      .inode = status.st_ino,
                      .mtime_ns = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

std::string resolved_root(const std::string& runtime_root) {
  constexpr auto kRuncsDefault = "/run/runc";
  std::error_code error;
  // Of one that is relative and not there yet, weakly_canonical gives the name back.
  const auto given = std::filesystem::absolute(runtime_root.empty() ? kRuncsDefault : runtime_root, error);
  if (error) return runtime_root;
  std::string resolved = std::filesystem::weakly_canonical(given, error).native();
  if (error) return given.native();
  while (resolved.size() > 1 && resolved.ends_with('/')) resolved.pop_back();
  return resolved;
}

Status Decisions::keep(const Decision& decision) const {
  const std::string folder = folder_of(state_dir_, decision.runtime_root);
  auto fd = open_folder(folder);
  if (!fd && fd.error().code == std::errc::no_such_file_or_directory) {
    SHIM_CHECK(make_folder(state_dir_, folder));
    fd = open_folder(folder);
  }
  if (!fd) return std::move(fd).error();
  return replace_file(*fd, decision.container + std::string(kSuffix), print(decision), 0600, Lasting::until_reboot);
}

Result<std::optional<Decision>> Decisions::find(const std::string& runtime_root, const std::string& id) const {
  const std::string root = resolved_root(runtime_root);
  const auto folder = open_folder(folder_of(state_dir_, root));
  if (!folder && folder.error().code == std::errc::no_such_file_or_directory) return std::optional<Decision>{};
  if (!folder) return folder.error();
  SHIM_TRY(auto decision, read_decision(*folder, id + std::string(kSuffix)));
  const bool is_it = decision && decision->container == id && decision->runtime_root == root;
  return is_it ? std::move(decision) : std::nullopt;
}

void Decisions::forget(const std::string& runtime_root, const std::string& id) const {
  ::unlink((folder_of(state_dir_, resolved_root(runtime_root)) + "/" + id + std::string(kSuffix)).c_str());
}

std::vector<Decision> Decisions::list() const {
  std::vector<Decision> all;
  const std::string top = state_dir_ + "/decisions";
  for (const std::string& root : names_in(top)) {
    const auto folder = open_folder(std::string(top).append("/").append(root));
    if (!folder) continue;
    for (const std::string& name : names_in(std::string(top).append("/").append(root))) {
      auto decision = read_decision(*folder, name);
      if (decision && *decision) all.push_back(*std::move(*decision));
    }
  }
  return all;
}

bool Decisions::sweep(const std::string& runtime_root) const {
  const std::string root = resolved_root(runtime_root);
  const std::string path = folder_of(state_dir_, root);
  const auto folder = open_folder(path);
  if (!folder || age_of(folder->get(), kSwept).value_or(kYoung) < kYoung) return false;
  touch(folder->get());
  for (const std::string& name : names_in(path)) {
    if (!name.ends_with(kSuffix) || age_of(folder->get(), name).value_or(0) < kYoung) continue;
    const std::string state = root + "/" + name.substr(0, name.size() - kSuffix.size());
    if (::access(state.c_str(), F_OK) != 0 && errno == ENOENT) ::unlinkat(folder->get(), name.c_str(), 0);
  }
  return true;
}

}  // namespace runward::state
