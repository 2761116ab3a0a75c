// SPDX-License-Identifier: Apache-2.0
// Any bytes as a document: parse, shape, typed views, print. What parses must print to something that parses to the
// same.
//   tests/fuzz/run.sh            builds it and runs it with the golden documents as seeds; then, for longer:
//   build/fuzz/document_fuzz -max_total_time=600 build/fuzz/corpus/document_fuzz

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "shim/oci/parse.h"
#include "shim/oci/shape.h"
#include "shim/oci/spec.h"

namespace {

using namespace runward::oci;

void read_all(const Spec& spec) {
  static_cast<void>(spec.mounts().size() + spec.namespaces().size() + spec.devices().size() + spec.hooks().size());
  static_cast<void>(spec.annotations().size() + spec.sysctl().size() + spec.masked_paths().size() +
                    spec.readonly_paths().size());
  static_cast<void>(spec.cgroups_path().size() + spec.rootfs_propagation().size() + spec.root_path().size());
  const Process process = spec.process();
  static_cast<void>(process.uid() + process.gid() + process.additional_gids().size() + process.rlimits().size());
  static_cast<void>(process.env().size() + process.args().size() + process.all_capabilities().size());
  const LinuxResources resources = spec.resources();
  static_cast<void>(resources.devices().size() + resources.unified_keys().size());
  static_cast<void>(resources.integer("memory", "limit"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document =
      parse(text, "config.json", {.max_bytes = 1U << 20U, .max_depth = 64, .comments = size % 2 == 0});
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = parse(print(*document), "printed");
  if (!again || *again != *document) std::abort();
  for (const Document kind : {Document::process, Document::resources}) static_cast<void>(check_shape(*document, kind));
  const auto problems = check_shape(*document, Document::spec);
  for (const ShapeProblem& problem : problems) static_cast<void>(position_of(text, problem.where));
  if (problems.empty()) read_all(Spec(*document));
  return 0;
}
