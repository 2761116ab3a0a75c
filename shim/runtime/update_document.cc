// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/update_document.h"

#include <array>
#include <cstdint>
#include <limits>

#include "shim/base/number.h"
#include "shim/runtime/rewrite.h"

namespace runward::runtime {
namespace {

enum class Form { number, bytes, text };

struct Flag {
  std::string_view option;
  const char* group;
  const char* member;
  Form form;
};

constexpr std::array kFlags = {
    Flag{"blkio-weight", "blockIO", "weight", Form::number},
    Flag{"cpu-period", "cpu", "period", Form::number},
    Flag{"cpu-quota", "cpu", "quota", Form::number},
    Flag{"cpu-burst", "cpu", "burst", Form::number},
    Flag{"cpu-share", "cpu", "shares", Form::number},
    Flag{"cpu-rt-period", "cpu", "realtimePeriod", Form::number},
    Flag{"cpu-rt-runtime", "cpu", "realtimeRuntime", Form::number},
    Flag{"cpu-idle", "cpu", "idle", Form::number},
    Flag{"cpuset-cpus", "cpu", "cpus", Form::text},
    Flag{"cpuset-mems", "cpu", "mems", Form::text},
    Flag{"memory", "memory", "limit", Form::bytes},
    Flag{"memory-reservation", "memory", "reservation", Form::bytes},
    Flag{"memory-swap", "memory", "swap", Form::bytes},
    Flag{"pids-limit", "pids", "limit", Form::number},
};

// Not part of the resources document.
constexpr std::array<std::string_view, 2> kKept = {"l3-cache-schema", "mem-bw-schema"};

Status set(oci::Value& document, const Flag& flag, std::string_view text) {
  oci::Value& place = document[flag.group][flag.member];
  if (flag.form == Form::text) {
    place = text;
    return ok();
  }
  const auto number = flag.form == Form::bytes ? parse_bytes(text) : parse_number<std::int64_t>(text);
  if (!number)
    return make_error(ErrorKind::usage,
                      "option '--" + std::string(flag.option) + "' needs a number, not '" + std::string(text) + "'");
  // What runc holds in an unsigned field and we would print as a negative number, it could not read.
  if (*number >= 0) {
    place = static_cast<std::uint64_t>(*number);
  } else {
    place = *number;
  }
  return ok();
}

}  // namespace

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view kUnits = "kmgtp";
  constexpr unsigned kBitsAUnit = 10;
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  };
  const auto taken = take_number<std::int64_t>(text);
  if (!taken || *taken < -1) return std::nullopt;
  const std::int64_t number = *taken;
  std::string suffix(text);
  for (char& letter : suffix) letter = lower(letter);
  if (suffix.empty()) return number;
  const std::size_t unit = kUnits.find(suffix.front());
  const std::string rest = unit == std::string_view::npos ? suffix : suffix.substr(1);
  if (number < 0 || !(rest.empty() || rest == "b" || (rest == "ib" && unit != std::string_view::npos)))
    return std::nullopt;
  const unsigned shift = unit == std::string_view::npos ? 0 : kBitsAUnit * static_cast<unsigned>(unit + 1);
  if (number > std::numeric_limits<std::int64_t>::max() >> shift) return std::nullopt;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(number) << shift);
}

std::optional<std::string> resources_file(const Invocation& call) {
  const auto value = option_value(call, "resources");
  if (!value || value->empty()) return std::nullopt;
  return std::string(*value);
}

Result<oci::Value> resources_from_flags(const Invocation& call) {
  oci::Value document = oci::Value::object();
  for (const Flag& flag : kFlags)
    if (const auto text = option_value(call, flag.option); text && !text->empty())
      SHIM_CHECK(set(document, flag, *text));
  return document;
}

void drop_nulls(oci::Value& document) {
  if (!document.is_object()) return;
  auto& members = document.get_ref<oci::Value::object_t&>();
  std::erase_if(members, [](const auto& member) { return member.second.is_null(); });
  for (auto& [name, member] : members) drop_nulls(member);
}

std::vector<std::string> with_resources_on_stdin(const Invocation& call, const std::vector<std::string>& argv) {
  return rewritten(call, argv, kKept, "--resources=-");
}

}  // namespace runward::runtime
