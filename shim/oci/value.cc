// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/value.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "shim/base/number.h"

namespace runward::oci {
namespace {

// The child of `parent` that `token` names, or nullptr.
template <typename V>
V* child(V& parent, const std::string& token) {
  if (parent.is_object()) {
    const auto found = parent.find(token);
    return found == parent.end() ? nullptr : &*found;
  }
  if (!parent.is_array()) return nullptr;
  const auto index = parse_number<std::size_t>(token);
  return index && *index < parent.size() ? &parent[*index] : nullptr;
}

std::vector<std::string> tokens_of(Pointer pointer) {
  std::vector<std::string> tokens;
  for (; !pointer.empty(); pointer.pop_back()) tokens.insert(tokens.begin(), pointer.back());
  return tokens;
}

template <typename V>
V* walk(V& document, std::span<const std::string> tokens) {
  V* at = &document;
  for (const std::string& token : tokens) {
    at = child(*at, token);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Value& child_or_new(Value& parent, const std::string& token) {
  if (parent.is_array()) return parent.at(parse_number<std::size_t>(token).value_or(parent.size()));
  if (!parent.is_object()) parent = Value::object();
  return parent[token];
}

Value& walk_or_make(Value& document, std::span<const std::string> tokens) {
  Value* at = &document;
  for (const std::string& token : tokens) at = &child_or_new(*at, token);
  return *at;
}

}  // namespace

const Value* find(const Value& document, const Pointer& pointer) {
  const Value* const at = walk(document, tokens_of(pointer));
  return at == nullptr || at->is_null() ? nullptr : at;
}

const Value* find(const Value& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

void set(Value& document, const Pointer& pointer, Value value) {
  walk_or_make(document, tokens_of(pointer)) = std::move(value);
}

void insert(Value& document, const Pointer& pointer, Value value) {
  Value& array = walk_or_make(document, tokens_of(pointer.parent_pointer()));
  if (!array.is_array()) array = Value::array();
  const std::size_t index = std::min(parse_number<std::size_t>(pointer.back()).value_or(array.size()), array.size());
  array.insert(array.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
}

void remove(Value& document, const Pointer& pointer) {
  if (pointer.empty()) return;
  Value* const parent = walk(document, tokens_of(pointer.parent_pointer()));
  if (parent == nullptr) return;
  if (parent->is_object()) parent->erase(pointer.back());
  if (!parent->is_array()) return;
  if (const auto index = parse_number<std::size_t>(pointer.back()); index && *index < parent->size())
    parent->erase(*index);
}

}  // namespace runward::oci
