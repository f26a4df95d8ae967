/*
 * Probes over the network: a child of ours goes to the network of the app and connects there. It reads what the app
 * answers, so it gives up its privileges and descriptors before that.
 */
#define _GNU_SOURCE
#include "probes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_LINE = 64 };

/* What is said here is what the probe says. */
static _Noreturn void give_up(const char *what) {
  dprintf(STDOUT_FILENO, "%s: %s\n", what, strerror(errno));
  _exit(1);
}

static void enter_network(pid_t app) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)app);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) give_up("cannot enter the network of the app");
  close(fd);
}

static int connect_to(const struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, address, length) == 0) return fd;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

/* An app may listen on one of the two alone. What is told is how it went with the first. */
static int connect_to_port(int port) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = connect_to((struct sockaddr *)&four, sizeof four);
  int why = errno;
  if (fd < 0) fd = connect_to((struct sockaddr *)&six, sizeof six);
  errno = why;
  return fd;
}

static void ask(int fd, const char *path) {
  int sent = dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: rkt\r\nConnection: close\r\n\r\n", path);
  if (sent < 0) give_up("cannot ask");
}

static size_t read_first_line(int fd, char text[FIRST_LINE]) {
  size_t length = 0;
  while (length < FIRST_LINE - 1 && memchr(text, '\n', length) == NULL) {
    ssize_t got = read(fd, text + length, FIRST_LINE - 1 - length);
    if (got < 0) give_up("no answer");
    if (got == 0) break;
    length += (size_t)got;
  }
  return length;
}

/* "HTTP/1.1 200 OK". 0: that is no HTTP. */
static int status_of(const char line[FIRST_LINE]) {
  static const char version[] = "HTTP/1.";
  if (strncmp(line, version, sizeof version - 1) != 0 || line[sizeof version] != ' ') return 0;
  return atoi(line + sizeof version + 1);
}

static _Noreturn void judge_answer(int fd) {
  char line[FIRST_LINE] = {0};
  read_first_line(fd, line);
  int status = status_of(line);
  if (status >= 200 && status < 400) _exit(0);
  if (status == 0) dprintf(STDOUT_FILENO, "the answer is not HTTP\n");
  else dprintf(STDOUT_FILENO, "HTTP status %d\n", status);
  _exit(1);
}

_Noreturn void run_network_probe(const struct health_check *check, pid_t app, pid_t supervisor) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor) _exit(1);
  close_all_but(STDOUT_FILENO, STDERR_FILENO);
  enter_network(app);
  drop_privileges();
  int fd = connect_to_port(check->port);
  if (fd < 0) give_up("cannot connect");
  if (check->kind == PROBE_TCP) _exit(0);
  ask(fd, check->path);
  judge_answer(fd);
}
