// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/value.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace runward::oci {
namespace {

TEST(Find, TakesNullForAbsent) {
  const Value document = {{"a", {{"b", nullptr}, {"c", {1, 2}}}}, {"n", nullptr}};
  EXPECT_EQ(find(document, Pointer("/a/b")), nullptr);
  EXPECT_EQ(find(document, Pointer("/n/x")), nullptr);
  EXPECT_EQ(find(document, Pointer("/a/c/2")), nullptr);
  EXPECT_EQ(find(document, Pointer("/a/c/x")), nullptr);
  EXPECT_EQ(find(document, Pointer("/a/c/-")), nullptr);
  EXPECT_EQ(*find(document, Pointer("/a/c/1")), 2);
  EXPECT_EQ(find(document, Pointer("")), &document);
}

TEST(Find, LooksOneKeyUpInObjectsOnly) {
  EXPECT_EQ(find(Value::array({1}), std::string_view("0")), nullptr);
  EXPECT_EQ(find(Value({{"a", nullptr}}), std::string_view("a")), nullptr);
}

TEST(Set, MakesTheParentsThatAreMissing) {
  Value document = {{"linux", nullptr}};
  set(document, Pointer("/linux/resources/memory/limit"), 5);
  EXPECT_EQ(document, Value({{"linux", {{"resources", {{"memory", {{"limit", 5}}}}}}}}));
}

TEST(Set, ReplacesAnElement) {
  Value document = {{"a", {1, 2, 3}}};
  set(document, Pointer("/a/1"), "x");
  EXPECT_EQ(document, Value({{"a", {1, "x", 3}}}));
}

TEST(Set, KeepsKeysWithSlashesAndTildesApart) {
  Value document = Value::object();
  set(document, Pointer("/annotations") / "a/b~c", "x");
  EXPECT_EQ(document["annotations"]["a/b~c"], "x");
}

TEST(Insert, GoesBeforeTheElementOrToTheEnd) {
  Value document = {{"a", {1, 2}}};
  insert(document, Pointer("/a/0"), 0);
  insert(document, Pointer("/a/-"), 9);
  insert(document, Pointer("/a/100"), 10);
  EXPECT_EQ(document["a"], Value({0, 1, 2, 9, 10}));
}

TEST(Insert, MakesTheArrayThatIsMissing) {
  Value document = {{"x", nullptr}};
  insert(document, Pointer("/x/-"), 1);
  insert(document, Pointer("/y/z/0"), 2);
  EXPECT_EQ(document, Value({{"x", Value::array({1})}, {"y", {{"z", Value::array({2})}}}}));
}

TEST(Remove, TakesMembersAndElements) {
  Value document = {{"a", {1, 2, 3}}, {"b", 1}};
  remove(document, Pointer("/a/1"));
  remove(document, Pointer("/b"));
  EXPECT_EQ(document, Value({{"a", {1, 3}}}));
}

TEST(Remove, DoesNothingWhereNothingIs) {
  const Value before = {{"a", {1}}, {"n", nullptr}};
  Value document = before;
  for (const char* pointer : {"", "/x", "/x/y", "/a/1", "/a/-", "/a/x", "/a/0/x", "/n/x"})
    remove(document, Pointer(pointer));
  EXPECT_EQ(document, before);
}

}  // namespace
}  // namespace runward::oci
