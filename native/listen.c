/*
 * Sockets that a service manager has passed to us, for an app (sd_listen_fds(3)): it has them from descriptor 3 on, in
 * each of its runs.
 *
 * LISTEN_PID must be the app's own pid, which nobody knows beforehand where others run in its pid namespace: so this
 * program stands before the app's, says it, and becomes that.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  FIRST_PASSED = 3,
  /* Above all descriptors of ours, so that none that is still to be placed is overwritten. */
  OUT_OF_THE_WAY = 256,
};

/* As the app finds it: the first of its arguments. */
static const char stand_in[] = "/dev/rkt/listen";

const char *parse_listen_fd(struct app *app, const char *value) {
  char *end;
  errno = 0;
  long fd = strtol(value, &end, 10);
  if (end == value || *end != '\0' || errno != 0 || fd < FIRST_PASSED || fd > INT_MAX) return "not a number that can be used here";
  if (app->listen_fd_count == LISTEN_LIMIT) return "too many";
  app->listen_fds[app->listen_fd_count++] = (int)fd;
  return NULL;
}

/* In the process that becomes the runtime. */
void place_sockets(const struct app *app) {
  int moved[LISTEN_LIMIT];
  for (size_t i = 0; i < app->listen_fd_count; i++) {
    moved[i] = fcntl(app->listen_fds[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (moved[i] < 0) fail("cannot pass a socket to", app->name);
  }
  for (size_t i = 0; i < app->listen_fd_count; i++)
    if (dup2(moved[i], FIRST_PASSED + (int)i) < 0) fail("cannot pass a socket to", app->name);
}

bool is_stand_in(char **argv) {
  return argv[0] != NULL && strcmp(argv[0], stand_in) == 0;
}

int become_listening_app(char **argv) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  if (argv[1] == NULL || setenv("LISTEN_PID", pid, 1) < 0) return EXIT_OWN_FAILURE;
  execv(argv[1], argv + 1);
  dprintf(STDERR_FILENO, "rkt: cannot execute %s: %s\n", argv[1], strerror(errno));
  return EXIT_OWN_FAILURE;
}
