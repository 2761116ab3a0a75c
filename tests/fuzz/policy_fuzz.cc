// SPDX-License-Identifier: Apache-2.0
// Policy files are an administrator's, but a parser that falls over on a typing error stops every container: any text
// is read or refused with a position, by both parsers.
//   tests/fuzz/run.sh            builds it and runs it with the shipped profiles as seeds; then, for longer:
//   build/fuzz/policy_fuzz -max_total_time=600 build/fuzz/corpus/policy_fuzz

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shim/policy/store.h"

namespace {

// `name:line:column: …`, in one line.
void check_message(const std::string& message, std::string_view name) {
  if (!message.starts_with(name) || message.find('\n') != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runward::policy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Policy policy;
  const auto applied = apply_profile(ProfileDocument{.text = text, .name = "profile.json", .directory = "/p"}, policy);
  if (!applied) check_message(applied.error().message, "profile.json:");
  const auto config = parse_config(text, "config.json");
  if (!config) check_message(config.error().message, "config.json:");
  if (applied && config) apply_host(*config, policy);
  return 0;
}
