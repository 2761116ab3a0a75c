// SPDX-License-Identifier: Apache-2.0
#include "apparmor/match.h"

#include <algorithm>

namespace runward::apparmor {
namespace {

using Bytes = std::bitset<256>;

Bytes one_byte(unsigned char byte) {
  Bytes bytes;
  bytes.set(byte);
  return bytes;
}

Bytes anything() { return ~one_byte('\0'); }
Bytes no_slash() { return anything() & ~one_byte('/'); }

Bytes class_of(std::string_view members) {
  const bool negated = members.starts_with('^');
  if (negated) members.remove_prefix(1);
  Bytes bytes;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto first = static_cast<unsigned char>(members[i]);
    const bool is_range = i + 2 < members.size() && members[i + 1] == '-';
    const auto last = is_range ? static_cast<unsigned char>(members[i + 2]) : first;
    for (unsigned byte = first; byte <= last; ++byte) bytes.set(byte);
    if (is_range) i += 2;
  }
  return negated ? anything() & ~bytes : bytes;
}

}  // namespace

class Matcher::Builder {
 public:
  Builder(std::string_view text, std::vector<Node>& nodes) : text_(text), nodes_(nodes) {}

  std::uint32_t build() {
    while (at_ < text_.size()) add_one();
    return add({});
  }

 private:
  struct Group {
    std::uint32_t begin = 0;
    std::vector<std::uint32_t> ends;  // of its alternatives: nodes that go on behind the group
  };

  std::uint32_t add(Node node) {
    node.next = static_cast<std::uint32_t>(nodes_.size()) + 1;
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size()) - 1;
  }
  [[nodiscard]] std::uint32_t following() const { return static_cast<std::uint32_t>(nodes_.size()); }

  void add_one() {
    const char c = text_[at_];
    const bool after_slash = after_slash_;
    after_slash_ = c == '/';
    switch (c) {
      case '*':
        return add_star(after_slash);
      case '?':
        add({.bytes = no_slash()});
        break;
      case '[':
        return add_class();
      case '{':
        groups_.push_back({.begin = add({}), .ends = {}});
        nodes_.back().branches.push_back(following());
        break;
      case ',':
        groups_.back().ends.push_back(add({}));
        nodes_[groups_.back().begin].branches.push_back(following());
        break;
      case '}':
        for (const std::uint32_t end : groups_.back().ends) nodes_[end].next = following();
        groups_.pop_back();
        break;
      default: {
        const Decoded decoded = decode(text_, at_);
        add({.bytes = one_byte(decoded.byte)});
        at_ += decoded.length;
        return;
      }
    }
    ++at_;
  }

  void add_star(bool after_slash) {
    const std::size_t behind = std::min(text_.find_first_not_of('*', at_), text_.size());
    if (after_slash && (behind == text_.size() || text_[behind] == '/')) add({.bytes = no_slash()});
    const bool is_double = behind - at_ >= 2;
    add({.bytes = is_double ? anything() : no_slash(), .repeats = true});
    at_ = behind;
  }

  void add_class() {
    const std::size_t end = text_.find(']', at_);
    add({.bytes = class_of(text_.substr(at_ + 1, end - at_ - 1))});
    at_ = end + 1;
  }

  std::string_view text_;
  std::vector<Node>& nodes_;
  std::size_t at_ = 0;
  bool after_slash_ = false;
  std::vector<Group> groups_;
};

// Which nodes the automaton may be at.
class Matcher::Run {
 public:
  explicit Run(const std::vector<Node>& nodes) : nodes_(nodes), seen_(nodes.size()) { enter(0); }

  void take(unsigned char byte) {
    std::vector<std::uint32_t> before;
    before.swap(here_);
    std::fill(seen_.begin(), seen_.end(), false);
    for (const std::uint32_t at : before) {
      if (!nodes_[at].bytes.test(byte)) continue;
      enter(nodes_[at].repeats ? at : nodes_[at].next);
    }
  }
  [[nodiscard]] bool is_at(std::uint32_t node) const { return seen_[node]; }
  [[nodiscard]] bool is_lost() const { return here_.empty(); }

 private:
  void enter(std::uint32_t first) {
    std::vector<std::uint32_t> pending{first};
    while (!pending.empty()) {
      const std::uint32_t at = pending.back();
      pending.pop_back();
      if (seen_[at]) continue;
      seen_[at] = true;
      here_.push_back(at);
      const Node& node = nodes_[at];
      pending.insert(pending.end(), node.branches.begin(), node.branches.end());
      const bool goes_on = node.branches.empty() && (node.bytes.none() || node.repeats);
      if (goes_on && at + 1 < nodes_.size()) pending.push_back(node.next);
    }
  }

  const std::vector<Node>& nodes_;
  std::vector<bool> seen_;
  std::vector<std::uint32_t> here_;
};

Matcher::Matcher(const Pattern& pattern) { end_ = Builder(pattern.text(), nodes_).build(); }

bool Matcher::matches(std::string_view name) const {
  Run run(nodes_);
  for (const char c : name) {
    run.take(static_cast<unsigned char>(c));
    if (run.is_lost()) return false;
  }
  return run.is_at(end_);
}

FileAccess file_access(const Profile& profile, std::string_view path, Owner owner) {
  FileAccess access;
  Permissions denied;
  bool by_exact_rule = false;  // its way to execute goes before that of any glob
  for (const Rule& rule : profile.rules) {
    const auto* const file = std::get_if<FileRule>(&rule.body);
    if (file == nullptr || (file->owner && owner == Owner::no)) continue;
    if (file->path && !matches(*file->path, path)) continue;
    const Permissions meant = file->effective();
    if (rule.deny) {
      denied = denied | meant;
      continue;
    }
    access.permissions = access.permissions | meant;
    const bool is_exact = file->path && file->path->is_exact();
    const auto transition = file->path ? file->transition : std::optional(Transition::inherit);
    if (transition && (!access.transition || is_exact > by_exact_rule)) {
      access.transition = transition;
      by_exact_rule = is_exact;
    }
  }
  access.permissions = access.permissions - denied;
  if (!access.permissions.has(Permission::execute)) access.transition.reset();
  return access;
}

}  // namespace runward::apparmor
