// SPDX-License-Identifier: Apache-2.0
#pragma once

// A compiled filter, and what the kernel would say to one call: classic BPF over struct seccomp_data (seccomp(2),
// linux/seccomp.h), run here without a kernel.

#include <cstdint>
#include <vector>

#include "seccomp/profile.h"
#include "shim/base/result.h"

namespace runward::seccomp {

// struct sock_filter (linux/filter.h).
struct Instruction {
  std::uint16_t code = 0;
  std::uint8_t jump_true = 0;
  std::uint8_t jump_false = 0;
  std::uint32_t operand = 0;
  friend bool operator==(const Instruction&, const Instruction&) = default;
};
using Program = std::vector<Instruction>;

struct Call {
  std::uint32_t architecture = 0;  // AUDIT_ARCH_X86_64
  std::int32_t number = 0;
  Arguments arguments{};
  std::uint64_t instruction_pointer = 0;
};

// An error for what the kernel's verifier would not load: an unknown instruction, a jump or a read past the end.
Result<Outcome> evaluate(const Program& program, const Call& call);

// How many instructions it takes until then: the filter's cost.
struct Evaluation {
  Outcome outcome;
  std::size_t steps = 0;
};
Result<Evaluation> evaluate_counting(const Program& program, const Call& call);

}  // namespace runward::seccomp
