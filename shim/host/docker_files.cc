// SPDX-License-Identifier: Apache-2.0
#include "shim/host/docker_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "shim/base/file.h"
#include "shim/base/unique_fd.h"
#include "shim/oci/parse.h"
#include "shim/oci/shape.h"

namespace runward::host {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{8} << 20U;  // repositories.json names every tag on the host
constexpr std::size_t kIdLength = 64;
constexpr std::string_view kSha256 = "sha256:";

bool is_hex_id(std::string_view text) {
  return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The hexadecimal part of "sha256:…", or nothing: it becomes a file's name.
std::optional<std::string> hex_of(std::string_view digest) {
  if (!digest.starts_with(kSha256) || !is_hex_id(digest.substr(kSha256.size()))) return std::nullopt;
  return std::string(digest.substr(kSha256.size()));
}

bool is_roots_alone(const UniqueFd& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 && status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// One folder further; empty when it is missing, a link, or not root's alone.
UniqueFd enter(const UniqueFd& directory, const std::string& name) {
  UniqueFd fd(::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && !is_roots_alone(fd)) return {};
  return fd;
}

// `folders` and then `file`, each checked; nothing when one of them is missing or not to be trusted.
Result<std::optional<std::string>> read_below(const UniqueFd& root, const std::vector<std::string>& folders,
                                              const std::string& file) {
  const UniqueFd* directory = &root;
  UniqueFd next;
  for (const std::string& folder : folders) {
    next = enter(*directory, folder);
    if (!next) return std::optional<std::string>{};
    directory = &next;
  }
  const auto fd = open_regular(directory->get(), file);
  if (!fd || !is_roots_alone(*fd)) return std::optional<std::string>{};
  SHIM_TRY(std::string text, read_all(*fd, kMaxFileBytes, file));
  return std::optional<std::string>(std::move(text));
}

// Values of other types count as absent: these are Docker's files, and none of ours to complain about.
std::string text_at(const oci::Value& document, const char* pointer) {
  const oci::Value* value = oci::find(document, oci::Pointer(pointer));
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::map<std::string, std::string> labels_at(const oci::Value& document, const char* pointer) {
  std::map<std::string, std::string> labels;
  const oci::Value* value = oci::find(document, oci::Pointer(pointer));
  if (value == nullptr || !value->is_object()) return labels;
  for (const auto& [name, label] : value->items())
    if (label.is_string()) labels[name] = label.get<std::string>();
  return labels;
}

// What the classic builder leaves empty, and only a user fills (HostConfig).
bool asks_for_nothing(const oci::Value& host_config) {
  constexpr std::array<const char*, 24> kEmpty = {
      "Binds",      "Mounts",         "VolumesFrom",       "PortBindings", "PublishAllPorts", "Links",
      "Devices",    "DeviceRequests", "DeviceCgroupRules", "CapAdd",       "GroupAdd",        "SecurityOpt",
      "Privileged", "AutoRemove",     "PidMode",           "UTSMode",      "UsernsMode",      "Sysctls",
      "Tmpfs",      "Annotations",    "VolumeDriver",      "Init",         "OomKillDisable",  "StorageOpt"};
  return std::ranges::all_of(kEmpty, [&](const char* name) {
    const oci::Value* value = oci::find(host_config, std::string_view(name));
    return value == nullptr || value->is_null() || *value == false ||
           (value->is_string() && value->get_ref<const std::string&>().empty()) ||
           (value->is_structured() && value->empty());
  });
}

bool is_builders_host_config(const oci::Value& host_config) {
  const std::string restart = text_at(host_config, "/RestartPolicy/Name");
  return text_at(host_config, "/LogConfig/Type") == "none" && (restart.empty() || restart == "no") &&
         asks_for_nothing(host_config);
}

bool is_true_at(const oci::Value& document, const char* pointer) {
  const oci::Value* value = oci::find(document, oci::Pointer(pointer));
  return value != nullptr && *value == true;
}

bool is_builders_config(const oci::Value& container) {
  const std::string image = text_at(container, "/Config/Image");
  return hex_of(image) && image == text_at(container, "/Image") && !is_true_at(container, "/Config/OpenStdin") &&
         !is_true_at(container, "/Config/AttachStdin") && !is_true_at(container, "/Config/Tty");
}

struct DataRoot {
  UniqueFd directory;
  oci::Value container;  // config.v2.json
};

Result<std::optional<DataRoot>> open_data_root(const std::string& path, const std::string& id) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || !is_roots_alone(directory)) return std::optional<DataRoot>{};
  SHIM_TRY(const auto text, read_below(directory, {"containers", id}, "config.v2.json"));
  if (!text) return std::optional<DataRoot>{};
  const std::string name = path + "/containers/" + id + "/config.v2.json";
  SHIM_TRY(oci::Value container, oci::parse(*text, name));
  if (text_at(container, "/ID") != id) return std::optional<DataRoot>{};
  return std::optional<DataRoot>(DataRoot{.directory = std::move(directory), .container = std::move(container)});
}

// From the folder above the root filesystem upwards: the root filesystem itself holds what the image put there.
Result<std::optional<DataRoot>> find_data_root(std::string path, const std::string& id) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (;;) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return std::optional<DataRoot>{};
    path.resize(slash);
    SHIM_TRY(auto found, open_data_root(path, id));
    if (found) return found;
  }
}

// A file of an image's store; null when it is missing, not to be trusted, or not JSON.
oci::Value read_image_file(const DataRoot& root, std::vector<std::string> folders, const std::string& file) {
  const std::string driver = text_at(root.container, "/Driver");
  const bool is_name =
      !driver.empty() && driver.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!is_name) return nullptr;
  folders.insert(folders.begin(), {"image", driver});
  const auto text = read_below(root.directory, folders, file);
  if (!text || !*text) return nullptr;
  auto document = oci::parse(**text, file);
  return document ? *std::move(document) : oci::Value(nullptr);
}

// Docker reads an image by Go's encoding/json: a key that we would pass over is "Labels" to it.
bool has_in_other_letters(const oci::Value* object, std::string_view name) {
  if (object == nullptr || !object->is_object()) return false;
  const std::string folded = oci::fold_case(name);
  return std::ranges::any_of(object->items(), [&](const auto& member) {
    return member.key() != name && oci::fold_case(member.key()) == folded;
  });
}

// Whoever made the image wrote its file. Where it can be understood in two ways, what it brings is not known.
bool is_ambiguous(const oci::Value& image) {
  return has_in_other_letters(&image, "config") ||
         has_in_other_letters(oci::find(image, std::string_view("config")), "Labels");
}

std::map<std::string, std::string> own_labels(const DataRoot& root, const std::string& image_id) {
  const auto hex = hex_of(image_id);
  if (!hex) return {};
  const oci::Value image = read_image_file(root, {"imagedb", "content", "sha256"}, *hex);
  if (!image.is_object() || is_ambiguous(image)) return {};
  const auto of_image = labels_at(image, "/config/Labels");
  auto labels = labels_at(root.container, "/Config/Labels");
  std::erase_if(labels, [&](const auto& label) {
    const auto same = of_image.find(label.first);
    return same != of_image.end() && same->second == label.second;
  });
  return labels;
}

// Docker leaves out what a reference on docker.io has in common.
std::string full_reference(const std::string& reference) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + reference;
  const std::string_view first = std::string_view(reference).substr(0, slash);
  const bool is_registry = first.find_first_of(".:") != std::string_view::npos || first == "localhost";
  return is_registry ? reference : "docker.io/" + reference;
}

// repositories.json: {"Repositories": {"nginx": {"nginx@sha256:…": "<image id>", "nginx:1.25": "<image id>"}}}
std::vector<std::string> digests_of(const DataRoot& root, const std::string& image_id) {
  std::vector<std::string> digests;
  const oci::Value document = read_image_file(root, {}, "repositories.json");
  const oci::Value* repositories = oci::find(document, std::string_view("Repositories"));
  if (repositories == nullptr || !repositories->is_object()) return digests;
  for (const oci::Value& references : *repositories) {
    if (!references.is_object()) continue;
    for (const auto& [reference, id] : references.items())
      if (id.is_string() && id.get_ref<const std::string&>() == image_id && reference.find('@') != std::string::npos)
        digests.push_back(full_reference(reference));
  }
  return digests;
}

}  // namespace

bool is_classic_build_step(const std::string& rootfs_path, const std::string& container_id) {
  if (!is_hex_id(container_id) || !rootfs_path.starts_with('/')) return false;
  const auto root = find_data_root(rootfs_path, container_id);
  if (!root || !*root || !is_builders_config((*root)->container)) return false;
  const auto text = read_below((*root)->directory, {"containers", container_id}, "hostconfig.json");
  if (!text || !*text) return false;
  const auto host_config = oci::parse(**text, "hostconfig.json");
  return host_config && is_builders_host_config(*host_config);
}

Result<std::optional<ContainerInfo>> read_docker_files(const std::string& rootfs_path,
                                                       const std::string& container_id) {
  if (!is_hex_id(container_id) || !rootfs_path.starts_with('/')) return std::optional<ContainerInfo>{};
  SHIM_TRY(const auto root, find_data_root(rootfs_path, container_id));
  if (!root) return std::optional<ContainerInfo>{};
  ContainerInfo info;
  info.name = text_at(root->container, "/Name");
  if (info.name.starts_with('/')) info.name.erase(0, 1);
  info.image = text_at(root->container, "/Config/Image");
  info.image_id = text_at(root->container, "/Image");
  info.labels = own_labels(*root, info.image_id);
  info.image_digests = digests_of(*root, info.image_id);
  return std::optional<ContainerInfo>(std::move(info));
}

}  // namespace runward::host
