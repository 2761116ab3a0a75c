// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/read_values.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <limits>

#include "shim/base/number.h"

namespace runward::policy {
namespace {

constexpr std::string_view kLowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool consists_of(std::string_view text, std::string_view letters, std::string_view more = {}) {
  return std::ranges::all_of(text, [&](char c) {
    return letters.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

struct Unit {
  std::string_view name;
  unsigned shift;
};
constexpr std::array kUnits = {Unit{"KiB", 10}, Unit{"MiB", 20}, Unit{"GiB", 30}, Unit{"TiB", 40}};

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = parse_number<std::uint64_t>(text.substr(0, text.size() - unit.name.size()));
    if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> unit.shift)) return std::nullopt;
    return *number << unit.shift;
  }
  return parse_number<std::uint64_t>(text);
}

std::optional<std::uint64_t> bytes_of(const oci::Value& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) return parse_bytes(value.get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<std::uint64_t> milli_cpus_of(const oci::Value& value) {
  constexpr double kMostCpus = 65536;
  if (!value.is_number()) return std::nullopt;
  const auto cpus = value.get<double>();
  if (!(cpus > 0) || cpus > kMostCpus) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(cpus * 1000));
}

std::optional<std::uint64_t> pids_of(const oci::Value& value) {
  constexpr std::uint64_t kMostPids = std::uint64_t{1} << 22U;  // PID_MAX_LIMIT
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMostPids) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::optional<unsigned> percent_of(const oci::Value& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_ref<const std::string&>();
  if (!text.ends_with('%')) return std::nullopt;
  const auto number = parse_number<std::uint64_t>(text.substr(0, text.size() - 1));
  if (!number || *number < 1 || *number > 100) return std::nullopt;
  return static_cast<unsigned>(*number);
}

using AbsoluteOf = std::optional<std::uint64_t> (*)(const oci::Value&);

bool add_to_amount(const oci::Value& value, AbsoluteOf absolute_of, Amount& amount) {
  if (const auto percent = percent_of(value); percent && !amount.percent) {
    amount.percent = percent;
    return true;
  }
  const auto absolute = absolute_of(value);
  if (!absolute || *absolute == 0 || amount.absolute) return false;
  amount.absolute = absolute;
  return true;
}

std::optional<Amount> read_amount(const Reader& reader, AbsoluteOf absolute_of, std::string_view expected) {
  Amount amount;
  const oci::Value& value = reader.value();
  const bool understood = value.is_array() ? value.size() == 2 && add_to_amount(value[0], absolute_of, amount) &&
                                                 add_to_amount(value[1], absolute_of, amount)
                                           : add_to_amount(value, absolute_of, amount);
  if (understood) return amount;
  reader.fail(expected);
  return std::nullopt;
}

bool is_image_digest(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  constexpr std::size_t kHexLength = 64;
  return text.starts_with(kAlgorithm) && text.size() == kAlgorithm.size() + kHexLength &&
         consists_of(text.substr(kAlgorithm.size()), kHexDigits);
}

bool is_pattern(std::string_view text) {
  const std::size_t star = text.find('*');
  return !text.empty() && is_printable(text) && (star == std::string_view::npos || star == text.size() - 1);
}

}  // namespace

bool is_profile_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && consists_of(name.substr(0, 1), kLowerAndDigits) &&
         consists_of(name, kLowerAndDigits, "._-");
}

bool is_normal_path(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.ends_with('/') || path.size() >= PATH_MAX) return false;
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) return false;
  while (!path.empty()) {
    const std::string_view rest = path.substr(1);
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path = rest.substr(part.size());
  }
  return true;
}

std::optional<Mode> read_mode(const Reader& value) {
  constexpr std::string_view kExpected = R"(expected "enforce", "audit" or "off")";
  const auto text = value.text(kExpected);
  if (!text) return std::nullopt;
  if (*text == "enforce") return Mode::enforce;
  if (*text == "audit") return Mode::audit;
  if (*text == "off") return Mode::off;
  value.fail(kExpected);
  return std::nullopt;
}

std::optional<std::string> read_profile_name(const Reader& value) {
  auto text = value.text(kProfileNameExpected);
  if (!text || is_profile_name(*text)) return text;
  value.fail(kProfileNameExpected);
  return std::nullopt;
}

std::optional<std::string> read_path(const Reader& value) {
  constexpr std::string_view kExpected = "expected an absolute path without '.', '..', '//' and a '/' at its end";
  auto text = value.text(kExpected);
  if (!text || is_normal_path(*text)) return text;
  value.fail(kExpected);
  return std::nullopt;
}

std::string unknown_rule(std::string_view name) {
  std::array<std::string_view, kRules.size()> known;
  std::ranges::transform(kRules, known.begin(), &Rule::name);
  return unknown_name("rule", name, known);
}

std::optional<RuleId> read_rule_name(const Reader& value) {
  const auto text = value.text("expected a rule's name");
  if (!text) return std::nullopt;
  const auto rule = parse_rule_name(*text);
  if (rule) return rule;
  value.fail(unknown_rule(*text));
  return std::nullopt;
}

std::optional<std::uint64_t> read_bytes(const Reader& value) {
  const auto bytes = bytes_of(value.value());
  if (bytes && *bytes > 0) return bytes;
  value.fail(R"(expected a size above 0, as "64MiB" or a number of bytes)");
  return std::nullopt;
}

std::optional<std::string> read_image_pattern(const Reader& value) {
  constexpr std::string_view kExpected =
      R"(expected "sha256:" and 64 hexadecimal digits, a repository such as "docker.io/library/nginx", the beginning )"
      R"(of one with a * at its end, or "local:" and the name of an image made on this host)";
  constexpr std::string_view kLocal = "local:";
  auto text = value.text(kExpected);
  if (!text) return std::nullopt;
  if (text->starts_with(kLocal) && text->size() > kLocal.size() && is_pattern(*text)) return text;
  if (is_image_digest(*text)) return text;
  // A tag proves nothing: whoever may talk to the engine can give it to any image.
  const std::size_t slash = text->rfind('/');
  const bool has_tag = text->find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  if (is_pattern(*text) && !has_tag && text->find('@') == std::string::npos) return text;
  value.fail(has_tag ? "expected no tag: a tag says nothing about what is in an image; give a digest or a repository"
                     : kExpected);
  return std::nullopt;
}

std::optional<Amount> read_memory(const Reader& value) {
  return read_amount(value, bytes_of, R"(expected an amount: "512MiB", a number of bytes, "25%", or ["25%", "4GiB"])");
}

std::optional<Amount> read_cpus(const Reader& value) {
  return read_amount(value, milli_cpus_of, R"(expected a number of CPUs: 2, 1.5, "50%", or ["50%", 4])");
}

std::optional<Amount> read_pids(const Reader& value) {
  Amount amount{.absolute = pids_of(value.value()), .percent = {}};
  if (amount.absolute && *amount.absolute > 0) return amount;
  value.fail("expected a number of processes above 0");
  return std::nullopt;
}

void read_capabilities(const Reader& value, oci::CapabilitySet& target) {
  value.each_item([&](const Reader& item) {
    const auto name = item.text("expected a capability's name");
    if (!name) return;
    if (const auto capability = oci::parse_capability(*name)) return target.add(*capability);
    item.fail("unknown capability \"" + name->substr(0, 64) + "\"");
  });
}

void add_once(std::vector<std::string>& list, std::string item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
}

void read_paths(const Reader& value, std::vector<std::string>& target) {
  value.each_item([&](const Reader& item) {
    if (auto path = read_path(item)) add_once(target, std::move(*path));
  });
}

void read_patterns(const Reader& value, std::vector<std::string>& target) {
  value.each_item([&](const Reader& item) {
    constexpr std::string_view kExpected = "expected a text without blanks, a * only at its end";
    auto text = item.text(kExpected);
    if (!text) return;
    if (!is_pattern(*text)) return item.fail(kExpected);
    add_once(target, std::move(*text));
  });
}

void read_images(const Reader& value, std::vector<std::string>& target) {
  value.each_item([&](const Reader& item) {
    if (auto image = read_image_pattern(item)) add_once(target, std::move(*image));
  });
}

void read_words(const Reader& value, std::set<std::string>& target, std::span<const std::string_view> known) {
  value.each_item([&](const Reader& item) {
    constexpr std::string_view kExpected = "expected a word of small letters, digits and . _ -";
    auto word = item.text(kExpected);
    if (!word) return;
    if (word->empty() || !consists_of(*word, kLowerAndDigits, "._-")) return item.fail(kExpected);
    if (!known.empty() && std::ranges::find(known, *word) == known.end())
      return item.fail(unknown_name("name", *word, known));
    target.insert(std::move(*word));
  });
}

}  // namespace runward::policy
