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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char pid_file[] = "pid";

/* No app's name has a dot. */
static void name_container(char id[NAME_MAX + 1], const struct app *app) {
  static const char *const suffixes[PHASES] = {".pre-start", "", ".post-stop"};
  snprintf(id, NAME_MAX + 1, "%s%s", app->name, suffixes[app->phase]);
}

static bool has_console(const struct app *app) {
  return app->tty && app->phase == MAIN;
}

static const char **runtime_argv(const struct options *options, const struct app *app, const char *id) {
  const char *const tail[] = {"run", "--detach", "--pid-file", pid_file, "--bundle", "."};
  const size_t tail_count = sizeof tail / sizeof tail[0];
  const char **argv = calloc(options->runtime_arg_count + tail_count + 5, sizeof *argv);
  if (argv == NULL) fail("cannot keep the arguments of", options->runtime);
  const char **next = argv;
  *next++ = options->runtime;
  for (size_t i = 0; i < options->runtime_arg_count; i++) *next++ = options->runtime_args[i];
  memcpy(next, tail, sizeof tail);
  next += tail_count;
  if (has_console(app)) {
    *next++ = "--console-socket";
    *next++ = "console.sock";
  }
  *next = id;
  return argv;
}

static void replace_stdin(void) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd < 0 || dup2(fd, STDIN_FILENO) < 0) fail("cannot open", "/dev/null");
}

/*
 * From inside the bundle: crun takes relative names from there, runc from the working directory. In a process
 * group of its own: a ^C at the terminal is ours to handle and must not hit a half-done start.
 *
 * It ends with us: a pod without a supervisor may be collected, and must not get a cgroup after that.
 */
static _Noreturn void become_runtime(const struct options *options, const struct app *app, int bundle, pid_t supervisor) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("cannot follow", "the supervisor");
  if (getppid() != supervisor) _exit(EXIT_OWN_FAILURE);
  char id[NAME_MAX + 1];
  name_container(id, app);
  const char **argv = runtime_argv(options, app, id);
  if (fchdir(bundle) < 0) fail("cannot enter", app->bundles[app->phase]);
  if (!app->inherit_stdin || app->tty || app->phase != MAIN) replace_stdin();
  setpgid(0, 0);
  reset_signals();
  execv(options->runtime, (char *const *)(void *)argv);
  fail("cannot execute", options->runtime);
}

static int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

static bool run_runtime(const struct options *options, const struct app *app, int bundle) {
  pid_t self = getpid();
  pid_t pid = fork();
  if (pid == 0) become_runtime(options, app, bundle, self);
  if (pid < 0) {
    report("cannot start", options->runtime);
    return false;
  }
  return wait_for(pid) == 0;
}

/* Looks without reaping: the app may have ended already. */
static bool is_our_child(pid_t pid) {
  siginfo_t info;
  return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool adopt(struct app *app, int bundle) {
  pid_t pid = read_pid(bundle, pid_file);
  if (is_our_child(pid)) {
    app->pid = pid;
    return true;
  }
  report("the runtime left no process for", app->name);
  return false;
}

static bool start_with_console(const struct options *options, struct app *app, int bundle) {
  int listener = console_listen(bundle);
  if (listener < 0) {
    report("cannot listen for the console of", app->name);
    return false;
  }
  bool started = run_runtime(options, app, bundle) && adopt(app, bundle);
  if (started && !console_accept(listener)) report("no console came for", app->name);
  console_discard(listener, bundle);
  return started;
}

static bool start_in(const struct options *options, struct app *app, int bundle) {
  unlinkat(bundle, pid_file, 0);
  if (has_console(app)) return start_with_console(options, app, bundle);
  return run_runtime(options, app, bundle) && adopt(app, bundle);
}

/* False: it does not run, and the runtime or we have said why. */
bool start_app(const struct options *options, struct app *app, enum phase phase) {
  app->phase = phase;
  int bundle = open(app->bundles[phase], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (bundle < 0) {
    report("cannot open", app->bundles[phase]);
    return false;
  }
  bool started = start_in(options, app, bundle);
  close(bundle);
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
