/* The pipes and the terminal of an app, from before its first start until it has ended for good. */
#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  /* How long a terminal that is silent, but open somewhere, may still have something to say. */
  LAST_WORDS_MS = 100,
  MOST_LAST_READS = 256,
  RELAYED = TO_OUTLET | TO_LOG | TO_JOURNAL | TO_CLIENTS,
};

static struct streams *all;

/* Of single thread and event: every read ends up here. */
static char bytes[LARGEST_READ];

static void source_ready(void *context);
static void end_source(struct source *source);

static bool has_streams(const struct app *app) {
  return app->input == FROM_CLIENTS || ((app->outputs[0] | app->outputs[1]) & RELAYED) != 0;
}

bool has_own_terminal(const struct app *app) {
  return app->tty && has_streams(app);
}

static bool open_pipe(const struct options *options, int *ours, int *theirs, int our_side) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
  *ours = ends[our_side];
  *theirs = ends[1 - our_side];
  return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0 && fchmod(*theirs, PIPE_MODE) == 0 && label_pipe(options, *ours);
}

static bool open_source(const struct options *options, struct source *source) {
  if ((source->leads & RELAYED) == 0) return true;
  if ((source->leads & TO_OUTLET) != 0) open_outlets();
  if (source->of->app->tty) return true;
  if (!open_pipe(options, &source->from, &source->app_end, 0)) return false;
  watch(source->from, POLLIN, source_ready, source);
  return true;
}

static bool open_keyboard(const struct options *options, struct streams *streams) {
  if (streams->app->input != FROM_CLIENTS) return true;
  struct keyboard *keyboard = calloc(1, sizeof *keyboard);
  if (keyboard == NULL) return false;
  *keyboard = (struct keyboard){.of = streams, .to = -1, .app_end = -1};
  streams->keyboard = keyboard;
  return streams->app->tty || open_pipe(options, &keyboard->to, &keyboard->app_end, 1);
}

/* Before the app has run, what the runtime says of it has its name alone. */
static void set_prefix(struct streams *streams, pid_t pid) {
  size_t room = strlen(streams->app->name) + 32;
  char *prefix = realloc(streams->prefix, room);
  if (prefix == NULL) fail("cannot keep", "the name of an app");
  const char *format = pid == 0 ? "%s: " : "%s[%d]: ";
  streams->prefix = prefix;
  streams->prefix_length = (size_t)snprintf(prefix, room, format, streams->app->name, (int)pid);
}

static struct streams *new_streams(const struct options *options, struct app *app) {
  struct streams *streams = calloc(1, sizeof *streams);
  if (streams == NULL) return NULL;
  streams->app = app;
  streams->uuid = options->uuid;
  streams->is_starting = true;
  streams->log = (struct log){.path = app->log, .largest = app->log_size, .files = app->log_files, .fd = -1};
  for (int i = 0; i < 2; i++)
    streams->sources[i] = (struct source){.of = streams, .number = i + 1, .from = -1, .app_end = -1};
  streams->sources[0].leads = app->outputs[0];
  if (!app->tty) streams->sources[1].leads = app->outputs[1];
  if (((app->outputs[0] | app->outputs[1]) & TO_LINES) != 0) set_prefix(streams, 0);
  streams->next = all;
  all = streams;
  return streams;
}

/* False: errno says why. The first start of an app makes them, the next ones find them. */
bool open_streams(const struct options *options, struct app *app) {
  if (!has_streams(app)) return true;
  if (app->streams != NULL) {
    app->streams->is_starting = true;
    return true;
  }
  app->streams = new_streams(options, app);
  if (app->streams == NULL || !open_keyboard(options, app->streams)) return false;
  for (int i = 0; i < 2; i++)
    if (!open_source(options, &app->streams->sources[i])) return false;
  return app->attach_dir == NULL || open_endpoints(app->streams);
}

static void replace(int descriptor, int by) {
  if (by < 0) by = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (by < 0 || dup2(by, descriptor) < 0) fail("cannot connect", "a standard stream");
}

/* In the process that becomes the runtime: what it has as standard streams, its container gets. */
void connect_streams(const struct app *app, bool is_main) {
  const struct streams *streams = app->streams;
  bool piped = streams != NULL && !app->tty;
  if (!is_main || app->tty || app->input == FROM_NULL) replace(STDIN_FILENO, -1);
  else if (app->input == FROM_CLIENTS) replace(STDIN_FILENO, streams->keyboard->app_end);
  for (int i = 0; i < 2; i++) {
    if (app->outputs[i] == TO_NULL) replace(i + 1, -1);
    else if (piped && app->outputs[i] != TO_CALLER) replace(i + 1, streams->sources[i].app_end);
  }
}

static void take_line_of_app(struct source *source, const char *line, size_t length) {
  outlet_add(source->number, source->of->prefix, source->of->prefix_length);
  outlet_add(source->number, line, length);
  outlet_add(source->number, "\n", 1);
}

/* What the runtime says of an app it cannot start is for the caller as well. */
static void tell_caller(const struct source *source, const char *output, size_t length) {
  if (!source->of->is_starting || (source->leads & TO_OUTLET) != 0) return;
  if (write(STDERR_FILENO, output, length) < 0) return;
}

static void hand_on(struct source *source, const char *output, size_t length) {
  tell_caller(source, output, length);
  if ((source->leads & TO_LOG) != 0) log_output(source, output, length);
  if ((source->leads & TO_JOURNAL) != 0) journal_output(source, output, length);
  if (source->endpoint != NULL) show_clients(source, output, length);
  if ((source->leads & TO_LINES) != 0) take_lines(source, output, length, take_line_of_app);
  if ((source->leads & TO_COPY) != 0) outlet_add(source->number, output, length);
  if ((source->leads & TO_OUTLET) != 0) outlet_flush(source->number);
}

static void close_source(struct source *source) {
  if (source->from >= 0) {
    unwatch(source->from);
    close(source->from);
  }
  if (source->app_end >= 0) close(source->app_end);
  source->from = source->app_end = -1;
}

/* A master of a terminal that nobody has open fails with EIO. */
static void source_ended(struct source *source) {
  struct keyboard *keyboard = source->of->keyboard;
  close_source(source);
  if (!source->of->app->tty || keyboard == NULL || keyboard->to < 0) return;
  unwatch(keyboard->to);
  close(keyboard->to);
  keyboard->to = -1;
  keyboard->start = keyboard->end = 0;
}

/*
 * While the caller is slow the app is not read. Once the caller does not read at all, the app is to learn it as if
 * it had written to the caller itself: its pipe breaks.
 */
static bool is_held_up(struct source *source) {
  if ((source->leads & TO_OUTLET) == 0 || source->from < 0) return false;
  if (outlet_is_closed(source->number)) {
    unwatch(source->from);
    close(source->from);
    source->from = -1;
    return true;
  }
  source->waits = outlet_is_full(source->number);
  if (source->waits) unwatch(source->from);
  return source->waits;
}

/* False: there is no more for now. */
static bool read_source(struct source *source) {
  if (source->from < 0 || is_held_up(source)) return false;
  ssize_t got = read(source->from, bytes, sizeof bytes);
  if (got > 0) hand_on(source, bytes, (size_t)got);
  else if (got == 0 || (errno != EAGAIN && errno != EINTR)) source_ended(source);
  return got > 0;
}

static void source_ready(void *context) {
  struct source *source = context;
  if (read_source(source)) is_held_up(source);
}

void resume_sources(void) {
  for (struct streams *streams = all; streams != NULL; streams = streams->next)
    for (int i = 0; i < 2; i++) {
      struct source *source = &streams->sources[i];
      if (!source->waits || is_held_up(source)) continue;
      watch(source->from, POLLIN, source_ready, source);
      if (source->run_ended) end_source(source);
    }
}

/* A process of the app runs; what it prints from now on is its own. */
void begin_output(struct app *app, pid_t pid) {
  struct streams *streams = app->streams;
  if (streams == NULL) return;
  streams->pid = pid;
  streams->is_starting = false;
  if (streams->prefix != NULL) set_prefix(streams, pid_in_pod(pid));
}

/* The terminal of this run of the app. */
bool take_terminal(struct app *app, int master) {
  struct streams *streams = app->streams;
  struct source *source = &streams->sources[0];
  int keyboard = streams->keyboard == NULL ? -1 : fcntl(master, F_DUPFD_CLOEXEC, 0); /* a descriptor has one watch */
  close_source(source);
  source->from = master;
  watch(master, POLLIN, source_ready, source);
  set_window_size(streams);
  if (streams->keyboard == NULL) return true;
  streams->keyboard->to = keyboard;
  feed_app(streams->keyboard);
  return keyboard >= 0;
}

/* No more than there was to begin with: who outlives the app may go on writing. */
static void read_what_is_there(struct source *source) {
  int left = 0;
  if (source->from < 0 || ioctl(source->from, FIONREAD, &left) < 0) return;
  while (left > 0 && read_source(source)) left -= LARGEST_READ;
}

/* The kernel takes its time to hand over what was written to a terminal. */
static void read_last_words(struct source *source) {
  struct pollfd polled = {.fd = source->from, .events = POLLIN};
  for (int i = 0; i < MOST_LAST_READS && source->from >= 0; i++)
    if (poll(&polled, 1, LAST_WORDS_MS) != 1 || !read_source(source)) return;
}

static void finish_lines(struct source *source) {
  if ((source->leads & TO_LOG) != 0) log_end_of_line(source);
  if ((source->leads & TO_JOURNAL) != 0) journal_end_of_line(source);
  if ((source->leads & TO_LINES) == 0) return;
  finish_line(source, take_line_of_app);
  outlet_flush(source->number);
}

static void end_source(struct source *source) {
  if (source->of->app->tty) read_last_words(source);
  else read_what_is_there(source);
  source->run_ended = source->waits;
  if (!source->waits) finish_lines(source);
}

/* A process of the app has ended, or the runtime has failed to start it. */
void end_output(struct app *app) {
  struct streams *streams = app->streams;
  if (streams == NULL) return;
  for (int i = 0; i < 2; i++) end_source(&streams->sources[i]);
  if (app->phase == MAIN) release_clients(streams);
}

static void free_streams(struct streams *streams) {
  for (int i = 0; i < 2; i++) {
    source_ended(&streams->sources[i]);
    free(streams->sources[i].line.bytes);
  }
  close_endpoints(streams);
  if (streams->keyboard != NULL && streams->keyboard->to >= 0) {
    unwatch(streams->keyboard->to);
    close(streams->keyboard->to);
    close(streams->keyboard->app_end);
  }
  close_log(&streams->log);
  free(streams->keyboard);
  free(streams->recent);
  free(streams->prefix);
  free(streams);
}

/* The app is not started any more. */
void close_streams(struct app *app) {
  struct streams **link = &all;
  if (app->streams == NULL) return;
  while (*link != app->streams) link = &(*link)->next;
  *link = app->streams->next;
  free_streams(app->streams);
  app->streams = NULL;
}

/* Every process of the pod has ended: what they wrote is still to be read. */
void end_streams(void) {
  for (struct streams *streams = all; streams != NULL; streams = streams->next) {
    for (int i = 0; i < 2; i++) end_source(&streams->sources[i]);
    release_clients(streams);
  }
}

void let_clients_go(void *context) {
  (void)context;
  for (struct streams *streams = all; streams != NULL; streams = streams->next) close_endpoints(streams);
}

void remove_streams(void) {
  while (all != NULL) close_streams(all->app);
}

bool streams_have_ended(void) {
  for (const struct streams *streams = all; streams != NULL; streams = streams->next)
    if (!clients_have_all(streams)) return false;
  return outlets_are_empty();
}
