/*
 * The life of a pod: apps start in order, the first that fails stops the rest, the end of all ends the pod. Where
 * apps come and go, none of them stops another, and the pod ends when it is asked to.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a pod that has ended waits for those who are attached to take the rest. */
enum { LAST_CLIENTS_MS = 1000 };

static void kill_everything(void *context) {
  struct pod *pod = context;
  pod->killed = true;
  if (pod->init > 0) kill(pod->init, SIGKILL);
}

/* A second request does not prolong the first one's grace. */
static void stop_pod(struct pod *pod, int signal) {
  signal_apps(&pod->options, signal);
  if (pod->stopping) return;
  pod->stopping = true;
  tell_stopping(pod);
  pod->grace = (struct timer){.fire = kill_everything, .context = pod};
  set_timer(&pod->grace, pod->options.grace_ms);
  for (struct app *app = pod->options.apps; app != NULL; app = app->next) end_probes(app);
  give_up_waiting(pod);
}

bool is_mutable(const struct pod *pod) {
  return pod->options.control != NULL;
}

void app_failed(struct pod *pod, int status) {
  if (is_mutable(pod)) return;
  if (pod->failure == 0) pod->failure = status;
  if (!pod->stopping) stop_pod(pod, SIGTERM);
}

/* Whether it lives is whether it has begun. */
void join_app(struct pod *pod, struct app *app) {
  append_app(&pod->options.apps, app);
  begin_life(pod, app);
}

/* Of an app that does not live. */
void remove_app(struct pod *pod, struct app *app) {
  struct app **link = &pod->options.apps;
  while (*link != app) link = &(*link)->next;
  *link = app->next;
  free_app(app);
}

/* Every app has ended with it, and none can be started any more. */
static void init_ended(struct pod *pod) {
  pod->init = 0;
  pod->killed = true;
  stop_pod(pod, SIGKILL);
}

/* Whoever else was left to us as a subreaper needs no more than to be reaped. */
static void child_ended(struct pod *pod, pid_t pid, int status) {
  if (pid == pod->init) return init_ended(pod);
  for (struct app *app = pod->options.apps; app != NULL; app = app->next)
    if (app->pid == pid) return phase_ended(pod, app, status);
    else if (probe_ended(app, pid, status)) return;
}

static void reap(struct pod *pod) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) child_ended(pod, pid, status);
}

static void handle_signal(struct pod *pod, int signal) {
  switch (signal) {
    case SIGCHLD: return reap(pod);
    case SIGNAL_HALT: pod->halted = pod->asked = true; return stop_pod(pod, SIGTERM);
    case SIGTERM: case SIGINT: case SIGQUIT: pod->asked = true; return stop_pod(pod, signal);
    case SIGWINCH: if (console_is_open()) return console_resize(); break;
    default: break;
  }
  signal_apps(&pod->options, signal);
}

static void handle_signals(void *context) {
  struct pod *pod = context;
  int signal;
  while ((signal = next_signal(pod->signals)) != 0) handle_signal(pod, signal);
}

static bool all_apps(const struct pod *pod, bool (*are)(const struct app *)) {
  const struct app *app = pod->options.apps;
  while (app != NULL && are(app)) app = app->next;
  return app == NULL;
}

static bool has_started(const struct app *app) {
  return app->started;
}

/* A pod whose apps say that they are ready, or are probed, has started before it is ready. */
static void announce(struct pod *pod) {
  if (pod->announced == READY || pod->stopping || !all_apps(pod, has_started)) return;
  if (all_apps(pod, is_ready)) {
    pod->announced = READY;
    write_state_link(pod->options.ready_link, "ready");
    tell_ready(pod);
  } else if (pod->announced == NOT_STARTED) {
    pod->announced = STARTED;
    write_state_link(pod->options.ready_link, "started");
  }
}

/* Signals that came while an app was being started are handled before the next one is. */
void start_apps(struct pod *pod) {
  for (struct app *app = pod->options.apps; app != NULL; app = app->next) {
    begin_life(pod, app);
    handle_signals(pod);
    if (pod->stopping) return;
  }
  announce(pod);
}

void supervise(struct pod *pod) {
  watch(pod->signals, POLLIN, handle_signals, pod);
  start_watchdog(pod);
  while (pod->live > 0 || (is_mutable(pod) && !pod->stopping)) {
    tell_state(pod);
    wait_for_event();
    announce(pod);
  }
}

static void insist(void *context) {
  struct pod *pod = context;
  pod->insisted = true;
}

static void hear_insisting(void *context) {
  struct pod *pod = context;
  for (int signal; (signal = next_signal(pod->signals)) != 0;)
    if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGNAL_HALT) insist(pod);
}

/* The caller may take time for the last of the output, unless somebody wants the pod to end. */
static void hand_over_output(struct pod *pod) {
  struct timer clients = {.fire = let_clients_go};
  struct timer patience = {.fire = insist, .context = pod};
  end_streams();
  watch(pod->signals, POLLIN, hear_insisting, pod);
  set_timer(&clients, LAST_CLIENTS_MS);
  if (pod->asked) set_timer(&patience, pod->options.grace_ms);
  while (!streams_have_ended() && !pod->insisted) wait_for_event();
  remove_streams();
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
  hand_over_output(pod);
}
