// SPDX-License-Identifier: Apache-2.0

// What of a governed call is ours: parse, shape, policy, harden, print. Run: build/bench/tests/bench/harden_bench

#include <benchmark/benchmark.h>

#include <cstdlib>

#include "shim/base/file.h"
#include "shim/harden/pipeline.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/oci/shape.h"
#include "shim/policy/store.h"

namespace runward {
namespace {

constexpr auto kNoConfig = "/nonexistent";

template <typename T>
T must(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

const std::string& document_text() {
  static const std::string kText =
      must(read_file(RUNWARD_SOURCE_DIR "/tests/golden/docker-20.10/plain.json", std::size_t{1} << 20U));
  return kText;
}

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(oci::parse(document_text(), "config.json"));
}
BENCHMARK(parse);

void check_shape(benchmark::State& state) {
  const oci::Value document = must(oci::parse(document_text(), "config.json"));
  for (auto _ : state) benchmark::DoNotOptimize(oci::check_shape(document, oci::Document::spec));
}
BENCHMARK(check_shape);

void load_policy(benchmark::State& state) {
  const policy::Config config;
  for (auto _ : state) benchmark::DoNotOptimize(policy::load_policy(kNoConfig, "default", config));
}
BENCHMARK(load_policy);

void harden_plain(benchmark::State& state) {
  const oci::Value document = must(oci::parse(document_text(), "config.json"));
  const policy::Policy policy = must(policy::load_policy(kNoConfig, "default", policy::Config()));
  host::HostFacts facts;
  facts.engine_namespace = "moby";
  facts.memory_bytes = std::uint64_t{16} << 30U;
  const harden::Context context{.policy = policy, .host = facts, .call = {}, .seccomp_baseline = nullptr};
  for (auto _ : state) {
    oci::Value copy = document;
    benchmark::DoNotOptimize(harden::harden(oci::Document::spec, copy, context));
  }
}
BENCHMARK(harden_plain);

void print(benchmark::State& state) {
  const oci::Value document = must(oci::parse(document_text(), "config.json"));
  for (auto _ : state) benchmark::DoNotOptimize(oci::print(document));
}
BENCHMARK(print);

}  // namespace
}  // namespace runward

BENCHMARK_MAIN();
