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

struct SelectionInput {
  std::string runtime_name;      // argv[0]'s file name
  std::string engine_namespace;  // the last part of --root
  bool is_build_step = false;    // a RUN step of an image build
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
