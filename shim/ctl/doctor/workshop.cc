// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/workshop.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <thread>

#include "shim/base/file.h"
#include "shim/ctl/table.h"

namespace runward::ctl::doctor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 120s;
constexpr auto kLabel = "io.runward.doctor";
constexpr auto kContainerdNamespace = "runward-doctor";
constexpr std::array kFolders = {"bin", "dev", "etc", "proc", "run", "sys", "tmp"};
constexpr std::array kApplets = {"sh", "cat", "readlink", "sleep"};

// An ELF program without an interpreter needs nothing else in its container.
bool is_static(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr header{};
  if (!fd || ::pread(fd.get(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) return false;
  const bool is_elf = std::memcmp(static_cast<const unsigned char*>(header.e_ident), ELFMAG, SELFMAG) == 0;
  if (!is_elf || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (unsigned at = 0; at < header.e_phnum; ++at) {
    Elf64_Phdr segment{};
    const auto where = static_cast<off_t>(header.e_phoff + at * sizeof segment);
    if (::pread(fd.get(), &segment, sizeof segment, where) != static_cast<ssize_t>(sizeof segment)) return false;
    if (segment.p_type == PT_INTERP) return false;
  }
  return true;
}

std::optional<std::string> static_busybox() {
  for (const auto* name : {"busybox", "busybox.static", "busybox-static"}) {
    const auto found = find_program(name);
    if (found && is_static(*found)) return *found;
  }
  return std::nullopt;
}

// dockerd's own containerd, else the host's.
std::string containerd_socket(const Docker& docker) {
  std::vector<std::string> candidates;
  if (docker.daemon) {
    if (const auto named = docker.daemon->option("containerd")) candidates.push_back(*named);
    candidates.push_back(docker.daemon->option("exec-root").value_or("/var/run/docker") +
                         "/containerd/containerd.sock");
  }
  candidates.emplace_back("/run/containerd/containerd.sock");
  for (const std::string& path : candidates) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) return path;
  }
  return "";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

// ctr's default cgroup is /<namespace>/<id>; containerd removes the inner one only. rmdir(2) takes empty ones only.
void remove_cgroups() {
  constexpr auto kRoot = "/sys/fs/cgroup";
  std::error_code error;
  ::rmdir((std::string(kRoot) + "/" + kContainerdNamespace).c_str());
  for (fs::directory_iterator entry(kRoot, error), end; !error && entry != end; entry.increment(error))
    ::rmdir((entry->path() / kContainerdNamespace).c_str());
}

}  // namespace

Workshop::Workshop(const Docker& docker, Interruption& interruption)
    : docker_(docker), interruption_(interruption), name_("runward-doctor-" + std::to_string(::getpid())) {}

Workshop::~Workshop() {
  // The engine may still be making the container of a docker run that was interrupted.
  if (interruption_.seen()) std::this_thread::sleep_for(1s);
  bool gone = remove_containers();
  if (!made_image_.empty()) {
    const auto removed = run_program(docker_command(docker_, {"rmi", "--force", made_image_}), kPatience);
    gone = gone && removed && removed->exit_code == 0;
  }
  if (!gone) complain("could not remove everything: look for containers and images called " + name_);
  if (!containerd_.empty()) remove_ctr();
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

std::vector<std::string> Workshop::container_flags() const {
  // Not as root: a profile may refuse that, and it is not what is looked at.
  return {"--label", std::string(kLabel) + "=" + name_, "--pull=never", "--user=65534:65534"};
}

Result<Ran> Workshop::docker(const std::vector<std::string>& arguments) {
  return run_program(docker_command(docker_, arguments), kPatience, &interruption_);
}

Result<Ran> Workshop::ctr(const std::vector<std::string>& arguments) {
  const std::string socket = containerd_socket(docker_);
  if (socket.empty()) return make_error(ErrorKind::io, "no socket of containerd was found");
  containerd_ = socket;
  std::vector<std::string> argv = {"ctr", "--address", socket, "--namespace", kContainerdNamespace};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_program(argv, kPatience, &interruption_);
}

Result<std::string> Workshop::image(const std::optional<std::string>& wanted) {
  if (wanted) return *wanted;
  if (const auto busybox = static_busybox()) return make_image(*busybox);
  return find_image();
}

// Below /var/lib, where only root writes and nothing is mounted noexec.
Status Workshop::make_rootfs(const std::string& busybox) {
  std::string pattern = "/var/lib/runward-doctor.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return errno_error("mkdtemp", pattern);
  folder_ = pattern;
  const fs::path root = fs::path(folder_) / "rootfs";
  std::error_code error;
  fs::create_directory(root, error);
  for (const auto* name : kFolders)
    if (!error) fs::create_directory(root / name, error);
  if (!error) fs::copy_file(busybox, root / "bin/busybox", error);
  for (const auto* name : kApplets)
    if (!error) fs::create_symlink("busybox", root / "bin" / name, error);
  // The container's user must get through, whatever our umask is.
  for (const fs::path& path : {fs::path(folder_), root, root / "bin", root / "bin/busybox"})
    if (!error) fs::permissions(path, fs::perms(0755), error);
  if (error) return errno_error("write below", folder_, error.value());
  rootfs_ = root;
  return ok();
}

Result<std::string> Workshop::make_image(const std::string& busybox) {
  SHIM_CHECK(make_rootfs(busybox));
  const std::string archive = folder_ + "/image.tar";
  SHIM_TRY(const Ran packed,
           run_program({"tar", "--directory", rootfs_, "--create", "--file", archive, "."}, kPatience, &interruption_));
  if (packed.exit_code != 0) return make_error(ErrorKind::io, "tar: " + printable(packed.errors));
  made_image_ = name_ + ":latest";
  SHIM_TRY(const Ran imported, docker({"import", archive, made_image_}));
  if (imported.exit_code == 0) return made_image_;
  made_image_.clear();
  return make_error(ErrorKind::io, "docker import: " + printable(imported.errors));
}

Result<std::string> Workshop::find_image() {
  constexpr std::size_t kEnough = 5;
  SHIM_TRY(const Ran listed, docker({"images", "--quiet", "--no-trunc"}));
  std::size_t tried = 0;
  for (const std::string& id : lines_of(listed.output)) {
    if (++tried > kEnough) break;
    std::vector<std::string> run = {"run", "--rm", "--network=none", "--entrypoint=sh"};
    for (const std::string& flag : container_flags()) run.push_back(flag);
    run.insert(run.end(), {id, "-c", "cat /dev/null && readlink /proc/self/ns/pid"});
    SHIM_TRY(const Ran ran, docker(run));
    if (ran.exit_code == 0) return id;
  }
  return make_error(ErrorKind::io,
                    "this host has neither a static busybox to make an image of nor an image with a shell: install "
                    "busybox-static, or name an image with --image");
}

bool Workshop::remove_containers() {
  const auto listed = run_program(
      docker_command(docker_, {"ps", "--all", "--quiet", "--filter", std::string("label=") + kLabel + "=" + name_}),
      kPatience);
  if (!listed || listed->exit_code != 0) return false;
  std::vector<std::string> remove = {"rm", "--force", "--volumes"};
  const auto ids = lines_of(listed->output);
  if (ids.empty()) return true;
  remove.insert(remove.end(), ids.begin(), ids.end());
  const auto removed = run_program(docker_command(docker_, remove), kPatience);
  return removed && removed->exit_code == 0;
}

// Each fails when there is nothing left to remove, which is as it should be.
void Workshop::remove_ctr() {
  const std::vector<std::vector<std::string>> steps = {{"tasks", "delete", "--force", name_},
                                                       {"containers", "delete", name_}};
  for (const auto& step : steps) {
    std::vector<std::string> argv = {"ctr", "--address", containerd_, "--namespace", kContainerdNamespace};
    argv.insert(argv.end(), step.begin(), step.end());
    static_cast<void>(run_program(argv, kPatience));
  }
  static_cast<void>(
      run_program({"ctr", "--address", containerd_, "namespaces", "remove", kContainerdNamespace}, kPatience));
  remove_cgroups();
}

}  // namespace runward::ctl::doctor
