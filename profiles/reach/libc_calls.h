// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which system calls a function of the C library comes to, glibc's or musl's, by its name: most functions that make one
// have its name ("epoll_ctl", "__read_chk", "open64"); for the others there is a table.
//
// To add a function: a row in libc_calls.cc.

#include <set>
#include <string>
#include <string_view>

namespace runward::profiles {

// `architecture`: "SCMP_ARCH_X86_64". Empty for a function that makes none, or that is not the C library's.
std::set<std::string> calls_of_import(std::string_view import, std::string_view architecture);

}  // namespace runward::profiles
