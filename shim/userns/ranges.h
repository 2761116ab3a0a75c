// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which ranges of host ids are taken, and by which containers. No two live containers share an id, whatever is killed
// when, and a create costs the same with one container on the host or with thousands.
//
//   const Ranges ranges(build_info::kStateDir, config.id_pool);
//   SHIM_TRY(const Lease lease, ranges.take(owner));            // create
//   SHIM_TRY(const auto shared, ranges.share(first, owner));    // one that joins another one's user namespace
//   ranges.give_back(lease);                                    // delete
//
// A range that is taken is a folder <state dir>/ranges/<first>-<size>/<number> with one file for each container that
// has it, so that the kernel keeps the books: a folder appears as a whole (renameat2(2), RENAME_NOREPLACE) and goes
// only when it is empty (rmdir(2)). Each file has a name of its own for all time, so that what is given back late never
// hits the next holder. A holder is gone when its low-level runtime has no state of the container, the process that
// made it has ended (or is another one by now: the start time of proc(5)), and no process has an id of the range.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "shim/base/result.h"
#include "shim/policy/config.h"

namespace runward::userns {

struct Owner {
  std::string runtime_root;  // resolved
  std::string container;
};

struct Lease {
  std::string pool;          // "<first>-<size>"
  std::uint64_t number = 0;  // of the range in it
  std::string holder;        // the file's name
};

class Ranges {
 public:
  Ranges(std::string state_dir, policy::IdPool pool);

  // A free one, by chance. Where the pool looks full, what dead containers left is collected first.
  [[nodiscard]] Result<Lease> take(const Owner& owner) const;
  // One more holder of the range that begins at host id `first`. Nothing: nobody holds it.
  [[nodiscard]] Result<std::optional<Lease>> share(std::uint64_t first, const Owner& owner) const;
  // Of this pool, or of one that was configured before.
  void give_back(const Lease& lease) const;
  // Gives back what dead containers hold, of every pool.
  void collect() const;
  [[nodiscard]] std::uint64_t taken() const;

  [[nodiscard]] const policy::IdPool& pool() const { return pool_; }
  [[nodiscard]] std::uint64_t first_id(const Lease& lease) const { return pool_.first + lease.number * pool_.size; }

 private:
  [[nodiscard]] Status make_pool() const;

  std::string state_dir_;
  policy::IdPool pool_;
  std::string pool_name_;
  std::string folder_;  // of this pool
};

// A lease that is given back unless it is kept.
class Holding {
 public:
  Holding() = default;
  Holding(const Ranges& ranges, std::optional<Lease> lease) : ranges_(&ranges), lease_(std::move(lease)) {}
  Holding(Holding&& other) noexcept : ranges_(other.ranges_), lease_(other.keep()) {}
  Holding& operator=(Holding&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    ranges_ = other.ranges_;
    lease_ = other.keep();
    return *this;
  }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;
  ~Holding() { give_back(); }

  [[nodiscard]] const std::optional<Lease>& lease() const { return lease_; }
  std::optional<Lease> keep() { return std::exchange(lease_, std::nullopt); }

 private:
  void give_back() {
    if (lease_) ranges_->give_back(*lease_);
    lease_.reset();
  }

  const Ranges* ranges_ = nullptr;  // outlives it
  std::optional<Lease> lease_;
};

}  // namespace runward::userns
