// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collection: the recordings that a profile is made from, each as it was made. Putting two together is the union of two
// sets, so that nothing is lost by it, and how many of them saw a thing, which ones, and by whom it was done can always
// be told.
//
//   SHIM_TRY(const Collection all, parse_collection(text, "web.json"));   // of one recording, or of many
//   const Collection both = merge(all, other);                            // merge(a, a) == a
//
// As a file: {"version": 1, "recordings": [...]}, printed like a recording; schema:
// profiles/schema/collection.schema.json.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/recording.h"
#include "shim/base/result.h"

namespace runward::profiles {

// By name, then time, then all the rest: one order for one set.
struct InOrder {
  bool operator()(const Recording& a, const Recording& b) const;
};
using Collection = std::set<Recording, InOrder>;

Collection merge(const Collection& a, const Collection& b);

Result<Collection> parse_collection(std::string_view text, std::string_view name);
std::string print_collection(const Collection& recordings);

}  // namespace runward::profiles
