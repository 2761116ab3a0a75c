// SPDX-License-Identifier: Apache-2.0
#pragma once

// From facts to lines: pure. One judge for each row of checks.cc.

#include "shim/ctl/doctor/check.h"
#include "shim/ctl/doctor/facts.h"

namespace runward::ctl::doctor {

// judge_kernel.cc
Lines judge_root(const Facts& facts);
Lines judge_user_namespaces(const Facts& facts);
Lines judge_idmapped_mounts(const Facts& facts);
Lines judge_seccomp(const Facts& facts);
Lines judge_apparmor(const Facts& facts);
Lines judge_selinux(const Facts& facts);
Lines judge_cgroups(const Facts& facts);
Lines judge_uid_pool(const Facts& facts);

// judge_runtime.cc
Lines judge_runtime(const Facts& facts);
Lines judge_advisories(const Facts& facts);

// judge_engines.cc
Lines judge_engine(const Facts& facts, Engine engine);
template <Engine engine>
Lines judge_engine(const Facts& facts) {
  return judge_engine(facts, engine);
}

// judge_files.cc
Lines judge_program(const Facts& facts);
Lines judge_configuration(const Facts& facts);
Lines judge_configuration_files(const Facts& facts);
Lines judge_apparmor_profiles(const Facts& facts);
Lines judge_events(const Facts& facts);

// judge_ways.cc
Lines judge_ways(const Facts& facts);
Lines judge_way(const Facts& facts, Way way);
template <Way way>
Lines judge_way(const Facts& facts) {
  return judge_way(facts, way);
}

// What could not be looked at: a warning with its reason.
Line unknown(const Error& error, std::string subject = {});

}  // namespace runward::ctl::doctor
