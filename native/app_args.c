/*
 * What can be said of one app. The same words stand in the supervisor's arguments and in messages to it, so a word
 * that is wrong is told to the caller, who knows whether that ends the supervisor.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
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
  static const char *const names[] = {[FROM_NULL] = "null", [FROM_CALLER] = "inherit", [FROM_CLIENTS] = "stream"};
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(value, names[i]) != 0) continue;
    app->input = (enum input)i;
    return NULL;
  }
  return "must be null, inherit or stream";
}

static const struct { const char *name; unsigned leads; bool alone; } outputs[] = {
    {"inherit", TO_CALLER, true}, {"null", TO_NULL, true},        {"lines", TO_LINES, true},
    {"copy", TO_COPY, true},
    {"log", TO_LOG, false},       {"journal", TO_JOURNAL, false}, {"stream", TO_CLIENTS, false},
};

static const char *parse_output(unsigned *leads, const char *value) {
  static const char wrong[] = "must be inherit, null, lines or copy, or of log, journal and stream one or several";
  *leads = 0;
  for (size_t length;; value += length + 1) {
    size_t i = 0;
    length = strcspn(value, ",");
    while (i < sizeof outputs / sizeof outputs[0] && (strlen(outputs[i].name) != length || memcmp(outputs[i].name, value, length) != 0)) i++;
    if (i == sizeof outputs / sizeof outputs[0]) return wrong;
    if (outputs[i].alone && (*leads != 0 || value[length] != '\0')) return wrong;
    *leads |= outputs[i].leads;
    if (value[length] == '\0') return NULL;
  }
}

static const char *parse_stdout(struct app *app, const char *value) {
  return parse_output(&app->outputs[0], value);
}

static const char *parse_stderr(struct app *app, const char *value) {
  return parse_output(&app->outputs[1], value);
}

static const char *parse_log(struct app *app, const char *value) {
  app->log = value;
  return NULL;
}

static const char *parse_count(long long *count, const char *value) {
  char *end;
  errno = 0;
  *count = strtoll(value, &end, 10);
  return end == value || *end != '\0' || errno != 0 || *count < 0 ? "must be a number" : NULL;
}

static const char *parse_log_size(struct app *app, const char *value) {
  return parse_count(&app->log_size, value);
}

static const char *parse_log_files(struct app *app, const char *value) {
  return parse_count(&app->log_files, value);
}

static const char *parse_journal(struct app *app, const char *value) {
  app->journal = value;
  return NULL;
}

static const char *parse_attach(struct app *app, const char *value) {
  app->attach_dir = value;
  return NULL;
}

static const char *parse_notify(struct app *app, const char *value) {
  (void)value;
  app->notifies = true;
  return NULL;
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
    {.name = "--stdout", .parse = parse_stdout},
    {.name = "--stderr", .parse = parse_stderr},
    {.name = "--log", .parse = parse_log},
    {.name = "--log-size", .parse = parse_log_size},
    {.name = "--log-files", .parse = parse_log_files},
    {.name = "--journal", .parse = parse_journal},
    {.name = "--attach", .parse = parse_attach},
    {.name = "--restart", .parse = parse_restart},
    {.name = "--health-exec", .parse = parse_health_exec},
    {.name = "--health-tcp", .parse = parse_health_tcp},
    {.name = "--health-http", .parse = parse_health_http},
    {.name = "--health-interval-ms", .parse = parse_health_interval},
    {.name = "--health-timeout-ms", .parse = parse_health_timeout},
    {.name = "--health-retries", .parse = parse_health_retries},
    {.name = "--health-start-period-ms", .parse = parse_health_start_period},
    {.name = "--health-on-failure", .parse = parse_health_action},
    {.name = "--notify", .parse = parse_notify, .alone = true},
    {.name = "--listen-fd", .parse = parse_listen_fd},
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

/* Whether what was said of the streams goes together. */
static const char *check_streams(const struct app *app) {
  unsigned leads = app->outputs[0] | app->outputs[1];
  if ((leads & TO_LOG) != 0 && (app->log == NULL || app->log_files < 1)) return "has no --log or no --log-files";
  if ((leads & TO_JOURNAL) != 0 && app->journal == NULL) return "has no --journal";
  bool attachable = (leads & TO_CLIENTS) != 0 || app->input == FROM_CLIENTS;
  if (attachable && app->attach_dir == NULL) return "has no --attach";
  if (!has_own_terminal(app)) return NULL;
  if (app->outputs[0] != app->outputs[1] || (leads & TO_OUTLET) != 0) return "has a terminal, which leads to one place";
  return NULL;
}

/* Most pods have one app, and need no heap for it. */
static struct app first_app;
static bool first_is_taken;

static struct app *new_app(void) {
  if (first_is_taken) return calloc(1, sizeof(struct app));
  first_is_taken = true;
  return &first_app;
}

void release_app(struct app *app) {
  if (app != &first_app) return free(app);
  memset(app, 0, sizeof *app);
  first_is_taken = false;
}

/* The name becomes a file name and an argument. */
const char *make_app(struct app **made, const char *name) {
  if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || strchr(name, '/') != NULL) return "not a name for an app";
  struct app *app = new_app();
  if (app == NULL) return "no memory is left";
  app->name = name;
  *made = app;
  return NULL;
}

const char *check_app(const struct app *app) {
  if (app->bundles[MAIN] == NULL) return "has no --bundle";
  const char *wrong = check_streams(app);
  return wrong == NULL ? check_probe(app) : wrong;
}

void append_app(struct app **apps, struct app *app) {
  while (*apps != NULL) apps = &(*apps)->next;
  *apps = app;
}
