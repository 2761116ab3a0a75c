// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a low-level runtime calls between loading a container's filter and becoming its program: a filter has to let it
// through, or nothing starts. It differs from version to version; `runwardctl profile calibrate` measures the installed
// ones, and some measurements come with us.
//
//   SHIM_TRY(const Calibration calibration, parse_calibration(text, "calibration.json"));
//   const StartCalls needed = start_calls(calibration, seen, FilterTime::last);
//
// To add a measurement that comes with us: its rows in kShipped, as calibrate prints them.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/observed.h"
#include "shim/base/result.h"

namespace runward::profiles {

// With no_new_privs the filter is loaded as the last thing; without it while privileges are still to be given up.
enum class FilterTime { last, early };

// Other threads of the runtime's at the moment when the filter is loaded. A Go runtime has some.
enum class OtherThreads {
  none,
  free,      // they are not under the filter: only what the loading thread does counts
  filtered,  // they are
};

struct MeasuredStart {
  std::map<std::string, bool> calls;  // that were seen; true: without it the program does not start
  OtherThreads others = OtherThreads::none;
  friend bool operator==(const MeasuredStart&, const MeasuredStart&) = default;
};

struct Calibrated {
  std::string runtime;       // "runc"
  std::string version;       // "1.1.5+ds1"
  std::string architecture;  // "x86_64"
  MeasuredStart last, early;
  friend bool operator==(const Calibrated&, const Calibrated&) = default;
};
using Calibration = std::vector<Calibrated>;

inline constexpr std::size_t kMaxCalibrationBytes = std::size_t{1} << 20U;
Result<Calibration> parse_calibration(std::string_view text, std::string_view name);
std::string print_calibration(const Calibration& calibration);

// Ours, of the versions that we measured. A newer measurement of the same runtime on the machine goes first.
const Calibration& shipped_calibration();

struct StartCalls {
  std::set<std::string> calls;
  std::vector<std::string> measured;  // "runc 1.1.5+ds1"
  std::vector<std::string> unknown;   // of these the calls of every runtime that we know are taken
};

// For the runtimes that the recordings were made with.
StartCalls start_calls(const Calibration& calibration, const Observed& seen, FilterTime time);

}  // namespace runward::profiles
