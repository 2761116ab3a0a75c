// SPDX-License-Identifier: Apache-2.0
#include "seccomp/data/risks.h"

namespace runward::seccomp {
namespace {

using enum Entry;
using enum RiskKind;

// The kernel reads these arguments as 32 bits; a comparison of all 64 bits does not see that they are the same.
constexpr std::uint64_t kBeyond32 = std::uint64_t{1} << 32U;

// The numbers are the kernel's (include/uapi), which every architecture with these calls shares but where it says so.
namespace clone_flag {
constexpr std::uint64_t kNewTime = 0x80;
constexpr std::uint64_t kNewMount = 0x20000;
constexpr std::uint64_t kNewCgroup = 0x2000000;
constexpr std::uint64_t kNewUts = 0x4000000;
constexpr std::uint64_t kNewIpc = 0x8000000;
constexpr std::uint64_t kNewUser = 0x10000000;
constexpr std::uint64_t kNewPid = 0x20000000;
constexpr std::uint64_t kNewNet = 0x40000000;
constexpr std::uint64_t kSigchld = 17;
}  // namespace clone_flag

namespace type {
constexpr std::uint64_t kStream = 1;
constexpr std::uint64_t kDatagram = 2;
constexpr std::uint64_t kRaw = 3;
constexpr std::uint64_t kSequenced = 5;
constexpr std::uint64_t kDccp = 6;
}  // namespace type

constexpr std::uint64_t kNone = ~std::uint64_t{0};  // -1: no descriptor, no process

// A table is read by its columns.
// clang-format off
constexpr std::array kRisks = {
    // --- terminals: typing into the shell that started the container ---
    Risk{"tiocsti", native, "ioctl", {0, 0x5412}, escape,
         "types characters into the terminal, to be read by the shell outside once the container ends",
         {"CVE-2017-5226", "CVE-2016-2568"}},
    Risk{"tiocsti-beyond-32", native, "ioctl", {0, kBeyond32 | 0x5412}, escape,
         "the same, past a filter that compares all 64 bits of a number that the kernel takes 32 bits of",
         {"CVE-2019-7303", "CVE-2019-10063"}},
    Risk{"tiocsti-top-bit", native, "ioctl", {0, (std::uint64_t{1} << 63U) | 0x5412}, escape,
         "the same with the highest bit set", {"CVE-2019-7303"}},
    Risk{"tioclinux", native, "ioctl", {0, 0x541C}, escape,
         "selects and pastes text on a virtual console, which types commands as tiocsti does",
         {"CVE-2023-1523", "CVE-2023-28100"}},
    Risk{"tioclinux-beyond-32", native, "ioctl", {0, kBeyond32 | 0x541C}, escape,
         "the same, past a comparison of 64 bits", {"CVE-2023-1523"}},
    Risk{"tiocsetd-n_gsm", native, "ioctl", {0, 0x5423}, lpe,
         "loads a line discipline for a pseudo-terminal, such as the GSM multiplexer",
         {"CVE-2023-6546", "CVE-2024-36016", "CVE-2017-2636"}},
    Risk{"tiocsetd-beyond-32", native, "ioctl", {0, kBeyond32 | 0x5423}, lpe,
         "the same, past a comparison of 64 bits", {"CVE-2023-6546"}},

    // --- keys ---
    Risk{"keyctl", native, "keyctl", {1, 0}, lpe,
         "joins and changes the kernel's keyrings, which no namespace keeps apart",
         {"CVE-2016-0728", "CVE-2017-7472", "CVE-2017-18270"}},
    Risk{"add_key", native, "add_key", {0, 0, 0, 0, kNone}, lpe,
         "puts keys, parsed by the kernel, into a keyring that containers of one user share",
         {"CVE-2017-15274", "CVE-2026-74567"}},
    Risk{"request_key", native, "request_key", {0, 0, 0, kNone}, lpe,
         "has the kernel search keyrings and start a helper program of the host",
         {"CVE-2017-6951", "CVE-2017-17807"}},

    // --- programs inside the kernel ---
    Risk{"bpf-map-create", native, "bpf", {0, 0, 0}, lpe, "makes maps of the BPF machine", {"CVE-2016-4558"}},
    Risk{"bpf-prog-load", native, "bpf", {5, 0, 0}, lpe,
         "hands the kernel a program, and trusts its verifier",
         {"CVE-2017-16995", "CVE-2020-8835", "CVE-2021-3490", "CVE-2022-23222"}},
    Risk{"perf_event_open", native, "perf_event_open", {0, 0, kNone, kNone, 0}, lpe,
         "measures other processes and the kernel; a long list of bugs",
         {"CVE-2013-2094", "CVE-2017-6001", "CVE-2022-1729", "CVE-2023-5717"}},
    Risk{"userfaultfd", native, "userfaultfd", {0}, lpe,
         "stops the kernel in the middle of a copy for as long as one likes, which makes races winnable",
         {"CVE-2018-18397", "CVE-2026-64514"}},
    Risk{"userfaultfd-user-mode", native, "userfaultfd", {1}, lpe,
         "the same for faults of user space only, which needs no right at all", {"CVE-2018-18397"}},
    Risk{"ptrace-traceme", native, "ptrace", {0, 0, 0, 0}, lpe,
         "PTRACE_TRACEME: the parent becomes the tracer, and gets at the memory of programs with more rights",
         {"CVE-2019-13272"}},

    // --- io_uring: I/O that no filter sees ---
    Risk{"io_uring-setup", native, "io_uring_setup", {1, 0}, lpe,
         "makes a ring by which all file and network calls are done past the filter",
         {"CVE-2021-41073", "CVE-2022-2602", "CVE-2025-21863"}},
    Risk{"io_uring-enter", native, "io_uring_enter", {kNone, 1, 0, 0, 0, 0}, lpe,
         "submits what the ring holds", {"CVE-2024-56709", "CVE-2021-41073"}},
    Risk{"io_uring-register", native, "io_uring_register", {kNone, 0, 0, 0}, lpe,
         "registers files and buffers with a ring", {"CVE-2022-2602"}},

    // --- socket families ---
    Risk{"socket-vsock", native, "socket", {40, type::kStream, 0}, escape,
         "AF_VSOCK: talks to the hypervisor and its other guests, past every network rule",
         {"CVE-2021-26708", "CVE-2025-21756"}},
    Risk{"socket-vsock-beyond-32", native, "socket", {kBeyond32 | 40, type::kStream, 0}, escape,
         "AF_VSOCK, past a comparison of 64 bits", {"CVE-2021-26708"}},
    Risk{"socket-alg", native, "socket", {38, type::kSequenced, 0}, lpe,
         "AF_ALG: the kernel's ciphers, also those that nobody has looked at for years",
         {"CVE-2026-31431", "CVE-2018-14619", "CVE-2026-52972"}},
    Risk{"socket-alg-beyond-32", native, "socket", {kBeyond32 | 38, type::kSequenced, 0}, lpe,
         "AF_ALG, past a comparison of 64 bits", {"CVE-2026-31431"}},
    Risk{"socket-packet", native, "socket", {17, type::kRaw, 0x0300}, lpe,
         "AF_PACKET: forged and overheard frames, and rings shared with the kernel",
         {"CVE-2016-8655", "CVE-2017-7308", "CVE-2020-14386", "CVE-2026-31700"}},
    Risk{"socket-packet-datagram", native, "socket", {17, type::kDatagram, 0}, lpe,
         "AF_PACKET without link-layer headers", {"CVE-2020-14386"}},
    Risk{"socket-key", native, "socket", {15, type::kRaw, 2}, lpe,
         "AF_KEY: IPsec's older way to set keys", {"CVE-2013-2234", "CVE-2022-3028", "CVE-2026-64436"}},
    Risk{"socket-netlink-netfilter", native, "socket", {16, type::kRaw, 12}, lpe,
         "NETLINK_NETFILTER: nf_tables and ipset, the most exploited part of the kernel's network code",
         {"CVE-2022-1015", "CVE-2022-34918", "CVE-2023-32233", "CVE-2024-1086"}},
    Risk{"socket-netlink-netfilter-beyond-32", native, "socket", {16, type::kRaw, kBeyond32 | 12}, lpe,
         "NETLINK_NETFILTER, past a comparison of 64 bits", {"CVE-2024-1086"}},
    Risk{"socket-netlink-xfrm", native, "socket", {16, type::kRaw, 6}, lpe,
         "NETLINK_XFRM: IPsec's rules and states", {"CVE-2017-7184", "CVE-2017-16939", "CVE-2026-53239"}},
    Risk{"socket-netlink-sock_diag", native, "socket", {16, type::kRaw, 4}, lpe,
         "NETLINK_SOCK_DIAG: the sockets of everybody in the network namespace", {"CVE-2013-1763"}},
    Risk{"socket-netlink-audit", native, "socket", {16, type::kRaw, 9}, info,
         "NETLINK_AUDIT: reads and writes the host's audit records"},
    Risk{"socket-netlink-generic", native, "socket", {16, type::kRaw, 16}, lpe,
         "NETLINK_GENERIC: a door to dozens of subsystems, many of which load themselves on the first word",
         {"CVE-2026-68313", "CVE-2012-6689"}},
    Risk{"socket-netlink-connector", native, "socket", {16, type::kDatagram, 11}, info,
         "NETLINK_CONNECTOR: is told of processes that start and end on the host"},
    Risk{"socket-netlink-iscsi", native, "socket", {16, type::kRaw, 8}, lpe,
         "NETLINK_ISCSI: talks to the host's storage transport without any right",
         {"CVE-2021-27363", "CVE-2021-27364", "CVE-2021-27365"}},
    Risk{"socket-netlink-crypto", native, "socket", {16, type::kRaw, 21}, info,
         "NETLINK_CRYPTO: asks about the kernel's ciphers, and got its memory in the answer",
         {"CVE-2013-2546", "CVE-2013-2547"}},
    Risk{"socket-netlink-rdma", native, "socket", {16, type::kRaw, 20}, info,
         "NETLINK_RDMA: the host's remote-memory adapters"},
    Risk{"socket-netlink-scsi", native, "socket", {16, type::kRaw, 18}, info,
         "NETLINK_SCSITRANSPORT: events of the host's storage"},
    Risk{"socket-bluetooth-hci", native, "socket", {31, type::kRaw, 1}, lpe,
         "AF_BLUETOOTH: the host's radio adapter", {"CVE-2021-3573", "CVE-2024-35963"}},
    Risk{"socket-bluetooth-sco", native, "socket", {31, type::kSequenced, 2}, lpe,
         "AF_BLUETOOTH: the code of its audio links", {"CVE-2025-40309"}},
    Risk{"socket-can-raw", native, "socket", {29, type::kRaw, 1}, lpe,
         "AF_CAN: a vehicle's or a machine's bus", {"CVE-2009-3002"}},
    Risk{"socket-can-bcm", native, "socket", {29, type::kDatagram, 2}, lpe,
         "AF_CAN: its broadcast manager", {"CVE-2010-2959", "CVE-2021-3609", "CVE-2021-34693", "CVE-2026-72121"}},
    Risk{"socket-tipc", native, "socket", {30, type::kSequenced, 0}, lpe,
         "AF_TIPC: a protocol of clusters", {"CVE-2021-43267", "CVE-2022-0435", "CVE-2013-3235"}},
    Risk{"socketpair-tipc", native, "socketpair", {30, type::kSequenced, 0, 0}, lpe,
         "the same module, loaded by the other call that makes sockets", {"CVE-2021-43267"}},
    Risk{"socket-rds", native, "socket", {21, type::kSequenced, 0}, lpe,
         "AF_RDS: datagrams of databases' clusters",
         {"CVE-2010-3904", "CVE-2013-7339", "CVE-2026-68335", "CVE-2026-46053"}},
    Risk{"socket-x25", native, "socket", {9, type::kSequenced, 0}, lpe,
         "AF_X25: packet networks of the past", {"CVE-2026-68137", "CVE-2026-74628"}},
    Risk{"socket-ax25", native, "socket", {3, type::kDatagram, 0}, lpe,
         "AF_AX25: amateur radio", {"CVE-2022-1205", "CVE-2019-17052", "CVE-2013-3223"}},
    Risk{"socket-ipx", native, "socket", {4, type::kDatagram, 0}, lpe, "AF_IPX: Novell's network", {"CVE-2017-7487"}},
    Risk{"socket-appletalk", native, "socket", {5, type::kDatagram, 0}, lpe,
         "AF_APPLETALK: Apple's network of the past", {"CVE-2023-51781", "CVE-2019-17054"}},
    Risk{"socket-netrom", native, "socket", {6, type::kSequenced, 0}, lpe,
         "AF_NETROM: amateur radio", {"CVE-2026-23098", "CVE-2025-68787", "CVE-2013-3232"}},
    Risk{"socket-atmpvc", native, "socket", {8, type::kDatagram, 0}, lpe,
         "AF_ATMPVC: ATM networks", {"CVE-2023-51780", "CVE-2013-3222"}},
    Risk{"socket-atmsvc", native, "socket", {20, type::kDatagram, 0}, lpe,
         "AF_ATMSVC: ATM networks with signalling", {"CVE-2023-51780"}},
    Risk{"socket-rose", native, "socket", {11, type::kSequenced, 0}, lpe,
         "AF_ROSE: amateur radio", {"CVE-2023-51782", "CVE-2022-2318", "CVE-2013-3234"}},
    Risk{"socket-decnet", native, "socket", {12, type::kSequenced, 0}, lpe,
         "AF_DECnet: Digital's network of the past"},
    Risk{"socket-econet", native, "socket", {19, type::kDatagram, 0}, lpe,
         "AF_ECONET: Acorn's network of the past", {"CVE-2010-3848", "CVE-2010-3849", "CVE-2010-3850"}},
    Risk{"socket-irda", native, "socket", {23, type::kDatagram, 0}, lpe,
         "AF_IRDA: infrared links", {"CVE-2017-6348", "CVE-2018-6554", "CVE-2013-3228"}},
    Risk{"socket-pppox", native, "socket", {24, type::kStream, 0}, lpe,
         "AF_PPPOX: PPP over Ethernet and L2TP", {"CVE-2014-4943", "CVE-2026-68398"}},
    Risk{"socket-llc", native, "socket", {26, type::kDatagram, 0}, lpe,
         "AF_LLC: the link control of IEEE 802.2", {"CVE-2017-6345", "CVE-2012-6542", "CVE-2013-3231"}},
    Risk{"socket-iucv", native, "socket", {32, type::kStream, 0}, lpe,
         "AF_IUCV: links of z/VM guests", {"CVE-2013-3229", "CVE-2026-68141"}},
    Risk{"socket-rxrpc", native, "socket", {33, type::kDatagram, 2}, lpe,
         "AF_RXRPC: remote calls of AFS", {"CVE-2017-7482", "CVE-2026-31642", "CVE-2026-74436"}},
    Risk{"socket-isdn", native, "socket", {34, type::kRaw, 0}, lpe,
         "AF_ISDN: telephone lines of the past", {"CVE-2019-17055"}},
    Risk{"socket-phonet", native, "socket", {35, type::kDatagram, 0}, lpe,
         "AF_PHONET: modems of Nokia's telephones", {"CVE-2021-45095", "CVE-2026-68144"}},
    Risk{"socket-ieee802154", native, "socket", {36, type::kDatagram, 0}, lpe,
         "AF_IEEE802154: sensors' radio", {"CVE-2019-17053"}},
    Risk{"socket-caif", native, "socket", {37, type::kSequenced, 0}, lpe,
         "AF_CAIF: modems of ST-Ericsson", {"CVE-2013-3227", "CVE-2025-68799", "CVE-2026-46098"}},
    Risk{"socket-nfc", native, "socket", {39, type::kRaw, 0}, lpe,
         "AF_NFC: near-field readers", {"CVE-2020-25670", "CVE-2021-23134", "CVE-2023-3863", "CVE-2019-17056"}},
    Risk{"socket-kcm", native, "socket", {41, type::kDatagram, 0}, lpe,
         "AF_KCM: messages over TCP, cut by BPF programs", {"CVE-2022-3521"}},
    Risk{"socket-qipcrtr", native, "socket", {42, type::kDatagram, 0}, lpe,
         "AF_QIPCRTR: Qualcomm's processors among each other; bound to no network namespace for long",
         {"CVE-2026-68294", "CVE-2026-52947", "CVE-2026-46047"}},
    Risk{"socket-smc", native, "socket", {43, type::kStream, 0}, lpe,
         "AF_SMC: shared memory over RDMA", {"CVE-2025-40064", "CVE-2026-74493", "CVE-2026-53274"}},
    Risk{"socket-xdp", native, "socket", {44, type::kRaw, 0}, lpe,
         "AF_XDP: rings shared with network drivers", {"CVE-2025-37920"}},
    Risk{"socket-mctp", native, "socket", {45, type::kDatagram, 0}, lpe,
         "AF_MCTP: the host's management controllers", {"CVE-2024-53043", "CVE-2026-45930"}},
    Risk{"socket-dccp", native, "socket", {2, type::kDccp, 33}, lpe,
         "DCCP: a transport that hardly anybody uses, loaded by whoever asks for it",
         {"CVE-2017-6074", "CVE-2017-8824", "CVE-2020-16119"}},
    Risk{"socket-dccp-default-protocol", native, "socket", {10, type::kDccp, 0}, lpe,
         "DCCP again: the type alone is enough to load it", {"CVE-2017-6074"}},
    Risk{"socket-sctp", native, "socket", {2, type::kStream, 132}, lpe,
         "SCTP: telephone networks' transport, loaded by whoever asks for it",
         {"CVE-2021-23133", "CVE-2026-68376", "CVE-2026-64564", "CVE-2014-0101"}},
    Risk{"socket-sctp-sequenced", native, "socket", {10, type::kSequenced, 132}, lpe,
         "SCTP, one socket for many peers", {"CVE-2021-23133"}},
    Risk{"socket-l2tp", native, "socket", {2, type::kDatagram, 115}, lpe, "L2TP: tunnels", {"CVE-2026-43080"}},
    Risk{"socket-smc-inet", native, "socket", {2, type::kStream, 256}, lpe,
         "SMC under the name of a TCP socket", {"CVE-2026-74493"}},

    // --- namespaces: kernel code that was written for root only ---
    Risk{"clone-newuser", native, "clone", {clone_flag::kNewUser | clone_flag::kSigchld}, lpe,
         "a user namespace: all capabilities over new namespaces, and the code behind them",
         {"CVE-2013-1858", "CVE-2018-18955", "CVE-2022-0185"}},
    Risk{"clone-newns", native, "clone", {clone_flag::kNewMount | clone_flag::kSigchld}, lpe,
         "an own mount table, to mount over what protects the container", {"CVE-2021-3493"}},
    Risk{"clone-newpid", native, "clone", {clone_flag::kNewPid | clone_flag::kSigchld}, lpe,
         "an own pid namespace, where process ids mean something else"},
    Risk{"clone-newnet", native, "clone", {clone_flag::kNewNet | clone_flag::kSigchld}, lpe,
         "an own network with all rights over it: netfilter, traffic control, raw sockets",
         {"CVE-2017-7308", "CVE-2020-14386", "CVE-2022-34918"}},
    Risk{"clone-newipc", native, "clone", {clone_flag::kNewIpc | clone_flag::kSigchld}, lpe, "an own IPC namespace"},
    Risk{"clone-newuts", native, "clone", {clone_flag::kNewUts | clone_flag::kSigchld}, lpe, "an own host name"},
    Risk{"clone-newcgroup", native, "clone", {clone_flag::kNewCgroup | clone_flag::kSigchld}, escape,
         "an own view of cgroups, to mount them and have the host run a release agent", {"CVE-2022-0492"}},
    Risk{"clone3", native, "clone3", {0, 88}, lpe,
         "clone with its flags behind a pointer, where no filter sees them", {"CVE-2022-0185"}},
    Risk{"unshare-newuser", native, "unshare", {clone_flag::kNewUser}, lpe,
         "a user namespace for the caller", {"CVE-2022-0185", "CVE-2018-18955", "CVE-2022-34918"}},
    Risk{"unshare-newns", native, "unshare", {clone_flag::kNewMount}, lpe, "an own mount table", {"CVE-2021-3493"}},
    Risk{"unshare-newpid", native, "unshare", {clone_flag::kNewPid}, lpe, "an own pid namespace"},
    Risk{"unshare-newnet", native, "unshare", {clone_flag::kNewNet}, lpe, "an own network", {"CVE-2022-34918"}},
    Risk{"unshare-newipc", native, "unshare", {clone_flag::kNewIpc}, lpe, "an own IPC namespace"},
    Risk{"unshare-newuts", native, "unshare", {clone_flag::kNewUts}, lpe, "an own host name"},
    Risk{"unshare-newcgroup", native, "unshare", {clone_flag::kNewCgroup}, escape,
         "an own view of cgroups", {"CVE-2022-0492"}},
    Risk{"unshare-newtime", native, "unshare", {clone_flag::kNewTime}, lpe, "an own clock"},
    Risk{"setns", native, "setns", {kNone, 0}, escape, "enters namespaces of a process that a descriptor was got of"},

    // --- mounts ---
    Risk{"mount", native, "mount", {0, 0, 0, 0, 0}, escape,
         "mounts disks, cgroups and file systems whose parsers trust the disk", {"CVE-2021-3493", "CVE-2022-0492"}},
    Risk{"mount-remount", native, "mount", {0, 0, 0, 0x1020, 0}, escape, "makes read-only bind mounts writable"},
    Risk{"umount2", native, "umount2", {0, 2}, escape, "uncovers what is masked by a mount", {"CVE-2014-7975"}},
    Risk{"pivot_root", native, "pivot_root", {0, 0}, escape,
         "puts another root in the old one's place", {"CVE-2014-7970"}},
    Risk{"chroot", native, "chroot", {0}, escape, "leaves a root that it is in by way of an open directory"},
    Risk{"fsopen", native, "fsopen", {0, 0}, lpe, "begins a mount by the newer calls", {"CVE-2022-0185"}},
    Risk{"fsconfig", native, "fsconfig", {kNone, 1, 0, 0, 0}, lpe,
         "gives a mount its options; one overflowed", {"CVE-2022-0185"}},
    Risk{"fsmount", native, "fsmount", {kNone, 0, 0}, escape, "makes the mount"},
    Risk{"fspick", native, "fspick", {kNone, 0, 0}, escape, "takes up a mounted file system to change it"},
    Risk{"move_mount", native, "move_mount", {kNone, 0, kNone, 0, 0}, escape, "puts a mount somewhere"},
    Risk{"open_tree", native, "open_tree", {kNone, 0, 1}, escape, "copies a mount, without what is mounted over it"},
    Risk{"mount_setattr", native, "mount_setattr", {kNone, 0, 0, 0, 32}, escape, "changes mounts: read-only, owners"},
    Risk{"mknod-block", native, "mknod", {0, 060600, 0x800}, escape, "a node of the host's disk"},
    Risk{"mknod-char", native, "mknod", {0, 020600, 0x101}, escape, "a node of the host's memory"},
    Risk{"mknodat-block", native, "mknodat", {kNone, 0, 060600, 0x800}, escape, "a node of the host's disk"},
    Risk{"mknodat-char", native, "mknodat", {kNone, 0, 020600, 0x101}, escape, "a node of the host's memory"},
    Risk{"mknodat-block-beyond-32", native, "mknodat", {kNone, 0, kBeyond32 | 060600, 0x800}, escape,
         "the same, past a comparison of 64 bits"},

    // --- files by handle ---
    Risk{"open_by_handle_at", native, "open_by_handle_at", {kNone, 0, 0}, escape,
         "opens any file of a file system by number, in or outside of the container (\"shocker\")",
         {"CVE-2014-3519", "CVE-2015-1420"}},
    Risk{"name_to_handle_at", native, "name_to_handle_at", {kNone, 0, 0, 0, 0}, info,
         "tells the numbers that are used for it"},

    // --- the kernel itself ---
    Risk{"kexec_load", native, "kexec_load", {0, 0, 0, 0}, escape,
         "prepares another kernel to be started", {"CVE-2015-7837"}},
    Risk{"kexec_file_load", native, "kexec_file_load", {kNone, kNone, 0, 0, 0}, escape,
         "prepares another kernel to be started", {"CVE-2022-21505"}},
    Risk{"init_module", native, "init_module", {0, 0, 0}, escape, "loads code into the kernel"},
    Risk{"finit_module", native, "finit_module", {kNone, 0, 0}, escape, "loads code into the kernel from a file"},
    Risk{"delete_module", native, "delete_module", {0, 0x800}, dos, "removes a module that protects the host"},
    Risk{"reboot", native, "reboot", {0, 0, 0, 0}, dos, "restarts or stops the machine"},
    Risk{"swapon", native, "swapon", {0, 0}, info, "has the host's memory written to a file of the container's"},
    Risk{"swapoff", native, "swapoff", {0}, dos, "drives the host out of memory"},
    Risk{"acct", native, "acct", {0}, info, "has every process that ends on the host written to a file"},
    Risk{"quotactl", native, "quotactl", {0, 0, 0, 0}, dos, "changes disk quotas", {"CVE-2026-53050"}},
    Risk{"quotactl_fd", native, "quotactl_fd", {kNone, 0, 0, 0}, dos, "changes disk quotas", {"CVE-2026-53050"}},
    Risk{"syslog", native, "syslog", {3, 0, 0}, info, "reads the kernel's log: addresses, neighbours, hardware"},
    Risk{"settimeofday", native, "settimeofday", {0, 0}, dos, "sets the host's clock: certificates, tokens, logs"},
    Risk{"clock_settime", native, "clock_settime", {0, 0}, dos, "sets the host's clock"},
    Risk{"sethostname", native, "sethostname", {0, 0}, dos, "names the machine, where its name is shared"},
    Risk{"setdomainname", native, "setdomainname", {0, 0}, dos, "names the machine's domain"},
    Risk{"iopl", native, "iopl", {3}, escape, "reaches the machine's devices past the kernel"},
    Risk{"ioperm", native, "ioperm", {0, 1, 1}, escape, "reaches ports of the machine's devices"},
    Risk{"vhangup", native, "vhangup", {}, dos, "takes the terminal away from everybody who uses it"},

    // --- other processes ---
    Risk{"ptrace-attach", native, "ptrace", {16, 1, 0, 0}, lpe,
         "reads and changes another process of the same user", {"CVE-2014-4699", "CVE-2013-0871", "CVE-2019-13272"}},
    Risk{"ptrace-seize", native, "ptrace", {0x4206, 1, 0, 0}, lpe,
         "the same without stopping it", {"CVE-2019-13272"}},
    Risk{"process_vm_readv", native, "process_vm_readv", {1, 0, 0, 0, 0, 0}, info,
         "reads another process's memory: keys, passwords"},
    Risk{"process_vm_writev", native, "process_vm_writev", {1, 0, 0, 0, 0, 0}, lpe,
         "writes another process's memory"},
    Risk{"kcmp", native, "kcmp", {1, 1, 0, 0, 0}, info, "orders the kernel's own addresses"},
    Risk{"pidfd_getfd", native, "pidfd_getfd", {kNone, 0, 0}, lpe, "takes another process's open files"},

    // --- memory ---
    Risk{"vmsplice", native, "vmsplice", {kNone, 0, 0, 0}, lpe,
         "gives pages away while keeping them: a child reads its parent's memory later",
         {"CVE-2008-0600", "CVE-2020-29374"}},
    Risk{"memfd_secret", native, "memfd_secret", {0}, lpe,
         "pages that are taken out of the kernel's own map", {"CVE-2024-35872", "CVE-2025-40272"}},
    Risk{"cachestat", native, "cachestat", {kNone, 0, 0, 0}, info,
         "tells which parts of a file others have read", {"CVE-2025-21691"}},
    Risk{"set_mempolicy", native, "set_mempolicy", {0, 0, 0}, lpe,
         "places memory on nodes of the machine", {"CVE-2017-7616", "CVE-2020-11565"}},
    Risk{"mbind", native, "mbind", {0, 0, 0, 0, 0, 0}, lpe,
         "places memory on nodes of the machine", {"CVE-2017-7616"}},
    Risk{"get_mempolicy", native, "get_mempolicy", {0, 0, 0, 0, 0}, lpe, "asks for it", {"CVE-2018-10675"}},
    Risk{"move_pages", native, "move_pages", {0, 0, 0, 0, 0, 0}, info,
         "moves pages, and tells where others lie", {"CVE-2010-0415", "CVE-2017-14140"}},
    Risk{"migrate_pages", native, "migrate_pages", {0, 0, 0, 0}, dos, "moves all pages of a process"},
    Risk{"modify_ldt", native, "modify_ldt", {1, 0, 0}, lpe, "segments of 16-bit programs", {"CVE-2017-17053"}},
    Risk{"personality-addr_no_randomize", native, "personality", {0x0040000}, lpe,
         "switches address randomisation off for every program started later", {"CVE-2009-1895"}},
    Risk{"personality-read_implies_exec", native, "personality", {0x0400000}, lpe,
         "makes all readable memory executable"},
    Risk{"personality-mmap_page_zero", native, "personality", {0x0100000}, lpe,
         "maps page zero, where the kernel's null pointers lead", {"CVE-2009-1895"}},
    Risk{"personality-beyond-32", native, "personality", {kBeyond32 | 0x0040000}, lpe,
         "address randomisation off, past a comparison of 64 bits"},
    Risk{"fanotify_init", native, "fanotify_init", {0, 0}, info,
         "is told of files that others open", {"CVE-2013-2148", "CVE-2026-46150"}},

    // --- calls that nothing needs any more ---
    Risk{"uselib", native, "uselib", {0}, lpe, "maps a library as a.out programs did", {"CVE-2004-1235"}},
    Risk{"ustat", native, "ustat", {0, 0}, info, "tells about the host's disks"},
    Risk{"sysfs", native, "sysfs", {3}, info, "lists the kernel's file systems"},
    Risk{"_sysctl", native, "_sysctl", {0}, info, "sysctl by number"},
    Risk{"nfsservctl", native, "nfsservctl", {0, 0, 0}, lpe, "the NFS server of Linux 2.4"},
    Risk{"lookup_dcookie", native, "lookup_dcookie", {0, 0, 0}, info, "tells the names of files by number"},

    // --- other doors into the same kernel ---
    Risk{"x32-bpf", x32, "bpf", {5, 0, 0}, lpe, "bpf by its x32 number", {"CVE-2017-16995"}},
    Risk{"x32-keyctl", x32, "keyctl", {1, 0}, lpe, "keyctl by its x32 number", {"CVE-2016-0728"}},
    Risk{"x32-unshare", x32, "unshare", {clone_flag::kNewUser}, lpe, "a user namespace by its x32 number"},
    Risk{"x32-ptrace", x32, "ptrace", {16, 1, 0, 0}, lpe, "ptrace by its x32 number"},
    Risk{"x32-recvmmsg", x32, "recvmmsg", {kNone, 0, 0, 0, 0}, lpe,
         "code that exists for x32 only, and that no x32 program has found the bugs of", {"CVE-2014-0038"}},
    Risk{"x32-socket-vsock", x32, "socket", {40, type::kStream, 0}, escape, "AF_VSOCK by its x32 number"},
    Risk{"x32-ioctl-tiocsti", x32, "ioctl", {0, 0x5412}, escape, "tiocsti by its x32 number"},
    Risk{"i386-socketcall", i386, "socketcall", {1, 0}, lpe,
         "all socket calls in one, with the family behind a pointer", {"CVE-2026-31431"}},
    Risk{"i386-keyctl", i386, "keyctl", {1, 0}, lpe, "keyctl by int 0x80", {"CVE-2016-0728"}},
    Risk{"i386-bpf", i386, "bpf", {5, 0, 0}, lpe, "bpf by int 0x80", {"CVE-2017-16995"}},
    Risk{"i386-unshare", i386, "unshare", {clone_flag::kNewUser}, lpe, "a user namespace by int 0x80"},
    Risk{"i386-mount", i386, "mount", {0, 0, 0, 0, 0}, escape, "mount by int 0x80"},
    Risk{"i386-ioctl-tiocsti", i386, "ioctl", {0, 0x5412}, escape, "tiocsti by int 0x80"},
    Risk{"i386-ptrace", i386, "ptrace", {16, 1, 0, 0}, lpe, "ptrace by int 0x80"},
    Risk{"i386-modify_ldt", i386, "modify_ldt", {1, 0, 0}, lpe,
         "segments of 16-bit programs, where they came from", {"CVE-2017-17053"}},
    Risk{"i386-vm86", i386, "vm86", {0, 0}, lpe, "real mode in a 32-bit program"},
    Risk{"i386-vm86old", i386, "vm86old", {0}, lpe, "real mode in a 32-bit program"},
};
// clang-format on

}  // namespace

std::span<const Risk> risks() { return kRisks; }

std::string_view name_of(RiskKind kind) {
  switch (kind) {
    case escape:
      return "escape";
    case lpe:
      return "lpe";
    case info:
      return "info";
    case dos:
      return "dos";
  }
  return "";
}

std::string_view name_of(Entry entry) {
  switch (entry) {
    case native:
      return "native";
    case x32:
      return "x32";
    case i386:
      return "i386";
  }
  return "";
}

}  // namespace runward::seccomp
