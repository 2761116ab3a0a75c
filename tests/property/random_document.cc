// SPDX-License-Identifier: Apache-2.0
#include "tests/property/random_document.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <vector>

#include "shim/oci/capability.h"
#include "tests/property/corpus.h"

namespace runward::property {
namespace {

using oci::Value;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  // Not uniform_int_distribution: its numbers differ between standard libraries.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <typename Range>
  const auto& pick(const Range& range) {
    return range[below(range.size())];
  }

 private:
  std::mt19937_64 engine_;
};

constexpr std::array<std::string_view, 42> kStrings = {"",
                                                       "*",
                                                       "..",
                                                       "/",
                                                       "/..",
                                                       "../../etc",
                                                       "/proc/1/ns/pid",
                                                       "/proc/4711/ns/net",
                                                       "/run/docker.sock",
                                                       "/run",
                                                       "/etc/localtime",
                                                       "/home/user/hook",
                                                       "/usr/bin/allowed-hook",
                                                       "a",
                                                       "A",
                                                       "rwm",
                                                       "m",
                                                       "c",
                                                       "b",
                                                       "u",
                                                       "p",
                                                       "tmpfs",
                                                       "bind",
                                                       "rbind",
                                                       "sysfs",
                                                       "cgroup",
                                                       "cgroup2",
                                                       "overlay",
                                                       "unconfined",
                                                       "rshared",
                                                       "exec",
                                                       "suid",
                                                       "rsuid",
                                                       "rrw",
                                                       "rw",
                                                       "SCMP_ACT_ALLOW",
                                                       "SCMP_ACT_ERRNO",
                                                       "SCMP_ACT_LOG",
                                                       "RLIMIT_NOFILE",
                                                       "pid",
                                                       "permission denied\nand\x01 'more'",
                                                       "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xA3"};
constexpr std::array<std::string_view, 26> kOptions = {
    "ro",    "rw",     "suid",    "nosuid", "dev",     "nodev",    "exec",       "noexec",  "bind",
    "rbind", "shared", "rshared", "slave",  "rslave",  "private",  "rprivate",   "rsuid",   "rdev",
    "rexec", "rrw",    "rro",     "size=1", "remount", "defaults", "unbindable", "mode=777"};
constexpr std::array<std::string_view, 9> kDestinations = {"/tmp",  "/tmp/", "/run",    "/dev",    "/dev/shm",
                                                           "/data", "/",     "/proc/x", "relative"};
constexpr std::array<std::string_view, 8> kTypes = {"bind", "tmpfs", "sysfs", "proc", "cgroup", "overlay", "ext4", ""};
constexpr std::array<std::string_view, 9> kSources = {"/",
                                                      "/run/docker.sock",
                                                      "/etc",
                                                      "/home/user",
                                                      "/etc/localtime",
                                                      "tmpfs",
                                                      "/x/volumes/v/_data",
                                                      "/x/containers/id/hosts",
                                                      "/../run"};
constexpr std::array<std::string_view, 10> kNamespaces = {"pid",  "network", "mount", "ipc", "uts",
                                                          "user", "cgroup",  "time",  "",    "PID"};
constexpr std::array<std::uint64_t, 12> kUnsigned = {
    0,         1, 6, 42, 999, 1000, 65535, 100'000, 1'000'000, INT64_MAX, static_cast<std::uint64_t>(INT64_MAX) + 1,
    UINT64_MAX};
constexpr std::array<std::int64_t, 13> kSigned = {INT64_MIN,         -1000,    -2, -1, 0, 1, 5, 136, 229, 1000, 100'000,
                                                  1'000'000'000'000, INT64_MAX};
constexpr std::array<std::string_view, 12> kKeys = {"org.systemd.property.ExecStart",
                                                    "run.oci.handler",
                                                    "com.example.x",
                                                    "bundle",
                                                    "Root",
                                                    "net.ipv4.ip_forward",
                                                    "kernel.core_pattern",
                                                    "fs.mqueue.x",
                                                    "memory.high",
                                                    "memory.max",
                                                    "",
                                                    "a/b~c"};

std::string random_text(Chance& chance) {
  if (chance.one_in(20)) return std::string(5000, 'x');
  if (chance.one_in(20)) return std::string(79, 'y') + "\xC3\xA9";
  return std::string(chance.pick(kStrings));
}

Value random_mount(Chance& chance) {
  Value mount = {
      {"destination", chance.pick(kDestinations)}, {"type", chance.pick(kTypes)}, {"source", chance.pick(kSources)}};
  if (chance.one_in(8)) mount.erase("type");
  Value options = Value::array();
  for (std::size_t i = chance.below(6); i > 0; --i) options.push_back(chance.pick(kOptions));
  if (!chance.one_in(8)) mount["options"] = std::move(options);
  return mount;
}

Value random_capabilities(Chance& chance) {
  Value list = Value::array();
  const bool all = chance.one_in(4);
  for (unsigned number = 0; number < 41; ++number)
    if (all || chance.one_in(3)) list.push_back(to_string(oci::Capability{number}));
  if (chance.one_in(3)) list.push_back("cap_sys_admin");
  if (chance.one_in(3)) list.push_back("CAP_UNHEARD_OF");
  if (chance.one_in(4)) list.push_back("chown");
  if (chance.one_in(4)) list.push_back("CAP_CHOWN");
  return list;
}

Value random_device(Chance& chance, bool is_rule) {
  constexpr std::array<std::string_view, 6> kDeviceTypes = {"a", "b", "c", "u", "p", ""};
  constexpr std::array<std::string_view, 6> kAccess = {"", "r", "rw", "rwm", "m", "rm"};
  constexpr std::array<std::string_view, 5> kPaths = {"/dev/fuse", "/dev/null", "/dev/sda", "/dev/net/tun",
                                                      "../dev/mem"};
  Value device = {
      {"type", chance.pick(kDeviceTypes)}, {"major", chance.pick(kSigned)}, {"minor", chance.pick(kSigned)}};
  if (chance.one_in(3)) device["major"] = 1, device["minor"] = 3, device["type"] = "c";
  if (chance.one_in(6)) device.erase("minor");
  if (is_rule) {
    device["allow"] = chance.one_in(2);
    device["access"] = chance.pick(kAccess);
  } else {
    device["path"] = chance.pick(kPaths);
  }
  return device;
}

// What no golden document has, put where a random document can grow it.
void grow(Chance& chance, Value& spec) {
  const auto times = [&](std::size_t most, auto action) {
    for (std::size_t i = chance.below(most + 1); i > 0; --i) action();
  };
  const auto list = [&](const char* pointer) -> Value& {
    Value& value = spec[oci::Pointer(pointer)];
    if (!value.is_array()) value = Value::array();
    return value;
  };
  if (chance.one_in(2))
    times(5, [&] {
      Value& mounts = list("/mounts");
      mounts.insert(mounts.begin() + static_cast<std::ptrdiff_t>(chance.below(mounts.size() + 1)),
                    random_mount(chance));
    });
  if (chance.one_in(30))
    for (int i = 0; i < 200; ++i) list("/mounts").push_back(random_mount(chance));
  if (chance.one_in(2))
    for (const char* set : {"bounding", "effective", "permitted", "inheritable", "ambient"})
      if (!chance.one_in(5)) spec["process"]["capabilities"][set] = random_capabilities(chance);
  if (chance.one_in(3)) times(6, [&] { list("/linux/resources/devices").push_back(random_device(chance, true)); });
  if (chance.one_in(3)) times(4, [&] { list("/linux/devices").push_back(random_device(chance, false)); });
  if (chance.one_in(3))
    times(4, [&] {
      Value entry = {{"type", chance.pick(kNamespaces)}};
      if (chance.one_in(2)) entry["path"] = chance.one_in(2) ? "/proc/1/ns/pid" : "/proc/4711/ns/net";
      list("/linux/namespaces").push_back(std::move(entry));
    });
  if (chance.one_in(3))
    times(3, [&] {
      constexpr std::array<std::string_view, 6> kKinds = {
          "RLIMIT_CORE", "RLIMIT_NOFILE", "rlimit_core", "RLIMIT_NPROC", "", "RLIMIT_X"};
      list("/process/rlimits")
          .push_back(
              {{"type", chance.pick(kKinds)}, {"hard", chance.pick(kUnsigned)}, {"soft", chance.pick(kUnsigned)}});
    });
  if (chance.one_in(3))
    times(3, [&] {
      constexpr std::array<std::string_view, 4> kKinds = {"prestart", "createRuntime", "poststop", "unheardOf"};
      Value& hooks = list(("/hooks/" + std::string(chance.pick(kKinds))).c_str());
      hooks.push_back({{"path", random_text(chance)}, {"args", Value::array({"x"})}});
    });
  if (chance.one_in(20)) list("/hooks/unheardOf").push_back(chance.one_in(2) ? Value{{"path", 5}} : Value(7));
  for (const char* map : {"/annotations", "/linux/sysctl", "/linux/resources/unified"})
    if (chance.one_in(3))
      times(4, [&] { spec[oci::Pointer(map)][std::string(chance.pick(kKeys))] = random_text(chance); });
  for (const char* number :
       {"/linux/resources/memory/limit", "/linux/resources/memory/swap", "/linux/resources/memory/reservation",
        "/linux/resources/cpu/quota", "/linux/resources/pids/limit", "/process/oomScoreAdj"})
    if (chance.one_in(4)) spec[oci::Pointer(number)] = chance.pick(kSigned);
  for (const char* number : {"/linux/resources/cpu/period", "/process/user/uid", "/process/user/gid"})
    if (chance.one_in(4)) spec[oci::Pointer(number)] = chance.pick(kUnsigned);
  if (chance.one_in(4)) times(5, [&] { list("/process/user/additionalGids").push_back(chance.pick(kUnsigned)); });
  if (chance.one_in(5))
    spec["linux"]["seccomp"]["flags"] = {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG",
                                         "SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
  if (chance.one_in(6)) spec["linux"]["maskedPaths"] = {"/custom", random_text(chance)};
  if (chance.one_in(6)) spec["linux"]["rootfsPropagation"] = chance.one_in(2) ? "rshared" : "slave";
  if (chance.one_in(6)) spec["process"]["apparmorProfile"] = random_text(chance);
  if (chance.one_in(6)) spec["process"]["noNewPrivileges"] = false;
  if (chance.one_in(6)) spec["linux"]["cgroupsPath"] = random_text(chance);
  if (chance.one_in(6)) list("/process/env").push_back("SECRET_TOKEN=" + random_text(chance));
  if (chance.one_in(6)) list("/process/args").push_back("ghp_0123456789abcdef" + random_text(chance));
  if (chance.one_in(4)) spec["unheardOf"] = {{"kept", Value::array({1, -1, UINT64_MAX, 0.5})}};
}

Value nasty_value_like(Chance& chance, const Value& old) {
  if (old.is_string()) return random_text(chance);
  if (old.is_boolean()) return !old.get<bool>();
  if (old.is_number_unsigned()) return chance.pick(kUnsigned);
  if (old.is_number_integer()) return chance.pick(kSigned);
  return old;
}

// One blow somewhere in the tree.
void mutate(Chance& chance, Value& value, int depth) {
  if (depth == 0 || !value.is_structured() || value.empty()) {
    value = chance.one_in(6) ? Value(nullptr) : nasty_value_like(chance, value);
    return;
  }
  if (value.is_object()) {
    auto at = value.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(chance.below(value.size())));
    if (chance.one_in(6)) {
      value.erase(at);
      return;
    }
    return mutate(chance, *at, depth - 1);
  }
  const auto index = chance.below(value.size());
  switch (chance.below(5)) {
    case 0:
      value.erase(index);
      return;
    case 1:
      value.push_back(Value(value[index]));
      return;
    case 2:
      std::swap(value[index], value[chance.below(value.size())]);
      return;
    default:
      mutate(chance, value[index], depth - 1);
  }
}

const GoldenDocument& any_spec(Chance& chance) {
  for (;;) {
    const GoldenDocument& golden = chance.pick(golden_documents_with_short_filters());
    if (golden.kind == oci::Document::spec) return golden;
  }
}

Value part(const Value& spec, oci::Document kind) {
  const Value* found = &spec;
  if (kind == oci::Document::process) found = oci::find(spec, oci::Pointer("/process"));
  if (kind == oci::Document::resources) found = oci::find(spec, oci::Pointer("/linux/resources"));
  return found == nullptr ? Value::object() : *found;
}

}  // namespace

RandomDocument random_document(std::uint64_t seed) {
  Chance chance(seed * 2654435761U + 1);
  const GoldenDocument& golden = any_spec(chance);
  Value spec = golden.value;
  grow(chance, spec);
  RandomDocument document{.seed = seed, .engine = golden.engine, .kind = oci::Document::spec, .value = {}};
  if (chance.one_in(5)) document.kind = oci::Document::process;
  if (chance.one_in(8)) document.kind = oci::Document::resources;
  document.value = part(spec, document.kind);
  for (std::size_t blows = chance.below(12); blows > 0; --blows) {
    Value changed = document.value;
    mutate(chance, changed, static_cast<int>(1 + chance.below(6)));
    if (oci::check_shape(changed, document.kind).empty()) document.value = std::move(changed);
  }
  return document;
}

}  // namespace runward::property
