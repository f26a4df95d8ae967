/* Whether an app that has ended starts again, and after how long. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIRST_DELAY_MS = 100,
  LONGEST_DELAY_MS = 60000,
  SETTLED_MS = 10000, /* an app that ran for so long begins with the first delay again */
};

static const char wrong[] = "must be no, on-failure, on-failure:N or always";

static const char *parse_limit(struct restart *restart, const char *text) {
  char *end;
  errno = 0;
  long limit = strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || limit < 1 || limit > INT_MAX) return wrong;
  restart->limit = (int)limit;
  return NULL;
}

const char *parse_restart(struct app *app, const char *value) {
  static const char limited[] = "on-failure:";
  app->restart.policy = strcmp(value, "always") == 0 ? RESTART_ALWAYS : RESTART_ON_FAILURE;
  if (strncmp(value, limited, sizeof limited - 1) == 0) return parse_limit(&app->restart, value + sizeof limited - 1);
  if (strcmp(value, "no") == 0) app->restart.policy = RESTART_NO;
  else if (app->restart.policy == RESTART_ON_FAILURE && strcmp(value, "on-failure") != 0) return wrong;
  return NULL;
}

/* An app that never ran will not run the next time either: that is told at once. */
static bool may_restart(const struct app *app, int status) {
  const struct restart *restart = &app->restart;
  if (restart->policy == RESTART_NO || !app->started) return false;
  if (restart->policy == RESTART_ON_FAILURE && status == 0) return false;
  return restart->limit == 0 || restart->count < restart->limit;
}

static int next_delay(const struct app *app) {
  if (app->restart.delay_ms == 0 || now() - app->began >= SETTLED_MS) return FIRST_DELAY_MS;
  return app->restart.delay_ms < LONGEST_DELAY_MS / 2 ? 2 * app->restart.delay_ms : LONGEST_DELAY_MS;
}

bool plan_restart(struct app *app, int status) {
  app->restart.due = app->restart.asked || may_restart(app, status);
  app->restart.asked = false;
  if (app->restart.due) app->restart.delay_ms = next_delay(app);
  return app->restart.due;
}

void wait_to_restart(struct app *app, void (*start)(void *app)) {
  struct restart *restart = &app->restart;
  restart->timer.fire = start;
  restart->timer.context = app;
  restart->waiting = true;
  set_timer(&restart->timer, restart->delay_ms);
}

void end_restart_wait(struct app *app) {
  app->restart.due = false;
  app->restart.waiting = false;
  cancel_timer(&app->restart.timer);
}
