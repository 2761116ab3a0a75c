// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/denial_list.h"

#include "profiles/bytes.h"
#include "shim/ctl/table.h"

namespace runward::ctl {

std::string program_of(const profiles::audit::Record& record) {
  const std::string command = profiles::to_text(record.command);
  if (record.executable.empty()) return command.empty() ? "an unknown program" : command;
  return profiles::to_text(record.executable) + (command.empty() ? "" : " (" + command + ")");
}

void add(const profiles::audit::Record& record, profiles::audit::Denial denial, SeenDenials& all) {
  Count& count = all[{.program = program_of(record), .denial = std::move(denial)}];
  ++count.times;
  count.last_ms = record.time_ms;
  count.pid = record.pid;
}

std::string describe(const Seen& seen, const Count& count, const std::string& file) {
  const profiles::audit::Denial& denial = seen.denial;
  std::string text = "  " + emphasise(denial.what, Emphasis::heading) + "  " + seen.program;
  if (count.times > 1) text += "  " + std::to_string(count.times) + " times";
  if (denial.ended_process) text += "  which ended it";
  text += "\n";
  if (!denial.line.empty()) text += "      add to " + file + ": " + denial.line + "\n";
  if (!denial.remark.empty()) text += "      " + denial.remark + "\n";
  return text;
}

}  // namespace runward::ctl
