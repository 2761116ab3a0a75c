# SPDX-License-Identifier: Apache-2.0
# Writes the table of shipped seccomp filters and AppArmor profiles (ShippedProfile in shim/policy/shipped.h) as C++:
#   cmake -DPROFILES=build;compat;default;plugin;record;strict -DFOLDER=profiles -DOUTPUT=shipped_profiles.cc -P embed.cmake
# Lines that are comments become empty: they are half of the text.
# (JSON has no text over several lines, so a line that begins with // is a comment.)

function(embed variable path)
  set(text "")
  if(EXISTS "${path}")
    file(READ "${path}" text)
    string(REGEX REPLACE "\n[ \t]*//[^\n]*" "\n" text "\n${text}")
    string(REGEX REPLACE "\n[ \t]+" "\n" text "${text}")
    string(SUBSTRING "${text}" 1 -1 text)
    if(text MATCHES "\\)json\"")
      message(FATAL_ERROR "${path} holds the end of a raw string literal")
    endif()
  endif()
  set(${variable} "R\"json(${text})json\"" PARENT_SCOPE)
endfunction()

# A comment of AppArmor's is a line that begins with #.
function(embed_apparmor variable path)
  set(text "")
  if(EXISTS "${path}")
    file(READ "${path}" text)
    string(REGEX REPLACE "\n[ \t]*#[^\n]*" "\n" text "\n${text}")
    string(REGEX REPLACE "\n\n+" "\n" text "${text}")
    if(text MATCHES "\\)apparmor\"")
      message(FATAL_ERROR "${path} holds the end of a raw string literal")
    endif()
  endif()
  set(${variable} "R\"apparmor(${text})apparmor\"" PARENT_SCOPE)
endfunction()

set(rows "")
foreach(name IN LISTS PROFILES)
  embed(seccomp "${FOLDER}/${name}/seccomp.json")
  embed_apparmor(apparmor "${FOLDER}/${name}/apparmor")
  string(APPEND rows "    ShippedProfile{\"${name}\", ${seccomp}, ${apparmor}},\n")
endforeach()

file(WRITE "${OUTPUT}" "// Made by profiles/embed.cmake.
#include \"shim/policy/shipped.h\"

#include <array>

namespace runward::policy {
namespace {

constexpr std::array kShipped = {
${rows}};

}  // namespace

std::span<const ShippedProfile> shipped_profiles() { return kShipped; }

}  // namespace runward::policy
")
