/* What we say on standard error: `rkt: supervisor: what: why`. */
#include "supervisor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_MESSAGE = PATH_MAX + 256 };

/* In turn with what apps print on the same descriptor. */
static void tell(const char *text) {
  if (say_in_turn(text, strlen(text))) return;
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

void report(const char *what, const char *subject) {
  const char *why = strerror(errno);
  char text[LONGEST_MESSAGE];
  snprintf(text, sizeof text, "rkt: supervisor: %s %s: %s\n", what, subject, why);
  tell(text);
}

_Noreturn void fail(const char *what, const char *subject) {
  int why = errno;
  console_restore();
  errno = why;
  report(what, subject);
  _exit(EXIT_OWN_FAILURE);
}

_Noreturn void refuse(const char *what, const char *subject) {
  dprintf(STDERR_FILENO, "rkt: supervisor: %s: %s\n", subject, what);
  _exit(EXIT_OWN_FAILURE);
}

void tell_out_of_memory(const char *app, int killed) {
  char text[LONGEST_MESSAGE];
  snprintf(text, sizeof text, "rkt: supervisor: %s: out of memory, the kernel killed %d of its processes\n", app, killed);
  tell(text);
}

void tell_unhealthy(const char *app, int failures) {
  dprintf(STDERR_FILENO, "rkt: supervisor: %s: unhealthy, %d probes in a row have failed\n", app, failures);
}
