// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which hardening profile a container gets (Selection in config.h tells the order).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/policy/config.h"

namespace runward::policy {

// What shows that a container is a RUN step of an image build.
enum class BuildStep {
  none,
  by_call,    // BuildKit runs it by itself, as nobody does who may call an engine (decide.h)
  by_record,  // dockerd's record looks as Docker's classic builder makes it, and as a user can ask for
};

// Choice::reason of a step that is known by its record only. Its decision tells by it that nobody may enter it.
inline constexpr auto kClassicBuildStep = "a step of Docker's classic builder";

struct SelectionInput {
  std::string runtime_name;      // argv[0]'s file name
  std::string engine_namespace;  // the last part of --root
  BuildStep build_step = BuildStep::none;
  std::map<std::string, std::string> annotations;
  // Where the engine tells (host::ContainerInfo):
  std::string image;
  std::string image_id;
  std::vector<std::string> image_digests;
  std::map<std::string, std::string> labels;
};

struct Choice {
  std::string profile;
  std::string reason;  // for explain and events: "runtime name 'runward-strict'"
};

// Whether select_profile needs image and labels, which cost two more files to read.
bool needs_container_info(const Selection& selection);

// An error when a container chose a profile that it may not choose.
Result<Choice> select_profile(const Selection& selection, const SelectionInput& input);

// "sha256:…": the image's id, or the digest of one of its repositories. "docker.io/library/nginx" (or short "nginx"; a
// trailing * is a prefix): the image was pulled from there, so it has a digest of that repository; the name that the
// user wrote proves nothing, since whoever may tag or build can give it to any image. "local:app" is that name after
// all, for images that were built or imported on this host and have no digest: trust it as far as those who may tag.
bool image_matches(const std::string& pattern, const SelectionInput& input);

}  // namespace runward::policy
