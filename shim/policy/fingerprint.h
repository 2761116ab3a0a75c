// SPDX-License-Identifier: Apache-2.0
#pragma once

// One text for shipped documents, by which a change shows: part of Policy::hash.

#include <span>
#include <string>

#include "shim/policy/store.h"

namespace runward::policy {

// The profile first, then its parents. Empty when there is none.
std::string fingerprint(std::span<const ProfileDocument> documents);

}  // namespace runward::policy
