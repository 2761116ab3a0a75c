// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document in the words that people use for it: user, capabilities, mounts, limits. To add a row: one function and
// one line in kRows (summary.cc).

#include <string>
#include <string_view>
#include <vector>

#include "shim/oci/spec.h"

namespace runward::ctl {

struct SummaryRow {
  std::string_view name;
  std::string asked;
  std::string actual;
};

// Both documents passed oci::check_shape. No value of an environment variable is in the result.
std::vector<SummaryRow> summarise(const oci::Spec& asked, const oci::Spec& actual);

}  // namespace runward::ctl
