// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/start_calls.h"

#include <algorithm>
#include <array>
#include <span>

#include "profiles/print_json.h"
#include "seccomp/sets.h"
#include "shim/oci/parse.h"
#include "shim/policy/object_reader.h"

namespace runward::profiles {
namespace {

using oci::Value;
using policy::Key;
using policy::Reader;

constexpr std::uint64_t kVersion = 1;
constexpr oci::ParseLimits kLimits{.max_bytes = kMaxCalibrationBytes, .max_depth = 8};
constexpr std::array<std::string_view, 3> kThreadWords = {"none", "free", "filtered"};

// --- what a measurement can miss ------------------------------------------------------------

// What Go may do on the thread that becomes the program, in some runs only: memory, waking others, the netpoller, a
// signal's end. That thread is locked (runtime.LockOSThread), and a locked thread makes no threads itself and takes no
// goroutine but its own (runtime/proc.go: newm, schedule).
constexpr std::array<std::string_view, 10> kGoThread = {"epoll_ctl",   "epoll_pwait", "futex",     "madvise",
                                                        "mmap",        "munmap",      "nanosleep", "rt_sigreturn",
                                                        "sched_yield", "write"};
// What its other threads may do besides, where the filter holds for them too.
constexpr std::array<std::string_view, 10> kGoOthers = {"clone", "exit",     "fcntl",          "getpid",      "gettid",
                                                        "read",  "recvfrom", "rt_sigprocmask", "sigaltstack", "tgkill"};

// --- what comes with us ---------------------------------------------------------------------

// As calibrate prints them.
constexpr std::string_view kShipped = R"({"version": 1, "runtimes": [
  {"runtime": "runc", "version": "1.1.5+ds1", "architecture": "x86_64",
   "filter_last": {"threads": "free", "calls": {"close": true, "epoll_ctl": false, "execve": true, "fstatfs": true,
     "futex": true, "getdents64": true, "getpid": false, "openat": true, "rt_sigreturn": true, "write": true}},
   "filter_early": {"threads": "free", "calls": {"capget": true, "capset": true, "chdir": true, "close": true,
     "epoll_ctl": false, "execve": true, "faccessat2": false, "fcntl": false, "fstat": true, "fstatfs": true,
     "futex": true, "getcwd": true, "getdents64": true, "getpid": false, "getppid": true, "newfstatat": true,
     "openat": true, "prctl": true, "read": true, "rt_sigreturn": true, "setgid": true, "setgroups": true, "setuid":
     true, "write": true}}},
  {"runtime": "crun", "version": "1.8.1", "architecture": "x86_64",
   "filter_last": {"threads": "none", "calls": {"close": false, "execve": true}},
   "filter_early": {"threads": "none", "calls": {"capset": true, "close": false, "execve": true, "prctl": true,
     "rt_sigaction": true, "rt_sigprocmask": true, "setresgid": true, "setresuid": true, "write": true}}}
]})";

// "1.1.5+ds1" and "1.1.5" are one: what a distribution adds says nothing about the calls.
std::string_view upstream(std::string_view version) { return version.substr(0, version.find_first_of("+~")); }

const Calibrated* find(const Calibration& calibration, const RuntimeName& runtime, std::string_view architecture) {
  const auto found = std::ranges::find_if(calibration, [&](const Calibrated& each) {
    return each.runtime == runtime.name && upstream(each.version) == upstream(runtime.version) &&
           each.architecture == architecture;
  });
  return found == calibration.end() ? nullptr : &*found;
}

void add(std::span<const std::string_view> calls, std::set<std::string>& all) {
  for (const std::string_view call : calls) all.emplace(call);
}

void add(const MeasuredStart& start, std::set<std::string>& all) {
  for (const auto& [call, is_needed] : start.calls) all.insert(call);
  if (start.others != OtherThreads::none) add(kGoThread, all);
  if (start.others == OtherThreads::filtered) add(kGoOthers, all);
}

// --- reading and printing -------------------------------------------------------------------

void read_start(const Reader& value, MeasuredStart& target) {
  value.each_member([&](const Reader& member) {
    if (member.key() == "threads") {
      const auto word = member.text();
      const auto found = word ? std::ranges::find(kThreadWords, *word) : kThreadWords.end();
      if (found == kThreadWords.end()) return member.fail("expected none, free or filtered");
      target.others = static_cast<OtherThreads>(found - kThreadWords.begin());
    } else if (member.key() == "calls") {
      member.each_member([&](const Reader& call) { call.to(target.calls[call.key()]); });
    } else {
      member.fail("expected calls or threads");
    }
  });
}

template <std::string Calibrated::*member>
void to_text_member(const Reader& value, Calibrated& target) {
  if (auto text = value.text()) target.*member = *std::move(text);
}

constexpr std::array kCalibratedKeys = {
    Key<Calibrated>{"", "runtime", to_text_member<&Calibrated::runtime>},
    Key<Calibrated>{"", "version", to_text_member<&Calibrated::version>},
    Key<Calibrated>{"", "architecture", to_text_member<&Calibrated::architecture>},
    Key<Calibrated>{"", "filter_last", [](const Reader& value, Calibrated& of) { read_start(value, of.last); }},
    Key<Calibrated>{"", "filter_early", [](const Reader& value, Calibrated& of) { read_start(value, of.early); }},
};

struct Document {
  std::uint64_t version = 0;
  Calibration runtimes;
};

constexpr std::array kDocumentKeys = {
    Key<Document>{"", "version",
                  [](const Reader& value, Document& document) {
                    document.version = value.count(kVersion, kVersion).value_or(0);
                  }},
    Key<Document>{"", "runtimes",
                  [](const Reader& value, Document& document) {
                    value.each_item([&](const Reader& item) {
                      policy::read_section<Calibrated>(kCalibratedKeys, "", item, document.runtimes.emplace_back());
                    });
                  }},
};

Value to_json(const MeasuredStart& start) {
  return {{"calls", start.calls}, {"threads", kThreadWords.at(static_cast<std::size_t>(start.others))}};
}

}  // namespace

Result<Calibration> parse_calibration(std::string_view text, std::string_view name) {
  SHIM_TRY(const Value json, oci::parse(text, name, kLimits));
  Document document;
  policy::Source source(text, name);
  policy::read_section<Document>(kDocumentKeys, "", Reader(source, json), document);
  SHIM_CHECK(source.status());
  if (document.version != kVersion)
    return make_error(ErrorKind::parse, std::string(name) + R"(: expected "version": 1)");
  return std::move(document.runtimes);
}

std::string print_calibration(const Calibration& calibration) {
  Value runtimes = Value::array();
  for (const Calibrated& each : calibration)
    runtimes.push_back({{"runtime", each.runtime},
                        {"version", each.version},
                        {"architecture", each.architecture},
                        {"filter_last", to_json(each.last)},
                        {"filter_early", to_json(each.early)}});
  return print_json({{"version", kVersion}, {"runtimes", runtimes}});
}

const Calibration& shipped_calibration() {
  static const Calibration kParsed = *parse_calibration(kShipped, "shipped");
  return kParsed;
}

StartCalls start_calls(const Calibration& calibration, const Observed& seen, FilterTime time) {
  StartCalls needed;
  for (const RuntimeName& runtime : seen.runtimes) {
    const std::string title = runtime.name + " " + runtime.version;
    const Calibrated* found = find(calibration, runtime, seen.architecture);
    if (found == nullptr) found = find(shipped_calibration(), runtime, seen.architecture);
    if (found != nullptr) {
      add(time == FilterTime::last ? found->last : found->early, needed.calls);
      needed.measured.push_back(title);
    } else {
      add(seccomp::find_set(seccomp::kRuntimeStart)->calls, needed.calls);
      for (const Calibrated& each : shipped_calibration())
        if (time == FilterTime::early) add(each.early, needed.calls);
      needed.unknown.push_back(title);
    }
  }
  return needed;
}

}  // namespace runward::profiles
