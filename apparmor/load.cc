// SPDX-License-Identifier: Apache-2.0
#include "apparmor/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "apparmor/compile.h"
#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/base/fnv1a.h"

namespace runward::apparmor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListBytes = std::size_t{4} << 20U;
constexpr std::size_t kMaxSmallBytes = std::size_t{64} << 10U;
constexpr std::size_t kMaxBinaryBytes = std::size_t{64} << 20U;
constexpr mode_t kOnlyRootsFolder = 0700;
constexpr mode_t kOnlyRoots = 0600;
constexpr auto kNoHash = "-";

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::string> small_file(const std::string& path) {
  SHIM_TRY(std::string text, read_file(path, kMaxSmallBytes));
  return without_newline(std::move(text));
}

// "runward-web.12" is a folder of "runward-web".
bool is_folder_of(std::string_view folder, std::string_view name) {
  return folder.size() > name.size() + 1 && folder.starts_with(name) && folder[name.size()] == '.' &&
         folder.find_first_not_of("0123456789", name.size() + 1) == std::string_view::npos;
}

Result<std::optional<std::string>> folder_of(const Places& places, const std::string& name) {
  const std::string all = places.kernel + "/policy/profiles";
  const Directory directory(::opendir(all.c_str()), &::closedir);
  if (!directory) return errno_error("open", all);
  while (const dirent* entry = ::readdir(directory.get())) {
    if (!is_folder_of(&entry->d_name[0], name)) continue;
    std::string folder = all + "/" + &entry->d_name[0];
    if (const auto own = small_file(folder + "/name"); own && *own == name) return std::optional(std::move(folder));
  }
  return std::optional<std::string>();
}

std::string source_fingerprint(const Wanted& wanted) {
  Fnv1a hash;
  hash.add(wanted.name);
  hash.add(wanted.source);
  return hash.hex();
}

// Names and contents of all files below features/, which say what the kernel mediates and how it wants it compiled.
Result<std::string> features_fingerprint(const Places& places) {
  const std::string top = places.kernel + "/features";
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(top, error), end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error)) files.push_back(at->path().native());
  if (error) return make_error(ErrorKind::io, "read '" + top + "': " + error.message());
  std::ranges::sort(files);
  Fnv1a hash;
  for (const std::string& file : files) {
    SHIM_TRY(const std::string text, read_file(file, kMaxSmallBytes));
    hash.add(std::string_view(file).substr(top.size()));
    hash.add(text);
  }
  return hash.hex();
}

Result<std::string> cache_name(const Places& places, const Wanted& wanted) {
  SHIM_TRY(const std::string features, features_fingerprint(places));
  return wanted.name + "." + source_fingerprint(wanted) + "." + features;
}

Result<UniqueFd> open_own_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), kOnlyRootsFolder) != 0 && errno != EEXIST) return errno_error("create", path);
  return open_directory(path);
}

// What was compiled for this kernel from an older source.
void remove_outdated(const UniqueFd& folder, const std::string& path, const std::string& name,
                     const std::string& kept) {
  const Directory directory(::opendir(path.c_str()), &::closedir);
  if (!directory) return;
  const std::string features = kept.substr(kept.rfind('.'));
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string file = &entry->d_name[0];
    const bool same_profile = file.starts_with(name + ".") && file.size() == kept.size();
    if (same_profile && file.ends_with(features) && file != kept) ::unlinkat(folder.get(), file.c_str(), 0);
  }
}

// Only the profile that is meant: what else stands in the text would be loaded with it.
Result<std::string> compiled(const Places& places, const Wanted& wanted) {
  SHIM_TRY(const std::string text, text_for(places.parser, wanted.source));
  SHIM_TRY(const auto names, names_in(places.parser, text));
  if (names != std::vector{wanted.name})
    return make_error(ErrorKind::policy, "the AppArmor file for '" + wanted.name +
                                             "' must have one profile of this name" +
                                             (names.empty() ? "" : ", not '" + names.front() + "'"));
  return compile(places.parser, text);
}

// One write(2): the kernel takes no parts.
Status give_to_kernel(const Places& places, const char* file, std::string_view text) {
  const std::string path = places.kernel + "/" + file;
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno_error("open", path);
  const ssize_t put = ::write(fd.get(), text.data(), text.size());
  if (put < 0) return errno_error("write", path);
  if (static_cast<std::size_t>(put) != text.size())
    return make_error(ErrorKind::io, "write '" + path + "': taken in part only");
  return ok();
}

Status write_down(const Places& places, const Wanted& wanted) {
  SHIM_TRY(const auto hash, kernel_hash(places, wanted.name));
  if (!hash) return make_error(ErrorKind::io, "the AppArmor profile '" + wanted.name + "' was loaded and is not there");
  SHIM_TRY(const UniqueFd folder, open_own_folder(places.records));
  return replace_file(folder, wanted.name, source_fingerprint(wanted) + " " + *hash + "\n", kOnlyRoots);
}

Status load(const Places& places, const Wanted& wanted, std::string_view binary) {
  SHIM_CHECK(give_to_kernel(places, ".replace", binary));
  return write_down(places, wanted);
}

Error no_way(const Wanted& wanted) {
  return make_error(ErrorKind::unsupported, "the AppArmor profile '" + wanted.name +
                                                "' is neither loaded nor compiled, and apparmor_parser is missing");
}

Status keep(const Places& places, const Wanted& wanted, std::string_view binary) {
  SHIM_TRY(const std::string name, cache_name(places, wanted));
  SHIM_TRY(const UniqueFd folder, open_own_folder(places.cache));
  SHIM_CHECK(replace_file(folder, name, binary, kOnlyRoots));
  remove_outdated(folder, places.cache, wanted.name, name);
  return ok();
}

Result<Loaded> load_compiled(const Places& places, const Wanted& wanted) {
  if (places.parser.empty()) return no_way(wanted);
  SHIM_TRY(const std::string binary, compiled(places, wanted));
  SHIM_CHECK(load(places, wanted, binary));
  (void)keep(places, wanted, binary);  // where it can't be kept, it is compiled again next time
  return Loaded::compiled;
}

}  // namespace

Places host_places() {
  return {.cache = std::string(build_info::kDataDir) + "/apparmor",
          .records = std::string(build_info::kStateDir) + "/apparmor",
          .parser = find_parser()};
}

bool is_owned(const std::string& name) { return name.starts_with("runward-") && is_profile_name(name); }

bool kernel_has_apparmor(const Places& places) { return ::access((places.kernel + "/profiles").c_str(), F_OK) == 0; }

// A line is "name (mode)"; a name can have blanks and parentheses.
Result<std::set<LoadedProfile>> loaded_profiles(const Places& places) {
  SHIM_TRY(const std::string text, read_file(places.kernel + "/profiles", kMaxListBytes));
  std::set<LoadedProfile> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const std::size_t mode = line.rfind(" (");
    if (mode != std::string::npos && line.ends_with(')'))
      all.insert({.name = line.substr(0, mode), .mode = line.substr(mode + 2, line.size() - mode - 3)});
    at = end + 1;
  }
  return all;
}

Result<bool> is_loaded(const Places& places, const std::string& name) {
  SHIM_TRY(const auto all, loaded_profiles(places));
  return std::ranges::any_of(all, [&](const LoadedProfile& profile) { return profile.name == name; });
}

Result<std::optional<std::string>> kernel_hash(const Places& places, const std::string& name) {
  SHIM_TRY(const auto folder, folder_of(places, name));
  if (!folder) return std::optional<std::string>();
  for (const char* const algorithm : {"/sha256", "/sha1"})
    if (auto hash = small_file(*folder + algorithm)) return std::optional<std::string>(*std::move(hash));
  return std::optional<std::string>(kNoHash);
}

Result<bool> is_current(const Places& places, const Wanted& wanted) {
  const auto record = small_file(places.records + "/" + wanted.name);
  if (!record) return false;
  SHIM_TRY(const auto hash, kernel_hash(places, wanted.name));
  return hash && *record == source_fingerprint(wanted) + " " + *hash;
}

Result<std::optional<std::string>> cached(const Places& places, const Wanted& wanted) {
  SHIM_TRY(const std::string name, cache_name(places, wanted));
  const std::string path = places.cache + "/" + name;
  const auto fd = open_regular(AT_FDCWD, path);
  if (!fd && fd.error().code == std::errc::no_such_file_or_directory) return std::optional<std::string>();
  if (!fd) return fd.error();
  SHIM_CHECK(check_only_root_writes(*fd, path));
  SHIM_TRY(std::string binary, read_all(*fd, kMaxBinaryBytes, path));
  return std::optional<std::string>(std::move(binary));
}

Result<Readiness> look(const Places& places, const Wanted& wanted) {
  SHIM_TRY(const bool current, is_current(places, wanted));
  if (current) return Readiness::loaded;
  // Not in a container that sees the host's securityfs, read-only.
  if (::access((places.kernel + "/.replace").c_str(), W_OK) != 0) return Readiness::unavailable;
  if (!places.parser.empty()) return Readiness::loadable;
  SHIM_TRY(const auto binary, cached(places, wanted));
  return binary ? Readiness::loadable : Readiness::unavailable;
}

Status prepare(const Places& places, const Wanted& wanted) {
  if (places.parser.empty()) return no_way(wanted);
  SHIM_TRY(const std::string binary, compiled(places, wanted));
  return keep(places, wanted, binary);
}

Result<Loaded> ensure_loaded(const Places& places, const Wanted& wanted) {
  if (!is_owned(wanted.name))
    return make_error(ErrorKind::internal, "'" + wanted.name + "' is no AppArmor profile of runward's");
  SHIM_TRY(const bool current, is_current(places, wanted));
  if (current) return Loaded::already;
  SHIM_TRY(const auto binary, cached(places, wanted));
  if (binary) {
    const Status status = load(places, wanted, *binary);
    if (status) return Loaded::from_cache;
    if (places.parser.empty()) return status.error();
  }
  return load_compiled(places, wanted);
}

Status unload(const Places& places, const std::string& name) {
  if (!is_owned(name)) return make_error(ErrorKind::usage, "'" + name + "' is not one of runward's own profiles");
  SHIM_CHECK(give_to_kernel(places, ".remove", name));
  ::unlink((places.records + "/" + name).c_str());
  return ok();
}

}  // namespace runward::apparmor
