/* Becoming the OCI runtime. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* A mount of the file alone, read-only and in no namespace. -1: the kernel cannot make one, or we may not. */
static int open_read_only(const char *path) {
  enum { CLONE_TREE = 1, ATTRIBUTE_READ_ONLY = 1 };
  const struct {
    uint64_t set, clear, propagation, userns_fd;
  } attributes = {.set = ATTRIBUTE_READ_ONLY};
  int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, CLONE_TREE | O_CLOEXEC);
  if (fd < 0) return -1;
  if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0) return fd;
  close(fd);
  return -1;
}

/*
 * A process of the pod that gets hold of the runtime, as /proc/PID/exe of a runtime that enters the pod, must not be able
 * to write to it. crun makes such a mount by itself if it was not started from one, and then starts a second time.
 */
static void execute_sealed(const struct options *options, char *const argv[]) {
  int fd = open_read_only(options->runtime);
  if (fd < 0) return;
  if (setenv(options->sealed_variable, "1", 1) == 0) (void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
  unsetenv(options->sealed_variable);
  close(fd);
}

static void execute(const struct options *options, const char *log, const char *const words[]) {
  const char *argv[RUNTIME_ARG_LIMIT + RUNTIME_WORD_LIMIT];
  const char **next = argv;
  *next++ = options->runtime;
  for (size_t i = 0; i < options->runtime_arg_count; i++) *next++ = options->runtime_args[i];
  if (log != NULL) {
    *next++ = "--log";
    *next++ = log;
  }
  while ((*next++ = *words++) != NULL) {}
  if (options->sealed_variable != NULL) execute_sealed(options, (char *const *)(void *)argv);
  execv(options->runtime, (char *const *)(void *)argv);
}

/*
 * Becomes the runtime, which is asked by words that end with NULL. In a process group of its own: a ^C at the terminal is
 * ours to handle and must not hit a half-done start.
 *
 * It ends with us: a pod without a supervisor may be collected, and must not get a cgroup after that.
 */
_Noreturn void execute_runtime(const struct options *options, const char *log, pid_t supervisor, const char *const words[]) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("cannot follow", "the supervisor");
  if (getppid() != supervisor) _exit(EXIT_OWN_FAILURE);
  setpgid(0, 0);
  reset_signals();
  execute(options, log, words);
  fail("cannot execute", options->runtime);
}
