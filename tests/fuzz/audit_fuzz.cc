// SPDX-License-Identifier: Apache-2.0
// Records of the kernel's audit hold names that a container chose: any text is read or refused by one line, what is
// told of it can't steer a terminal, and the rule that is proposed for it is one line that parses as that rule.
//   tests/fuzz/run.sh            builds it and runs it with the tests' records as seeds; then, for longer:
//   build/fuzz/audit_fuzz -max_total_time=600 build/fuzz/corpus/audit_fuzz

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "apparmor/parse.h"
#include "profiles/audit/denial.h"
#include "profiles/audit/past.h"
#include "profiles/audit/record.h"

namespace {

bool is_one_plain_line(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7f) return false;
  return true;
}

void look_at(const runward::Result<std::optional<runward::profiles::audit::Record>>& record) {
  using namespace runward;
  if (!record) {
    if (!is_one_plain_line(record.error().message)) std::abort();
    return;
  }
  if (!*record) return;
  const profiles::audit::Denial denial = profiles::audit::describe(**record, "runward-web");
  for (const std::string& text : {denial.what, denial.line, denial.remark})
    if (!is_one_plain_line(text)) std::abort();
  if (!denial.rule) return;
  const auto parsed = apparmor::parse("profile runward-web {\n  " + denial.line + "\n}\n", "made");
  if (!parsed || parsed->rules.size() != 1 || *parsed->rules.begin() != *denial.rule) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runward::profiles::audit;
  const std::string text(reinterpret_cast<const char*>(data), size);
  look_at(parse_record(kSeccompType, text));
  look_at(parse_record(kApparmorType, text));
  look_at(parse_line(text));
  if (const auto line = kernel_text(text)) look_at(parse_line(*line));
  return 0;
}
