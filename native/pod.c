/*
 * The life of a pod: apps start in order, the first that fails stops the rest, the end of all ends the pod. Where
 * apps come and go, none of them stops another, and the pod ends when it is asked to.
 *
 * The life of an app is one run or several. A run is PRE_START, MAIN, POST_STOP, the first and the last where there is
 * a handler. When MAIN ends, or is not reached, it is decided whether another run follows: if so the app waits for it
 * after this one's end, else that was the app's end.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a pod that has ended waits for those who are attached to take the rest. */
enum { LAST_CLIENTS_MS = 1000 };

static void kill_everything(void *context) {
  struct pod *pod = context;
  pod->killed = true;
  if (pod->init > 0) kill(pod->init, SIGKILL);
}

static void give_up_waiting(struct pod *pod);

/* A second request does not prolong the first one's grace. */
static void stop(struct pod *pod, int signal) {
  signal_apps(&pod->options, signal);
  if (pod->stopping) return;
  pod->stopping = true;
  tell_stopping(pod);
  pod->grace = (struct timer){.fire = kill_everything, .context = pod};
  set_timer(&pod->grace, pod->options.grace_ms);
  for (struct app *app = pod->options.apps; app != NULL; app = app->next) end_probes(app);
  give_up_waiting(pod);
}

static bool is_mutable(const struct pod *pod) {
  return pod->options.control != NULL;
}

static void fail_app(struct pod *pod, int status) {
  if (is_mutable(pod)) return;
  if (pod->failure == 0) pod->failure = status;
  if (!pod->stopping) stop(pod, SIGTERM);
}

static int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void count_oom_kills(struct pod *pod, struct app *app) {
  int killed = app->memory_events == NULL ? 0 : read_oom_kills(app->memory_events);
  if (killed <= 0) return;
  app->oom_kills += killed;
  write_oom_kills(pod->status_dir, app->name, app->oom_kills);
  tell_out_of_memory(app->name, killed);
}

/* Of an app that never began whoever asked for it in a message is told, and nobody else. */
static void record_end(struct pod *pod, const struct app *app) {
  if (app->words != NULL && !app->begun) return;
  write_status(pod->status_dir, app->name, exit_code(app->status));
  if (app->status != 0) fail_app(pod, app->status);
}

static bool is_stopping(const struct app *app) {
  return app->stopping || app->pod->stopping;
}

static void stopped_to_start_again(struct app *app) {
  app->stopping = false;
  cancel_timer(&app->patience);
}

/* Who sees the status sees the reason as well. */
static void main_ended(struct pod *pod, struct app *app, int status) {
  app->status = status;
  end_probes(app);
  count_oom_kills(pod, app);
  if (app->restart.asked) stopped_to_start_again(app);
  if (is_stopping(app) || !plan_restart(app, status)) record_end(pod, app);
}

static void write_restart_state(const struct pod *pod, const struct app *app) {
  const struct restart *restart = &app->restart;
  write_restarts(pod->status_dir, app->name, restart->count, exit_code(app->status), restart->waiting);
}

static void leave(struct pod *pod, struct app *app) {
  cancel_timer(&app->patience);
  app->live = false;
  pod->live--;
  tell_control(app);
}

/* Between two runs. */
static void give_up(struct pod *pod, struct app *app) {
  end_restart_wait(app);
  record_end(pod, app);
  leave(pod, app);
}

static void give_up_waiting(struct pod *pod) {
  for (struct app *app = pod->options.apps; app != NULL; app = app->next)
    if (app->restart.waiting) give_up(pod, app);
}

static void start_again(void *context);

static void run_ended(struct pod *pod, struct app *app) {
  if (!app->restart.due) {
    leave(pod, app);
  } else if (is_stopping(app)) {
    give_up(pod, app);
  } else {
    wait_to_restart(app, start_again);
    write_restart_state(pod, app);
  }
}

static void has_begun(struct pod *pod, struct app *app) {
  if (is_mutable(pod) && !app->begun) mark_started(pod->status_dir, app->name);
  app->begun = true;
  if (app->phase == MAIN) {
    app->started = true;
    begin_probes(app);
    tell_control(app);
  }
  if (app->phase == POST_STOP && app->stopping) set_timer(&app->patience, pod->options.grace_ms);
}

static void begin(struct pod *pod, struct app *app, enum phase phase) {
  app->began = now();
  if (start_app(&pod->options, app, phase)) return has_begun(pod, app);
  if (phase != POST_STOP) main_ended(pod, app, EXIT_OWN_FAILURE << 8);
  run_ended(pod, app);
}

static void begin_run(struct pod *pod, struct app *app) {
  begin(pod, app, app->bundles[PRE_START] == NULL ? MAIN : PRE_START);
}

static void start_again(void *context) {
  struct app *app = context;
  end_restart_wait(app);
  app->restart.count++;
  write_restart_state(app->pod, app);
  begin_run(app->pod, app);
}

/* An app that ran is cleaned up after; how that went changes nothing of how the app ended. */
static void phase_ended(struct pod *pod, struct app *app, int status) {
  app->pid = 0;
  if (app->phase == PRE_START && status == 0 && !is_stopping(app)) return begin(pod, app, MAIN);
  if (app->phase == MAIN && app->processes != NULL) kill_processes(app->processes);
  end_output(app);
  if (app->phase != POST_STOP) main_ended(pod, app, status);
  if (app->phase == MAIN && app->bundles[POST_STOP] != NULL && !pod->killed) return begin(pod, app, POST_STOP);
  run_ended(pod, app);
}

static void begin_life(struct pod *pod, struct app *app) {
  app->pod = pod;
  app->live = true;
  pod->live++;
  listen_to_app(app);
  begin_run(pod, app);
}

/* Whether it lives is whether it has begun. */
void join_app(struct pod *pod, struct app *app) {
  append_app(&pod->options.apps, app);
  begin_life(pod, app);
}

static void kill_app(void *context) {
  const struct app *app = context;
  if (app->pid > 0) kill(app->pid, SIGKILL);
}

/* As in a pod that is stopped: a second request does not prolong the grace, what cleans up is let be until then. */
void stop_app(struct app *app) {
  app->restart.asked = false;
  if (app->pid > 0 && app->phase != POST_STOP) kill(app->pid, SIGTERM);
  if (app->stopping) return;
  app->stopping = true;
  end_probes(app);
  if (app->restart.waiting) return give_up(app->pod, app);
  app->patience = (struct timer){.fire = kill_app, .context = app};
  set_timer(&app->patience, app->pod->options.grace_ms);
}

void act_on_unhealthy(struct app *app, enum health_action action) {
  if (action == ACT_KILL) kill(app->pid, SIGKILL);
  if (action == ACT_STOP || action == ACT_RESTART) stop_app(app);
  if (action == ACT_RESTART) app->restart.asked = true;
}

/* NULL is none. */
void free_app(struct app *app) {
  if (app == NULL) return;
  forget_probes(app);
  close_streams(app);
  stop_listening_to_app(app);
  free(app->words);
  free(app);
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
  stop(pod, SIGKILL);
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
    case SIGNAL_HALT: pod->halted = pod->asked = true; return stop(pod, SIGTERM);
    case SIGTERM: case SIGINT: case SIGQUIT: pod->asked = true; return stop(pod, signal);
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

/* An app that has ended well has nobody waiting for it. */
bool is_ready(const struct app *app) {
  return app->started && (!app->live || (has_passed(app) && (app->notified || !app->notifies)));
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
