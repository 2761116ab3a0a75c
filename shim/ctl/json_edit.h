// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes one member of a JSON text and leaves every other byte as it was: order, spacing, how numbers are written.
// A new member is written as its neighbours are: on a line of its own with their indentation, or on the same line.
//
// The text must have been parsed without an error (oci::parse) and hold an object; `object` is the way of keys to an
// object in it, empty for the outermost.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace runward::ctl {

using OrderedValue = nlohmann::ordered_json;
using ObjectPath = std::vector<std::string>;

// Replaces the member's value, or adds the member at the object's end.
std::string set_member(std::string_view text, const ObjectPath& object, const std::string& key,
                       const OrderedValue& value);

// Nothing happens when there is no such member.
std::string remove_member(std::string_view text, const ObjectPath& object, const std::string& key);

// One step of the file's indentation: a tab, or as many spaces; four where the text shows none.
std::string indentation_of(std::string_view text);

}  // namespace runward::ctl
