// SPDX-License-Identifier: Apache-2.0
#pragma once

// eBPF programs, written instruction by instruction: a dozen kinds of instruction, jumps to labels, and calls of the
// kernel's helpers. No compiler, no libbpf, no debug information of the kernel is needed for them.
//
//   Code code;
//   const Label end = code.new_label();
//   code.call(BPF_FUNC_get_current_task);
//   code.jump_if(Jump::equal, Reg::r0, 0, end);
//   code.bind(end);
//   code.leave();
//   SHIM_TRY(UniqueFd program, load_program(code.finish(), "name"));
//
// BPF_K and BPF_IMM (the operand stands in the instruction) are 0, and left out where two zeros would meet.
//
// Registers: r0 is a call's result, r1 to r5 are its arguments and lost by it, r6 to r9 survive it, r10 points to the
// end of 512 bytes of stack. Source: Documentation/bpf/standardization/instruction-set.rst.

#include <linux/bpf.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace runward::profiles::record {

enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };
enum class Width : std::uint8_t { word = BPF_W, double_word = BPF_DW };  // 4 and 8 bytes
enum class Jump : std::uint8_t { equal = BPF_JEQ, not_equal = BPF_JNE };

struct Label {
  std::size_t number = 0;
};

class Code {
 public:
  void move(Reg to, Reg from) { add({.code = BPF_ALU64 | BPF_MOV | BPF_X, .to = to, .from = from}); }
  void set(Reg to, std::int32_t value) { add({.code = BPF_ALU64 | BPF_MOV | BPF_K, .to = to, .value = value}); }
  void set_wide(Reg to, std::uint64_t value) { add_wide(to, Reg::r0, value); }
  void set_map(Reg to, int map) { add_wide(to, kMapFd, static_cast<std::uint32_t>(map)); }
  void add_to(Reg to, std::int32_t value) { add({.code = BPF_ALU64 | BPF_ADD, .to = to, .value = value}); }
  void and_with(Reg to, std::int32_t value) { add({.code = BPF_ALU64 | BPF_AND | BPF_K, .to = to, .value = value}); }
  void shift_right(Reg to, std::int32_t bits) { add({.code = BPF_ALU64 | BPF_RSH | BPF_K, .to = to, .value = bits}); }
  // to = *(from + offset)
  void load(Width width, Reg to, Reg from, std::int16_t offset) {
    add({.code = code_of(BPF_LDX | BPF_MEM, width), .to = to, .from = from, .offset = offset});
  }
  // *(to + offset) = from
  void store(Width width, Reg to, std::int16_t offset, Reg from) {
    add({.code = code_of(BPF_STX | BPF_MEM, width), .to = to, .from = from, .offset = offset});
  }
  void store_value(Width width, Reg to, std::int16_t offset, std::int32_t value) {
    add({.code = code_of(BPF_ST | BPF_MEM, width), .to = to, .offset = offset, .value = value});
  }
  // *(to + offset) += from, at once for all CPUs
  void add_atomically(Reg to, std::int16_t offset, Reg from) {
    add({.code = BPF_STX | BPF_ATOMIC | BPF_DW, .to = to, .from = from, .offset = offset, .value = BPF_ADD});
  }
  void call(bpf_func_id helper) { add({.code = BPF_JMP | BPF_CALL, .value = static_cast<std::int32_t>(helper)}); }
  void leave() {
    set(Reg::r0, 0);
    add({.code = BPF_JMP | BPF_EXIT});
  }

  Label new_label() {
    labels_.push_back(kUnbound);
    return {labels_.size() - 1};
  }
  void bind(Label label) { labels_.at(label.number) = instructions_.size(); }
  void jump(Label target) { jump_by({.code = BPF_JMP | BPF_JA}, target); }
  // Compares all 64 bits, or the lower 32.
  void jump_if(Jump when, Reg left, std::int32_t right, Label target) {
    jump_by({.code = static_cast<std::uint8_t>(BPF_JMP | BPF_K | static_cast<int>(when)), .to = left, .value = right},
            target);
  }
  void jump_if32(Jump when, Reg left, std::int32_t right, Label target) {
    jump_by({.code = static_cast<std::uint8_t>(BPF_JMP32 | BPF_K | static_cast<int>(when)), .to = left, .value = right},
            target);
  }

  // With all jumps resolved.
  [[nodiscard]] std::vector<bpf_insn> finish() {
    for (const auto& [from, label] : jumps_) {
      assert(labels_.at(label.number) != kUnbound);
      instructions_[from].off = static_cast<std::int16_t>(labels_[label.number] - from - 1);
    }
    return std::move(instructions_);
  }

 private:
  static constexpr std::size_t kUnbound = SIZE_MAX;
  static constexpr Reg kMapFd{BPF_PSEUDO_MAP_FD};

  struct Parts {
    std::uint8_t code = 0;
    Reg to = Reg::r0;
    Reg from = Reg::r0;
    std::int16_t offset = 0;
    std::int32_t value = 0;
  };

  static std::uint8_t code_of(int kind, Width width) {
    return static_cast<std::uint8_t>(kind | static_cast<int>(width));
  }

  void add(const Parts& parts) {
    bpf_insn instruction{};
    instruction.code = parts.code;
    instruction.dst_reg = static_cast<std::uint8_t>(parts.to) & 0xfU;
    instruction.src_reg = static_cast<std::uint8_t>(parts.from) & 0xfU;
    instruction.off = parts.offset;
    instruction.imm = parts.value;
    instructions_.push_back(instruction);
  }
  void add_wide(Reg to, Reg kind, std::uint64_t value) {
    add({.code = BPF_LD | BPF_DW, .to = to, .from = kind, .value = static_cast<std::int32_t>(value)});
    add({.value = static_cast<std::int32_t>(value >> 32U)});
  }
  void jump_by(const Parts& parts, Label target) {
    jumps_.emplace_back(instructions_.size(), target);
    add(parts);
  }

  std::vector<bpf_insn> instructions_;
  std::vector<std::size_t> labels_;
  std::vector<std::pair<std::size_t, Label>> jumps_;
};

}  // namespace runward::profiles::record
