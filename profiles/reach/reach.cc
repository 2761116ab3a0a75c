// SPDX-License-Identifier: Apache-2.0
#include "profiles/reach/reach.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "profiles/bytes.h"
#include "profiles/reach/elf.h"
#include "profiles/reach/libc_calls.h"
#include "shim/base/file.h"

namespace runward::profiles {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20U;  // of one file: Node's is 90 MiB
constexpr std::size_t kMaxFiles = 5000;

UniqueFd open_in(const UniqueFd& root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

// The C library itself imports nothing, and holds every call.
bool is_libc(std::string_view library) {
  for (const std::string_view name :
       {"libc.so", "libc.musl", "ld-linux", "ld-musl", "libpthread.so", "libdl.so", "librt.so"})
    if (library.starts_with(name)) return true;
  return false;
}

class Look {
 public:
  Look(const UniqueFd& root, std::string_view architecture) : root_(root), architecture_(architecture) {}

  void at(const std::string& path) {
    const UniqueFd file = open_in(root_, path);
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return unseen(path, "it is not there");
    const auto bytes = read_all(file, kMaxBytes, path);
    if (!bytes) return unseen(path, "it can't be read, or is too large");
    if (!is_elf(*bytes)) return;  // a script: its interpreter was executed too
    const auto elf = parse_elf(*bytes);
    if (!elf) return unseen(path, elf.error().message);
    ++reach_.examined;
    if (is_libc(elf->library)) return;
    if (!elf->is_dynamic || (elf->imports.empty() && elf->library.empty()))
      return unseen(path, "it is statically linked");
    for (const std::string& import : elf->imports) add(path, import);
    if (elf->imports.contains("syscall")) unseen(path, "it makes calls by number too (syscall)");
    if (elf->imports.contains("dlopen"))
      unseen(path, "it loads libraries by name too (dlopen): those that were recorded count");
  }

  Reach done() { return std::move(reach_); }

 private:
  void unseen(const std::string& path, const std::string& why) { reach_.unseen.push_back(to_text(path) + ": " + why); }

  void add(const std::string& path, const std::string& import) {
    for (const std::string& call : calls_of_import(import, architecture_))
      reach_.calls.try_emplace(call, to_text(path) + " imports " + to_text(import));
  }

  const UniqueFd& root_;
  std::string_view architecture_;
  Reach reach_;
};

}  // namespace

Result<Reach> look_at_executables(const std::string& rootfs, const Files& files, std::string_view architecture) {
  SHIM_TRY(const UniqueFd root, open_directory(rootfs));
  Look look(root, architecture);
  std::size_t count = 0;
  for (const auto& [path, use] : files) {
    if ((!use.execute && !use.map) || use.directory) continue;
    if (++count > kMaxFiles) return make_error(ErrorKind::parse, "the recordings have too many executables to look at");
    look.at(path);
  }
  if (count == 0) return make_error(ErrorKind::parse, "the recordings have no executables to look at");
  return look.done();
}

}  // namespace runward::profiles
