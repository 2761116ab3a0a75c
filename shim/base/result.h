// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: a value or an Error. For everything where the world can refuse: files, parsing, probing, exec.
//
//   Result<Spec> load(const std::string& path) {
//     SHIM_TRY(const std::string text, read_file(path, kMaxBytes));
//     return parse(text);
//   }
//
// What a container did wrong is not an Error but a harden::Finding; a bug of ours is an assert.

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "shim/base/errno_words.h"

namespace runward {

enum class ErrorKind { io, parse, policy, usage, unsupported, internal };

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;   // lower case, names the thing in quotes, no period at the end
  std::error_code code;  // set when a system call failed
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;
inline Status ok() { return Done{}; }

inline Error make_error(ErrorKind kind, std::string message) { return Error{kind, std::move(message), {}}; }

// Calls that set errno: take it at once, before anything else can change it.
//   if (::fsync(fd) != 0) return errno_error("fsync", path);
inline Error errno_error(std::string_view call, std::string_view subject, int saved_errno = errno) {
  const std::error_code code(saved_errno, std::generic_category());
  std::string message(call);
  message.append(" '").append(subject).append("': ").append(errno_words(saved_errno));
  return Error{ErrorKind::io, std::move(message), code};
}

inline Error in_context(std::string_view context, Error error) {
  error.message.insert(0, ": ").insert(0, context);
  return error;
}

}  // namespace runward

#define SHIM_CONCAT_(a, b) a##b
#define SHIM_CONCAT(a, b) SHIM_CONCAT_(a, b)
#define SHIM_TRY_(result, declaration, ...)        \
  auto result = (__VA_ARGS__);                     \
  if (!(result)) return std::move(result).error(); \
  declaration = *std::move(result)
// SHIM_TRY(declaration, expression): declares from the value, or returns the error to the caller.
#define SHIM_TRY(declaration, ...) SHIM_TRY_(SHIM_CONCAT(shim_result_, __LINE__), declaration, __VA_ARGS__)
// SHIM_CHECK(expression): the same where the value is of no interest.
#define SHIM_CHECK(...)                                      \
  do {                                                       \
    auto shim_status = (__VA_ARGS__);                        \
    if (!shim_status) return std::move(shim_status).error(); \
  } while (false)
