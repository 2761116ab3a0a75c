// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/ranges.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/userns/staging_folder.h"

namespace runward::userns {
namespace {

constexpr mode_t kOnlyRoot = 0700;
constexpr mode_t kMayPass = 0711;  // of the state dir: others look through it on their way to a root filesystem
constexpr std::size_t kSmallFile = 8192;
constexpr std::string_view kNew = ".new-";

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) return names;
  while (const dirent* const entry = ::readdir(directory.get()))
    if (std::string_view name = &entry->d_name[0]; name != "." && name != "..") names.emplace_back(name);
  return names;
}

// The 22nd field of proc(5)'s stat, behind a name that may hold anything. ENOENT or ESRCH: there is no such process.
Result<std::string> start_time_of(const std::string& pid) {
  constexpr int kFieldsBetween = 19;
  SHIM_TRY(const std::string text, read_file("/proc/" + pid + "/stat", kSmallFile));
  std::size_t at = text.rfind(')');
  for (int field = 0; field <= kFieldsBetween && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return make_error(ErrorKind::io, "/proc/" + pid + "/stat has no start time");
  return text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

// "<pid>.<start time>": no two processes have the same.
Result<std::string> own_name() {
  SHIM_TRY(const std::string start, start_time_of("self"));
  return std::to_string(::getpid()) + "." + start;
}

bool process_lives(std::string_view holder) {
  const std::size_t dot = holder.find('.');
  if (dot == std::string_view::npos) return false;
  const auto start = start_time_of(std::string(holder.substr(0, dot)));
  if (start) return *start == holder.substr(dot + 1);
  return start.error().code != std::errc::no_such_file_or_directory && start.error().code != std::errc::no_such_process;
}

bool has_state(const std::string& file) {
  const auto text = read_file(file, kSmallFile);
  if (!text) return text.error().code != std::errc::no_such_file_or_directory;
  std::string path = text->substr(0, text->find('\0'));  // the folder of the container's state
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

// The user ids of all processes, as the owners of their folders in proc(5). A runtime's state may lie where it is not
// seen from here, in another mount namespace; a container that runs has a process all the same.
class UsedIds {
 public:
  // `pool`: "<first>-<size>", the last part of its path.
  [[nodiscard]] bool are_in(std::string_view pool, const std::string& range) {
    pool.remove_prefix(pool.rfind('/') + 1);
    const std::size_t dash = std::min(pool.find('-'), pool.size() - 1);
    const auto first = parse_number<std::uint64_t>(pool.substr(0, dash));
    const auto size = parse_number<std::uint64_t>(pool.substr(dash + 1));
    const auto number = parse_number<std::uint64_t>(range);
    if (!first || !size || !number) return false;
    if (!ids_) ids_ = read();
    const std::uint64_t begin = *first + *number * *size;
    const auto next = ids_->lower_bound(begin);
    return next != ids_->end() && *next < begin + *size;
  }

 private:
  static std::set<std::uint64_t> read() {
    std::set<std::uint64_t> ids;
    for (const std::string& name : names_in("/proc")) {
      struct stat status {};
      if (parse_number<std::uint64_t>(name) && ::stat(("/proc/" + name).c_str(), &status) == 0)
        ids.insert(status.st_uid);
    }
    return ids;
  }

  std::optional<std::set<std::uint64_t>> ids_;  // read when it is first asked for
};

Status write_holder(const std::string& folder, const std::string& name, const Owner& owner) {
  const std::string path = folder + "/" + name;
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno_error("open", path);
  return write_all(fd.get(), owner.runtime_root + "/" + owner.container, path);
}

std::uint64_t random_below(std::uint64_t limit) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
    number = static_cast<std::uint64_t>(::getpid()) * 2654435761U;  // only spreads; nobody must not guess it
  return number % limit;
}

// What a process leaves that is killed between two calls here: a folder of a new range, or an empty one.
void collect_one(const std::string& pool, const std::string& range, UsedIds& used) {
  const std::string path = std::string(pool).append("/").append(range);
  const bool is_new = range.starts_with(kNew);
  if (is_new && process_lives(std::string_view(range).substr(kNew.size()))) return;
  for (const std::string& holder : names_in(path)) {
    const std::string file = std::string(path).append("/").append(holder);
    if (is_new || (!process_lives(holder) && !has_state(file) && !used.are_in(pool, range))) ::unlink(file.c_str());
  }
  ::rmdir(path.c_str());
}

// A folder that holds our file and is renamed to a range's number; removed unless it was.
class NewRange {
 public:
  NewRange(std::string path, std::string holder) : path_(std::move(path)), holder_(std::move(holder)) {}
  NewRange(const NewRange&) = delete;
  NewRange& operator=(const NewRange&) = delete;
  ~NewRange() {
    if (path_.empty()) return;
    ::unlink((path_ + "/" + holder_).c_str());
    ::rmdir(path_.c_str());
  }
  // False: somebody has that one.
  Result<bool> become(const std::string& range) {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, range.c_str(), RENAME_NOREPLACE) == 0) {
      path_.clear();
      return true;
    }
    if (errno == EEXIST || errno == ENOTEMPTY) return false;
    return errno_error("rename", range);
  }

 private:
  std::string path_;
  std::string holder_;
};

}  // namespace

Ranges::Ranges(std::string state_dir, policy::IdPool pool)
    : state_dir_(std::move(state_dir)),
      pool_(pool),
      pool_name_(std::to_string(pool.first) + "-" + std::to_string(pool.size)),
      folder_(state_dir_ + "/ranges/" + pool_name_) {}

// Ranges of a pool that was configured before may have ids of this one: nobody may hold any, and then it is forgotten,
// so that a return to it comes here again.
Status Ranges::make_pool() const {
  const std::string top = state_dir_ + "/ranges";
  SHIM_CHECK(make_folder(state_dir_, kMayPass));
  SHIM_CHECK(make_folder(top, kOnlyRoot));
  UsedIds used;
  for (const std::string& other : names_in(top)) {
    if (other == pool_name_) continue;
    const std::string path = std::string(top).append("/").append(other);
    for (const std::string& range : names_in(path)) collect_one(path, range, used);
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT)
      return make_error(ErrorKind::policy,
                        "running containers have user ids of the id_pool that was configured before: end them first");
  }
  return make_folder(folder_, kOnlyRoot);
}

Result<Lease> Ranges::take(const Owner& owner) const {
  constexpr int kTries = 32;
  SHIM_TRY(const std::string holder, own_name());
  const std::string path = folder_ + "/" + std::string(kNew) + holder;
  if (::mkdir(path.c_str(), kOnlyRoot) != 0) {
    SHIM_CHECK(make_pool());
    SHIM_CHECK(make_folder(path, kOnlyRoot));
  }
  NewRange fresh(path, holder);
  SHIM_CHECK(write_holder(path, holder, owner));
  UsedIds used;
  const auto try_one = [&](std::uint64_t number) { return fresh.become(folder_ + "/" + std::to_string(number)); };
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t number = random_below(pool_.ranges);
    SHIM_TRY(const bool taken, try_one(number));
    if (taken) return Lease{.pool = pool_name_, .number = number, .holder = holder};
    collect_one(folder_, std::to_string(number), used);
  }
  for (std::uint64_t number = 0; number < pool_.ranges; ++number) {
    collect_one(folder_, std::to_string(number), used);
    SHIM_TRY(const bool taken, try_one(number));
    if (taken) return Lease{.pool = pool_name_, .number = number, .holder = holder};
  }
  return make_error(ErrorKind::policy, "all " + std::to_string(pool_.ranges) +
                                           " ranges of user ids are taken: end containers, or enlarge id_pool in the "
                                           "host's config.json");
}

Result<std::optional<Lease>> Ranges::share(std::uint64_t first, const Owner& owner) const {
  if (first < pool_.first || first >= pool_.end() || (first - pool_.first) % pool_.size != 0)
    return std::optional<Lease>();
  SHIM_TRY(std::string holder, own_name());
  const Lease lease{.pool = pool_name_, .number = (first - pool_.first) / pool_.size, .holder = std::move(holder)};
  const Status written = write_holder(folder_ + "/" + std::to_string(lease.number), lease.holder, owner);
  if (written) return std::optional<Lease>(lease);
  if (written.error().code == std::errc::no_such_file_or_directory) return std::optional<Lease>();
  return written.error();
}

void Ranges::give_back(const Lease& lease) const {
  const auto is_name = [](const std::string& name) {
    return !name.empty() && !name.starts_with('.') && name.find('/') == std::string::npos;
  };
  if (!is_name(lease.holder) || !is_name(lease.pool)) return;
  const std::string range = state_dir_ + "/ranges/" + lease.pool + "/" + std::to_string(lease.number);
  ::unlink((range + "/" + lease.holder).c_str());
  ::rmdir(range.c_str());
}

void Ranges::collect() const {
  const std::string top = state_dir_ + "/ranges";
  UsedIds used;
  for (const std::string& pool : names_in(top)) {
    const std::string path = std::string(top).append("/").append(pool);
    for (const std::string& range : names_in(path)) collect_one(path, range, used);
  }
}

std::uint64_t Ranges::taken() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(names_in(folder_), [](const std::string& name) { return !name.starts_with('.'); }));
}

}  // namespace runward::userns
