// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one `profile verify` puts down for runward (verification.h), and takes away again, also when it is killed.
//
//   SHIM_TRY(VerificationPlace place, VerificationPlace::make(profile));
//   … docker run --runtime=runward-verify --cidfile=<place.id_file()> …
//   place.end();                     // or the destructor; or the guard, when this process is gone

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/check.h"
#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/verification.h"

namespace runward::ctl {

// What the AppArmor profiles of trials are called: "runward-verify-ab12CD".
inline constexpr std::string_view kTrialLabels = "runward-verify-";

// The profile that is to be tried out.
struct TriedProfile {
  profiles::ProfileFolder loaded;
  std::string folder;  // where its files are; empty: it is a shipped one
};
Result<TriedProfile> find_tried_profile(const std::string& config_dir, const std::string& place);

class VerificationPlace {
 public:
  static Result<VerificationPlace> make(const TriedProfile& profile);
  VerificationPlace(VerificationPlace&& other) noexcept;
  VerificationPlace& operator=(VerificationPlace&&) = delete;
  VerificationPlace(const VerificationPlace&) = delete;
  VerificationPlace& operator=(const VerificationPlace&) = delete;
  ~VerificationPlace() { end(); }

  // A process that takes all away when this one has ended, however that was; before that it stops the container by
  // `docker` ("docker", "--host", …), should it still run. Nobody is then left with the weaker filter.
  Status guard(std::vector<std::string> docker);
  // Comes back when everything is gone.
  void end();

  [[nodiscard]] std::string id_file() const { return grant_.id_file; }
  [[nodiscard]] const std::string& apparmor() const { return grant_.apparmor; }
  [[nodiscard]] std::optional<std::string> container() const;
  // Audit sessions of its processes, as far as there are any by now.
  [[nodiscard]] std::set<std::uint32_t> sessions() const;

 private:
  explicit VerificationPlace(Grant grant) : grant_(std::move(grant)) {}
  Status fill(const TriedProfile& profile);

  Grant grant_;
  UniqueFd lock_;
  UniqueFd life_;  // the guard waits for its end
  pid_t guard_ = -1;
};

// The container's first process; nothing: it is not running.
std::optional<pid_t> first_process(const std::string& container);

// A profile as it is tried out: in complain mode, with what it denies by `audit deny` denied all the same (complain
// mode lets that through, but not a plain `deny`).
apparmor::Profile complaining(const apparmor::Profile& profile, const std::string& name);

}  // namespace runward::ctl
