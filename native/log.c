/*
 * An app's output in a file, as Kubernetes has it: `TIME stdout|stderr F|P TEXT`, where P is a part of a line that
 * goes on. The app waits for the disk alone: what cannot be written is counted and told, in the file, later.
 */
#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  /* How long a file that was moved away by others is still written to. */
  LOOK_MS = 1000,
  TIME_LENGTH = 30, /* 2026-11-25T21:02:26.123456789Z */
};

static const char *const stream_names[] = {"stdout", "stderr"};

static char batch[2 * LARGEST_READ];
static size_t batched;

/* Names of one second are made once. */
static void write_time(char text[TIME_LENGTH + 1]) {
  static char second[sizeof "2026-11-25T21:02:26"];
  static time_t shown;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (time.tv_sec != shown) {
    struct tm parts;
    gmtime_r(&time.tv_sec, &parts);
    strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &parts);
    shown = time.tv_sec;
  }
  snprintf(text, TIME_LENGTH + 1, "%s.%09ldZ", second, time.tv_nsec);
}

static long long count_lines(const char *bytes, size_t length) {
  long long lines = 0;
  for (const char *end; (end = memchr(bytes, '\n', length)) != NULL;) {
    if (bytes[TIME_LENGTH + sizeof " stdout " - 1] == 'F') lines++;
    length -= (size_t)(end + 1 - bytes);
    bytes = end + 1;
  }
  return lines;
}

static void lose(struct log *log, long long lines) {
  if (log->lost == 0) report("cannot write the log", log->path);
  log->lost += lines;
  log->why = errno;
}

/* Not through a link, and not into something that could make us wait. */
static bool open_log(struct log *log) {
  struct stat status;
  log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
  if (log->fd < 0) return false;
  log->looked = now();
  if (fstat(log->fd, &status) == 0 && S_ISREG(status.st_mode)) {
    log->size = status.st_size;
    return true;
  }
  close_log(log);
  errno = EINVAL;
  return false;
}

void close_log(struct log *log) {
  if (log->fd >= 0) close(log->fd);
  log->fd = -1;
}

/* Who rotates logs moves the file away and expects a new one. */
static void look_for_moved_file(struct log *log) {
  struct stat own;
  struct stat named;
  if (log->fd < 0 || now() - log->looked < LOOK_MS) return;
  log->looked = now();
  if (fstat(log->fd, &own) < 0) return;
  log->size = own.st_size;
  if (lstat(log->path, &named) == 0 && named.st_dev == own.st_dev && named.st_ino == own.st_ino) return;
  close_log(log);
}

/* Others may have changed the file meanwhile, but what we wrote last is at its end. */
static void cut_off(struct log *log, off_t length) {
  struct stat status;
  if (fstat(log->fd, &status) < 0 || status.st_size < length || ftruncate(log->fd, status.st_size - length) < 0)
    return close_log(log);
  log->size = status.st_size - length;
}

/* Whole lines stay: what a full disk took of the next is cut off again. */
static void write_batch(struct log *log) {
  size_t length = batched;
  batched = 0;
  if (length == 0) return;
  if (log->fd < 0 && !open_log(log)) return lose(log, count_lines(batch, length));
  size_t written = 0;
  ssize_t got = 0;
  while (written < length && ((got = write(log->fd, batch + written, length - written)) > 0 || errno == EINTR))
    if (got > 0) written += (size_t)got;
  if (written == length) {
    log->size += (long long)length;
    return;
  }
  int why = errno;
  const char *end = memrchr(batch, '\n', written);
  size_t whole = end == NULL ? 0 : (size_t)(end + 1 - batch);
  cut_off(log, (off_t)(written - whole));
  errno = why;
  lose(log, count_lines(batch + whole, length - whole));
}

/* A name that is too long for its number keeps the log as it is. */
static bool number_name(char name[PATH_MAX], const char *path, long long number) {
  if (number == 0) return snprintf(name, PATH_MAX, "%s", path) < PATH_MAX;
  return snprintf(name, PATH_MAX, "%s.%lld", path, number) < PATH_MAX;
}

static void rotate(struct log *log) {
  char from[PATH_MAX];
  char to[PATH_MAX];
  if (log->files < 2) unlink(log->path);
  for (long long number = log->files - 1; number > 0; number--)
    if (number_name(from, log->path, number - 1) && number_name(to, log->path, number)) rename(from, to);
  close_log(log);
  log->size = 0;
}

static void add_record(struct log *log, const char *head, size_t head_length, const char *text, size_t length) {
  size_t whole = head_length + length + 1;
  if (batched + whole > sizeof batch) write_batch(log);
  if (log->largest > 0 && log->size + (long long)(batched + whole) > log->largest) {
    write_batch(log);
    if (log->size > 0) rotate(log);
  }
  memcpy(batch + batched, head, head_length);
  memcpy(batch + batched + head_length, text, length);
  batched += whole;
  batch[batched - 1] = '\n';
}

static void tell_losses(struct log *log, const char *time) {
  char head[TIME_LENGTH + 16];
  char text[256];
  if (log->lost == 0) return;
  int head_length = snprintf(head, sizeof head, "%s stderr F ", time);
  int length = snprintf(text, sizeof text, "rkt: %lld lines were not written here: %s", log->lost, strerror(log->why));
  long long lost = log->lost;
  log->lost = 0;
  add_record(log, head, (size_t)head_length, text, (size_t)length);
  write_batch(log);
  if (log->lost > 0) log->lost = lost;
}

/* `length` is LARGEST_READ at most. */
void log_output(struct source *source, const char *bytes, size_t length) {
  struct log *log = &source->of->log;
  char head[TIME_LENGTH + 16];
  write_time(head);
  look_for_moved_file(log);
  tell_losses(log, head);
  size_t head_length = TIME_LENGTH + (size_t)sprintf(head + TIME_LENGTH, " %s F ", stream_names[source->number - 1]);
  while (length > 0) {
    const char *end = memchr(bytes, '\n', length);
    size_t text = end == NULL ? length : (size_t)(end - bytes);
    head[head_length - 2] = end == NULL ? 'P' : 'F';
    add_record(log, head, head_length, bytes, text);
    source->in_line = end == NULL;
    if (end == NULL) break;
    bytes += text + 1;
    length -= text + 1;
  }
  write_batch(log);
}

void log_end_of_line(struct source *source) {
  if (source->in_line) log_output(source, "\n", 1);
}
