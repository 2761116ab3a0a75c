// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a policy file key by key against a table, and says of the first thing that is wrong where it stands and what
// was expected: `profile.json:12:9: rules.memory.ceiling: expected an amount such as "512MiB"`.
//
//   constexpr std::array kKeys = {
//       Key<Events>{"events", "required", [](const Reader& value, Events& events) { value.to(events.required); }},
//   };
//   Source source(text, "config.json");
//   read_section<Events>(kKeys, "events", Reader(source, document), events);
//   SHIM_CHECK(source.status());
//
// A Reader is a value and the way to it; it lives no longer than the Reader that it came from. Pointers and positions
// are made only when something is wrong.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/parse.h"
#include "shim/oci/value.h"

namespace runward::policy {

// Policy files are written by people: small, with comments.
inline constexpr oci::ParseLimits kPolicyFileLimits{
    .max_bytes = std::size_t{1} << 20U, .max_depth = 16, .comments = true};

class Source {
 public:
  Source(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  void fail(const oci::Pointer& where, std::string_view problem);  // the first one is kept
  [[nodiscard]] Status status() const;

 private:
  std::string_view text_;
  std::string_view name_;
  std::optional<Error> error_;
};

class Reader {
 public:
  Reader(Source& source, const oci::Value& root) : source_(&source), value_(&root) {}

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] const oci::Value& value() const { return *value_; }
  void fail(std::string_view problem) const { source_->fail(pointer(), problem); }

  // Nothing, and a failure, when the value is of another type.
  [[nodiscard]] std::optional<std::string> text(std::string_view expected = "expected a text") const;
  [[nodiscard]] std::optional<std::uint64_t> count(std::uint64_t min, std::uint64_t max) const;
  void to(bool& target) const;

  // read(const Reader& item) for each item of an array; read(const Reader& member) for each member of an object.
  template <typename Read>
  void each_item(Read read) const {
    if (!value_->is_array()) return fail("expected a list");
    std::size_t index = 0;
    for (const oci::Value& item : *value_) read(Reader(*this, std::to_string(index++), item));
  }
  template <typename Read>
  void each_member(Read read) const {
    if (!value_->is_object()) return fail("expected an object");
    for (const auto& [name, member] : value_->get_ref<const oci::Value::object_t&>()) read(Reader(*this, name, member));
  }

 private:
  Reader(const Reader& parent, std::string key, const oci::Value& value)
      : source_(parent.source_), parent_(&parent), key_(std::move(key)), value_(&value) {}
  [[nodiscard]] oci::Pointer pointer() const;

  Source* source_;
  const Reader* parent_ = nullptr;
  std::string key_;
  const oci::Value* value_;
};

// One key of a file. A list has `clear`: "name" empties it before reading, "name_add" appends.
template <typename Target>
struct Key {
  std::string_view section;
  std::string_view name;
  void (*read)(const Reader& value, Target& target);
  void (*clear)(Target& target) = nullptr;
};

inline constexpr std::string_view kAddSuffix = "_add";
inline constexpr std::string_view kEverySection = "*";

// `unknown "x"`, with the name that was probably meant.
std::string unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known);

template <typename Target>
std::vector<std::string_view> names_in(std::span<const Key<Target>> keys, std::string_view section) {
  std::vector<std::string_view> names;
  for (const Key<Target>& key : keys)
    if (key.section == section || key.section == kEverySection) names.push_back(key.name);
  return names;
}

template <typename Target>
const Key<Target>* find_key(std::span<const Key<Target>> keys, std::string_view section, std::string_view name) {
  const auto found = std::ranges::find_if(keys, [&](const Key<Target>& key) {
    return key.name == name && (key.section == section || key.section == kEverySection);
  });
  return found == keys.end() ? nullptr : &*found;
}

template <typename Target>
void read_section(std::span<const Key<Target>> keys, std::string_view section, const Reader& object, Target& target) {
  object.each_member([&](const Reader& member) {
    const std::string_view name = member.key();
    if (const Key<Target>* key = find_key(keys, section, name)) {
      if (key->clear != nullptr) key->clear(target);
      return key->read(member, target);
    }
    if (name.ends_with(kAddSuffix)) {
      const Key<Target>* key = find_key(keys, section, name.substr(0, name.size() - kAddSuffix.size()));
      if (key != nullptr && key->clear != nullptr) return key->read(member, target);
    }
    member.fail(unknown_name("key", name, names_in(keys, section)));
  });
}

}  // namespace runward::policy
