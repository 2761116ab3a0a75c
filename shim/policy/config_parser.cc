// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "shim/policy/object_reader.h"
#include "shim/policy/profile_parser.h"
#include "shim/policy/read_values.h"
#include "shim/policy/store.h"

namespace runward::policy {
namespace {

using ConfigKey = Key<Config>;

void read_runtime(const Reader& value, Config& config) {
  constexpr std::string_view kExpected = "expected the name of a program, or its absolute path";
  auto text = value.text(kExpected);
  if (!text) return;
  const bool is_name = text->find('/') == std::string::npos && is_normal_path("/" + *text);
  if (text->empty() || (!is_name && !is_normal_path(*text)) || *text == "/") return value.fail(kExpected);
  config.runtime = std::move(*text);
}

void read_profile_map(const Reader& value, std::map<std::string, std::string>& map) {
  value.each_member([&](const Reader& member) {
    if (auto profile = read_profile_name(member)) map[member.key()] = std::move(*profile);
  });
}

constexpr std::array kImageKeys = {
    Key<Selection::ImageChoice>{"", "image",
                                [](const Reader& value, Selection::ImageChoice& choice) {
                                  choice.image = read_image_pattern(value).value_or("");
                                }},
    Key<Selection::ImageChoice>{"", "profile",
                                [](const Reader& value, Selection::ImageChoice& choice) {
                                  choice.profile = read_profile_name(value).value_or("");
                                }},
};

void read_image_choices(const Reader& value, Config& config) {
  value.each_item([&](const Reader& item) {
    Selection::ImageChoice choice;
    read_section<Selection::ImageChoice>(kImageKeys, "", item, choice);
    if (choice.image.empty() || choice.profile.empty()) return item.fail(R"(expected {"image": …, "profile": …})");
    config.selection.by_image.push_back(std::move(choice));
  });
}

// The name of an annotation or label; empty: a container can't choose this way.
void read_choice_key(const Reader& value, std::string& target) {
  if (auto text = value.text()) target = std::move(*text);
}

// Empty: builds count as any other container.
void read_builds(const Reader& value, Config& config) {
  if (value.value().is_string() && value.value().get_ref<const std::string&>().empty()) {
    config.selection.builds.clear();
  } else if (auto name = read_profile_name(value)) {
    config.selection.builds = std::move(*name);
  }
}

void read_events_file(const Reader& value, Config& config) {
  if (value.value().is_string() && value.value().get_ref<const std::string&>().empty()) {
    config.events.file.clear();
  } else if (auto path = read_path(value)) {
    config.events.file = std::move(*path);
  }
}

// Below are a host's own accounts; at the end two numbers that mean "no id" (user_namespaces(7)).
constexpr std::uint64_t kFirstPoolId = 65536;
constexpr std::uint64_t kLastPoolId = 4294967293;
constexpr std::uint64_t kMostRanges = 65000;
// A container has the ids up to nobody's, 65534.
constexpr std::uint64_t kLeastRange = 65536;
constexpr std::uint64_t kMostRange = std::uint64_t{1} << 24U;

constexpr std::array kSectionKeys = {
    ConfigKey{"profiles", "default",
              [](const Reader& value, Config& config) {
                if (auto name = read_profile_name(value)) config.selection.standard = std::move(*name);
              }},
    ConfigKey{"profiles", "by_namespace",
              [](const Reader& value, Config& config) { read_profile_map(value, config.selection.by_namespace); }},
    ConfigKey{"profiles", "builds", read_builds},
    ConfigKey{"profiles", "by_runtime",
              [](const Reader& value, Config& config) { read_profile_map(value, config.selection.by_runtime); }},
    ConfigKey{"profiles", "by_image", read_image_choices},
    ConfigKey{"profiles", "choices",
              [](const Reader& value, Config& config) {
                value.each_item([&](const Reader& item) {
                  if (auto name = read_profile_name(item)) config.selection.choices.insert(std::move(*name));
                });
              }},
    ConfigKey{"profiles", "annotation",
              [](const Reader& value, Config& config) { read_choice_key(value, config.selection.annotation); }},
    ConfigKey{"profiles", "label",
              [](const Reader& value, Config& config) { read_choice_key(value, config.selection.label); }},
    ConfigKey{"ceilings", "memory",
              [](const Reader& value, Config& config) { config.ceilings.memory = read_memory(value); }},
    ConfigKey{"ceilings", "cpu", [](const Reader& value, Config& config) { config.ceilings.cpu = read_cpus(value); }},
    ConfigKey{"ceilings", "pids", [](const Reader& value, Config& config) { config.ceilings.pids = read_pids(value); }},
    ConfigKey{
        "ceilings", "capabilities",
        [](const Reader& value, Config& config) { read_capabilities(value, config.ceilings.capabilities.emplace()); }},
    ConfigKey{"ceilings", "required_rules",
              [](const Reader& value, Config& config) {
                value.each_item([&](const Reader& item) {
                  if (const auto rule = read_rule_name(item)) config.ceilings.required_rules.insert(*rule);
                });
              }},
    ConfigKey{"id_pool", "first",
              [](const Reader& value, Config& config) {
                if (const auto first = value.count(kFirstPoolId, kLastPoolId)) config.id_pool.first = *first;
              }},
    ConfigKey{"id_pool", "ranges",
              [](const Reader& value, Config& config) {
                if (const auto ranges = value.count(1, kMostRanges)) config.id_pool.ranges = *ranges;
              }},
    ConfigKey{"id_pool", "size",
              [](const Reader& value, Config& config) {
                if (const auto size = value.count(kLeastRange, kMostRange)) config.id_pool.size = *size;
              }},
    ConfigKey{"events", "file", read_events_file},
    ConfigKey{"events", "required", [](const Reader& value, Config& config) { value.to(config.events.required); }},
};

constexpr auto kReadSection = [](const Reader& value, Config& config) {
  read_section<Config>(kSectionKeys, value.key(), value, config);
};

void read_id_pool(const Reader& value, Config& config) {
  kReadSection(value, config);
  if (config.id_pool.end() > kLastPoolId + 1)
    value.fail("expected a pool that ends below 4294967294: first + ranges × size");
}

constexpr std::array kTopKeys = {
    ConfigKey{"", "$schema", [](const Reader& value, Config&) { static_cast<void>(value.text()); }},
    ConfigKey{"", "runtime", read_runtime},
    ConfigKey{"", "mode",
              [](const Reader& value, Config& config) { config.mode = read_mode(value).value_or(Mode::enforce); }},
    ConfigKey{"", "profiles", kReadSection},
    ConfigKey{"", "id_pool", read_id_pool},
    ConfigKey{"", "ceilings", kReadSection},
    ConfigKey{"", "events", kReadSection},
};

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view name) {
  const auto document = oci::parse(text, name, kPolicyFileLimits);
  if (!document) return make_error(ErrorKind::policy, document.error().message);
  Config config;
  Source source(text, name);
  read_section<Config>(kTopKeys, "", Reader(source, *document), config);
  SHIM_CHECK(source.status());
  return config;
}

std::vector<KnownKey> config_keys() {
  std::vector<KnownKey> keys;
  keys.reserve(kTopKeys.size() + kSectionKeys.size());
  for (const ConfigKey& key : kTopKeys) keys.push_back({.section = key.section, .name = key.name});
  for (const ConfigKey& key : kSectionKeys) keys.push_back({.section = key.section, .name = key.name});
  return keys;
}

}  // namespace runward::policy
