// SPDX-License-Identifier: Apache-2.0
#pragma once

// The lines in which two small texts differ, as `diff -u` writes them. Empty when there are none.

#include <string>
#include <string_view>

namespace runward::ctl {

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name);

}  // namespace runward::ctl
