// SPDX-License-Identifier: Apache-2.0
#pragma once

// UniqueFd: owns a file descriptor and closes it. A raw descriptor lives for one expression.

#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace runward {

class [[nodiscard]] UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(-1); }

  explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int fd_ = -1;
};

// Every one from `first` on, for a child that must hold nothing of its parent's. May be called between fork and exec.
inline void close_from(int first) {
  constexpr int kMost = 4096;  // before Linux 5.9
  if (::syscall(SYS_close_range, first, ~0U, 0) != 0)
    for (int fd = first; fd < kMost; ++fd) ::close(fd);
}

}  // namespace runward
