// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/layers.h"

#include <algorithm>
#include <array>

#include "shim/base/file.h"
#include "shim/host/mount_table.h"
#include "shim/host/told_mounts.h"

namespace runward::userns {
namespace {

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// The super options of the mount that is seen at `path`, the last one there; nothing: none, or no overlay. Only the
// line in question is looked at closely: a host with many containers has thousands.
std::optional<std::string_view> overlay_options(std::string_view mountinfo, const std::string& path) {
  std::optional<std::string_view> found;
  while (!mountinfo.empty()) {
    std::string_view line = take(mountinfo, '\n');
    for (int field = 0; field < 4; ++field) take(line, ' ');
    const std::string_view mount_point = take(line, ' ');
    if (mount_point.size() < path.size() || host::decode_mount_field(mount_point) != path) continue;
    constexpr std::string_view kSeparator = " - ";
    const std::size_t at = line.find(kSeparator);
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + kSeparator.size());
    const bool is_overlay = take(line, ' ') == "overlay";
    take(line, ' ');  // the source, "overlay"
    found = is_overlay ? std::optional(line) : std::nullopt;
  }
  return found;
}

// At the commas outside of quotes (context="…:c1,c2").
std::vector<std::string> split_options(std::string_view options) {
  std::vector<std::string> all(1);
  bool quoted = false;
  for (const char c : options) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  for (std::string& option : all) option = host::decode_mount_field(option);
  return all;
}

// At the colons that no backslash stands before.
std::vector<std::string> split_layers(std::string_view text) {
  std::vector<std::string> all(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      all.back() += text[++i];
    else if (text[i] == ':')
      all.emplace_back();
    else
      all.back() += text[i];
  }
  return all;
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Engines that have many layers mount from within their own folder: "l/ABC:l/DEF", "72/fs:71/fs". What they mount on,
// or the upper folder, is <that folder>/<id>/<name>.
void make_absolute(Layers& layers, const std::string& path) {
  const std::string base = parent_of(parent_of(layers.upper.starts_with('/') ? layers.upper : path));
  const auto absolute = [&](std::string& layer) {
    if (!layer.empty() && !layer.starts_with('/')) layer.insert(0, "/").insert(0, base);
  };
  for (std::string& layer : layers.lower) absolute(layer);
  absolute(layers.upper);
}

bool is_repeated(std::string_view option) {
  constexpr std::array<std::string_view, 7> kRepeated = {
      "metacopy=", "userxattr", "redirect_dir=", "context=", "fscontext=", "defcontext=", "rootcontext="};
  return std::ranges::any_of(kRepeated, [&](std::string_view name) { return option.starts_with(name); });
}

Result<std::optional<Layers>> layers_of(std::string_view options, const std::string& path) {
  Layers layers;
  for (const std::string& option : split_options(options)) {
    const std::size_t equals = std::min(option.find('='), option.size());
    const std::string name = option.substr(0, equals);
    const std::string value = option.substr(std::min(equals + 1, option.size()));
    if (name == "lowerdir")
      layers.lower = split_layers(value);
    else if (name == "lowerdir+")
      layers.lower.push_back(value);
    else if (name == "upperdir")
      layers.upper = value;
    else if (name == "datadir+")
      return make_error(ErrorKind::unsupported, "the overlay on '" + path + "' has data-only layers");
    else if (is_repeated(option))
      layers.options.push_back(option);
  }
  const bool is_odd = layers.lower.empty() || std::ranges::find(layers.lower, "") != layers.lower.end();
  if (is_odd) return make_error(ErrorKind::unsupported, "the layers of the overlay on '" + path + "' are not told");
  make_absolute(layers, path);
  return std::optional<Layers>(std::move(layers));
}

}  // namespace

Result<std::optional<Layers>> find_layers(std::string_view mountinfo, const std::string& path) {
  const auto options = overlay_options(mountinfo, path);
  return options ? layers_of(*options, path) : std::optional<Layers>();
}

Result<std::optional<Layers>> read_layers(const std::string& path) {
  constexpr std::size_t kMaxMountinfo = std::size_t{64} << 20U;
  if (const auto told = host::told_mount_at(path))
    return told->filesystem == "overlay" ? layers_of(told->options, path) : std::optional<Layers>();
  SHIM_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo", kMaxMountinfo));
  return find_layers(mountinfo, path);
}

}  // namespace runward::userns
