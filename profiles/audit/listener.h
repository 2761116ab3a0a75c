// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernel's audit records as they are made: the multicast group of the audit's netlink (AUDIT_NLGRP_READLOG), for
// which no audit daemon is needed and which takes nothing from one that runs. It needs CAP_AUDIT_READ.
//
//   SHIM_TRY(Listener listener, Listener::open());
//   const Batch batch = listener.read();            // what is there now; poll listener.fd() for more
//
// The group loses what nobody fetches in time (ENOBUFS), and the audit before it what does not fit its own queue: its
// count is lost_records(). Only the host's own network namespace hears anything.

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "profiles/audit/record.h"
#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::audit {

struct Batch {
  std::vector<Record> records;
  std::size_t unreadable = 0;  // not as any kernel that we know writes them
  bool lost = false;           // some did not get to us
};

class Listener {
 public:
  static Result<Listener> open();
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Does not wait; a bounded number of them.
  Batch read();

 private:
  explicit Listener(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A record that a listener, perhaps another one, makes to know that it hears: of a call that was let through.
bool may_be_sign(const Record& record);

// How many records the audit has lost on their way to everybody since the machine was started; nothing where it does
// not tell (CAP_AUDIT_CONTROL), or counts also those that only an audit daemon, which does not run, has missed.
std::optional<std::uint32_t> lost_records();

// Whether no record can be lost without a word before it comes to listeners: one that finds the audit's queue full
// waits for room, or lost_records() counts it.
Status check_that_losses_are_told();

// Reads until everything that was made before is read. A process of ours makes a call that its own filter has logged,
// and the record about it comes behind all others; that it comes proves that the host logs such calls at all, and that
// we hear it. An error where none comes.
Status read_up_to_now(Listener& listener, const std::function<void(const Batch&)>& take);

}  // namespace runward::profiles::audit
