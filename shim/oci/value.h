// SPDX-License-Identifier: Apache-2.0
#pragma once

// The document as a tree: nlohmann::json with our names for it, and the three ways in which the program changes one.
//
//   set(document, Pointer("/process/noNewPrivileges"), true);   // makes the parents that are missing
//   remove(document, Pointer("/linux/resources/unified"));
//
// A Pointer is RFC 6901. JSON null means what it means to Go's encoding/json: the same as absent.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace runward::oci {

using Value = nlohmann::json;
using Pointer = Value::json_pointer;

// The value at `pointer`, or nullptr when it, or anything on the way to it, is absent or null.
const Value* find(const Value& document, const Pointer& pointer);
// The same for one key of an object (nullptr too when `object` is none).
const Value* find(const Value& object, std::string_view key);

// Parents that are missing become objects.
void set(Value& document, const Pointer& pointer, Value value);
// Into an array, made when it is missing: before the element with that index, or at the end ("-").
void insert(Value& document, const Pointer& pointer, Value value);
// Nothing happens when it is absent.
void remove(Value& document, const Pointer& pointer);

}  // namespace runward::oci
