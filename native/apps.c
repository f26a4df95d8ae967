/* An app is started by the OCI runtime, which ends at once; the app is then our child: we are its subreaper. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char pid_file[] = "pid";
static const char console_socket[] = "console.sock";

/* No app's name has a dot. */
static void name_container(char id[NAME_MAX + 1], const struct app *app) {
  static const char *const suffixes[PHASES] = {".pre-start", "", ".post-stop"};
  snprintf(id, NAME_MAX + 1, "%s%s", app->name, suffixes[app->phase]);
}

static bool has_terminal(const struct app *app) {
  return app->tty && app->phase == MAIN;
}

static bool has_sockets(const struct app *app) {
  return app->listen_fd_count > 0 && app->phase == MAIN;
}

/* From inside the bundle: crun takes relative names from there, runc from the working directory. */
static _Noreturn void become_runtime(const struct options *options, const struct app *app, int bundle, pid_t supervisor,
                                     const char *const words[]) {
  if (fchdir(bundle) < 0) fail("cannot enter", app->bundles[app->phase]);
  connect_streams(app, app->phase == MAIN);
  if (has_sockets(app)) place_sockets(app);
  execute_runtime(options, app->runtime_log, supervisor, words);
}

static int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

static bool run_runtime(const struct options *options, const struct app *app, int bundle, const char *const words[]) {
  pid_t self = getpid();
  pid_t pid = fork();
  if (pid == 0) become_runtime(options, app, bundle, self, words);
  if (pid < 0) {
    report("cannot start", options->runtime);
    return false;
  }
  return wait_for(pid) == 0;
}

static bool make_new_container(const struct options *options, const struct app *app, int bundle, const char *id) {
  const char *words[RUNTIME_WORD_LIMIT] = {"run", "--detach", "--pid-file", pid_file, "--bundle", "."};
  const char **next = words + 6;
  char count[24];
  if (has_terminal(app)) {
    *next++ = "--console-socket";
    *next++ = console_socket;
  }
  if (has_sockets(app)) {
    snprintf(count, sizeof count, "%zu", app->listen_fd_count);
    *next++ = "--preserve-fds";
    *next++ = count;
  }
  *next = id;
  return run_runtime(options, app, bundle, words);
}

/* What is left of the last run goes first: the container, and what the app left running in its cgroup. */
static bool make_container(const struct options *options, struct app *app, int bundle) {
  char id[NAME_MAX + 1];
  name_container(id, app);
  const char *const delete[] = {"delete", "--force", id, NULL};
  if (app->made[app->phase] && !run_runtime(options, app, bundle, delete)) return false;
  app->made[app->phase] = true;
  return make_new_container(options, app, bundle, id);
}

/* Looks without reaping: the app may have ended already. */
bool is_our_child(pid_t pid) {
  siginfo_t info;
  return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool adopt(struct app *app, int bundle) {
  pid_t pid = read_pid(bundle, pid_file);
  if (is_our_child(pid)) {
    app->pid = pid;
    begin_output(app, pid);
    return true;
  }
  report("the runtime left no process for", app->name);
  return false;
}

static bool use_terminal(struct app *app, int terminal) {
  if (terminal < 0) return false;
  return has_own_terminal(app) ? take_terminal(app, terminal) : console_open(terminal);
}

static bool start_with_terminal(const struct options *options, struct app *app, int bundle) {
  int listener = listen_for_terminal(bundle);
  if (listener < 0) {
    report("cannot listen for the console of", app->name);
    return false;
  }
  bool started = make_container(options, app, bundle) && adopt(app, bundle);
  if (started && !use_terminal(app, accept_terminal(listener))) report("no console came for", app->name);
  stop_listening(listener, bundle);
  return started;
}

static bool start_in(const struct options *options, struct app *app, int bundle) {
  unlinkat(bundle, pid_file, 0);
  if (has_terminal(app)) return start_with_terminal(options, app, bundle);
  return make_container(options, app, bundle) && adopt(app, bundle);
}

/* False: it does not run, and the runtime or we have said why. */
bool start_app(const struct options *options, struct app *app, enum phase phase) {
  app->phase = phase;
  int bundle = open(app->bundles[phase], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (bundle < 0) {
    report("cannot open", app->bundles[phase]);
    return false;
  }
  bool has_streams = open_streams(options, app);
  if (!has_streams) report("cannot make the streams of", app->name);
  bool started = has_streams && start_in(options, app, bundle);
  close(bundle);
  if (!started) end_output(app);
  return started;
}

/*
 * An app that has ended but was not reaped still owns its pid: no other process can be hit. What cleans up
 * after an app is let be.
 */
void signal_apps(const struct options *options, int signal) {
  for (const struct app *app = options->apps; app != NULL; app = app->next)
    if (app->pid > 0 && app->phase != POST_STOP) kill(app->pid, signal);
}
