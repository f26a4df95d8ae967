/* Where clients connect: a socket for each stream, `sock-NAME` in the app's directory. */
#define _GNU_SOURCE
#include "clients.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Through the directory's descriptor: a socket's path is at most 107 bytes. For root alone. It has its name when one
 * can connect to it.
 */
static int listen_at(int directory, const char *name) {
  static const char unfinished[] = "sock-new";
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, unfinished);
  unlinkat(directory, unfinished, 0);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  mode_t before = umask(0177);
  bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, MOST_CLIENTS) == 0;
  umask(before);
  if (bound && renameat(directory, unfinished, directory, name) == 0) return fd;
  close(fd);
  return -1;
}

static struct endpoint *open_endpoint(struct streams *streams, int directory, enum endpoint_kind kind, const char *name) {
  struct endpoint *endpoint = calloc(1, sizeof *endpoint);
  int listener = endpoint == NULL ? -1 : listen_at(directory, name);
  if (listener < 0) {
    free(endpoint);
    return NULL;
  }
  *endpoint = (struct endpoint){.next = streams->endpoints, .of = streams, .name = name, .kind = kind, .listener = listener};
  streams->endpoints = endpoint;
  watch(listener, POLLIN, accept_client, endpoint);
  return endpoint;
}

static bool open_terminal(struct streams *streams, int directory) {
  struct source *source = &streams->sources[0];
  streams->recent = calloc(1, sizeof *streams->recent);
  source->endpoint = open_endpoint(streams, directory, TERMINAL, "sock-tty");
  return streams->recent != NULL && source->endpoint != NULL &&
         open_endpoint(streams, directory, WINDOW_SIZE, "sock-tty-size") != NULL;
}

static bool open_streams_of(struct streams *streams, int directory) {
  static const char *const names[] = {"sock-stdout", "sock-stderr"};
  for (int i = 0; i < 2; i++) {
    struct source *source = &streams->sources[i];
    if ((source->leads & TO_CLIENTS) == 0) continue;
    source->endpoint = open_endpoint(streams, directory, OUTPUT, names[i]);
    if (source->endpoint == NULL) return false;
  }
  return streams->keyboard == NULL || open_endpoint(streams, directory, INPUT, "sock-stdin") != NULL;
}

bool open_endpoints(struct streams *streams) {
  int directory = open(streams->app->attach_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  bool opened = streams->app->tty ? open_terminal(streams, directory) : open_streams_of(streams, directory);
  int why = errno;
  close(directory);
  errno = why;
  return opened;
}

void close_endpoints(struct streams *streams) {
  int directory = streams->endpoints == NULL ? -1 : open(streams->app->attach_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (struct endpoint *endpoint = streams->endpoints, *next; endpoint != NULL; endpoint = next) {
    next = endpoint->next;
    while (endpoint->clients != NULL) remove_client(endpoint->clients);
    unwatch(endpoint->listener);
    close(endpoint->listener);
    if (directory >= 0) unlinkat(directory, endpoint->name, 0);
    free(endpoint);
  }
  streams->endpoints = NULL;
  for (int i = 0; i < 2; i++) streams->sources[i].endpoint = NULL;
  if (directory >= 0) close(directory);
}
