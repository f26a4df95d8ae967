/*
 * Apps that come and go while the pod runs. Whoever may connect to a socket in the pod's directory says so in words,
 * each ended by a NUL, shuts its side down, and reads one line.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_LIMIT = 64 * 1024, WORD_LIMIT = 256, CONNECTION_LIMIT = 16 };

/* What the answer waits for. */
enum wish { NOTHING, THAT_IT_RUNS, THAT_IT_HAS_ENDED };

struct connection {
  struct connection *next;
  struct pod *pod;
  int fd;
  char *text;
  size_t length;
  bool overlong; /* what comes is thrown away */
  const struct app *app;
  enum wish wish;
};

static int listener = -1;
static struct connection *connections;
static size_t connection_count;

static void accept_connection(void *context);

/* Takes the connection apart. Should the other side have gone, nobody is told. */
static void answer(struct connection *connection, const char *line) {
  char text[256];
  int length = snprintf(text, sizeof text, "%s\n", line);
  if (length >= (int)sizeof text) text[(length = sizeof text) - 1] = '\n';
  (void)send(connection->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
  struct connection **link = &connections;
  while (*link != connection) link = &(*link)->next;
  *link = connection->next;
  unwatch(connection->fd);
  close(connection->fd);
  if (connection_count-- == CONNECTION_LIMIT) watch(listener, POLLIN, accept_connection, connection->pod);
  free(connection->text);
  free(connection);
}

static void answer_wrong(struct connection *connection, const char *word, const char *wrong) {
  char line[200];
  snprintf(line, sizeof line, "bad %.*s: %s", (int)strcspn(word, "="), word, wrong);
  answer(connection, line);
}

static void hung_up(void *context) {
  answer(context, "");
}

static void wait_for_app(struct connection *connection, const struct app *app, enum wish wish) {
  connection->app = app;
  connection->wish = wish;
  /* Of no events a descriptor still tells that the other side has gone. */
  watch(connection->fd, 0, hung_up, connection);
}

static const char *answer_to(const struct connection *connection, const struct app *app) {
  if (!app->live) return connection->wish == THAT_IT_RUNS ? "failed" : "ok";
  return connection->wish == THAT_IT_RUNS && app->started ? "ok" : NULL;
}

/* To be called when an app has begun its own phase, and when it has left. */
void tell_control(const struct app *app) {
  for (struct connection *connection = connections, *next; connection != NULL; connection = next) {
    next = connection->next;
    const char *line = connection->app == app ? answer_to(connection, app) : NULL;
    if (line != NULL) answer(connection, line);
  }
}

/* NULL, or what is wrong, with the word it is wrong with. */
static const char *parse_words(struct app **app, char **words, const char **bad) {
  if (words[0] == NULL) return "expected --app=NAME";
  *bad = words[0];
  if (!has_name(words[0], "--app") || strchr(words[0], '=') == NULL) return "expected --app=NAME";
  const char *wrong = make_app(app, strchr(words[0], '=') + 1);
  for (char **word = words + 1; wrong == NULL && *word != NULL; word++) {
    *bad = *word;
    wrong = is_app_word(*word) ? parse_app_word(*app, *word) : "unknown, or without its =VALUE";
  }
  if (wrong != NULL) return wrong;
  *bad = (*app)->name;
  return (*app)->tty && !has_own_terminal(*app) ? "the terminal is not for an app that comes later" : check_app(*app);
}

static struct app *find_app(const struct pod *pod, const char *name) {
  struct app *app = pod->options.apps;
  while (app != NULL && strcmp(app->name, name) != 0) app = app->next;
  return app;
}

static void admit(struct connection *connection, struct app *app) {
  app->words = connection->text;
  connection->text = NULL;
  join_app(connection->pod, app);
  wait_for_app(connection, app, THAT_IT_RUNS);
  tell_control(app);
}

/* An app that has ended gives its place to one of its name, and what the runtime still has of it. */
static void replace_app(struct pod *pod, struct app *earlier, struct app *app) {
  memcpy(app->made, earlier->made, sizeof app->made);
  remove_app(pod, earlier);
}

static void start(struct connection *connection, char **words) {
  struct pod *pod = connection->pod;
  struct app *app = NULL;
  const char *bad = "start";
  const char *wrong = parse_words(&app, words, &bad);
  struct app *earlier = app == NULL ? NULL : find_app(pod, app->name);
  if (wrong != NULL) answer_wrong(connection, bad, wrong);
  else if (pod->stopping) answer(connection, "ending");
  else if (earlier != NULL && earlier->live) answer(connection, "running");
  else {
    if (earlier != NULL) replace_app(pod, earlier, app);
    return admit(connection, app);
  }
  free_app(app);
}

static void stop(struct connection *connection, char **words) {
  struct app *app = words[0] == NULL ? NULL : find_app(connection->pod, words[0]);
  if (app == NULL) return answer(connection, "absent");
  if (!app->live) return answer(connection, "ok");
  stop_app(app);
  if (!app->live) return answer(connection, "ok");
  wait_for_app(connection, app, THAT_IT_HAS_ENDED);
}

static void forget(struct connection *connection, char **words) {
  struct app *app = words[0] == NULL ? NULL : find_app(connection->pod, words[0]);
  if (app == NULL) return answer(connection, "absent");
  if (app->live) return answer(connection, "running");
  remove_app(connection->pod, app);
  answer(connection, "ok");
}

static const struct {
  const char *name;
  void (*obey)(struct connection *connection, char **words);
} verbs[] = {{"start", start}, {"stop", stop}, {"forget", forget}};

/* False: it does not end as a word does, or there are too many. */
static bool split(struct connection *connection, char *words[WORD_LIMIT]) {
  char *end = connection->text + connection->length;
  size_t count = 0;
  if (connection->length == 0 || end[-1] != '\0') return false;
  for (char *word = connection->text; word < end; word += strlen(word) + 1) {
    if (count == WORD_LIMIT - 1) return false;
    words[count++] = word;
  }
  words[count] = NULL;
  return true;
}

static void obey(struct connection *connection) {
  char *words[WORD_LIMIT];
  unwatch(connection->fd);
  if (connection->overlong) return answer(connection, "bad message: it is too long");
  if (!split(connection, words)) return answer(connection, "bad message");
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
    if (strcmp(words[0], verbs[i].name) == 0) return verbs[i].obey(connection, words + 1);
  answer(connection, "bad verb");
}

static void read_message(void *context) {
  struct connection *connection = context;
  char *text = realloc(connection->text, connection->length + BUFSIZ);
  if (text == NULL) return answer(connection, "bad message: no memory is left");
  connection->text = text;
  ssize_t got = recv(connection->fd, text + connection->length, BUFSIZ, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? (void)0 : hung_up(connection);
  if (got == 0) return obey(connection);
  connection->overlong |= connection->length + (size_t)got > MESSAGE_LIMIT;
  connection->length = connection->overlong ? 0 : connection->length + (size_t)got;
}

/* Of more than a few at a time the others wait in the backlog, so that descriptors do not run out. */
static void accept_connection(void *context) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) {
    close(fd);
    return;
  }
  *connection = (struct connection){.next = connections, .pod = context, .fd = fd};
  connections = connection;
  if (++connection_count == CONNECTION_LIMIT) unwatch(listener);
  watch(fd, POLLIN, read_message, connection);
}

/* Only who is as the supervisor may connect: the apps do not see the socket, and nobody else has the right. */
void open_control(struct pod *pod) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = pod->options.control;
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    fail("cannot listen on", path);
  }
  strcpy(address.sun_path, path);
  mode_t others = umask(0177);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, SOMAXCONN) < 0)
    fail("cannot listen on", path);
  umask(others);
  watch(listener, POLLIN, accept_connection, pod);
}
