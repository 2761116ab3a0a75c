// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words that rules are made of, by apparmor.d(5): parse.cc takes no others.

#include <array>
#include <string_view>

#include "apparmor/profile.h"

namespace runward::apparmor {

inline constexpr std::array<std::string_view, 10> kFlags = {
    "attach_disconnected",    "audit",  "chroot_relative", "complain", "enforce", "kill", "mediate_deleted",
    "no_attach_disconnected", "prompt", "unconfined"};

inline constexpr std::array<std::string_view, 41> kCapabilities = {
    "audit_control",   "audit_read",   "audit_write",
    "block_suspend",   "bpf",          "checkpoint_restore",
    "chown",           "dac_override", "dac_read_search",
    "fowner",          "fsetid",       "ipc_lock",
    "ipc_owner",       "kill",         "lease",
    "linux_immutable", "mac_admin",    "mac_override",
    "mknod",           "net_admin",    "net_bind_service",
    "net_broadcast",   "net_raw",      "perfmon",
    "setfcap",         "setgid",       "setpcap",
    "setuid",          "sys_admin",    "sys_boot",
    "sys_chroot",      "sys_module",   "sys_nice",
    "sys_pacct",       "sys_ptrace",   "sys_rawio",
    "sys_resource",    "sys_time",     "sys_tty_config",
    "syslog",          "wake_alarm"};

inline constexpr std::array<std::string_view, 46> kFamilies = {
    "alg",    "appletalk", "ash",        "atmpvc", "atmsvc",  "ax25",     "bluetooth", "bridge", "caif",   "can",
    "econet", "ib",        "ieee802154", "inet",   "inet6",   "ipx",      "irda",      "isdn",   "iucv",   "kcm",
    "key",    "llc",       "mctp",       "mpls",   "netbeui", "netlink",  "netrom",    "nfc",    "packet", "phonet",
    "pppox",  "qipcrtr",   "rds",        "rose",   "rxrpc",   "security", "smc",       "sna",    "tipc",   "unix",
    "vsock",  "wanpipe",   "x25",        "xdp",    "unspec",  "decnet"};

inline constexpr std::array<std::string_view, 9> kSocketTypes = {"dgram",     "icmp",   "packet", "raw", "rdm",
                                                                 "seqpacket", "stream", "tcp",    "udp"};

inline constexpr std::array<std::string_view, 2> kSignalAccess = {"receive", "send"};
inline constexpr std::array<std::string_view, 34> kSignals = {
    "abrt", "alrm", "bus",  "chld", "cont", "emt",  "exists", "fpe",    "hup",  "ill", "int", "io",
    "kill", "lost", "pipe", "prof", "pwr",  "quit", "segv",   "stkflt", "stop", "stp", "sys", "term",
    "trap", "ttin", "ttou", "urg",  "usr1", "usr2", "vtalrm", "winch",  "xcpu", "xfsz"};

inline constexpr std::array<std::string_view, 4> kPtraceAccess = {"read", "readby", "trace", "tracedby"};
inline constexpr std::array<std::string_view, 12> kUnixAccess = {"accept",  "bind",    "connect", "create",
                                                                 "getattr", "getopt",  "listen",  "receive",
                                                                 "send",    "setattr", "setopt",  "shutdown"};

inline constexpr std::array<std::string_view, 37> kMountOptions = {
    "acl",      "async",      "atime",       "bind",       "dev",    "diratime",    "dirsync", "exec",
    "iversion", "loud",       "mand",        "move",       "noacl",  "noatime",     "nodev",   "nodiratime",
    "noexec",   "noiversion", "nomand",      "norelatime", "nosuid", "private",     "rbind",   "relatime",
    "remount",  "ro",         "rprivate",    "rshared",    "rslave", "runbindable", "rw",      "shared",
    "silent",   "slave",      "strictatime", "suid",       "sync"};

struct TransitionWord {
  Transition transition;
  std::string_view word;
};
inline constexpr std::array<TransitionWord, 15> kTransitions = {
    TransitionWord{Transition::inherit, "ix"},
    TransitionWord{Transition::profile, "px"},
    TransitionWord{Transition::profile_clean, "Px"},
    TransitionWord{Transition::child, "cx"},
    TransitionWord{Transition::child_clean, "Cx"},
    TransitionWord{Transition::unconfined, "ux"},
    TransitionWord{Transition::unconfined_clean, "Ux"},
    TransitionWord{Transition::profile_or_inherit, "pix"},
    TransitionWord{Transition::profile_or_inherit_clean, "Pix"},
    TransitionWord{Transition::child_or_inherit, "cix"},
    TransitionWord{Transition::child_or_inherit_clean, "Cix"},
    TransitionWord{Transition::profile_or_unconfined, "pux"},
    TransitionWord{Transition::profile_or_unconfined_clean, "PUx"},
    TransitionWord{Transition::child_or_unconfined, "cux"},
    TransitionWord{Transition::child_or_unconfined_clean, "CUx"},
};

struct PermissionLetter {
  Permission permission;
  char letter;
};
inline constexpr std::array<PermissionLetter, 7> kPermissionLetters = {
    PermissionLetter{Permission::read, 'r'},   PermissionLetter{Permission::write, 'w'},
    PermissionLetter{Permission::append, 'a'}, PermissionLetter{Permission::link, 'l'},
    PermissionLetter{Permission::lock, 'k'},   PermissionLetter{Permission::map, 'm'},
    PermissionLetter{Permission::execute, 'x'}};

struct NewClassWord {
  NewClass what;
  std::string_view word;
};
inline constexpr std::array<NewClassWord, 3> kNewClasses = {NewClassWord{NewClass::userns, "userns"},
                                                            NewClassWord{NewClass::mqueue, "mqueue"},
                                                            NewClassWord{NewClass::io_uring, "io_uring"}};

struct MountWord {
  MountKind kind;
  std::string_view word;
};
inline constexpr std::array<MountWord, 4> kMountWords = {
    MountWord{MountKind::mount, "mount"}, MountWord{MountKind::remount, "remount"},
    MountWord{MountKind::umount, "umount"}, MountWord{MountKind::pivot_root, "pivot_root"}};

}  // namespace runward::apparmor
