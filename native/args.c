/* Arguments: plain words, no files read, nothing decided. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct namespace_kind namespace_kinds[NAMESPACE_KINDS] = {
    {"pid", CLONE_NEWPID}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"net", CLONE_NEWNET}, {"user", CLONE_NEWUSER}};

/* Out of the way of what the supervisor opens for itself. */
enum { FIRST_NS_FD = 100 };

/* Of `--name=value` or `--name`. */
bool has_name(const char *argument, const char *name) {
  size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 && (argument[length] == '=' || argument[length] == '\0');
}

static _Noreturn void refuse_option(const char *what, const char *argument) {
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
  refuse(what, name);
}

static int parse_number(const char *option, const char *text, int minimum) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || value < minimum || value > INT_MAX)
    refuse("not a number that can be used here", option);
  return (int)value;
}

static int find_kind(const char *option, const char *text, size_t length) {
  for (int kind = 0; kind < NAMESPACE_KINDS; kind++) {
    const char *name = namespace_kinds[kind].name;
    if (strlen(name) == length && memcmp(name, text, length) == 0) return kind;
  }
  refuse("no such namespace, known are pid, ipc, uts, net, user", option);
}

static void parse_unshare(struct options *options, const char *text) {
  for (;;) {
    size_t length = strcspn(text, ",");
    options->unshare |= namespace_kinds[find_kind("--unshare", text, length)].flag;
    if (text[length] == '\0') return;
    text += length + 1;
  }
}

static void parse_ns_fd(struct options *options, const char *text) {
  size_t length = strcspn(text, ":");
  int kind = find_kind("--ns-fd", text, length);
  if (text[length] == '\0') refuse("has no descriptor, expected KIND:NUMBER", "--ns-fd");
  options->ns_fds[kind] = parse_number("--ns-fd", text + length + 1, FIRST_NS_FD);
}

static void parse_userns_fd(struct options *options, const char *text) {
  options->userns_fd = parse_number("--userns-fd", text, 3);
}

static void parse_lock_fd(struct options *options, const char *text) {
  options->lock_fd = parse_number("--lock-fd", text, 3);
}

static void parse_grace(struct options *options, const char *text) {
  options->grace_ms = parse_number("--grace-ms", text, 0);
}

/* The runtime is executed from inside the bundle, so a relative path would name another program. */
static void parse_runtime(struct options *options, const char *text) {
  if (text[0] != '/') refuse("must be an absolute path", "--runtime");
  options->runtime = text;
}

static void parse_sealed_runtime(struct options *options, const char *text) {
  if (text[0] == '\0' || strchr(text, '=') != NULL) refuse("must be the name of a variable", "--sealed-runtime");
  options->sealed_variable = text;
}

static void parse_control(struct options *options, const char *text) {
  options->control = text;
}

static void parse_notify_socket(struct options *options, const char *text) {
  if (text[0] != '/' && text[0] != '@') refuse("must be an absolute path or an abstract name", "--notify-socket");
  options->notify_socket = text;
}

static void parse_selinux_process(struct options *options, const char *text) {
  options->selinux_process = text;
}

static void parse_selinux_file(struct options *options, const char *text) {
  options->selinux_file = text;
}

static void parse_watchdog(struct options *options, const char *text) {
  options->watchdog_ms = parse_number("--watchdog-ms", text, 2);
}

static void parse_join_net(struct options *options, const char *text) {
  options->join_net = text;
}

static void parse_runtime_arg(struct options *options, const char *text) {
  if (options->runtime_arg_count == RUNTIME_ARG_LIMIT) refuse("there are too many", "--runtime-arg");
  options->runtime_args[options->runtime_arg_count++] = text;
}

static void parse_app(struct options *options, const char *text) {
  struct app *app;
  const char *wrong = make_app(&app, text);
  if (wrong != NULL) refuse(wrong, "--app");
  append_app(&options->apps, app);
}

static void parse_of_app(struct options *options, const char *argument) {
  struct app *app = options->apps;
  if (app == NULL) refuse_option("must come after an --app", argument);
  while (app->next != NULL) app = app->next;
  const char *wrong = parse_app_word(app, argument);
  if (wrong != NULL) refuse_option(wrong, argument);
}

static const struct {
  const char *name;
  void (*parse)(struct options *, const char *);
} parsers[] = {
    {"--unshare", parse_unshare}, {"--ns-fd", parse_ns_fd},   {"--lock-fd", parse_lock_fd},
    {"--userns-fd", parse_userns_fd},
    {"--grace-ms", parse_grace},  {"--runtime", parse_runtime}, {"--runtime-arg", parse_runtime_arg},
    {"--app", parse_app},         {"--control", parse_control},
    {"--notify-socket", parse_notify_socket}, {"--watchdog-ms", parse_watchdog}, {"--join-net", parse_join_net},
    {"--selinux-process", parse_selinux_process}, {"--selinux-file", parse_selinux_file},
    {"--sealed-runtime", parse_sealed_runtime},
};

static const struct {
  const char *name;
  size_t field;
} texts[] = {
    {"--uuid", offsetof(struct options, uuid)},
    {"--status-dir", offsetof(struct options, status_dir)},
    {"--ready-link", offsetof(struct options, ready_link)},
    {"--pid-file", offsetof(struct options, pid_file)},
    {"--hostname", offsetof(struct options, hostname)},
    {"--init-root", offsetof(struct options, init_root)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char **text_field(struct options *options, size_t offset) {
  return (const char **)(void *)((char *)options + offset);
}

static void parse_option(struct options *options, const char *argument) {
  if (is_app_word(argument)) return parse_of_app(options, argument);
  const char *equals = strchr(argument, '=');
  if (equals == NULL) refuse("unknown argument, or one without its =VALUE", argument);
  for (size_t i = 0; i < COUNT(parsers); i++)
    if (has_name(argument, parsers[i].name)) return parsers[i].parse(options, equals + 1);
  for (size_t i = 0; i < COUNT(texts); i++)
    if (has_name(argument, texts[i].name)) {
      *text_field(options, texts[i].field) = equals + 1;
      return;
    }
  refuse("unknown argument", argument);
}

static void check_apps(const struct options *options) {
  size_t ttys = 0;
  if (options->apps == NULL && options->control == NULL) refuse("is missing", "--app");
  for (const struct app *app = options->apps; app != NULL; app = app->next) {
    const char *wrong = check_app(app);
    if (wrong != NULL) refuse(wrong, app->name);
    if (has_own_terminal(app)) continue;
    if (app->tty && ++ttys > 1) refuse("only one app can have it", "--tty");
    if (app->tty && app->restart.policy != RESTART_NO) refuse("an app that has it is not started again", "--tty");
  }
}

static void check_ns_fds(const struct options *options) {
  for (int kind = 0; kind < NAMESPACE_KINDS; kind++) {
    if (options->ns_fds[kind] < 0) continue;
    if (options->ns_fds[kind] == options->lock_fd) refuse("is the number of --lock-fd", "--ns-fd");
    if (options->ns_fds[kind] == options->userns_fd) refuse("is the number of --userns-fd", "--ns-fd");
    for (int other = 0; other < kind; other++)
      if (options->ns_fds[kind] == options->ns_fds[other]) refuse("has the same number twice", "--ns-fd");
  }
}

static void check_options(struct options *options) {
  for (size_t i = 0; i < COUNT(texts); i++)
    if (*text_field(options, texts[i].field) == NULL) refuse("is missing", texts[i].name);
  if (options->runtime == NULL) refuse("is missing", "--runtime");
  if (options->lock_fd < 0) refuse("is missing", "--lock-fd");
  if ((options->unshare & CLONE_NEWPID) == 0) refuse("must have pid: its end is what ends the pod", "--unshare");
  if ((options->unshare & CLONE_NEWUTS) == 0) refuse("must have uts, for the hostname", "--unshare");
  if ((options->unshare & CLONE_NEWUSER) != 0) refuse("cannot have user: it is made by the caller, see --userns-fd", "--unshare");
  if (options->userns_fd >= 0 && options->userns_fd == options->lock_fd) refuse("is the number of --lock-fd", "--userns-fd");
  if ((options->selinux_process == NULL) != (options->selinux_file == NULL)) refuse("comes with --selinux-file", "--selinux-process");
  check_ns_fds(options);
  check_apps(options);
}

void parse_options(int argc, char **argv, struct options *options) {
  options->lock_fd = -1;
  options->userns_fd = -1;
  options->grace_ms = 10000;
  for (int kind = 0; kind < NAMESPACE_KINDS; kind++) options->ns_fds[kind] = -1;
  for (int i = 1; i < argc; i++) parse_option(options, argv[i]);
  check_options(options);
}
