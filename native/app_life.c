/*
 * The life of an app is one run or several. A run is PRE_START, MAIN, POST_STOP, the first and the last where there is
 * a handler. When MAIN ends, or is not reached, it is decided whether another run follows: if so the app waits for it
 * after this one's end, else that was the app's end.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

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
  if (app->status != 0) app_failed(pod, app->status);
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

void give_up_waiting(struct pod *pod) {
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
void phase_ended(struct pod *pod, struct app *app, int status) {
  app->pid = 0;
  if (app->phase == PRE_START && status == 0 && !is_stopping(app)) return begin(pod, app, MAIN);
  if (app->phase == MAIN && app->processes != NULL) kill_processes(app->processes);
  end_output(app);
  if (app->phase != POST_STOP) main_ended(pod, app, status);
  if (app->phase == MAIN && app->bundles[POST_STOP] != NULL && !pod->killed) return begin(pod, app, POST_STOP);
  run_ended(pod, app);
}

void begin_life(struct pod *pod, struct app *app) {
  app->pod = pod;
  app->live = true;
  pod->live++;
  listen_to_app(app);
  begin_run(pod, app);
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

/* An app that has ended well has nobody waiting for it. */
bool is_ready(const struct app *app) {
  return app->started && (!app->live || (has_passed(app) && (app->notified || !app->notifies)));
}

/* NULL is none. */
void free_app(struct app *app) {
  if (app == NULL) return;
  forget_probes(app);
  close_streams(app);
  stop_listening_to_app(app);
  free(app->words);
  release_app(app);
}
