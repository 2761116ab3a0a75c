// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/fingerprint.h"

#include "shim/base/fnv1a.h"

namespace runward::policy {

std::string fingerprint(std::span<const ProfileDocument> documents) {
  if (documents.empty()) return "";
  Fnv1a hash;
  for (const ProfileDocument& document : documents) hash.add(document.text);
  return hash.hex();
}

}  // namespace runward::policy
