/*
 * Whether an app is well: a child of ours finds out, again and again, and what it says decides.
 *
 * There is one probe of an app at a time. All kinds of it are alike: a process that ends with 0 or does not, in a
 * process group of its own, that writes into a pipe and is killed when it takes too long.
 */
#define _GNU_SOURCE
#include "probes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  /* Until it has passed once an app is probed more often than it was asked for: it may be ready any moment. */
  FIRST_DELAY_MS = 100,
  LONGEST_FIRST_DELAYS_MS = 1000,
};

static void probe(void *context);

static int shorter(int one, int other) {
  return one < other ? one : other;
}

static int next_delay(struct health_check *check) {
  if (check->state != STARTING) return check->interval_ms;
  int delay = check->quick_ms;
  check->quick_ms = shorter(2 * delay, LONGEST_FIRST_DELAYS_MS);
  return shorter(delay, check->interval_ms);
}

static void tell_health(const struct app *app) {
  static const char *const names[] = {[STARTING] = "starting", [HEALTHY] = "healthy", [UNHEALTHY] = "unhealthy"};
  const struct health_check *check = app->check;
  write_health(app->pod->status_dir, app->name, names[check->state], check->failures, check->line);
}

/* Failures before the first success count once an interval, however often the app is probed, and not in its first time. */
static bool counts(struct health_check *check) {
  if (check->state != STARTING) return true;
  if (now() < check->counts_at) return false;
  check->counts_at = now() + check->interval_ms;
  return true;
}

static void pass(struct app *app) {
  struct health_check *check = app->check;
  bool changed = check->state != HEALTHY || check->failures > 0;
  check->failures = 0;
  check->state = HEALTHY;
  check->passed = true;
  if (changed) tell_health(app);
}

static void fall_short(struct app *app) {
  struct health_check *check = app->check;
  if (counts(check)) check->failures++;
  bool fallen = check->state != UNHEALTHY && check->failures >= check->retries;
  if (fallen) check->state = UNHEALTHY;
  tell_health(app);
  if (!fallen) return;
  tell_unhealthy(app->name, check->failures);
  act_on_unhealthy(app, check->action);
}

/* The first line is kept, as far as there is room and with nothing in it that a terminal would obey. */
static void keep_line(struct health_check *check, const char *text, size_t length) {
  for (size_t i = 0; i < length && !check->line_ended; i++) {
    unsigned char byte = (unsigned char)text[i];
    check->line_ended = byte == '\n' || check->line_length == sizeof check->line - 1;
    if (!check->line_ended) check->line[check->line_length++] = byte < ' ' || byte == 0x7f ? ' ' : text[i];
  }
}

static void close_output(struct health_check *check) {
  if (check->output < 0) return;
  unwatch(check->output);
  close(check->output);
  check->output = -1;
}

/* A probe is never held up, however much it writes. */
static void hear(void *context) {
  struct health_check *check = context;
  char text[1024];
  ssize_t got = read(check->output, text, sizeof text);
  if (got > 0) keep_line(check, text, (size_t)got);
  else if (got == 0 || (errno != EAGAIN && errno != EINTR)) close_output(check);
}

static void kill_probe(struct health_check *check) {
  if (check->pid > 0) kill(-check->pid, SIGKILL);
}

/*
 * The runtime gives what it runs a session, and notes its pid. Ended before that, it leaves it to us, and so whom we
 * kill is our child or in the group of one.
 */
static void kill_left_behind(const struct health_check *check) {
  pid_t pid = check->pid_file == NULL ? 0 : read_pid(AT_FDCWD, check->pid_file);
  if (!is_our_child(pid)) return;
  if (getsid(pid) != getsid(0)) kill(-getpgid(pid), SIGKILL);
  kill(pid, SIGKILL);
}

static void time_out(void *context) {
  struct health_check *check = ((struct app *)context)->check;
  check->timed_out = true;
  kill_probe(check);
}

static void wait_for_next(struct app *app) {
  struct health_check *check = app->check;
  check->timer.fire = probe;
  check->timer.context = app;
  set_timer(&check->timer, next_delay(check));
}

static void conclude(struct app *app, int status) {
  struct health_check *check = app->check;
  if (check->timed_out) snprintf(check->line, sizeof check->line, "timed out after %d ms", check->timeout_ms);
  if (status == 0 && !check->timed_out) pass(app);
  else fall_short(app);
  if (check->active && check->pid == 0) wait_for_next(app);
}

/* True: it was a probe. */
bool probe_ended(struct app *app, pid_t pid, int status) {
  struct health_check *check = app->check;
  if (check == NULL || check->pid != pid) return false;
  check->pid = 0;
  if (check->output >= 0) hear(check);
  close_output(check);
  if (check->timed_out || !check->wanted) kill_left_behind(check);
  if (!check->wanted) return true;
  cancel_timer(&check->timer);
  conclude(app, status);
  return true;
}

static _Noreturn void become_probe(const struct app *app, int output, pid_t supervisor) {
  const struct health_check *check = app->check;
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  setpgid(0, 0);
  if (dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) _exit(EXIT_OWN_FAILURE);
  if (check->kind != PROBE_EXEC) run_network_probe(check, app->pid, supervisor);
  const char *const words[] = {"exec", "--pid-file", check->pid_file, "--process", check->process, app->name, NULL};
  execute_runtime(&app->pod->options, NULL, supervisor, words);
}

static bool start_probe(struct app *app) {
  struct health_check *check = app->check;
  int ends[2];
  pid_t self = getpid();
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return false;
  if (!label_pipe(&app->pod->options, ends[0])) report("cannot label the output of a probe of", app->name);
  check->pid = fork();
  if (check->pid == 0) become_probe(app, ends[1], self);
  close(ends[1]);
  check->output = ends[0];
  watch(check->output, POLLIN, hear, check);
  if (check->pid > 0) return true;
  check->pid = 0;
  close_output(check);
  return false;
}

static void probe(void *context) {
  struct app *app = context;
  struct health_check *check = app->check;
  if (check->pid > 0) return wait_for_next(app); /* that of an earlier run, killed and not reaped yet */
  memset(check->line, 0, sizeof check->line);
  check->line_length = 0;
  check->line_ended = false;
  check->timed_out = false;
  check->wanted = true;
  if (check->pid_file != NULL) unlink(check->pid_file);
  if (!start_probe(app)) {
    report("cannot probe", app->name);
    return wait_for_next(app);
  }
  setpgid(check->pid, check->pid); /* whichever of us is first */
  check->timer.fire = time_out;
  set_timer(&check->timer, check->timeout_ms);
}

void begin_probes(struct app *app) {
  struct health_check *check = app->check;
  if (check == NULL) return;
  check->active = true;
  check->state = STARTING;
  check->failures = 0;
  check->quick_ms = FIRST_DELAY_MS;
  check->counts_at = now() + check->start_period_ms + check->interval_ms;
  memset(check->line, 0, sizeof check->line);
  tell_health(app);
  wait_for_next(app);
}

void end_probes(struct app *app) {
  struct health_check *check = app->check;
  if (check == NULL || !check->active) return;
  check->active = false;
  check->wanted = false;
  cancel_timer(&check->timer);
  kill_probe(check);
}

bool is_unhealthy(const struct app *app) {
  return app->check != NULL && app->check->state == UNHEALTHY;
}

bool has_passed(const struct app *app) {
  return app->check == NULL || app->check->passed;
}

void forget_probes(struct app *app) {
  struct health_check *check = app->check;
  if (check == NULL) return;
  end_probes(app);
  close_output(check);
  free(check->pid_file);
  free(check);
  app->check = NULL;
}
