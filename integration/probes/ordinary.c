// SPDX-License-Identifier: Apache-2.0
//
// What ordinary programs ask of the kernel, by the C library's own functions: built with glibc and with musl, run by
// integration/seccomp.bats under runward's filters. Prints "all of it works", or what does not.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int failures;
static void expect(int holds, const char* what) {
  if (holds) return;
  printf("%s: %s\n", what, strerror(errno));
  failures++;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counted;
static void* count(void* unused) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&lock);
    counted++;
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

static void threads(void) {
  pthread_t all[8];
  for (int i = 0; i < 8; i++) expect(pthread_create(&all[i], NULL, count, NULL) == 0, "pthread_create");
  for (int i = 0; i < 8; i++) pthread_join(all[i], NULL);
  expect(counted == 8000, "threads that count");
}

static void processes(void) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) _exit(7);
  expect(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7, "fork");
  char* arguments[] = {"sh", "-c", "exit 3", NULL};
  expect(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0, "posix_spawn");
  expect(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3, "the spawned shell");
  FILE* pipe = popen("echo a", "r");
  expect(pipe != NULL && fgetc(pipe) == 'a' && pclose(pipe) == 0, "popen");
}

// A connection over the loopback, in either family and by either protocol number.
static void tcp(int family, int protocol) {
  struct sockaddr_storage address;
  memset(&address, 0, sizeof address);
  address.ss_family = (sa_family_t)family;
  if (family == AF_INET) ((struct sockaddr_in*)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (family == AF_INET6) ((struct sockaddr_in6*)&address)->sin6_addr = in6addr_loopback;
  socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
  int client = socket(family, SOCK_STREAM, protocol);
  expect(server >= 0 && client >= 0, "a TCP socket");
  // A kernel or a container without IPv6 refuses the address, not the socket.
  if (bind(server, (struct sockaddr*)&address, length) != 0 && family == AF_INET6) return;
  expect(listen(server, 5) == 0 && getsockname(server, (struct sockaddr*)&address, &length) == 0, "listen");
  expect(connect(client, (struct sockaddr*)&address, length) == 0, "connect");
  int peer = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  int waiting = -1;
  expect(peer >= 0 && send(client, "abc", 3, MSG_NOSIGNAL) == 3, "accept, send");
  expect(ioctl(peer, FIONREAD, &waiting) == 0, "FIONREAD");
  close(peer), close(client), close(server);
}

static void sockets(void) {
  tcp(AF_INET, 0), tcp(AF_INET, IPPROTO_TCP), tcp(AF_INET6, 0);
  expect(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) >= 0, "UDP");
  expect(socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) >= 0, "UDP for IPv6");
  expect(socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0, "AF_UNIX");
  int pair[2];
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
  int one = 1;
  expect(ioctl(pair[0], FIONBIO, &one) == 0 && fcntl(pair[0], F_GETFL) & O_NONBLOCK, "FIONBIO");
  struct ifaddrs* list = NULL;
  expect(getifaddrs(&list) == 0 && list != NULL, "getifaddrs");
}

static void files(void) {
  char folder[] = "/tmp/ordinary.XXXXXX", name[64], other[64];
  expect(mkdtemp(folder) != NULL, "mkdtemp");
  snprintf(name, sizeof name, "%s/fifo", folder);
  expect(mkfifo(name, 0600) == 0 && unlink(name) == 0, "mkfifo");
  snprintf(name, sizeof name, "%s/file", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  FILE* file = fopen(name, "w");
  expect(file != NULL && fputs("x", file) >= 0 && fclose(file) == 0 && rename(name, other) == 0, "files");
  struct stat about;
  expect(stat(other, &about) == 0 && about.st_size == 1 && unlink(other) == 0 && rmdir(folder) == 0, "stat");
}

static void events(void) {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), many = epoll_create1(EPOLL_CLOEXEC), flag = eventfd(1, 0);
  struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = timer}};
  expect(timer >= 0 && many >= 0 && flag >= 0 && timerfd_settime(timer, 0, &soon, NULL) == 0, "timerfd");
  expect(epoll_ctl(many, EPOLL_CTL_ADD, timer, &event) == 0 && epoll_wait(many, &event, 1, 5000) == 1, "epoll");
  void* memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(memory != MAP_FAILED && madvise(memory, 1 << 20, MADV_DONTNEED) == 0 && mprotect(memory, 4096, PROT_READ) == 0,
         "memory");
  struct timespec now, nap = {.tv_nsec = 1000};
  expect(clock_gettime(CLOCK_REALTIME, &now) == 0 && nanosleep(&nap, NULL) == 0 && raise(SIGCONT) == 0, "time, signals");
}

int main(void) {
  threads(), processes(), sockets(), files(), events();
  if (failures == 0) puts("all of it works");
  return failures != 0;
}
