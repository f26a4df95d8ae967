/*
 * What can be said of one app. The same words stand in the supervisor's arguments and in messages to it, so a word
 * that is wrong is told to the caller, who knows whether that ends the supervisor.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <stdlib.h>
#include <string.h>

static const char *parse_bundle(struct app *app, const char *value) {
  app->bundles[MAIN] = value;
  return NULL;
}

static const char *parse_pre_start(struct app *app, const char *value) {
  app->bundles[PRE_START] = value;
  return NULL;
}

static const char *parse_post_stop(struct app *app, const char *value) {
  app->bundles[POST_STOP] = value;
  return NULL;
}

static const char *parse_memory_events(struct app *app, const char *value) {
  app->memory_events = value;
  return NULL;
}

static const char *parse_processes(struct app *app, const char *value) {
  app->processes = value;
  return NULL;
}

static const char *parse_runtime_log(struct app *app, const char *value) {
  app->runtime_log = value;
  return NULL;
}

static const char *parse_stdin(struct app *app, const char *value) {
  app->inherit_stdin = strcmp(value, "inherit") == 0;
  return app->inherit_stdin || strcmp(value, "null") == 0 ? NULL : "must be null or inherit";
}

static const char *parse_tty(struct app *app, const char *value) {
  (void)value;
  app->tty = true;
  return NULL;
}

/* A row says how a word changes the app, and answers NULL, or what is wrong with the value. */
static const struct app_word {
  const char *name;
  const char *(*parse)(struct app *app, const char *value);
  bool alone; /* has no =VALUE */
} words[] = {
    {.name = "--bundle", .parse = parse_bundle},
    {.name = "--pre-start", .parse = parse_pre_start},
    {.name = "--post-stop", .parse = parse_post_stop},
    {.name = "--memory-events", .parse = parse_memory_events},
    {.name = "--processes", .parse = parse_processes},
    {.name = "--runtime-log", .parse = parse_runtime_log},
    {.name = "--stdin", .parse = parse_stdin},
    {.name = "--restart", .parse = parse_restart},
    {.name = "--health-exec", .parse = parse_health_exec},
    {.name = "--health-tcp", .parse = parse_health_tcp},
    {.name = "--health-http", .parse = parse_health_http},
    {.name = "--health-interval-ms", .parse = parse_health_interval},
    {.name = "--health-timeout-ms", .parse = parse_health_timeout},
    {.name = "--health-retries", .parse = parse_health_retries},
    {.name = "--health-start-period-ms", .parse = parse_health_start_period},
    {.name = "--health-on-failure", .parse = parse_health_action},
    {.name = "--tty", .parse = parse_tty, .alone = true},
};

static const struct app_word *find_word(const char *text) {
  size_t length = strcspn(text, "=");
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (!has_name(text, words[i].name)) continue;
    return words[i].alone == (text[length] == '\0') ? &words[i] : NULL;
  }
  return NULL;
}

bool is_app_word(const char *text) {
  return find_word(text) != NULL;
}

const char *parse_app_word(struct app *app, const char *text) {
  const struct app_word *word = find_word(text);
  return word->parse(app, word->alone ? NULL : strchr(text, '=') + 1);
}

/* The name becomes a file name and an argument. */
const char *make_app(struct app **made, const char *name) {
  if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || strchr(name, '/') != NULL) return "not a name for an app";
  struct app *app = calloc(1, sizeof *app);
  if (app == NULL) return "no memory is left";
  app->name = name;
  *made = app;
  return NULL;
}

const char *check_app(const struct app *app) {
  return app->bundles[MAIN] == NULL ? "has no --bundle" : check_probe(app);
}

void append_app(struct app **apps, struct app *app) {
  while (*apps != NULL) apps = &(*apps)->next;
  *apps = app;
}
