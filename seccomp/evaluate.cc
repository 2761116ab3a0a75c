// SPDX-License-Identifier: Apache-2.0
#include "seccomp/evaluate.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <bit>
#include <cstddef>

namespace runward::seccomp {
namespace {

constexpr std::size_t kDataBytes = sizeof(struct seccomp_data);
constexpr unsigned kHalf = 32;
constexpr std::uint16_t kAccumulator = 0x10;  // BPF_A, which linux/filter.h does not give to programs

Error bad_program(std::size_t at, const std::string& problem) {
  return make_error(ErrorKind::parse, "seccomp filter: instruction " + std::to_string(at) + ": " + problem);
}

// One 32-bit word of struct seccomp_data, at an offset that is a multiple of four.
std::uint32_t word_at(const Call& call, std::uint32_t offset) {
  if (offset == offsetof(struct seccomp_data, nr)) return static_cast<std::uint32_t>(call.number);
  if (offset == offsetof(struct seccomp_data, arch)) return call.architecture;
  const std::uint32_t first = offsetof(struct seccomp_data, instruction_pointer);
  const std::size_t index = (offset - first) / sizeof(std::uint64_t);
  const std::uint64_t value = index == 0 ? call.instruction_pointer : call.arguments.at(index - 1);
  const bool is_second = (offset - first) % sizeof(std::uint64_t) != 0;
  const bool is_high = is_second == (std::endian::native == std::endian::little);
  return static_cast<std::uint32_t>(is_high ? value >> kHalf : value);
}

// seccomp(2): of an action that the kernel does not know it makes KILL_PROCESS.
Outcome outcome_of(std::uint32_t value) {
  const auto data = static_cast<std::uint16_t>(value & SECCOMP_RET_DATA);
  switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_THREAD:
      return {.action = Action::kill_thread, .data = 0};
    case SECCOMP_RET_TRAP:
      return {.action = Action::trap, .data = 0};
    case SECCOMP_RET_ERRNO:
      return {.action = Action::error, .data = data};
    case SECCOMP_RET_USER_NOTIF:
      return {.action = Action::notify, .data = 0};
    case SECCOMP_RET_TRACE:
      return {.action = Action::trace, .data = data};
    case SECCOMP_RET_LOG:
      return {.action = Action::log, .data = 0};
    case SECCOMP_RET_ALLOW:
      return {.action = Action::allow, .data = 0};
    default:
      return {.action = Action::kill_process, .data = 0};
  }
}

class Machine {
 public:
  Machine(const Program& program, const Call& call) : program_(program), call_(call) {}

  Result<Evaluation> run() {
    std::size_t steps = 0;
    // Jumps lead forward only, so this ends.
    for (std::size_t at = 0; at < program_.size();) {
      ++steps;
      const Instruction& now = program_[at];
      const std::uint16_t kind = BPF_CLASS(now.code);
      if (kind == BPF_RET) {
        const std::uint16_t from = BPF_RVAL(now.code);
        if (from != BPF_K && from != kAccumulator) return bad_program(at, "unknown return");
        return Evaluation{.outcome = outcome_of(from == BPF_K ? now.operand : accumulator_), .steps = steps};
      }
      if (kind == BPF_JMP) {
        SHIM_TRY(const std::size_t distance, jump(at, now));
        at += 1 + distance;
        continue;
      }
      SHIM_CHECK(compute(at, now));
      ++at;
    }
    return bad_program(program_.size(), "the filter ends without a verdict");
  }

 private:
  [[nodiscard]] std::uint32_t source(const Instruction& now) const {
    return BPF_SRC(now.code) == BPF_X ? index_ : now.operand;
  }

  [[nodiscard]] Result<std::size_t> jump(std::size_t at, const Instruction& now) const {
    if (BPF_OP(now.code) == BPF_JA) return std::size_t{now.operand};
    bool is_met = false;
    switch (BPF_OP(now.code)) {
      case BPF_JEQ:
        is_met = accumulator_ == source(now);
        break;
      case BPF_JGT:
        is_met = accumulator_ > source(now);
        break;
      case BPF_JGE:
        is_met = accumulator_ >= source(now);
        break;
      case BPF_JSET:
        is_met = (accumulator_ & source(now)) != 0;
        break;
      default:
        return bad_program(at, "unknown jump");
    }
    return std::size_t{is_met ? now.jump_true : now.jump_false};
  }

  Status compute(std::size_t at, const Instruction& now) {
    switch (BPF_CLASS(now.code)) {
      case BPF_LD:
        return load(at, now);
      case BPF_LDX:
        return load_index(at, now);
      case BPF_ST:
      case BPF_STX:
        if (now.operand >= memory_.size()) return bad_program(at, "a store beyond the memory");
        memory_.at(now.operand) = BPF_CLASS(now.code) == BPF_ST ? accumulator_ : index_;
        return ok();
      case BPF_ALU:
        return calculate(at, now);
      default:
        if (BPF_MISCOP(now.code) == BPF_TAX)
          index_ = accumulator_;
        else
          accumulator_ = index_;
        return ok();
    }
  }

  Status load(std::size_t at, const Instruction& now) {
    switch (BPF_MODE(now.code)) {
      case BPF_ABS:
        if (BPF_SIZE(now.code) != BPF_W || now.operand % sizeof(std::uint32_t) != 0 || now.operand >= kDataBytes)
          return bad_program(at, "a read beyond the call");
        accumulator_ = word_at(call_, now.operand);
        return ok();
      case BPF_IMM:
        accumulator_ = now.operand;
        return ok();
      case BPF_LEN:
        accumulator_ = kDataBytes;
        return ok();
      case BPF_MEM:
        if (now.operand >= memory_.size()) return bad_program(at, "a read beyond the memory");
        accumulator_ = memory_.at(now.operand);
        return ok();
      default:
        return bad_program(at, "unknown load");
    }
  }

  Status load_index(std::size_t at, const Instruction& now) {
    switch (BPF_MODE(now.code)) {
      case BPF_IMM:
        index_ = now.operand;
        return ok();
      case BPF_LEN:
        index_ = kDataBytes;
        return ok();
      case BPF_MEM:
        if (now.operand >= memory_.size()) return bad_program(at, "a read beyond the memory");
        index_ = memory_.at(now.operand);
        return ok();
      default:
        return bad_program(at, "unknown load");
    }
  }

  Status calculate(std::size_t at, const Instruction& now) {
    const std::uint32_t by = source(now);
    constexpr std::uint32_t kBits = 32;
    switch (BPF_OP(now.code)) {
      case BPF_ADD:
        accumulator_ += by;
        return ok();
      case BPF_SUB:
        accumulator_ -= by;
        return ok();
      case BPF_MUL:
        accumulator_ *= by;
        return ok();
      case BPF_DIV:
        if (by == 0) return bad_program(at, "a division by zero");
        accumulator_ /= by;
        return ok();
      case BPF_OR:
        accumulator_ |= by;
        return ok();
      case BPF_AND:
        accumulator_ &= by;
        return ok();
      case BPF_XOR:
        accumulator_ ^= by;
        return ok();
      case BPF_LSH:
      case BPF_RSH:
        if (by >= kBits) return bad_program(at, "a shift by more than 31");
        accumulator_ = BPF_OP(now.code) == BPF_LSH ? accumulator_ << by : accumulator_ >> by;
        return ok();
      case BPF_NEG:
        accumulator_ = ~accumulator_ + 1;
        return ok();
      default:
        return bad_program(at, "unknown calculation");
    }
  }

  static constexpr std::size_t kMemoryWords = 16;  // BPF_MEMWORDS

  const Program& program_;
  const Call& call_;
  std::uint32_t accumulator_ = 0;
  std::uint32_t index_ = 0;
  std::array<std::uint32_t, kMemoryWords> memory_{};
};

}  // namespace

Result<Evaluation> evaluate_counting(const Program& program, const Call& call) { return Machine(program, call).run(); }

Result<Outcome> evaluate(const Program& program, const Call& call) {
  SHIM_TRY(const Evaluation evaluation, evaluate_counting(program, call));
  return evaluation.outcome;
}

}  // namespace runward::seccomp
