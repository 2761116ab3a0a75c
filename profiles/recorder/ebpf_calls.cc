// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/ebpf_calls.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "profiles/recorder/call_names.h"
#include "shim/oci/capability.h"

namespace runward::profiles::record {
namespace {

Phase phase_of(State state) {
  switch (state) {
    case State::starting:
    case State::exec_starting:
      return Phase::runtime_start;
    case State::application:
      return Phase::application;
    case State::exec:
      return Phase::exec;
    case State::shutdown:
      return Phase::shutdown;
  }
  return Phase::application;
}

void add_calls(const SeenCalls& seen, ExecutableNames& names, WatchedCalls& watched) {
  const auto call_of = [&](std::uint32_t number, Abi abi, State state) -> Call& {
    NamedCall named = name_of_call(number, abi, machine());
    return watched.calls[phase_of(state)][named.architecture][named.name];
  };
  for (const auto& [key, count] : seen.calls) {
    Call& call = call_of(key.number, static_cast<Abi>(key.abi), static_cast<State>(key.state));
    call.count += count;
    call.executables[names.name_of(text_of(key.comm))] += count;
  }
  // starting and exec_starting are one phase.
  std::map<std::pair<Call*, std::vector<std::uint64_t>>, std::uint64_t> arguments;
  for (const auto& [key, count] : seen.arguments) {
    Call& call = call_of(key.number, Abi::native, static_cast<State>(key.state));
    std::size_t size = 1;
    for (const RecordedArguments& recorded : kRecordedArguments)
      if (number_of_call(recorded.call, machine()) == key.number) size = recorded.count;
    arguments[{&call, {key.values.begin(), key.values.begin() + static_cast<std::ptrdiff_t>(size)}}] += count;
  }
  for (const auto& [key, count] : arguments) key.first->arguments.push_back({.values = key.second, .count = count});
}

void add_capabilities(const SeenCalls& seen, ExecutableNames& names, WatchedCalls& watched) {
  for (const auto& [key, count] : seen.capabilities) {
    const std::string name = oci::to_string(oci::Capability{key.number});
    Use& use = watched.capabilities[phase_of(static_cast<State>(key.state))][name];
    use.count += count;
    use.executables[names.name_of(text_of(key.comm))] += count;
  }
}

}  // namespace

Result<std::unique_ptr<CallSource>> EbpfCalls::begin(const PidNamespace& container) {
  SHIM_TRY(CallWatch watch, CallWatch::begin(container));
  return std::unique_ptr<CallSource>(std::make_unique<EbpfCalls>(std::move(watch)));
}

// Of a namespace that nobody is in.
Status EbpfCalls::try_out() {
  const auto watch = CallWatch::begin(PidNamespace{});
  return watch ? ok() : Status(watch.error());
}

CallProgress EbpfCalls::progress() {
  CallProgress progress;
  std::set<std::pair<std::uint32_t, std::uint16_t>> numbers;
  for (const auto& [key, count] : watch_.read_calls()) {
    numbers.emplace(key.number, key.abi);
    progress.has_begun = progress.has_begun || static_cast<State>(key.state) == State::application;
  }
  progress.calls = numbers.size();
  return progress;
}

WatchedCalls EbpfCalls::finish(ExecutableNames& names) {
  const SeenCalls seen = watch_.read();
  WatchedCalls watched{.calls = {}, .capabilities = {}, .lost = seen.lost, .users = {}, .gaps = {}};
  add_calls(seen, names, watched);
  add_capabilities(seen, names, watched);
  for (const auto& [key, count] : seen.users) watched.users.insert({.uid = key & 0xffffffffU, .gid = key >> 32U});
  if (!sees_capabilities()) watched.gaps.emplace_back("this kernel does not tell of capabilities (6.14 does)");
  return watched;
}

}  // namespace runward::profiles::record
