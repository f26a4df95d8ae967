/* What can be said of how an app is probed. An app of which nothing is said has no health check. */
#define _GNU_SOURCE
#include "probes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char no_number[] = "not a number that can be used here";
static const char no_memory[] = "no memory is left";

/* NULL: no memory is left. */
static struct health_check *check_of(struct app *app) {
  if (app->check != NULL) return app->check;
  app->check = calloc(1, sizeof *app->check);
  if (app->check == NULL) return NULL;
  app->check->interval_ms = 30000;
  app->check->timeout_ms = 30000;
  app->check->retries = 3;
  app->check->output = -1;
  return app->check;
}

static const char *parse_number(int *number, const char *text, int minimum, int maximum) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (end == text || errno != 0 || value < minimum || value > maximum) return no_number;
  *number = (int)value;
  return *end == '\0' ? NULL : no_number;
}

const char *parse_health_exec(struct app *app, const char *value) {
  struct health_check *check = check_of(app);
  if (check == NULL || asprintf(&check->pid_file, "%s.pid", value) < 0) return no_memory;
  check->kind = PROBE_EXEC;
  check->process = value;
  return NULL;
}

const char *parse_health_tcp(struct app *app, const char *value) {
  struct health_check *check = check_of(app);
  if (check == NULL) return no_memory;
  check->kind = PROBE_TCP;
  return parse_number(&check->port, value, 1, UINT16_MAX);
}

const char *parse_health_http(struct app *app, const char *value) {
  struct health_check *check = check_of(app);
  if (check == NULL) return no_memory;
  check->kind = PROBE_HTTP;
  check->path = strchr(value, '/');
  if (check->path == NULL) return "must be PORT/PATH";
  char port[8];
  snprintf(port, sizeof port, "%.*s", (int)(check->path - value), value);
  return parse_number(&check->port, port, 1, UINT16_MAX);
}

static const char *parse_of_check(struct app *app, const char *value, size_t field, int minimum) {
  struct health_check *check = check_of(app);
  return check == NULL ? no_memory : parse_number((int *)(void *)((char *)check + field), value, minimum, INT_MAX);
}

const char *parse_health_interval(struct app *app, const char *value) {
  return parse_of_check(app, value, offsetof(struct health_check, interval_ms), 1);
}

const char *parse_health_timeout(struct app *app, const char *value) {
  return parse_of_check(app, value, offsetof(struct health_check, timeout_ms), 1);
}

const char *parse_health_retries(struct app *app, const char *value) {
  return parse_of_check(app, value, offsetof(struct health_check, retries), 1);
}

const char *parse_health_start_period(struct app *app, const char *value) {
  return parse_of_check(app, value, offsetof(struct health_check, start_period_ms), 0);
}

const char *parse_health_action(struct app *app, const char *value) {
  static const char *const names[] = {[ACT_NONE] = "none", [ACT_KILL] = "kill", [ACT_RESTART] = "restart", [ACT_STOP] = "stop"};
  struct health_check *check = check_of(app);
  if (check == NULL) return no_memory;
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(value, names[i]) == 0) {
      check->action = (enum health_action)i;
      return NULL;
    }
  return "must be none, kill, restart or stop";
}

const char *check_probe(const struct app *app) {
  return app->check != NULL && app->check->kind == PROBE_NONE ? "has nothing to probe" : NULL;
}
