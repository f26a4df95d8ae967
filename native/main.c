/* `rkt run` becomes this program: it starts the pod's init and apps, stays with them, and ends as they end. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOSE_RANGE_MARK_CLOEXEC 4U

/* Were one of 0, 1, 2 closed, a pipe or the lock's copy would take its number and reach the apps. */
static void open_standard_descriptors(void) {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
    if (fd < 0) fail("cannot open", "/dev/null");
  } while (fd <= STDERR_FILENO);
  close(fd);
}

static void prepare_process(int lock_fd) {
  open_standard_descriptors();
  if (fcntl(lock_fd, F_SETFD, FD_CLOEXEC) < 0) fail("cannot use", "the descriptor of --lock-fd");
  /* Before Linux 5.11 this fails: rkt itself opens everything close-on-exec, only a caller's strays leak. */
  (void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_MARK_CLOEXEC);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) < 0) fail("cannot become", "a subreaper");
  prctl(PR_SET_NAME, "rkt-supervisor", 0UL, 0UL, 0UL);
}

/* As the pod ended: by the signal that ended the first app that failed, or with its exit code. */
static int exit_as_pod(const struct pod *pod) {
  if (pod->halted) return 0;
  if (WIFSIGNALED(pod->failure)) die_by_signal(WTERMSIG(pod->failure));
  return WEXITSTATUS(pod->failure);
}

int main(int argc, char **argv) {
  static struct pod pod;
  if (is_stand_in(argv)) return become_listening_app(argv);
  if (is_relay(argv)) return relay(argv);
  parse_options(argc, argv, &pod.options);
  prepare_process(pod.options.lock_fd);
  pod.signals = open_signals();
  pod.status_dir = open_directory(pod.options.status_dir);
  start_init(&pod, argv);
  write_pid_file(pod.options.pid_file, pod.init);
  if (pod.options.control != NULL) open_control(&pod);
  start_apps(&pod);
  supervise(&pod);
  end_pod(&pod);
  return exit_as_pod(&pod);
}
