// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/ctl/doctor/judges.h"

namespace runward::ctl::doctor {
namespace {

struct EngineWords {
  std::string_view registers;  // how runward is registered there
  std::string_view defaults;   // how it becomes the default
};

EngineWords words_of(Engine engine) {
  switch (engine) {
    case Engine::docker:
      return {"runwardctl install", "runwardctl install --default"};
    case Engine::containerd:
      return {"set options.BinaryName of a runtime in containerd's config.toml to runward's path",
              "set default_runtime_name in containerd's config.toml to that runtime"};
    case Engine::cri_o:
      return {"name runward's path as runtime_path of a [crio.runtime.runtimes.NAME]",
              "set default_runtime of [crio.runtime] to that runtime"};
    case Engine::podman:
      return {"list runward's path in [engine.runtimes] of containers.conf, and its name in runtime_supports_json",
              "set runtime of [engine] in containers.conf to it"};
  }
  return {};
}

bool is_default(const EngineFacts& engine) {
  return std::ranges::any_of(engine.runward, [&](const RegisteredRuntime& runtime) {
    return runtime.name == engine.default_runtime || runtime.path == engine.default_runtime;
  });
}

Lines judge_registered(const RegisteredRuntime& runtime) {
  const std::string subject = runtime.name + ", " + runtime.path;
  if (!runtime.usable)
    return {{.level = Level::fail,
             .subject = subject,
             .reason = runtime.usable.error().message + ": its containers do not start",
             .mend = "put runward there, or register it anew"}};
  Lines lines;
  if (!runtime.only_root_writes)
    lines.push_back({.level = runtime.only_root_writes.error().kind == ErrorKind::policy ? Level::fail : Level::warning,
                     .subject = subject,
                     .reason = runtime.only_root_writes.error().message,
                     .mend = "it runs as root at every container: let only root write to it and the folders above"});
  if (runtime.build == Build::other)
    lines.push_back({.level = Level::warning,
                     .subject = subject,
                     .reason = "is another build of runward than the one beside runwardctl",
                     .mend = "install both from the same build"});
  if (lines.empty())
    lines.push_back({.level = Level::ok, .subject = subject, .reason = "registered, the same build", .mend = {}});
  return lines;
}

Line judge_default(const EngineFacts& engine) {
  if (is_default(engine))
    return {.level = Level::ok,
            .subject = "default runtime",
            .reason = "is " + engine.default_runtime + ": containers that name no runtime are hardened",
            .mend = {}};
  const std::string name = engine.default_runtime.empty() ? "not runward" : engine.default_runtime;
  return {.level = Level::warning,
          .subject = "default runtime",
          .reason = "is " + name + ": containers that name no runtime are not hardened, this way around is open",
          .mend = std::string(words_of(engine.engine).defaults)};
}

// Podman asks only runtimes of that list for JSON errors; of others it shows the log file's bytes.
Lines judge_json(const EngineFacts& engine) {
  Lines lines;
  if (!engine.supports_json) return lines;
  for (const RegisteredRuntime& runtime : engine.runward)
    if (!engine.supports_json->contains(runtime.name))
      lines.push_back({.level = Level::warning,
                       .subject = runtime.name,
                       .reason = "is not in runtime_supports_json: messages of refusals are not shown",
                       .mend = "add it there, in [engine] of containers.conf"});
  return lines;
}

Lines judge_one(const EngineFacts& engine) {
  Lines lines;
  if (engine.problem) {
    lines.push_back({.level = Level::warning,
                     .subject = engine.where,
                     .reason = "could not be asked: " + *engine.problem,
                     .mend = "start it, or name its address with --host"});
  } else {
    lines.push_back({.level = Level::ok, .subject = {}, .reason = "found: " + engine.where, .mend = {}});
  }
  if (engine.runward.empty() && !engine.serves_containers) {
    lines.push_back(
        {.level = Level::info,
         .subject = {},
         .reason = "has no runtimes of its own in its configuration: whoever reaches its socket starts runc",
         .mend = {}});
    return lines;
  }
  if (engine.runward.empty()) {
    lines.push_back({.level = Level::warning,
                     .subject = {},
                     .reason = "runward is not registered: its containers are not hardened",
                     .mend = std::string(words_of(engine.engine).registers)});
    return lines;
  }
  for (const RegisteredRuntime& runtime : engine.runward)
    for (Line& line : judge_registered(runtime)) lines.push_back(std::move(line));
  lines.push_back(judge_default(engine));
  for (Line& line : judge_json(engine)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

Lines judge_engine(const Facts& facts, Engine engine) {
  Lines lines;
  for (const EngineFacts& one : facts.engines)
    if (one.engine == engine)
      for (Line& line : judge_one(one)) lines.push_back(std::move(line));
  if (lines.empty())
    lines.push_back({.level = Level::info, .subject = {}, .reason = "not found on this host", .mend = {}});
  return lines;
}

}  // namespace runward::ctl::doctor
