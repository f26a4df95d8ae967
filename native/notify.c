/*
 * Readiness, by the words of sd_notify(3): what the service manager that started us is told, and what apps that speak
 * to one tell us. An app's socket is ours; of all it may say, that it is ready is heard.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATUS_LENGTH = 384, MESSAGE_LENGTH = 4096 };

static const char socket_name[] = "notify.sock";

/* "@" stands for the NUL of an abstract name, which has no NUL at its end. 0: too long. */
static socklen_t manager_address(struct sockaddr_un *address, const char *path) {
  size_t length = strlen(path);
  if (length >= sizeof address->sun_path) return 0;
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  if (path[0] == '@') address->sun_path[0] = '\0';
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* A manager that does not read holds us up for a second at most. */
static bool send_to_manager(const char *path, const char *text) {
  struct sockaddr_un address = {0};
  const struct timeval patience = {.tv_sec = 1};
  socklen_t length = manager_address(&address, path);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  bool sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, length) >= 0;
  int why = errno;
  close(fd);
  errno = why;
  return sent;
}

static void tell(const struct pod *pod, const char *text) {
  const char *path = pod->options.notify_socket;
  if (path != NULL && !send_to_manager(path, text)) report("cannot notify", path);
}

void tell_ready(const struct pod *pod) {
  tell(pod, "READY=1\n");
}

void tell_stopping(const struct pod *pod) {
  tell(pod, "STOPPING=1\nSTATUS=stopping\n");
}

static const struct app *find(const struct pod *pod, bool (*is)(const struct app *)) {
  const struct app *app = pod->options.apps;
  while (app != NULL && !is(app)) app = app->next;
  return app;
}

static bool is_between_runs(const struct app *app) {
  return app->restart.waiting;
}

static bool is_awaited(const struct app *app) {
  return !is_ready(app);
}

static void describe(const struct pod *pod, char text[STATUS_LENGTH]) {
  const struct app *app;
  if ((app = find(pod, is_between_runs)) != NULL)
    snprintf(text, STATUS_LENGTH, "STATUS=app %s has ended and will start again\n", app->name);
  else if ((app = find(pod, is_unhealthy)) != NULL)
    snprintf(text, STATUS_LENGTH, "STATUS=app %s is unhealthy\n", app->name);
  else if ((app = find(pod, is_awaited)) != NULL)
    snprintf(text, STATUS_LENGTH, "STATUS=waiting until app %s is ready\n", app->name);
  else
    snprintf(text, STATUS_LENGTH, "STATUS=running\n");
}

/* Says how the pod is, if that has changed. */
void tell_state(const struct pod *pod) {
  static char told[STATUS_LENGTH];
  char text[STATUS_LENGTH];
  if (pod->options.notify_socket == NULL || pod->stopping) return;
  describe(pod, text);
  if (strcmp(text, told) == 0) return;
  memcpy(told, text, STATUS_LENGTH);
  tell(pod, text);
}

static void feed_watchdog(void *context) {
  struct pod *pod = context;
  tell(pod, "WATCHDOG=1\n");
  set_timer(&pod->watchdog, pod->options.watchdog_ms / 2);
}

void start_watchdog(struct pod *pod) {
  if (pod->options.watchdog_ms == 0) return;
  pod->watchdog = (struct timer){.fire = feed_watchdog, .context = pod};
  feed_watchdog(pod);
}

static bool says_ready(const char *message) {
  static const char ready[] = "READY=1";
  for (const char *line = message; line != NULL; line = strchr(line, '\n')) {
    line += *line == '\n';
    size_t length = strcspn(line, "\n");
    if (length == sizeof ready - 1 && memcmp(line, ready, length) == 0) return true;
  }
  return false;
}

/* Descriptors that come with a message are closed by the kernel, since no room is offered for them. */
static void hear(void *context) {
  struct app *app = context;
  char message[MESSAGE_LENGTH];
  ssize_t got = recv(app->notify_fd, message, sizeof message - 1, MSG_DONTWAIT);
  if (got < 0) return;
  message[got] = '\0';
  if (says_ready(message)) app->notified = true;
}

/* Through the directory's descriptor: a socket's path is at most 107 bytes. Any user of the app may speak. */
static int listen_in(int bundle, const struct options *options) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", bundle, socket_name);
  unlinkat(bundle, socket_name, 0);
  int fd = labelled_socket(options);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && fchmodat(bundle, socket_name, 0666, 0) == 0 && label_file(options, address.sun_path)) return fd;
  close(fd);
  return -1;
}

/* Before the app is started, which has the socket among its mounts; it stays the same in all runs. */
void listen_to_app(struct app *app) {
  if (!app->notifies) return;
  int bundle = open(app->bundles[MAIN], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int fd = bundle < 0 ? -1 : listen_in(bundle, &app->pod->options);
  if (fd < 0) report("cannot listen to", app->name);
  if (bundle >= 0) close(bundle);
  if (fd < 0) return;
  app->notify_fd = fd;
  watch(fd, POLLIN, hear, app);
}

void stop_listening_to_app(struct app *app) {
  if (app->notify_fd == 0) return;
  unwatch(app->notify_fd);
  close(app->notify_fd);
  app->notify_fd = 0;
}
