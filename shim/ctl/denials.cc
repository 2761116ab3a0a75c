// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/denials.h"

#include <linux/seccomp.h>
#include <poll.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <set>

#include "profiles/audit/denial.h"
#include "profiles/audit/listener.h"
#include "profiles/audit/past.h"
#include "profiles/bytes.h"
#include "profiles/generator/generate.h"
#include "profiles/generator/make_seccomp.h"
#include "runward_build_info.h"
#include "seccomp/algebra.h"
#include "shim/base/file.h"
#include "shim/ctl/container_processes.h"
#include "shim/ctl/containers.h"
#include "shim/ctl/denial_list.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/ctl/verification_place.h"
#include "shim/decide.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/policy/store.h"
#include "shim/state/decisions.h"

namespace runward::ctl {
namespace {

namespace audit = profiles::audit;
using audit::Denial;
using audit::Record;

constexpr std::string_view kOwnLabels = "runward-";

// What is known of a container that a record is about.
struct Known {
  std::string id;                           // empty: the process had ended before it could be looked at
  std::string name;                         // Docker's
  std::string profile;                      // the hardening profile; empty: unknown
  std::optional<seccomp::Profile> filter;   // in force
  std::optional<seccomp::Profile> granted;  // by the hardening profile
};

seccomp::Outcome outcome_of(const seccomp::Profile& filter, const std::string& call) {
  return seccomp::decide(filter, call, {});
}

// What the low-level runtime was given; nothing where that is gone.
std::optional<seccomp::Profile> filter_in(const std::string& bundle) {
  const std::string path = bundle + "/" + kDocument;
  const auto text = bundle.empty() ? Result<std::string>(std::string()) : read_file(path, oci::ParseLimits().max_bytes);
  if (!text) return std::nullopt;
  const auto spec = oci::parse(*text, path);
  const oci::Value* const json = spec ? oci::find(*spec, oci::Pointer("/linux/seccomp")) : nullptr;
  if (json == nullptr) return std::nullopt;
  auto filter = seccomp::parse_profile(*json, path);
  return filter ? std::optional(*std::move(filter)) : std::nullopt;
}

class ContainerBook {
 public:
  explicit ContainerBook(std::string config_dir) : config_dir_(std::move(config_dir)) {}

  // By the name on the command line: of a container that runs, or that events tell of, which can take a while.
  Result<std::string> id_of(const std::string& wanted) {
    SHIM_CHECK(look(""));
    if (const auto running = pick_container(containers_, wanted)) return running->id;
    SHIM_TRY(const policy::Config config, policy::load_config(config_dir_));
    SHIM_CHECK(look(config.events.file));
    SHIM_TRY(const Container container, pick_container(containers_, wanted));
    return container.id;
  }

  const Known& about(const std::string& id, const std::string& label) {
    const std::string key = id.empty() ? "label " + label : id;
    const auto found = known_.find(key);
    return found != known_.end() ? found->second : known_.emplace(key, learn(id, label)).first->second;
  }

 private:
  Status look(const std::string& events) {
    SHIM_TRY(containers_, list_containers(events));
    return ok();
  }

  Known learn(const std::string& id, const std::string& label) {
    Known known;
    known.id = id;
    if (!id.empty() && !containers_.contains(id)) static_cast<void>(look(""));
    if (const auto container = containers_.find(id); container != containers_.end()) {
      known.name = container->second.name;
      known.filter = filter_in(container->second.bundle);
    }
    for (const state::Decision& decision : state::Decisions(build_info::kStateDir).list())
      if (!id.empty() && decision.container == id) known.profile = decision.policy.profile;
    const std::string profile = audit::profile_in(label);
    if (known.profile.empty() && profile.starts_with(kOwnLabels)) known.profile = profile.substr(kOwnLabels.size());
    if (!known.profile.empty())
      if (const auto folder = load_profile_folder(config_dir_, known.profile))
        known.granted = folder->filter(machine_architecture());
    return known;
  }

  std::string config_dir_;
  Containers containers_;
  std::map<std::string, Known> known_;
};

// A record with all that could be found out.
struct Told {
  const Known* container = nullptr;
  Denial denial;
};

class Teller {
 public:
  Teller(ContainerBook book, std::string config_dir, std::string wanted, bool json)
      : book_(std::move(book)), config_dir_(std::move(config_dir)), wanted_(std::move(wanted)), json_(json) {}

  // Nothing: it is no container's, another's, or no refusal.
  std::optional<Told> look_at(const Record& record) {
    const ProcessOwner owner = owner_of(record.pid, record.time_ms, record.user);
    const bool has_own_label = record.label.starts_with(kOwnLabels);
    if (owner.owner == Owner::host && !has_own_label) return std::nullopt;
    // What `profile verify` tells of itself, and its signs.
    if (record.label.starts_with(kTrialLabels) || audit::may_be_sign(record)) return std::nullopt;
    Told told{.container = &book_.about(owner.container, record.label), .denial = {}};
    if (!wanted_.empty() && told.container->id != wanted_) return std::nullopt;
    told.denial = audit::describe(record, audit::profile_in(record.label));
    if (is_answer(told)) return std::nullopt;
    explain_origin(record, told);
    return told;
  }

  [[nodiscard]] std::string file_for(const Told& told) const {
    const std::string_view file =
        told.denial.layer == audit::Layer::seccomp ? profiles::kSeccompFile : profiles::kApparmorFile;
    if (told.container->profile.empty()) return "the file '" + std::string(file) + "' of its hardening profile";
    return config_dir_ + "/profiles/" + told.container->profile + "/" + std::string(file);
  }

  void tell_now(const Record& record) {
    const auto told = look_at(record);
    if (!told) return;
    const Seen seen{.program = program_of(record), .denial = told->denial};
    const Count once{.times = 1, .last_ms = record.time_ms, .pid = record.pid};
    print(json_ ? line_of(record, *told)
                : heading(*told->container, record.time_ms) + describe(seen, once, file_for(*told)));
  }

  void tell_all(const std::vector<Record>& records) {
    std::map<const Known*, SeenDenials> by_container;
    std::map<const Known*, std::map<audit::Layer, std::string>> files;
    for (const Record& record : records) {
      const auto told = look_at(record);
      if (!told) continue;
      if (json_) print(line_of(record, *told));
      files[told->container][told->denial.layer] = file_for(*told);
      add(record, told->denial, by_container[told->container]);
    }
    if (json_) return;
    for (const auto& [container, denials] : by_container) {
      print(heading(*container, {}));
      for (const auto& [seen, count] : denials) print(describe(seen, count, files[container][seen.denial.layer]));
    }
    if (by_container.empty()) print("no denials\n");
  }

 private:
  // ENOSYS by name says "not there" to programs that then do without: nothing that anybody has to allow.
  static bool is_answer(const Told& told) {
    if (!told.container->filter || told.denial.call.empty()) return false;
    const seccomp::Outcome outcome = outcome_of(*told.container->filter, told.denial.call);
    return outcome == seccomp::Outcome{.action = seccomp::Action::error, .data = ENOSYS};
  }

  static void explain_origin(const Record& record, Told& told) {
    const auto* const call = std::get_if<audit::FilteredCall>(&record.what);
    const auto* const access = std::get_if<audit::RefusedAccess>(&record.what);
    const bool was_let_through =
        (call != nullptr && call->action == SECCOMP_RET_LOG) || (access != nullptr && access->allowed);
    if (was_let_through)
      told.denial.remark += std::string(told.denial.remark.empty() ? "" : "; ") + "it was let through, and only logged";
    if (told.denial.call.empty() || !told.container->granted) return;
    if (seccomp::reach_of(*told.container->granted, told.denial.call) != seccomp::Reach::always) return;
    told.denial.line.clear();
    told.denial.remark = "the profile '" + told.container->profile +
                         "' allows it: it is the filter that came with the container, as Docker's own, that does not";
  }

  static std::string heading(const Known& container, std::optional<std::int64_t> time_ms) {
    constexpr std::size_t kShortId = 12;
    std::string text;
    if (time_ms) text = time_text(*time_ms) + "  ";
    if (container.id.empty())
      text += "a process that had ended before it could be looked at";
    else
      text += (container.name.empty() ? "" : printable(container.name) + " ") + "(" + container.id.substr(0, kShortId) +
              ")";
    if (!container.profile.empty()) text += ", profile " + printable(container.profile);
    return text + "\n";
  }

  static std::string time_text(std::int64_t time_ms) {
    constexpr std::int64_t kThousand = 1000;
    const std::time_t seconds = time_ms / kThousand;
    std::tm parts{};
    std::string text(sizeof "2026-11-26 01:15:12", '\0');
    ::gmtime_r(&seconds, &parts);
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts));
    return text;
  }

  [[nodiscard]] std::string line_of(const Record& record, const Told& told) const {
    const oci::Value line = {{"time", time_text(record.time_ms)},
                             {"container", told.container->id},
                             {"name", profiles::to_text(told.container->name)},
                             {"profile", told.container->profile},
                             {"pid", record.pid},
                             {"command", profiles::to_text(record.command)},
                             {"executable", profiles::to_text(record.executable)},
                             {"layer", told.denial.layer == audit::Layer::seccomp ? "seccomp" : "apparmor"},
                             {"denied", told.denial.what},
                             {"add", told.denial.line},
                             {"file", told.denial.line.empty() ? "" : file_for(told)},
                             {"remark", told.denial.remark}};
    return oci::print(line) + "\n";
  }

  ContainerBook book_;
  std::string config_dir_;
  std::string wanted_;
  bool json_;
};

void complain_of_past(const audit::Past& past) {
  for (const std::string& place : past.places) complain("read " + place);
  for (const std::string& problem : past.unread) complain(problem + ", continuing");
  if (past.suppressed) complain("the kernel's log says that it left some of them out");
  complain(
      "the kernel's log keeps ten of a burst and turns over: what is missing here may have happened all the same; "
      "--follow sees every one");
}

// Where the host does not log what a filter refuses, silence means nothing.
void complain_of_host() {
  constexpr auto kLogged = "/proc/sys/kernel/seccomp/actions_logged";
  constexpr std::size_t kMaxBytes = 4096;
  const auto text = read_file(kLogged, kMaxBytes);
  if (!text) return;
  for (const char* const action : {"errno", "kill_process"})
    if (text->find(action) == std::string::npos)
      complain(std::string("this host does not log '") + action + "' of filters: " + kLogged);
  complain("filters' refusals are logged only of containers whose profile sets rules.seccomp.log_denials");
}

Result<int> follow(Teller& teller) {
  SHIM_TRY(audit::Listener listener, audit::Listener::open());
  const auto tell = [&](const audit::Batch& batch) {
    for (const Record& record : batch.records) teller.tell_now(record);
    if (batch.lost) complain("some records were lost: more came than could be read");
    if (batch.unreadable != 0) complain(std::to_string(batch.unreadable) + " records could not be read");
  };
  SHIM_CHECK(audit::read_up_to_now(listener, tell));
  complain("listening");
  doctor::Interruption interruption;
  for (;;) {
    std::array<pollfd, 2> wait = {pollfd{.fd = listener.fd(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = interruption.fd(), .events = POLLIN, .revents = 0}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return errno_error("wait for", "records");
    if (interruption.seen()) return kExitOk;
    tell(listener.read());
    if (std::fflush(stdout) != 0) return kExitProblem;
  }
}

}  // namespace

Result<int> run_denials(const Given& given) {
  const std::string folder = config_dir(given);
  ContainerBook book(folder);
  std::string wanted;
  if (!given.arguments().empty()) {
    SHIM_TRY(wanted, book.id_of(given.arguments()[0]));
  }
  Teller teller(std::move(book), folder, wanted, given.has("json"));
  complain_of_host();
  if (given.has("follow")) return follow(teller);
  const audit::Past past = audit::read_past();
  teller.tell_all(past.records);
  complain_of_past(past);
  return kExitOk;
}

}  // namespace runward::ctl
