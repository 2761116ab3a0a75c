// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kinds of value that stand in policy files, each read into the type that cannot be wrong.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/oci/capability.h"
#include "shim/policy/object_reader.h"
#include "shim/policy/policy.h"

namespace runward::policy {

// Small letters, digits and . _ -, at most 64: it is a folder's name, and part of a runtime's.
bool is_profile_name(std::string_view name);
inline constexpr std::string_view kProfileNameExpected =
    "expected a profile's name: small letters, digits and . _ -, at most 64, the first a letter or digit";
// Absolute, nothing in it that a kernel or a reader would have to resolve.
bool is_normal_path(std::string_view path);

std::optional<Mode> read_mode(const Reader& value);
std::optional<std::string> read_profile_name(const Reader& value);
std::optional<std::string> read_path(const Reader& value);
std::optional<RuleId> read_rule_name(const Reader& value);
std::string unknown_rule(std::string_view name);  // the message, with the rule that was probably meant
std::optional<std::uint64_t> read_bytes(const Reader& value);
// "sha256:…", "docker.io/library/nginx", "docker.io/*", or "local:name": as select.h says.
std::optional<std::string> read_image_pattern(const Reader& value);

using ReadAmount = std::optional<Amount> (*)(const Reader& value);
std::optional<Amount> read_memory(const Reader& value);  // "4GiB", 1048576, "25%", ["25%", "4GiB"]
std::optional<Amount> read_cpus(const Reader& value);    // 1, 1.5, "50%", ["50%", 4]
std::optional<Amount> read_pids(const Reader& value);    // 1024

// Adds to `target`; the caller emptied it if the list replaces its parent's.
void read_capabilities(const Reader& value, oci::CapabilitySet& target);
void read_paths(const Reader& value, std::vector<std::string>& target);
void read_patterns(const Reader& value, std::vector<std::string>& target);
void read_images(const Reader& value, std::vector<std::string>& target);
// Texts of small letters, digits and "_.-"; out of `known` if that is not empty.
void read_words(const Reader& value, std::set<std::string>& target, std::span<const std::string_view> known = {});

void add_once(std::vector<std::string>& list, std::string item);

}  // namespace runward::policy
