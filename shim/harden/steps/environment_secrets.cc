// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return result;
}

bool names_a_secret(std::string_view name) {
  constexpr std::array<std::string_view, 10> kWords = {"PASSWORD",   "PASSWD",    "SECRET",      "TOKEN",
                                                       "API_KEY",    "APIKEY",    "PRIVATE_KEY", "ACCESS_KEY",
                                                       "CREDENTIAL", "PASSPHRASE"};
  // Names that say where the secret lies, or how to treat one, hold none: POSTGRES_PASSWORD_FILE is the good way.
  constexpr std::array<std::string_view, 4> kHarmless = {"_FILE", "_PATH", "_URL", "_LIFETIME"};
  const std::string text = upper(name);
  const auto ends = [&](std::string_view suffix) { return text.ends_with(suffix); };
  const auto contains = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  return std::ranges::any_of(kWords, contains) && std::ranges::none_of(kHarmless, ends);
}

// What providers put in front of their tokens so that scanners find them, and PEM (RFC 7468).
bool has_token_shape(std::string_view value) {
  constexpr std::array<std::string_view, 9> kStarts = {"ghp_",  "gho_",  "ghs_",     "github_pat_", "glpat-",
                                                       "xoxb-", "xoxp-", "sk_live_", "AKIA"};
  constexpr std::size_t kShortest = 16;
  if (value.find("-----BEGIN ") != std::string_view::npos && value.find("PRIVATE KEY-----") != std::string_view::npos)
    return true;
  return value.size() >= kShortest &&
         std::ranges::any_of(kStarts, [&](std::string_view start) { return value.starts_with(start); });
}

constexpr auto kAdvice =
    "mount it as a file, as below /run/secrets, where `docker inspect` and the environment of other processes don't "
    "show it";

}  // namespace

// The value is never told, neither in a message nor in an event.
Verdict find_secrets(const oci::Process& process, const Context&) {
  Verdict verdict;
  const auto env = process.env();
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::string_view entry = env[i];
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals + 1 == entry.size()) continue;
    const std::string_view name = entry.substr(0, equals);
    if (names_a_secret(name) || has_token_shape(entry.substr(equals + 1)))
      verdict.refuse(oci::Pointer("/env") / i, "a credential in the environment variable " + quote(name), kAdvice);
  }
  const auto args = process.args();
  for (std::size_t i = 0; i < args.size(); ++i)
    if (has_token_shape(args[i]))
      verdict.refuse(oci::Pointer("/args") / i, "a credential in argument " + std::to_string(i), kAdvice);
  return verdict;
}

}  // namespace runward::harden::steps
