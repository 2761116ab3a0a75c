// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/executable_names.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <optional>

namespace runward::profiles::record {
namespace {

constexpr std::size_t kCommLength = 15;

// Where the link at `path` leads, inside the root.
std::optional<std::string> resolve(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const UniqueFd file(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string target(PATH_MAX, '\0');
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(file.get())).c_str(), target.data(), target.size());
  if (length <= 0) return std::nullopt;
  target.resize(static_cast<std::size_t>(length));
  return target;
}

}  // namespace

ExecutableNames::ExecutableNames(const Files& files, const UniqueFd& root)
    : folders_{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}, root_(root.get()) {
  constexpr std::size_t kMostFolders = 64;
  for (const auto& [path, use] : files) {
    if (!use.execute) continue;
    const std::size_t slash = path.rfind('/');
    by_comm_[path.substr(slash + 1, kCommLength)].insert(path);
    if (folders_.size() < kMostFolders) folders_.insert(path.substr(0, slash));
  }
}

std::string ExecutableNames::find(const std::string& comm) const {
  std::set<std::string> paths;
  if (const auto executed = by_comm_.find(comm); executed != by_comm_.end()) paths = executed->second;
  const bool is_file_name = comm.find('/') == std::string::npos && comm != "." && comm != ".." && !comm.empty();
  if (paths.empty() && root_ >= 0 && is_file_name)
    for (std::string file : folders_)
      if (auto path = resolve(root_, file.append("/").append(comm))) paths.insert(*std::move(path));
  return paths.size() == 1 ? *paths.begin() : "[" + (comm.empty() ? "?" : comm) + "]";
}

const std::string& ExecutableNames::name_of(std::string_view comm) {
  const std::string key(comm);
  const auto known = known_.find(key);
  return known != known_.end() ? known->second : known_.emplace(key, find(key)).first->second;
}

}  // namespace runward::profiles::record
