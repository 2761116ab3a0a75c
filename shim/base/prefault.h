// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that a short-lived program is sure to write to, brought in by one system call instead of one page fault a page
// (madvise(2), MADV_POPULATE_WRITE, Linux 5.14). In a virtual machine a fault takes up to 10 µs, and a page that is
// brought in with others 0.5 µs. Where the kernel can't, nothing happens and the faults come one by one.

#include <cstddef>

namespace runward {

// `begin` is at the beginning of a page. errno stays as it is: `new` comes here, also for who is about to tell of it.
void prefault(void* begin, std::size_t size);

}  // namespace runward
