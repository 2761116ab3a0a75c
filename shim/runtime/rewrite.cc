// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/rewrite.h"

#include <algorithm>

namespace runward::runtime {

namespace {

// crun takes no "--detach=true". The last one counts.
bool is_set(const Invocation& call, const GivenOption& given) {
  const auto later = std::ranges::find(call.options.rbegin(), call.options.rend(), given.option, &GivenOption::option);
  return &*later == &given && given.value == "true";
}

}  // namespace

std::vector<std::string> rewritten(const Invocation& call, std::span<const std::string> argv,
                                   std::span<const std::string_view> kept, std::string document) {
  const auto head = argv.first(call.command_index + 1);
  std::vector<std::string> result(head.begin(), head.end());
  result.push_back(std::move(document));
  for (const GivenOption& given : call.options) {
    if (std::ranges::find(kept, given.option->name) == kept.end()) continue;
    const std::string name = "--" + std::string(given.option->name);
    if (given.option->takes == Takes::value)
      result.push_back(name + "=" + given.value);
    else if (is_set(call, given))
      result.push_back(name);
  }
  result.push_back(call.container_id);
  return result;
}

}  // namespace runward::runtime
