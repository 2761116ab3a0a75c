// SPDX-License-Identifier: Apache-2.0
#include "shim/host/mount_sources.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <unordered_map>

#include "shim/base/file.h"
#include "shim/base/unique_fd.h"
#include "shim/host/mount_table.h"

namespace runward::host {
namespace {

struct Place {
  std::string path;  // free of symbolic links
  Identity identity;
};

std::optional<Place> look_at(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return std::nullopt;
  std::array<char, PATH_MAX> buffer{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length <= 0 || buffer.front() != '/') return std::nullopt;
  return Place{.path = std::string(buffer.data(), static_cast<std::size_t>(length)),
               .identity = {.device = status.st_dev, .inode = status.st_ino}};
}

std::optional<Identity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{.device = status.st_dev, .inode = status.st_ino};
}

// The same folders stand above most places: each is looked at once.
class FolderIdentities {
 public:
  std::optional<Identity> of(const std::string& path) {
    const auto [entry, is_new] = known_.try_emplace(path);
    if (is_new) entry->second = identity_of(path);
    return entry->second;
  }

 private:
  std::unordered_map<std::string, std::optional<Identity>> known_;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// The folders above `path`, without itself.
std::vector<Identity> above(std::string path, FolderIdentities& folders) {
  std::vector<Identity> all;
  while (path != "/") {
    path = parent_of(path);
    if (const auto identity = folders.of(path)) all.push_back(*identity);
  }
  return all;
}

bool contains(const std::vector<Identity>& all, const Identity& identity) {
  return std::ranges::find(all, identity) != all.end();
}

// Whether an engine listens on this socket, wherever it lies (`dockerd -H unix:///srv/docker.sock`): asked of the
// kernel, which tells who called listen(2) (SO_PEERCRED, unix(7)). The path goes through our descriptor, so it is this
// socket.
bool is_engine_socket(const Place& place) {
  constexpr std::array<std::string_view, 9> kEngines = {"dockerd", "containerd", "podman", "crio",       "buildkitd",
                                                        "k3s",     "rke2",       "k0s",    "cri-dockerd"};
  const UniqueFd file(::open(place.path.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  struct ucred peer {};
  socklen_t size = sizeof peer;
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  const auto program = look_at("/proc/" + std::to_string(peer.pid) + "/exe");
  if (!program) return false;
  std::string_view name = std::string_view(program->path).substr(program->path.rfind('/') + 1);
  constexpr std::string_view kDeleted = " (deleted)";  // upgraded, not yet restarted
  if (name.ends_with(kDeleted)) name.remove_suffix(kDeleted.size());
  // A socket that systemd opened for an engine has systemd for its peer: there the name of the socket must do.
  const std::string_view socket_name = std::string_view(place.path).substr(place.path.rfind('/') + 1);
  const bool by_systemd = name == "systemd" && std::ranges::any_of(kEngines, [&](std::string_view engine) {
                            return socket_name.find(engine.substr(0, 6)) != std::string_view::npos;
                          });
  return by_systemd || std::ranges::find(kEngines, name) != kEngines.end();
}

// Of this network namespace, by path (proc_net(5)): the last column; flag 0x10000 says that it listens.
std::vector<std::string> listening_sockets() {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
  std::vector<std::string> paths;
  const auto text = read_file("/proc/net/unix", kMaxBytes);
  if (!text) return paths;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (const std::size_t path = line.find(" /");
        line.find(" 00010000 ") != std::string_view::npos && path != std::string_view::npos)
      paths.emplace_back(line.substr(path + 1));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return paths;
}

// A place that the policy names, with the folders above it by every path that leads there.
struct Landmark {
  std::string name;
  Place place;
  std::vector<Identity> folders_above;
};

std::vector<Identity> above_all(const std::vector<std::string>& paths, FolderIdentities& folders) {
  std::vector<Identity> all;
  for (const std::string& path : paths)
    for (const Identity& identity : above(path, folders)) all.push_back(identity);
  return all;
}

std::vector<Landmark> landmarks(const std::vector<std::string>& names, const MountTable& table,
                                FolderIdentities& folders) {
  std::vector<Landmark> found;
  for (const std::string& name : names)
    if (const auto place = look_at(name))
      found.push_back({.name = name, .place = *place, .folders_above = above_all(table.aliases(place->path), folders)});
  return found;
}

bool is_or_lies_below(const Place& source, const std::vector<Identity>& source_above, const Landmark& landmark) {
  return source.identity == landmark.place.identity || contains(source_above, landmark.place.identity);
}

class SourceProbe {
 public:
  SourceProbe(const policy::Mounts& rule, EngineFolders engine, bool joins)
      : rule_(rule),
        engine_(std::move(engine)),
        joins_(joins),
        engine_own_(landmarks(own_folders(), table_, folders_)) {}

  [[nodiscard]] MountSource look(const oci::Mount& mount) {
    // The runtime would take a relative one from the bundle; no engine writes any.
    const auto place = mount.source.starts_with('/') ? look_at(mount.source) : std::nullopt;
    if (!place) return {};
    MountSource source{.identity = place->identity,
                       .resolved = place->path,
                       .inside = {},
                       .contains = {},
                       .filesystem = {},
                       .allowed_by = {},
                       .is_volume = is_volume(place->path),
                       .is_engine_file = is_engine_file(*place, mount)};
    if (source.is_engine_file) return source;
    learn_the_host();
    for (const Landmark& landmark : allowed_)
      if (is_or_lies_below(*place, above(place->path, folders_), landmark)) source.allowed_by.push_back(landmark.name);
    compare(source, *place);
    check_filesystem(source, place->path);
    for (const std::string& inner : table_.below(place->path)) {
      check_filesystem(source, inner);
      if (const auto inner_place = look_at(inner)) compare_inner(source, *inner_place);
    }
    for (const std::string& socket : listening_sockets())
      if (is_or_below(socket, place->path) && socket != place->path)
        if (const auto socket_place = look_at(socket); socket_place && is_engine_socket(*socket_place))
          source.contains.push_back(socket);
    return source;
  }

  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

 private:
  // Only for sources that the engine did not make itself: most containers have none, and it costs some hundred looks.
  void learn_the_host() {
    if (learnt_) return;
    learnt_ = true;
    Result<MountTable> table = MountTable::read();
    if (!table) {
      problem_ = std::move(table).error();
      return;
    }
    table_ = *std::move(table);
    denied_ = landmarks(rule_.denied_sources, table_, folders_);
    allowed_ = landmarks(rule_.allowed_sources, table_, folders_);
    engine_own_ = landmarks(own_folders(), table_, folders_);
  }

  // A volume may be any filesystem that dockerd can be told to mount (`docker volume create -o type=proc`), with
  // another device number and nothing to compare: only those count that hold files of their own. An overlay shows other
  // folders; the root of a host may be one.
  void check_filesystem(MountSource& source, const std::string& path) const {
    constexpr std::array<std::string_view, 26> kWithOwnFiles = {
        "ext2",     "ext3",  "ext4",    "xfs",      "btrfs", "zfs",      "f2fs", "bcachefs", "jfs",
        "reiserfs", "tmpfs", "nfs",     "nfs4",     "cifs",  "smb3",     "ceph", "9p",       "vfat",
        "exfat",    "ntfs3", "iso9660", "squashfs", "erofs", "virtiofs", "udf",  "fuseblk"};
    const MountEntry* const holder = table_.holder_of(path);
    if (holder == nullptr) return;
    const bool known = std::ranges::find(kWithOwnFiles, holder->filesystem) != kWithOwnFiles.end() ||
                       holder->filesystem.starts_with("fuse.") ||
                       (holder->filesystem == "overlay" && holder->mount_point == "/");
    if (!known && source.filesystem.empty()) source.filesystem = holder->filesystem;
  }

  [[nodiscard]] std::vector<std::string> own_folders() const {
    std::vector<std::string> folders;
    for (const std::string& folder : {engine_.data_root, engine_.exec_root})
      if (!folder.empty()) folders.push_back(folder);
    return folders;
  }

  // <data root>/volumes/<name>/_data, or below it (`volume-subpath`); the data root by any of its names.
  [[nodiscard]] bool is_volume(const std::string& path) const {
    constexpr std::string_view kVolumes = "/volumes/";
    if (engine_own_.empty() || engine_.data_root.empty()) return false;
    for (std::size_t at = path.find(kVolumes); at != std::string::npos; at = path.find(kVolumes, at + 1)) {
      const std::string_view rest = std::string_view(path).substr(at + kVolumes.size());
      const std::size_t slash = rest.find('/');
      if (slash == std::string_view::npos || !is_or_below(rest.substr(slash), "/_data")) continue;
      if (identity_of(path.substr(0, at)) == engine_own_.front().place.identity) return true;
    }
    return false;
  }

  // A Dockerfile names no path of the host: whatever BuildKit binds into a RUN step, it has made. Those are files of
  // its own (resolv.conf, secrets, the agent's socket) and layers of its caches; never what dockerd keeps beside them.
  // With containerd's image store the layers are containerd's.
  [[nodiscard]] bool is_builders_file(const std::string& path) const {
    if (!engine_.is_build) return false;
    constexpr std::string_view kSnapshots = "/io.containerd.snapshotter.v1.";
    if (path.find(kSnapshots) != std::string::npos) return path.find("/snapshots/") != std::string::npos;
    if (!path.starts_with(engine_.data_root + "/")) return false;
    const std::string_view rest = std::string_view(path).substr(engine_.data_root.size() + 1);
    constexpr std::array<std::string_view, 10> kNotItsOwn = {"containers/", "volumes/", "plugins/", "swarm/",
                                                             "network/",    "image/",   "trust/",   "builder/",
                                                             "runtimes/",   "init/"};
    return rest.find('/') != std::string_view::npos &&
           std::ranges::none_of(kNotItsOwn, [&](std::string_view folder) { return rest.starts_with(folder); });
  }

  // The folder of a managed plugin's socket, and the one in which it may show mounts to the host.
  [[nodiscard]] bool is_plugins_file(const std::string& path) const {
    return engine_.is_plugin &&
           (path == "/run/docker/plugins/" + engine_.container_id ||
            (!engine_.data_root.empty() &&
             path == engine_.data_root + "/plugins/" + engine_.container_id + "/propagated-mount"));
  }

  // What the engine made for this very container, and what `--network` and `--ipc container:X` take over from X: only
  // these files, only at their usual places. The folder around them holds the engine's own record of the container.
  [[nodiscard]] bool is_engine_file(const Place& place, const oci::Mount& mount) const {
    if (engine_.container_id.empty()) return false;
    if (is_builders_file(place.path) || is_plugins_file(place.path)) return true;
    const std::string containers = engine_.data_root + "/containers/";
    if (!engine_.data_root.empty() && place.path.starts_with(containers)) {
      const std::string_view rest = std::string_view(place.path).substr(containers.size());
      const std::string_view owner = rest.substr(0, rest.find('/'));
      const std::string_view file = rest.substr(owner.size());
      const bool own = owner == engine_.container_id;
      return (own && file.starts_with("/mounts/secrets/")) ||
             ((own || joins_) && is_shared_file(file, mount.destination));
    }
    return place.path.find("/overlay-containers/" + engine_.container_id + "/userdata/") != std::string::npos ||
           is_init_program(place, mount);
  }

  static bool is_shared_file(std::string_view file, std::string_view destination) {
    struct Shared {
      std::string_view file;
      std::string_view destination;
    };
    constexpr std::array kShared = {Shared{"/resolv.conf", "/etc/resolv.conf"}, Shared{"/hostname", "/etc/hostname"},
                                    Shared{"/hosts", "/etc/hosts"}, Shared{"/mounts/shm", "/dev/shm"}};
    return std::ranges::any_of(
        kShared, [&](const Shared& shared) { return shared.file == file && shared.destination == destination; });
  }

  // `docker run --init` binds the engine's docker-init; it must be root's.
  static bool is_init_program(const Place& place, const oci::Mount& mount) {
    const bool named = place.path.ends_with("/docker-init") || place.path.ends_with("/catatonit");
    const bool placed = mount.destination == "/sbin/docker-init" || mount.destination == "/dev/init" ||
                        mount.destination == "/run/podman-init";
    struct stat status {};
    return named && placed && mount.has("ro") && ::stat(place.path.c_str(), &status) == 0 && status.st_uid == 0 &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  }

  [[nodiscard]] std::vector<const Landmark*> forbidden() const {
    std::vector<const Landmark*> all;
    for (const Landmark& landmark : denied_) all.push_back(&landmark);
    for (const Landmark& landmark : engine_own_) all.push_back(&landmark);
    return all;
  }

  void compare(MountSource& source, const Place& place) {
    // A named volume lies in the engine's store, and so below what is denied there: that alone is no objection. Where a
    // volume is a bind of another folder (`-o o=bind`), that folder counts.
    std::vector<Identity> folders;
    std::vector<Identity> folders_of_store;
    for (const std::string& path : table_.aliases(place.path))
      for (const Identity& identity : above(path, folders_))
        (is_volume(path) ? folders_of_store : folders).push_back(identity);
    for (const Landmark* const landmark : forbidden()) {
      if (contains(landmark->folders_above, place.identity)) source.contains.push_back(landmark->name);
      const bool inside = is_or_lies_below(place, folders, *landmark) ||
                          (!is_store_or_above(*landmark) && contains(folders_of_store, landmark->place.identity));
      if (inside) source.inside.push_back(landmark->name);
    }
    if (is_engine_socket(place)) source.contains.emplace_back("an engine's socket");
  }

  // What is mounted inside the source comes with it.
  void compare_inner(MountSource& source, const Place& inner) {
    const auto folders = above_all(table_.aliases(inner.path), folders_);
    for (const Landmark* const landmark : forbidden()) {
      // What lies below the source lies below all that the source does; that has been compared.
      const bool inherited = std::ranges::find(source.inside, landmark->name) != source.inside.end() ||
                             (source.is_volume && is_store_or_above(*landmark));
      const bool inside = is_or_lies_below(inner, folders, *landmark) && !inherited;
      if (inside || contains(landmark->folders_above, inner.identity)) source.contains.push_back(landmark->name);
    }
  }

  [[nodiscard]] bool is_store_or_above(const Landmark& landmark) const {
    return is_or_below(engine_.data_root, landmark.place.path);
  }
  const policy::Mounts& rule_;
  EngineFolders engine_;
  bool joins_;  // another container's namespaces
  bool learnt_ = false;
  std::optional<Error> problem_;
  MountTable table_;
  FolderIdentities folders_;
  std::vector<Landmark> denied_;
  std::vector<Landmark> allowed_;
  std::vector<Landmark> engine_own_;
};

}  // namespace

EngineFolders engine_folders(const std::string& rootfs_path, const std::string& runtime_root,
                             const std::string& container_id, const std::string& build_root) {
  EngineFolders folders{.data_root = {}, .exec_root = {}, .container_id = container_id};
  folders.is_plugin = runtime_root.substr(runtime_root.find_last_of('/') + 1) == "plugins.moby";
  if (const auto place = build_root.empty() ? std::nullopt : look_at(build_root)) {
    folders.data_root = place->path;
    folders.is_build = true;
    return folders;
  }
  // <data root>/overlay2/<layer>/merged, <data root>/rootfs/overlayfs/<id>, <data root>/vfs/dir/<id> …: the first
  // folder above that has a `containers/<id>` (`plugins/<id>` for a plugin). All of it is the engine's; no part is a
  // container's. Only dockerd makes them so; in another engine's store a user could have made the folders.
  const bool is_docker = runtime_root.substr(runtime_root.find_last_of('/') + 1).find("moby") != std::string::npos;
  std::string folder = rootfs_path;
  for (int level = 0; is_docker && level < 4 && folder.size() > 1 && folder.front() == '/'; ++level) {
    folder = parent_of(folder);
    const auto place = look_at(folder);
    std::string owner = folder;
    owner.append(folders.is_plugin ? "/plugins/" : "/containers/").append(container_id);
    if (place && identity_of(owner)) {
      folders.data_root = place->path;
      break;
    }
  }
  // <exec root>/runtime-<name>/<namespace>
  const std::string runtime_folder = parent_of(runtime_root);
  if (runtime_folder.substr(runtime_folder.rfind('/') + 1).starts_with("runtime-"))
    if (const auto place = look_at(parent_of(runtime_folder))) folders.exec_root = place->path;
  return folders;
}

Result<std::map<std::string, MountSource>> probe_mount_sources(const std::vector<oci::Mount>& mounts,
                                                               const policy::Mounts& rule, const EngineFolders& engine,
                                                               bool joins_containers) {
  SourceProbe probe(rule, engine, joins_containers);
  std::map<std::string, MountSource> sources;
  for (const oci::Mount& mount : mounts) {
    if (!mount.is_bind()) continue;
    MountSource source = probe.look(mount);
    const auto [known, is_new] = sources.try_emplace(mount.source, source);
    // What is exempt at one place need not be so at another: then it is exempt at none.
    if (!is_new && known->second.is_engine_file) known->second = std::move(source);
  }
  if (probe.problem()) return *probe.problem();
  return sources;
}

Result<std::vector<std::string>> probe_rootfs(const std::string& rootfs_path, const policy::Mounts& rule,
                                              const EngineFolders& engine) {
  std::vector<std::string> inside;
  if (!engine.data_root.empty()) return inside;
  const auto place = look_at(rootfs_path);
  if (!place) return inside;
  SHIM_TRY(const MountTable table, MountTable::read());
  FolderIdentities folders;
  for (const Landmark& landmark : landmarks(rule.denied_sources, table, folders))
    if (place->identity == landmark.place.identity || contains(landmark.folders_above, place->identity))
      inside.push_back(landmark.name);
  return inside;
}

}  // namespace runward::host
