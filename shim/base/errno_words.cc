// SPDX-License-Identifier: Apache-2.0
#include "shim/base/errno_words.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace runward {
namespace {

struct Words {
  int number;
  std::string_view text;
};

constexpr std::array kWords = {
    Words{ENOENT, "not found"},
    Words{EACCES, "access refused by the kernel"},
    Words{EPERM, "refused by the kernel"},
    Words{EISDIR, "it is a folder"},
    Words{ENOTDIR, "a part of the path is no folder"},
    Words{ESRCH, "that process is gone"},
    Words{EEXIST, "it exists already"},
    Words{ELOOP, "it is a symbolic link"},
    Words{EROFS, "the filesystem is read-only"},
    Words{ENOSPC, "the disk is full"},
    Words{EDQUOT, "the disk quota is used up"},
    Words{ENOMEM, "out of memory"},
    Words{EMFILE, "too many open files"},
    Words{ENFILE, "too many open files on this host"},
    Words{EINVAL, "the kernel calls it invalid"},
    Words{EIO, "input/output error"},
};

}  // namespace

std::string errno_words(int number) {
  const auto* const found = std::ranges::find(kWords, number, &Words::number);
  if (found != kWords.end()) return std::string(found->text);
  const char* const name = ::strerrorname_np(number);
  return name != nullptr ? std::string(name) : "errno " + std::to_string(number);
}

}  // namespace runward
