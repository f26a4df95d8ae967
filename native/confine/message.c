/* What we say on standard error: `rkt: confine: what subject: why`. */
#include "confine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Noreturn void fail(const char *what, const char *subject) {
  dprintf(STDERR_FILENO, "rkt: confine: %s %s: %s\n", what, subject, strerror(errno));
  _exit(EXIT_OWN_FAILURE);
}

_Noreturn void refuse(const char *what, const char *subject) {
  dprintf(STDERR_FILENO, "rkt: confine: %s: %s\n", subject, what);
  _exit(EXIT_OWN_FAILURE);
}
