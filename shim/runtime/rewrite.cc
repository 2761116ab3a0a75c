// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/rewrite.h"

#include <algorithm>

namespace runward::runtime {

std::vector<std::string> rewritten(const Invocation& call, std::span<const std::string> argv,
                                   std::span<const std::string_view> kept, std::string document) {
  const auto head = argv.first(call.command_index + 1);
  std::vector<std::string> result(head.begin(), head.end());
  result.push_back(std::move(document));
  for (const GivenOption& given : call.options)
    if (std::ranges::find(kept, given.option->name) != kept.end())
      result.push_back("--" + std::string(given.option->name) + "=" + given.value);
  result.push_back(call.container_id);
  return result;
}

}  // namespace runward::runtime
