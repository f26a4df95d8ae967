/* An app's output in the journal of systemd, a message a line: https://systemd.io/JOURNAL_NATIVE_PROTOCOL. */
#define _GNU_SOURCE
#include "streams.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* How long a journal that is busy may hold up the pod; after that its lines are lost until it is quick again. */
enum { PATIENCE_MS = 200, INFORMATION = 6, ERROR = 3 };

static int journal = -1;
static bool is_slow;
static long long lost;

static bool connect_journal(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (journal >= 0) return true;
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(address.sun_path, path);
  journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (journal >= 0 && connect(journal, (struct sockaddr *)&address, sizeof address) == 0) return true;
  int why = errno;
  if (journal >= 0) close(journal);
  journal = -1;
  errno = why;
  return false;
}

static bool send_once(const char *path, const struct msghdr *message) {
  if (!connect_journal(path)) return false;
  return sendmsg(journal, message, MSG_NOSIGNAL) >= 0;
}

static bool wait_for_journal(void) {
  struct pollfd polled = {.fd = journal, .events = POLLOUT};
  return !is_slow && poll(&polled, 1, PATIENCE_MS) == 1;
}

/* A journal that was started anew has a new socket. */
static bool try_to_send(const char *path, const struct msghdr *message) {
  if (send_once(path, message)) return true;
  if (errno == EAGAIN) return wait_for_journal() && send_once(path, message);
  if (journal < 0 || (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET)) return false;
  close(journal);
  journal = -1;
  return send_once(path, message);
}

/* The text of a message may hold any byte, so it goes with its length. */
static bool send_message(const struct source *source, const char *line, size_t length) {
  const struct app *app = source->of->app;
  char fields[1024];
  uint64_t size = htole64((uint64_t)length);
  int head = snprintf(fields, sizeof fields,
                      "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%d\nRKT_APP=%s\nRKT_POD=%s\nMESSAGE\n",
                      source->number == STDOUT_FILENO ? INFORMATION : ERROR, app->name, (int)source->of->pid, app->name, source->of->uuid);
  struct iovec parts[] = {
      {fields, (size_t)head}, {&size, sizeof size}, {(char *)(uintptr_t)line, length}, {(char *)"\n", 1}};
  const struct msghdr message = {.msg_iov = parts, .msg_iovlen = sizeof parts / sizeof parts[0]};
  return head < (int)sizeof fields && try_to_send(app->journal, &message);
}

static void tell_losses(const struct source *source) {
  char text[128];
  int length = snprintf(text, sizeof text, "rkt: %lld lines were not written here", lost);
  if (send_message(source, text, (size_t)length)) lost = 0;
}

static void take_message(struct source *source, const char *line, size_t length) {
  if (length == 0) return;
  if (lost > 0) tell_losses(source);
  is_slow = !send_message(source, line, length);
  if (!is_slow) return;
  if (lost == 0) report("cannot write to the journal", source->of->app->name);
  lost++;
}

void journal_output(struct source *source, const char *bytes, size_t length) {
  take_lines(source, bytes, length, take_message);
}

void journal_end_of_line(struct source *source) {
  finish_line(source, take_message);
}
