// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/generate.h"

#include "apparmor/render.h"
#include "profiles/bytes.h"
#include "profiles/generator/make_apparmor.h"
#include "profiles/generator/report.h"
#include "profiles/print_json.h"
#include "seccomp/print.h"

namespace runward::profiles {
namespace {

std::string description_of(const Collection& recordings) {
  const Recording& first = *recordings.begin();
  const std::string what = first.image.empty() ? first.name : first.image;
  return "made by runwardctl profile generate from " + std::to_string(recordings.size()) +
         (recordings.size() == 1 ? " recording of " : " recordings of ") + to_text(what);
}

// moby's own form; the machine's architecture and no other.
oci::Value in_format(oci::Value filter, Format format, const std::string& architecture) {
  if (format == Format::oci) return filter;
  filter.erase("architectures");
  filter["archMap"] = {{{"architecture", architecture}, {"subArchitectures", oci::Value::array()}}};
  return filter;
}

ApparmorWish wish_of(const GenerateOptions& options, const Settings& settings, const policy::Capabilities& parent) {
  ApparmorWish wish{.name = "runward-" + options.name,
                    .capabilities = {},
                    .scratch = {},
                    .data = settings.data,
                    .headroom = options.headroom};
  const oci::CapabilitySet kept =
      settings.has_capabilities ? settings.allowed | settings.on_request : parent.allowed | parent.on_request;
  for (const std::string& name : kept.names()) wish.capabilities.insert(name);
  for (const policy::Scratch& scratch : settings.scratch) wish.scratch.push_back(scratch.path);
  return wish;
}

}  // namespace

seccomp::Profile Parent::filter(const oci::CapabilitySet& capabilities, std::string_view architecture) const {
  seccomp::Environment environment{
      .capabilities = {}, .architecture = seccomp_architecture(architecture), .kernel = std::nullopt};
  for (const std::string& capability : capabilities.names()) environment.capabilities.insert(capability);
  return seccomp.resolve(environment);
}

Result<Generated> generate(const Collection& recordings, const GenerateOptions& options, const Parent& parent) {
  SHIM_TRY(Observed seen, observe(recordings));
  Generated made;
  made.settings = make_settings(seen, options.headroom, parent.policy);
  const seccomp::Profile limit = parent.filter(made.settings.allowed | made.settings.on_request, seen.architecture);
  const bool is_last = parent.policy.rule(policy::RuleId::no_new_privileges).mode == policy::Mode::enforce;
  made.start = start_calls(options.calibration, seen, is_last ? FilterTime::last : FilterTime::early);
  const SeccompWish calls{.headroom = options.headroom, .start = made.start.calls, .reach = options.reach};
  made.seccomp = make_seccomp(seen, calls, limit);
  const ApparmorWish wish = wish_of(options, made.settings, parent.policy.capabilities);
  SHIM_TRY(made.apparmor, make_apparmor(seen, wish, parent.apparmor));
  made.seen = std::move(seen);
  SHIM_TRY(std::string apparmor_text, apparmor::render(made.apparmor, apparmor::Abi::v4_0));
  const oci::Value filter =
      in_format(seccomp::to_json(made.seccomp.profile), options.format, seccomp_architecture(made.seen.architecture));
  auto& files = made.files;
  files.emplace(kSettingsFile,
                print_json(to_json(made.settings, parent.name, made.apparmor.name, description_of(recordings))));
  files.emplace(kSeccompFile, print_json(filter));
  files.emplace(kApparmorFile, std::move(apparmor_text));
  files.emplace(kRecordingsFile, print_collection(recordings));
  files.emplace(kReportFile, report_of(recordings, options, made, limit));
  return made;
}

}  // namespace runward::profiles
