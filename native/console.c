/* The terminal of an app that is the caller's as well: we copy between the two. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
  /* PIPE_BUF: as much as a pipe that polls writable takes without blocking. */
  CHUNK = 4096,
  LAST_OUTPUT_MS = 100,
  END_OF_INPUT = 4, /* ^D */
};

struct flow {
  int from;
  int to;
  int watched; /* -1: neither */
  bool ended;
  size_t start, end;
  char last; /* byte that was read */
  char bytes[CHUNK];
};

static struct flow input = {.watched = -1, .ended = true, .last = '\n'};
static struct flow output = {.watched = -1, .ended = true};
static int master = -1;
static bool raw;
static struct termios saved;

static void make_raw(void) {
  if (tcgetattr(STDIN_FILENO, &saved) < 0) return;
  struct termios changed = saved;
  cfmakeraw(&changed);
  raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &changed) == 0;
}

/* A terminal is opened anew to be written without blocking: its flags are shared with the caller. */
static int open_output(void) {
  int fd = isatty(STDOUT_FILENO) ? open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
  return fd < 0 ? STDOUT_FILENO : fd;
}

bool console_is_open(void) {
  return master >= 0;
}

void console_resize(void) {
  struct winsize size;
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    ioctl(master, TIOCSWINSZ, &size);
}

static bool is_full(const struct flow *flow) {
  return flow->start < flow->end;
}

static bool is_passing(int why) {
  return why == EINTR || why == EAGAIN;
}

/* Nobody reads any more: what comes is thrown away, so that the app does not wait for a reader. */
static void drain_into_nothing(struct flow *flow) {
  flow->start = flow->end;
  if (flow == &input) flow->ended = true;
}

static void flush(struct flow *flow) {
  ssize_t sent = write(flow->to, flow->bytes + flow->start, flow->end - flow->start);
  if (sent > 0) flow->start += (size_t)sent;
  else if (sent < 0 && !is_passing(errno)) drain_into_nothing(flow);
}

/*
 * A file or pipe that ends is told to the app as a keyboard would: ^D, twice when a line is unfinished, for the
 * first one then only hands over that line.
 */
static void end_input(struct flow *flow) {
  flow->from = -1;
  flow->start = 0;
  flow->end = 0;
  if (flow->last != '\n') flow->bytes[flow->end++] = END_OF_INPUT;
  flow->bytes[flow->end++] = END_OF_INPUT;
}

static void end_flow(struct flow *flow) {
  if (flow == &input && !raw && flow->from >= 0) end_input(flow);
  else flow->ended = true;
}

/* The master of a terminal that nobody has open fails with EIO: an end like any other. */
static void fill(struct flow *flow) {
  ssize_t got = read(flow->from, flow->bytes, CHUNK);
  if (got < 0 && is_passing(errno)) return;
  if (got <= 0) return end_flow(flow);
  flow->start = 0;
  flow->end = (size_t)got;
  flow->last = flow->bytes[got - 1];
}

static void step(struct flow *flow) {
  if (is_full(flow)) flush(flow);
  else fill(flow);
  if (!is_full(flow) && flow->from < 0) flow->ended = true;
}

static int awaited_fd(const struct flow *flow) {
  if (flow->ended) return -1;
  return is_full(flow) ? flow->to : flow->from;
}

static short awaited_event(const struct flow *flow) {
  return is_full(flow) ? POLLOUT : POLLIN;
}

static void copy(void *context);

static void watch_flow(struct flow *flow) {
  int fd = awaited_fd(flow);
  if (fd != flow->watched) unwatch(flow->watched);
  flow->watched = fd;
  if (fd >= 0) watch(fd, awaited_event(flow), copy, flow);
}

static void copy(void *context) {
  struct flow *flow = context;
  step(flow);
  watch_flow(flow);
}

static void open_flow(struct flow *flow, int from, int to) {
  flow->from = from;
  flow->to = to;
  flow->ended = false;
  watch_flow(flow);
}

bool console_open(int terminal) {
  master = terminal;
  int keyboard = fcntl(master, F_DUPFD_CLOEXEC, 0); /* a descriptor has one watch, the flows need one each */
  if (keyboard < 0) return false;
  open_flow(&input, STDIN_FILENO, keyboard);
  open_flow(&output, master, open_output());
  console_resize();
  make_raw();
  return true;
}

/* The last words of an app are still in its terminal when it has ended. */
void console_drain(void) {
  while (!output.ended) {
    struct pollfd polled = {.fd = awaited_fd(&output), .events = awaited_event(&output)};
    int ready = poll(&polled, 1, is_full(&output) ? -1 : LAST_OUTPUT_MS);
    if (ready == 0 || (ready < 0 && errno != EINTR)) return;
    if (ready > 0) step(&output);
  }
}

/* Without SIGTTOU blocked, a supervisor that is in the background would be stopped here and never end. */
void console_restore(void) {
  sigset_t set;
  if (!raw) return;
  raw = false;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  sigprocmask(SIG_BLOCK, &set, NULL);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}
