// SPDX-License-Identifier: Apache-2.0
#pragma once

// The OCI runtime-spec (config.md, config-linux.md; 1.0 to 1.3) as a table of fields and types, and the check that a
// document has this shape. After it the typed views in spec.h never meet a wrong type.
//
// Unknown fields are kept and not looked into, except those that differ from a known field only in case: Go's
// encoding/json would read them as that field (it also folds U+017F to 's' and U+212A to 'k').
//
// To add a field: one row in kFields (shape.cc), in the order of the spec.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"

namespace runward::oci {

enum class Document { spec, process, resources };

enum class FieldType {
  object,
  string,
  boolean,
  signed_integer,
  unsigned_integer,
  number,
  strings,
  integers,
  objects,
  string_map,
  any_map,
};

struct Field {
  std::string_view path;  // dotted, from the root of a Spec; "[]" is an element of an array, "*" a key of a map
  FieldType type;
};

std::span<const Field> fields();

// As Go's encoding/json folds the names of fields: ASCII to lower case, and the two letters beyond ASCII that fold into
// it. Whom it reads for a name is any key that folds as the name does.
std::string fold_case(std::string_view name);

struct ShapeProblem {
  Pointer where;
  std::string message;
};

// All problems, empty when the document has the shape of a Spec, a Process or LinuxResources.
std::vector<ShapeProblem> check_shape(const Value& document, Document kind);

}  // namespace runward::oci
