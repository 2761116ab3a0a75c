// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files, the careful way: O_CLOEXEC from birth, O_NOFOLLOW on the last component, regular files only, bounded reads,
// replacement by a new O_EXCL file that is renamed over the old one (open(2), rename(2)).

#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward {

Result<UniqueFd> open_directory(const std::string& path);

// A regular file for reading, relative to `directory` (AT_FDCWD: the working directory); its last component may not be
// a symbolic link. Never blocks on a FIFO.
Result<UniqueFd> open_regular(int directory, const std::string& path);

// All bytes of `fd`; an error when there are more than `max_bytes`.
Result<std::string> read_all(const UniqueFd& fd, std::size_t max_bytes, std::string_view name);

Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Why a file can't be trusted as policy: not owned by root, or writable by others. Checks the open file and, for an
// absolute path, every directory above it (a directory with the sticky bit, as /tmp, counts as writable).
Status check_only_root_writes(const UniqueFd& fd, const std::string& path);

// How long a file must last: what lies in /run is of no use after a crash of the machine, and syncing it (fsync(2))
// takes longer than all the rest where that is no tmpfs.
enum class Lasting { across_crashes, until_reboot };

// Replaces `name` in `directory` with `text`: all of it or nothing. Keeps mode and owner of the file replaced, if any.
Status replace_file(const UniqueFd& directory, const std::string& name, std::string_view text, mode_t mode,
                    Lasting lasting = Lasting::across_crashes);

// Gives the file `name` in `directory` the second name `second`, in place of what had it: by a hard link, or where the
// filesystem has none by a copy with `text`.
Status keep_as(const UniqueFd& directory, const std::string& name, const std::string& second, std::string_view text);

// "web.json" becomes "web~1.json", or what is the first free of "web~2.json" to "web~99.json". Where none is free, or
// there is no such file, nothing happens.
Status set_aside(const UniqueFd& directory, const std::string& name);

// Appends `line` by one write(2), so that lines of parallel writers don't mix; makes the file (0640) and its folder.
Status append_line(const std::string& path, std::string_view line);

// Writes all of `text`, continuing after short writes and EINTR.
Status write_all(int fd, std::string_view text, std::string_view name);

}  // namespace runward
