/*
 * The pod's init: pid 1 of the pod's namespaces, so no app is. It runs nothing and keeps two descriptors:
 * the pod's lock, and the lifeline, whose other end only the supervisor holds.
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LAST_KILL_TRIES = 1000, LAST_KILL_PAUSE_NS = 1000000 };

static bool read_byte(int fd) {
  char byte;
  ssize_t got;
  do got = read(fd, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

static void write_byte(int fd) {
  while (write(fd, "", 1) < 0 && errno == EINTR) {}
}

/* Everything is blocked but what cannot be; children that end are reaped by the kernel. */
static void silence_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  struct sigaction ignore = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
  sigaction(SIGCHLD, &ignore, NULL);
}

/*
 * The supervisor was killed. Were init simply to end, the kernel would close its descriptors, the lock among
 * them, before it kills the other processes of the namespace; so they go first and the lock falls last.
 * Given up after a second: dead processes that their parent outside is slow to reap count as well.
 */
static _Noreturn void end_namespace(void) {
  const struct timespec pause = {.tv_nsec = LAST_KILL_PAUSE_NS};
  for (int i = 0; i < LAST_KILL_TRIES && kill(-1, SIGKILL) == 0; i++) nanosleep(&pause, NULL);
  _exit(0);
}

/* What /proc/1/net shows is seen by every app. Entering takes the caller's privileges, so it comes before any is given up. */
static void join_network(const struct options *options) {
  if (options->join_net == NULL) return;
  int fd = open(options->join_net, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail("cannot enter", options->join_net);
  close(fd);
}

static void become_init(const struct options *options, char **argv) {
  silence_signals();
  setsid();
  if (options->userns_fd < 0) join_network(options);
  if (sethostname(options->hostname, strlen(options->hostname)) < 0) fail("cannot set hostname", options->hostname);
  if ((options->unshare & CLONE_NEWNET) != 0) bring_loopback_up();
  enter_empty_root(options->init_root);
  if (options->userns_fd >= 0) become_root();
  prctl(PR_SET_NAME, "rkt-init", 0UL, 0UL, 0UL);
  set_title(argv, "rkt-init");
  drop_privileges();
}

static _Noreturn void run_init(const struct options *options, char **argv, int lifeline, int ready) {
  if (!read_byte(lifeline)) _exit(0);
  int lock_fd = options->lock_fd;
  become_init(options, argv);
  write_byte(ready);
  close_all_but(lifeline, lock_fd);
  read_byte(lifeline);
  end_namespace();
}

/* Kept open in the supervisor: the runtime finds them as /proc/SUPERVISOR/fd/N, known before init exists. */
static void hold_namespace(pid_t init, const char *name, int number) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)init, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("cannot open", path);
  if (fd == number) return;
  if (dup3(fd, number, O_CLOEXEC) < 0) fail("cannot keep open", path);
  close(fd);
}

static void hold_namespaces(const struct options *options, pid_t init) {
  for (int kind = 0; kind < NAMESPACE_KINDS; kind++)
    if (options->ns_fds[kind] >= 0) hold_namespace(init, namespace_kinds[kind].name, options->ns_fds[kind]);
}

/* A fork with namespaces: no stack is given, so the child goes on in a copy of ours. */
static pid_t clone_into(int flags) {
  return (pid_t)syscall(SYS_clone, (unsigned long)(flags | CLONE_NEWNS | SIGCHLD), 0UL, 0UL, 0UL, 0UL);
}

/*
 * The namespaces of a pod belong to its user namespace when they are made by somebody in it, and who has
 * entered one does not come back: a child does that, and leaves us a child of ours.
 */
static pid_t clone_in_user_namespace(const struct options *options) {
  int channel[2];
  pid_t init = 0;
  if (pipe2(channel, O_CLOEXEC) < 0) fail("cannot make", "a pipe");
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    join_network(options);
    if (setns(options->userns_fd, CLONE_NEWUSER) < 0) fail("cannot enter", "the user namespace");
    init = clone_into(options->unshare | CLONE_PARENT);
    if (init < 0) fail("cannot make", "the pod's namespaces");
    /* Entering has made us undumpable; as such our namespaces could not be opened without CAP_SYS_PTRACE. */
    if (init == 0) return prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
    while (write(channel[1], &init, sizeof init) < 0 && errno == EINTR) {}
    _exit(0);
  }
  close(channel[1]);
  bool told = read(channel[0], &init, sizeof init) == (ssize_t)sizeof init;
  close(channel[0]);
  close(options->userns_fd);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  if (!told) _exit(EXIT_OWN_FAILURE); /* the child has said why */
  return init;
}

/*
 * Returns when init is confined and holds nothing of the caller's. Its namespaces are opened before it is let
 * go, while it still is an ordinary process: afterwards CAP_SYS_PTRACE would be needed for that.
 */
void start_init(struct pod *pod, char **argv) {
  int lifeline[2];
  int ready[2];
  if (pipe2(lifeline, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0) fail("cannot make", "a pipe");
  bool users = pod->options.userns_fd >= 0;
  pod->init = users ? clone_in_user_namespace(&pod->options) : clone_into(pod->options.unshare);
  if (pod->init < 0) fail("cannot make", "the pod's namespaces");
  if (pod->init == 0) {
    close(lifeline[1]);
    close(ready[0]);
    run_init(&pod->options, argv, lifeline[0], ready[1]);
  }
  close(lifeline[0]);
  close(ready[1]);
  pod->lifeline = lifeline[1];
  hold_namespaces(&pod->options, pod->init);
  write_byte(pod->lifeline);
  if (!read_byte(ready[0])) _exit(EXIT_OWN_FAILURE); /* init has said why */
  read_byte(ready[0]);                               /* its end: all is closed */
  close(ready[0]);
}
