// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

bool climbs(std::string_view path) { return ('/' + std::string(path) + '/').find("/../") != std::string::npos; }

void require(Verdict& verdict, bool holds, const char* where, const char* what) {
  if (!holds) verdict.refuse(oci::Pointer(where), what, "this is no config.json of an engine: report it to its makers");
}

}  // namespace

// Duplicate and case-variant keys, wrong types, size and depth never get here: oci/parse.h and oci/shape.h refuse them,
// whatever the policy says, because what follows could not know what it hardens.
Verdict refuse_insane_spec(const oci::Spec& spec, const Context&) {
  Verdict verdict;
  require(verdict, spec.has_process(), "/process", "a document without a process");
  require(verdict, !spec.root_path().empty(), "/root/path", "a document without a root filesystem");
  require(verdict, oci::find(spec.value(), "linux") != nullptr, "/linux", "a document without a linux section");
  if (!spec.oci_version().starts_with("1."))
    verdict.refuse(oci::Pointer("/ociVersion"), "ociVersion " + quote(spec.oci_version()),
                   "runward knows version 1 of the runtime-spec");
  if (climbs(spec.cgroups_path()))
    verdict.refuse(oci::Pointer("/linux/cgroupsPath"), "a cgroup path with '..' in it", "give a plain --cgroup-parent");
  return verdict;
}

}  // namespace runward::harden::steps
