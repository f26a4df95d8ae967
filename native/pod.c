/* The life of a pod: apps start in order, the first that fails stops the rest, the end of all ends the pod. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void kill_everything(struct pod *pod) {
  pod->killed = true;
  if (pod->init > 0) kill(pod->init, SIGKILL);
}

/* A second request does not prolong the first one's grace. */
static void stop(struct pod *pod, int signal) {
  signal_apps(&pod->options, signal);
  if (pod->stopping) return;
  pod->stopping = true;
  pod->deadline = now() + pod->options.grace_ms;
}

static void fail_app(struct pod *pod, int status) {
  if (pod->failure == 0) pod->failure = status;
  if (!pod->stopping) stop(pod, SIGTERM);
}

static int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Who sees the status sees the reason as well. */
static void record_end(struct pod *pod, const struct app *app, int status) {
  int killed = app->memory_events == NULL ? 0 : read_oom_kills(app->memory_events);
  if (killed > 0) {
    write_oom_kills(pod->status_dir, app->name, killed);
    tell_out_of_memory(app->name, killed);
  }
  write_status(pod->status_dir, app->name, exit_code(status));
  if (status != 0) fail_app(pod, status);
}

static void begin(struct pod *pod, struct app *app, enum phase phase) {
  if (phase == MAIN) pod->started++;
  if (start_app(&pod->options, app, phase)) return;
  if (phase != POST_STOP) record_end(pod, app, EXIT_OWN_FAILURE << 8);
  pod->live--;
}

/* An app that ran is cleaned up after; how that went changes nothing of how the app ended. */
static void app_ended(struct pod *pod, struct app *app, int status) {
  app->pid = 0;
  if (app->phase == PRE_START && status == 0 && !pod->stopping) return begin(pod, app, MAIN);
  if (app->phase != POST_STOP) record_end(pod, app, status);
  if (app->phase == MAIN && app->bundles[POST_STOP] != NULL && !pod->killed) return begin(pod, app, POST_STOP);
  pod->live--;
}

/* Whoever else was left to us as a subreaper needs no more than to be reaped. */
static void child_ended(struct pod *pod, pid_t pid, int status) {
  if (pid == pod->init) pod->init = 0;
  for (size_t i = 0; i < pod->options.app_count; i++)
    if (pod->options.apps[i].pid == pid) return app_ended(pod, &pod->options.apps[i], status);
}

static void reap(struct pod *pod) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) child_ended(pod, pid, status);
}

static void handle_signal(struct pod *pod, int signal) {
  switch (signal) {
    case SIGCHLD: return reap(pod);
    case SIGNAL_HALT: pod->halted = true; return stop(pod, SIGTERM);
    case SIGTERM: case SIGINT: case SIGQUIT: return stop(pod, signal);
    case SIGWINCH: if (console_is_open()) return console_resize(); break;
    default: break;
  }
  signal_apps(&pod->options, signal);
}

static void handle_signals(struct pod *pod) {
  int signal;
  while ((signal = next_signal(pod->signals)) != 0) handle_signal(pod, signal);
}

static void announce(struct pod *pod) {
  if (pod->announced || pod->stopping || pod->started < pod->options.app_count) return;
  pod->announced = true;
  write_ready_link(pod->options.ready_link);
}

/* Signals that came while an app was being started are handled before the next one is. */
void start_apps(struct pod *pod) {
  for (size_t i = 0; i < pod->options.app_count; i++) {
    struct app *app = &pod->options.apps[i];
    pod->live++;
    begin(pod, app, app->bundles[PRE_START] == NULL ? MAIN : PRE_START);
    handle_signals(pod);
    if (pod->stopping) return;
  }
  announce(pod);
}

/* For poll(2): -1 is for ever. */
static int time_left(const struct pod *pod) {
  if (!pod->stopping || pod->killed) return -1;
  int64_t left = pod->deadline - now();
  return left > 0 ? (int)left : 0;
}

static void wait_for_event(struct pod *pod) {
  struct pollfd polls[1 + CONSOLE_POLLS] = {{.fd = pod->signals, .events = POLLIN}};
  console_polls(polls + 1);
  int ready = poll(polls, 1 + CONSOLE_POLLS, time_left(pod));
  if (ready < 0 && errno != EINTR) fail("cannot wait for", "events");
  if (ready == 0) kill_everything(pod);
  if (ready <= 0) return;
  console_copy(polls + 1);
  handle_signals(pod);
  announce(pod);
}

void supervise(struct pod *pod) {
  while (pod->live > 0) wait_for_event(pod);
}

/* Init is gone only when every process of its namespace is, and that needs us to reap those that are ours. */
void end_pod(struct pod *pod) {
  kill_everything(pod);
  while (pod->init > 0) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid > 0) child_ended(pod, pid, status);
    else if (errno != EINTR) break;
  }
  close(pod->lifeline);
  console_drain();
  console_restore();
}
