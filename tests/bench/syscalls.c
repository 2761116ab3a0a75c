// SPDX-License-Identifier: Apache-2.0
//
// ns per system call, for tests/bench/syscalls.sh: prints "NAME NANOSECONDS" for each. Static, so that it runs in a
// container with nothing else. The fastest of several short loops counts: whatever else runs makes them slower only.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int null_fd;
static char byte;

static void call_getpid(void) { syscall(SYS_getpid); }
static void call_read(void) { syscall(SYS_read, null_fd, &byte, 1); }
static void call_openat(void) { syscall(SYS_close, (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0)); }
static void call_ioctl(void) { syscall(SYS_ioctl, null_fd, FIOCLEX, 0); }
static void call_socket(void) { syscall(SYS_close, (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0)); }
static void call_clone(void) {
  long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  waitpid((pid_t)child, NULL, 0);
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(const char* name, void (*call)(void), int calls, int rounds) {
  double best = 1e18;
  for (int round = 0; round < rounds; round++) {
    double start = now_ns();
    for (int i = 0; i < calls; i++) call();
    double each = (now_ns() - start) / calls;
    if (each < best) best = each;
  }
  printf("%s %.1f\n", name, best);
}

int main(void) {
  null_fd = open("/dev/null", O_RDONLY);
  measure("getpid", call_getpid, 2000, 300);
  measure("read", call_read, 2000, 300);
  measure("openat+close", call_openat, 300, 200);
  measure("ioctl", call_ioctl, 2000, 300);
  measure("socket+close", call_socket, 200, 200);
  measure("clone+wait", call_clone, 10, 100);
  return 0;
}
