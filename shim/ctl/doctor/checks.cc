// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "shim/ctl/doctor/judges.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::array kChecks = {
    Check{"run-by-root", "doctor's own rights", &judge_root},
    Check{"user-namespaces", "user namespaces", &judge_user_namespaces},
    Check{"idmapped-mounts", "idmapped mounts", &judge_idmapped_mounts},
    Check{"uid-pool", "pool of user ids", &judge_uid_pool},
    Check{"seccomp", "seccomp", &judge_seccomp},
    Check{"apparmor", "AppArmor", &judge_apparmor},
    Check{"apparmor-profiles", "AppArmor profiles", &judge_apparmor_profiles},
    Check{"selinux", "SELinux", &judge_selinux},
    Check{"cgroups", "cgroups", &judge_cgroups},
    Check{"runtime", "low-level runtime", &judge_runtime},
    Check{"runtime-advisories", "known vulnerabilities", &judge_advisories},
    Check{"program", "runward's program", &judge_program},
    Check{"configuration", "configuration", &judge_configuration},
    Check{"configuration-files", "files of the configuration", &judge_configuration_files},
    Check{"events", "events file", &judge_events},
    Check{"docker", "Docker", &judge_engine<Engine::docker>},
    Check{"containerd", "containerd", &judge_engine<Engine::containerd>},
    Check{"cri-o", "CRI-O", &judge_engine<Engine::cri_o>},
    Check{"podman", "Podman", &judge_engine<Engine::podman>},
    Check{"ways-around", "ways around runward", &judge_ways},
    Check{"way-control", "through runward", &judge_way<Way::through_runward>},
    Check{"way-runtime-runc", "way: --runtime=runc", &judge_way<Way::runtime_runc>},
    Check{"way-runtime-shim", "way: containerd's shim", &judge_way<Way::runtime_shim>},
    Check{"way-default-runtime", "way: default runtime", &judge_way<Way::default_runtime>},
    Check{"way-privileged", "way: --privileged", &judge_way<Way::privileged>},
    Check{"way-host-namespaces", "way: host namespaces", &judge_way<Way::host_namespaces>},
    Check{"way-engine-socket", "way: engine socket", &judge_way<Way::engine_socket>},
    Check{"way-exec", "way: docker exec", &judge_way<Way::exec>},
    Check{"way-exec-privileged", "way: exec --privileged", &judge_way<Way::exec_privileged>},
    Check{"way-update", "way: docker update", &judge_way<Way::update>},
    Check{"way-ctr", "way: ctr run", &judge_way<Way::ctr>},
};

}  // namespace

std::span<const Check> checks() { return kChecks; }

std::string_view word(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::fail:
      return "fail";
  }
  return "";
}

Line unknown(const Error& error, std::string subject) {
  return {.level = Level::warning,
          .subject = std::move(subject),
          .reason = "could not be looked at: " + error.message,
          .mend = {}};
}

}  // namespace runward::ctl::doctor
