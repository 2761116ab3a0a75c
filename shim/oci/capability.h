// SPDX-License-Identifier: Apache-2.0
#pragma once

// Capabilities (capabilities(7)) and sets of them, by the names of the OCI spec ("CAP_CHOWN") or the short ones of
// Docker ("CHOWN"). The names come from libcap-ng, whose only home is capability.cc.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runward::oci {

struct Capability {
  unsigned number = 0;
  friend bool operator==(const Capability&, const Capability&) = default;
};

// "CAP_NET_RAW", "NET_RAW", "net_raw"; nothing for a name that this build does not know.
std::optional<Capability> parse_capability(std::string_view name);
std::string to_string(Capability capability);  // "CAP_NET_RAW"

class CapabilitySet {
 public:
  CapabilitySet() = default;
  CapabilitySet(std::initializer_list<std::string_view> names);  // names known at compile time; unknown ones assert

  // Bit N is the kernel's capability N, as in /proc/PID/status.
  static CapabilitySet of_bits(std::uint64_t bits) { return CapabilitySet(bits); }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }

  void add(Capability capability) { bits_ |= bit(capability); }
  [[nodiscard]] bool has(Capability capability) const { return (bits_ & bit(capability)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] bool includes(CapabilitySet other) const { return (other.bits_ & ~bits_) == 0; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<Capability> members() const;  // in the kernel's order
  [[nodiscard]] std::vector<std::string> names() const;

  friend CapabilitySet operator|(CapabilitySet a, CapabilitySet b) { return CapabilitySet(a.bits_ | b.bits_); }
  friend CapabilitySet operator&(CapabilitySet a, CapabilitySet b) { return CapabilitySet(a.bits_ & b.bits_); }
  friend CapabilitySet operator-(CapabilitySet a, CapabilitySet b) { return CapabilitySet(a.bits_ & ~b.bits_); }
  friend bool operator==(CapabilitySet, CapabilitySet) = default;

 private:
  explicit CapabilitySet(std::uint64_t bits) : bits_(bits) {}
  static std::uint64_t bit(Capability capability) { return std::uint64_t{1} << capability.number; }
  std::uint64_t bits_ = 0;
};

}  // namespace runward::oci
