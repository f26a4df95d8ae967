/* The files others watch: each appears whole, by rename. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int open_directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("cannot open", path);
  return fd;
}

/* Paths are of the pod's directory, and a page of the stack for them would stay with every pod. */
enum { PATH_ROOM = 1024 };

static void temporary_name(char name[PATH_ROOM], const char *path) {
  if (snprintf(name, PATH_ROOM, "%s.new", path) >= PATH_ROOM) {
    errno = ENAMETOOLONG;
    fail("cannot write", path);
  }
}

static bool write_text(int directory, const char *name, const char *text) {
  ssize_t length = (ssize_t)strlen(text);
  int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  bool whole = write(fd, text, (size_t)length) == length;
  return close(fd) == 0 && whole;
}

static bool write_number(int directory, const char *name, int number) {
  char text[16];
  snprintf(text, sizeof text, "%d\n", number);
  return write_text(directory, name, text);
}

void write_pid_file(const char *path, pid_t pid) {
  char temporary[PATH_ROOM];
  temporary_name(temporary, path);
  if (!write_number(AT_FDCWD, temporary, (int)pid) || rename(temporary, path) < 0) fail("cannot write", path);
}

/* A pod whose disk is full still has to be waited for: not fatal. The dot keeps the name out of the apps' way. */
void write_status(int directory, const char *app, int code) {
  char temporary[NAME_MAX + 1];
  snprintf(temporary, sizeof temporary, ".%s", app);
  if (!write_number(directory, temporary, code) || renameat(directory, temporary, directory, app) < 0)
    report("cannot write the status of", app);
}

/* Beside the status, hidden: names of apps have no dot. */
void write_oom_kills(int directory, const char *app, int killed) {
  char name[NAME_MAX + 1];
  snprintf(name, sizeof name, ".%s.oom", app);
  if (!write_number(directory, name, killed)) report("cannot write the end of", app);
}

/* What is known of an app besides its status, `.APP.KIND`: no app's name has a dot. */
static void write_about(int directory, const char *app, const char *kind, const char *text) {
  char name[NAME_MAX + 1];
  char temporary[NAME_MAX + 1];
  snprintf(name, sizeof name, ".%s.%s", app, kind);
  snprintf(temporary, sizeof temporary, ".%s.%s.new", app, kind);
  if (!write_text(directory, temporary, text) || renameat(directory, temporary, directory, name) < 0)
    report("cannot write what is known of", app);
}

void write_restarts(int directory, const char *app, int count, int code, bool waiting) {
  char text[64];
  snprintf(text, sizeof text, "%d %d %s\n", count, code, waiting ? "waiting" : "running");
  write_about(directory, app, "restarts", text);
}

/* Instead of how the last run ended there is when this one began. */
void mark_started(int directory, const char *app) {
  static const char *const kinds[] = {"oom", "restarts", "health"};
  char name[NAME_MAX + 1];
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    snprintf(name, sizeof name, ".%s.%s", app, kinds[i]);
    unlinkat(directory, name, 0);
  }
  unlinkat(directory, app, 0);
  snprintf(name, sizeof name, "%s-started", app);
  int fd = openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0 || futimens(fd, NULL) < 0) report("cannot write the start of", app);
  if (fd >= 0) close(fd);
}

/* How many of the first few hundred were killed. */
static size_t kill_listed(const char *path) {
  char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  size_t killed = 0;
  if (length <= 0) return 0;
  text[length] = '\0';
  for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    long pid = strtol(line, NULL, 10);
    /* 0 is a process that our pid namespace has no number for. */
    if (pid > 1 && pid <= INT_MAX && kill((pid_t)pid, SIGKILL) == 0) killed++;
  }
  return killed;
}

/* Again and again, as a process that is killed may just have made another. */
void kill_processes(const char *path) {
  enum { TRIES = 64 };
  for (int i = 0; i < TRIES && kill_listed(path) > 0; i++) {}
}

void write_health(int directory, const char *app, const char *state, int failures, const char *line) {
  char text[256];
  snprintf(text, sizeof text, "%s %d\n%s\n", state, failures, line);
  write_about(directory, app, "health", text);
}

/* memory.oom_control of cgroup v1 and memory.events of v2 both have the line "oom_kill N". */
int read_oom_kills(const char *path) {
  static const char key[] = "\noom_kill ";
  char text[512] = "\n";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text + 1, sizeof text - 2);
  close(fd);
  const char *line = length > 0 ? strstr(text, key) : NULL;
  return line == NULL ? 0 : atoi(line + sizeof key - 1);
}

void write_state_link(const char *path, const char *state) {
  char temporary[PATH_ROOM];
  temporary_name(temporary, path);
  unlink(temporary);
  if (symlink(state, temporary) < 0 || rename(temporary, path) < 0) fail("cannot link", path);
}

/* The number by which a process is known in the innermost of its namespaces. */
pid_t pid_in_pod(pid_t pid) {
  static const char key[] = "\nNSpid:";
  char path[32];
  char text[1024] = {0};
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return pid;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  char *line = length > 0 ? strstr(text, key) : NULL;
  if (line == NULL) return pid;
  line += sizeof key - 1;
  line[strcspn(line, "\n")] = '\0';
  const char *last = strrchr(line, '\t');
  long inner = last == NULL ? 0 : strtol(last + 1, NULL, 10);
  return inner > 0 ? (pid_t)inner : pid;
}

/* 0: there is none. */
pid_t read_pid(int directory, const char *name) {
  char text[16] = {0};
  int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  long pid = length > 0 ? strtol(text, NULL, 10) : 0;
  return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}
