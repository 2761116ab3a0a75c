// SPDX-License-Identifier: Apache-2.0
//
// What must hold for all profiles and all calls, tried with random ones. The judge is decide(), which looks at one call
// at a time and knows nothing of diagrams, libseccomp or BPF.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/derive.h"
#include "seccomp/evaluate.h"
#include "seccomp/parse.h"
#include "seccomp/print.h"
#include "shim/oci/print.h"
#include "tests/unit/seccomp/random_profile.h"

namespace runward::seccomp {
namespace {

constexpr unsigned kProfiles = 200;
constexpr unsigned kCallsEach = 60;

std::string text_of(const Profile& profile) { return oci::print(to_json(profile)); }

std::string text_of(const std::string& call, const Arguments& arguments) {
  std::string text = call;
  for (const std::uint64_t argument : arguments) text += " " + std::to_string(argument);
  return text;
}

bool is_in(const std::vector<std::string>& calls, const std::string& call) {
  return std::ranges::find(calls, call) != calls.end();
}

template <typename Check>
void for_random_pairs(unsigned seed, Check check) {
  RandomProfiles random(seed);
  for (unsigned i = 0; i < kProfiles && !testing::Test::HasFailure(); ++i) {
    const Profile a = random.profile();
    const Profile b = random.profile();
    SCOPED_TRACE("a = " + text_of(a) + "\nb = " + text_of(b));
    check(random, a, b);
  }
}

template <typename Check>
void for_random_calls(RandomProfiles& random, const Profile& a, const Profile& b, Check check) {
  for (const std::string& call : RandomProfiles::calls())
    for (unsigned i = 0; i < kCallsEach && !testing::Test::HasFailure(); ++i) {
      const Arguments arguments = random.arguments({&a, &b}, call);
      SCOPED_TRACE(text_of(call, arguments));
      check(call, arguments);
    }
}

TEST(SeccompLaws, AnIntersectionIsTheStricterOfBothEverywhere) {
  std::size_t given_up = 0;
  for_random_pairs(1, [&](RandomProfiles& random, const Profile& a, const Profile& b) {
    const Combined both = intersect(a, b);
    given_up += both.given_up.size();
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      const Outcome of_both = decide(both.profile, call, arguments);
      const Outcome of_a = decide(a, call, arguments);
      const Outcome of_b = decide(b, call, arguments);
      if (is_in(both.given_up, call)) {
        EXPECT_FALSE(lets_through(of_both));
        return;
      }
      EXPECT_EQ(lets_through(of_both), lets_through(of_a) && lets_through(of_b));
      EXPECT_EQ(of_both, stricter(of_a, of_b));
    });
  });
  EXPECT_LT(given_up, kProfiles) << "of " << kProfiles * RandomProfiles::calls().size() << " calls";
}

TEST(SeccompLaws, AMergeIsTheMoreLenientOfBothEverywhere) {
  for_random_pairs(2, [](RandomProfiles& random, const Profile& a, const Profile& b) {
    const Combined either = merge(a, b);
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      if (is_in(either.given_up, call)) return;
      EXPECT_EQ(decide(either.profile, call, arguments),
                more_lenient(decide(a, call, arguments), decide(b, call, arguments)));
    });
  });
}

TEST(SeccompLaws, NormalisingChangesNoMeaningAndIsDoneOnce) {
  for_random_pairs(3, [](RandomProfiles& random, const Profile& a, const Profile& b) {
    const Combined normal = normalise(a);
    const Profile& plain = normal.profile;
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      if (is_in(normal.given_up, call)) return;
      EXPECT_EQ(decide(plain, call, arguments), decide(a, call, arguments));
    });
    EXPECT_EQ(text_of(normalise(plain).profile), text_of(plain));
  });
}

TEST(SeccompLaws, AnIntersectionWithOneselfOrTwiceIsTheSame) {
  for_random_pairs(4, [](RandomProfiles&, const Profile& a, const Profile& b) {
    const Profile both = intersect(a, b).profile;
    EXPECT_EQ(text_of(intersect(a, both).profile), text_of(both));
    EXPECT_FALSE(find_excess(both, a));
    EXPECT_FALSE(find_excess(both, b));
    EXPECT_TRUE(diff(both, intersect(b, a).profile).empty());
  });
}

TEST(SeccompLaws, AnExampleOfAnExcessIsOne) {
  unsigned found = 0;
  for_random_pairs(5, [&](RandomProfiles& random, const Profile& a, const Profile& b) {
    const auto excess = find_excess(a, b);
    if (excess) {
      ++found;
      EXPECT_TRUE(lets_through(decide(a, excess->call, excess->arguments)));
      EXPECT_FALSE(lets_through(decide(b, excess->call, excess->arguments)));
      return;
    }
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      EXPECT_TRUE(!lets_through(decide(a, call, arguments)) || lets_through(decide(b, call, arguments)));
    });
  });
  EXPECT_GT(found, kProfiles / 4);
  EXPECT_LT(found, kProfiles);
}

TEST(SeccompLaws, ADifferenceIsOneAndTheRestIsAlike) {
  for_random_pairs(6, [](RandomProfiles& random, const Profile& a, const Profile& b) {
    const auto differences = diff(a, b);
    for (const CallDifference& difference : differences) {
      if (!difference.example) continue;
      const Example& example = *difference.example;
      EXPECT_NE(lets_through(decide(a, example.call, example.arguments)),
                lets_through(decide(b, example.call, example.arguments)));
    }
    if (a.default_outcome != b.default_outcome) return;
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      if (std::ranges::find(differences, call, &CallDifference::call) != differences.end()) return;
      EXPECT_EQ(decide(a, call, arguments), decide(b, call, arguments));
    });
  });
}

TEST(SeccompLaws, PrintingAndParsingGivesTheSame) {
  for_random_pairs(7, [](RandomProfiles& random, const Profile& a, const Profile& b) {
    const auto again = parse_profile(to_json(a), "a");
    ASSERT_TRUE(again) << again.error().message;
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      EXPECT_EQ(decide(*again, call, arguments), decide(a, call, arguments));
    });
  });
}

// Random rules over six arguments can be more than any filter holds.
bool is_too_much(const Error& error) {
  return error.message.starts_with("seccomp filter: too many rules") ||
         error.message.starts_with("seccomp filter: it is longer");
}

void expect_compiled_says_the_same(unsigned seed, const CompileOptions& options) {
  const std::string native = native_architecture();
  unsigned compiled = 0;
  for_random_pairs(seed, [&](RandomProfiles& random, const Profile& a, const Profile& b) {
    const auto program = compile(a, options);
    if (!program && is_too_much(program.error())) return;
    ASSERT_TRUE(program) << program.error().message;
    ++compiled;
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      const auto said = evaluate(*program, {.architecture = *audit_architecture(native),
                                            .number = *syscall_number(call, native),
                                            .arguments = arguments,
                                            .instruction_pointer = 0});
      ASSERT_TRUE(said) << said.error().message;
      EXPECT_EQ(*said, decide(a, call, arguments)) << to_text(*said) << " / " << to_text(decide(a, call, arguments));
    });
  });
  EXPECT_GT(compiled, kProfiles / 2);
}

TEST(SeccompLaws, ACompiledFilterSaysWhatTheProfileSays) { expect_compiled_says_the_same(8, {}); }
TEST(SeccompLaws, ACompiledTreeSaysWhatTheProfileSays) { expect_compiled_says_the_same(9, {.binary_tree = true}); }

// --- in a real process -------------------------------------------------------------------------

// getppid ignores its arguments and harms nobody. The child ends with the number of the first call for which the kernel
// said something else than the profile, counted from 1; 0: none.
constexpr int kCallsInProcess = 200;
constexpr int kNoFilter = 255;

bool load(const Program& program) {
  sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                    // NOLINTNEXTLINE: the same struct by the kernel's name
                    .filter = reinterpret_cast<sock_filter*>(const_cast<Instruction*>(program.data()))};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int first_that_differs(const Program& program, const std::vector<Arguments>& calls,
                       const std::vector<Outcome>& outcomes) {
  if (!load(program)) return kNoFilter;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Arguments& with = calls[i];
    errno = 0;
    const long answer = ::syscall(SYS_getppid, with[0], with[1], with[2], with[3], with[4], with[5]);
    const int said = answer >= 0 ? 0 : errno;
    const int expected = lets_through(outcomes[i]) ? 0 : outcomes[i].data;
    if (said != expected) return static_cast<int>(i) + 1;
  }
  return 0;
}

TEST(SeccompLaws, TheKernelSaysWhatTheProfileSays) {
  RandomProfiles random(10);
  int compiled = 0;
  for (unsigned i = 0; i < 60 && !testing::Test::HasFailure(); ++i) {
    Profile profile;
    profile.default_outcome = {.action = Action::allow, .data = 0};
    profile.calls["getppid"] = random.rules();
    SCOPED_TRACE(text_of(profile));
    const auto program = compile(profile);
    if (!program) continue;
    ++compiled;
    std::vector<Arguments> calls;
    std::vector<Outcome> outcomes;
    for (int call = 0; call < kCallsInProcess; ++call) {
      calls.push_back(random.arguments({&profile}, "getppid"));
      outcomes.push_back(decide(profile, "getppid", calls.back()));
    }
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(first_that_differs(*program, calls, outcomes));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_GT(compiled, 40);
}

TEST(LogAllowed, LogsWhatIsAllowedAndDecidesNothingElse) {
  for_random_pairs(31, [](RandomProfiles& random, const Profile& a, const Profile& b) {
    const Profile logging = log_allowed(a);
    for_random_calls(random, a, b, [&](const std::string& call, const Arguments& arguments) {
      const Outcome before = decide(a, call, arguments);
      constexpr Outcome kLogged{.action = Action::log, .data = 0};
      EXPECT_EQ(decide(logging, call, arguments), before.action == Action::allow ? kLogged : before);
    });
  });
}

// To log them would let them through unasked.
TEST(LogAllowed, LeavesTheQuestionToWhoIsAsked) {
  Profile profile{
      .default_outcome = {.action = Action::allow, .data = 0}, .architectures = {}, .flags = {}, .calls = {}};
  for (const Action action : {Action::notify, Action::trace, Action::trap, Action::kill_process})
    profile.calls[std::string(to_string(action))] = {Rule{.conditions = {}, .outcome = {.action = action, .data = 0}}};
  const Profile logging = log_allowed(profile);
  EXPECT_EQ(logging.calls, profile.calls);
  EXPECT_EQ(logging.default_outcome.action, Action::log);
}

}  // namespace
}  // namespace runward::seccomp
