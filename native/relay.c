/*
 * A program with pipes of ours in the place of our own standard streams, where SELinux need not let it use these: what
 * `rkt enter` becomes then. A terminal is handed on as it is.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char relay_name[] = "rkt-relay";

/* From an input to an output; -1: closed. What was read waits until it can be written. */
struct flow {
  int from, to;
  int other_end; /* of our pipe: the program's */
  size_t start, end;
  char bytes[PIPE_BUF];
};

static struct flow flows[3];

bool is_relay(char **argv) {
  return argv[0] != NULL && strcmp(argv[0], relay_name) == 0;
}

static void open_flow(int descriptor, const struct options *labels) {
  struct flow *flow = &flows[descriptor];
  int ends[2];
  flow->from = flow->to = flow->other_end = -1;
  if (isatty(descriptor)) return;
  if (pipe2(ends, O_CLOEXEC) < 0 || !label_pipe(labels, ends[0])) fail("cannot make", "a pipe for the program");
  bool is_input = descriptor == STDIN_FILENO;
  int ours = ends[is_input];
  if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0 || fchmod(ours, PIPE_MODE) < 0) fail("cannot use", "a pipe for the program");
  flow->other_end = ends[!is_input];
  flow->from = is_input ? descriptor : ours;
  flow->to = is_input ? ours : descriptor;
}

static _Noreturn void become_program(char **argv) {
  prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
  for (int i = 0; i < 3; i++)
    if (flows[i].other_end >= 0 && dup2(flows[i].other_end, i) < 0) fail("cannot connect", "a standard stream");
  reset_signals();
  execv(argv[0], argv);
  fail("cannot execute", argv[0]);
}

static void close_end(int *end) {
  if (*end > STDERR_FILENO) close(*end);
  *end = -1;
}

static void fill(struct flow *flow) {
  ssize_t got = read(flow->from, flow->bytes, sizeof flow->bytes);
  if (got > 0) flow->end = (size_t)got;
  else if (got == 0 || (errno != EAGAIN && errno != EINTR)) close_end(&flow->from);
}

/* Nobody who reads: whoever writes is to learn it. */
static void drain(struct flow *flow) {
  ssize_t sent = write(flow->to, flow->bytes + flow->start, flow->end - flow->start);
  if (sent > 0) flow->start += (size_t)sent;
  else if (errno != EAGAIN && errno != EINTR) {
    flow->start = flow->end;
    close_end(&flow->from);
  }
  if (flow->start == flow->end) flow->start = flow->end = 0;
}

static bool holds(const struct flow *flow) {
  return flow->end > flow->start;
}

static void step(int signals) {
  struct pollfd polled[4] = {{.fd = signals, .events = POLLIN}};
  for (int i = 0; i < 3; i++) {
    struct flow *flow = &flows[i];
    if (!holds(flow) && flow->from < 0) close_end(&flow->to);
    polled[i + 1] = holds(flow) ? (struct pollfd){.fd = flow->to, .events = POLLOUT} : (struct pollfd){.fd = flow->from, .events = POLLIN};
  }
  if (poll(polled, 4, -1) < 0) return;
  for (int i = 0; i < 3; i++) {
    if (polled[i + 1].revents == 0) continue;
    if (holds(&flows[i])) drain(&flows[i]);
    else fill(&flows[i]);
  }
}

/* False: the program has ended, with this status. */
static bool runs(int signals, pid_t program, int *status) {
  int signal;
  while ((signal = next_signal(signals)) != 0)
    if (signal != SIGCHLD) kill(program, signal);
  return waitpid(program, status, WNOHANG) != program;
}

static bool has_output(void) {
  for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++) {
    struct pollfd polled = {.fd = flows[i].from, .events = POLLIN};
    if (holds(&flows[i]) || (poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN) != 0)) return true;
  }
  return false;
}

/* No more is waited for than there is: who outlives the program may go on writing. */
static void finish(int signals) {
  int signal;
  while (has_output()) {
    step(signals);
    if ((signal = next_signal(signals)) != 0 && signal != SIGCHLD) die_by_signal(signal);
  }
}

int relay(char **argv) {
  int status = 0;
  if (argv[1] == NULL || argv[2] == NULL) refuse("needs a context and a program", relay_name);
  const struct options labels = {.selinux_file = argv[1]};
  for (int i = 0; i < 3; i++) open_flow(i, &labels);
  int signals = open_signals();
  pid_t program = fork();
  if (program < 0) fail("cannot start", argv[2]);
  if (program == 0) become_program(argv + 2);
  for (int i = 0; i < 3; i++) close_end(&flows[i].other_end);
  while (runs(signals, program, &status)) step(signals);
  flows[STDIN_FILENO].from = -1;
  finish(signals);
  if (WIFSIGNALED(status)) die_by_signal(WTERMSIG(status));
  return WEXITSTATUS(status);
}
