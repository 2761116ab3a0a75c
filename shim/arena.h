// SPDX-License-Identifier: Apache-2.0
#pragma once

// The memory of runward, which lives for some milliseconds and then becomes the low-level runtime: `new` takes the next
// bytes of one block, `delete` keeps a piece of up to a KiB for the next of its size
// (shim/doc/decisions/0014-memory-that-is-not-given-back.md). What does not fit into the block is malloc's.
// With RUNWARD_KEEPS_MALLOC, as in builds with a sanitizer, all of it is.

namespace runward {

// What an ordinary document takes of the block, brought in at once (shim/base/prefault.h).
void prefault_arena();

}  // namespace runward
