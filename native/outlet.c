/*
 * The caller's standard output and error, for whole lines of several apps. What the caller does not take at once
 * is kept, and meanwhile no app is read: apps wait for a slow reader as they would without us.
 */
#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT_ROOM = 65536 };

struct outlet {
  int fd; /* 0: not open; -1: nobody reads any more */
  bool is_socket;
  bool may_block; /* then no more than PIPE_BUF at a time, when poll(2) says so */
  bool watched;
  char *bytes;
  size_t start, end, room;
};

static struct outlet outlets[2];
static bool same; /* both descriptors lead to one place, where lines must not mix */

static struct outlet *outlet_of(int descriptor) {
  return &outlets[same ? 0 : descriptor - STDOUT_FILENO];
}

/*
 * Flags are the caller's, who may not expect O_NONBLOCK. A pipe and a terminal are opened anew to have it; a
 * socket has a flag for each call; a regular file has its offset in the description, and does not block.
 */
static void open_outlet(struct outlet *outlet, int descriptor) {
  struct stat status;
  outlet->fd = descriptor;
  if (fstat(descriptor, &status) < 0) return;
  outlet->is_socket = S_ISSOCK(status.st_mode);
  if (!S_ISFIFO(status.st_mode) && !isatty(descriptor)) return;
  const char *path = descriptor == STDOUT_FILENO ? "/proc/self/fd/1" : "/proc/self/fd/2";
  int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  outlet->may_block = fd < 0;
  if (fd >= 0) outlet->fd = fd;
}

static bool are_same(void) {
  struct stat out;
  struct stat error;
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &error) == 0 && out.st_dev == error.st_dev &&
         out.st_ino == error.st_ino;
}

void open_outlets(void) {
  if (outlets[0].fd != 0) return;
  same = are_same();
  open_outlet(&outlets[0], STDOUT_FILENO);
  open_outlet(&outlets[1], STDERR_FILENO);
}

bool outlet_is_full(int descriptor) {
  const struct outlet *outlet = outlet_of(descriptor);
  return outlet->start < outlet->end;
}

bool outlet_is_closed(int descriptor) {
  return outlet_of(descriptor)->fd < 0;
}

static void make_room(struct outlet *outlet, size_t length) {
  if (outlet->room - outlet->end >= length) return;
  size_t room = outlet->room == 0 ? 4096 : outlet->room;
  while (room - outlet->end < length) room *= 2;
  outlet->bytes = realloc(outlet->bytes, room);
  if (outlet->bytes == NULL) fail("cannot keep", "the output of the apps");
  outlet->room = room;
}

void outlet_add(int descriptor, const char *bytes, size_t length) {
  struct outlet *outlet = outlet_of(descriptor);
  if (length == 0) return;
  make_room(outlet, length);
  memcpy(outlet->bytes + outlet->end, bytes, length);
  outlet->end += length;
}

static void empty(struct outlet *outlet) {
  outlet->start = outlet->end = 0;
  if (outlet->room <= KEPT_ROOM) return;
  free(outlet->bytes);
  outlet->bytes = NULL;
  outlet->room = 0;
}

/* EAGAIN where nothing can be taken at once. */
static ssize_t put(const struct outlet *outlet, const char *bytes, size_t length) {
  if (outlet->is_socket) return send(outlet->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (!outlet->may_block) return write(outlet->fd, bytes, length);
  struct pollfd polled = {.fd = outlet->fd, .events = POLLOUT};
  if (poll(&polled, 1, 0) == 1) return write(outlet->fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
  errno = EAGAIN;
  return -1;
}

static void stop_watching(struct outlet *outlet) {
  if (outlet->watched) unwatch(outlet->fd);
  outlet->watched = false;
}

static void outlet_ready(void *context);

static void await(struct outlet *outlet) {
  if (!outlet->watched) watch(outlet->fd, POLLOUT, outlet_ready, outlet);
  outlet->watched = true;
}

static void give_up(struct outlet *outlet) {
  stop_watching(outlet);
  empty(outlet);
  outlet->fd = -1;
}

static void flush(struct outlet *outlet) {
  while (outlet->start < outlet->end) {
    ssize_t sent = put(outlet, outlet->bytes + outlet->start, outlet->end - outlet->start);
    if (sent > 0) outlet->start += (size_t)sent;
    else if (sent < 0 && errno == EAGAIN) return await(outlet);
    else if (sent < 0 && errno != EINTR) return give_up(outlet);
  }
  stop_watching(outlet);
  empty(outlet);
}

static void outlet_ready(void *context) {
  struct outlet *outlet = context;
  flush(outlet);
  if (!outlet->watched) resume_sources();
}

/* Where it is awaited anyway, those who wait for that too are to be told. */
void outlet_flush(int descriptor) {
  struct outlet *outlet = outlet_of(descriptor);
  if (!outlet->watched) flush(outlet);
}

bool outlets_are_empty(void) {
  return !outlets[0].watched && !outlets[1].watched;
}

/* What we have to say goes behind the lines that wait. False: there is no outlet, or nothing waits. */
bool say_in_turn(const char *text, size_t length) {
  struct outlet *outlet = outlet_of(STDERR_FILENO);
  if (!outlet->watched) return false;
  if (outlet->end - outlet->start < KEPT_ROOM) outlet_add(STDERR_FILENO, text, length);
  return true;
}
