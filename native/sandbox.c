/* How the pod's init shuts itself in. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITY_VERSION_3 = 0x20080522, CAPABILITY_KILL = 5 };

static char *end_of_strings(char **strings, char *end) {
  for (; *strings != NULL; strings++) end = *strings + strlen(*strings) + 1;
  return end;
}

/*
 * Apps can read /proc/1/cmdline: arguments and environment, which are the host's, are wiped. A last byte of
 * the arguments that is not zero tells the kernel to show the text up to its first zero.
 */
void set_title(char **argv, const char *title) {
  char *arguments_end = end_of_strings(argv, argv[0]);
  char *end = end_of_strings(environ, arguments_end);
  memset(argv[0], 0, (size_t)(end - argv[0]));
  if ((size_t)(arguments_end - argv[0]) < strlen(title) + 2) return;
  memcpy(argv[0], title, strlen(title));
  arguments_end[-1] = ' ';
}

void bring_loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) fail("cannot find", "lo");
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail("cannot bring up", "lo");
  close(fd);
}

/* A root of the initial ramdisk cannot be pivoted; chroot hides as much, but keeps the mounts of the host busy. */
static void change_root(void) {
  if (syscall(SYS_pivot_root, ".", ".") == 0) {
    if (umount2(".", MNT_DETACH) < 0) fail("cannot detach", "the host's mounts");
  } else if (chroot(".") < 0) {
    fail("cannot change", "root");
  }
}

/* An empty read-only tmpfs: through /proc/1/root a pod sees nothing, not even the host's file system type. */
void enter_empty_root(const char *directory) {
  if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0) fail("cannot make private", "the mounts");
  unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount("rkt-init", directory, "tmpfs", flags, "size=4k,nr_inodes=1,mode=555") < 0) fail("cannot mount on", directory);
  if (chdir(directory) < 0) fail("cannot enter", directory);
  change_root();
  if (chdir("/") < 0) fail("cannot enter", "/");
}

/* Who enters a user namespace has all capabilities there, and still the ids of outside. */
void become_root(void) {
  if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
    fail("cannot become", "the root of the user namespace");
}

static int set_capabilities(unsigned set) {
  struct { unsigned version; int pid; } header = {CAPABILITY_VERSION_3, 0};
  struct { unsigned effective, permitted, inheritable; } data[2] = {{set, set, 0}, {0, 0, 0}};
  return (int)syscall(SYS_capset, &header, data);
}

/* CAP_KILL alone is left: end_namespace has to reach apps of every user, and only those of its namespace. */
void drop_privileges(void) {
  (void)setgroups(0, NULL); /* forbidden in a user namespace without a group map */
  for (unsigned long capability = 0; prctl(PR_CAPBSET_DROP, capability, 0UL, 0UL, 0UL) == 0;) capability++;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL);
  if (set_capabilities(1U << CAPABILITY_KILL) < 0 && set_capabilities(0) < 0) fail("cannot drop", "capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0) fail("cannot set", "no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) < 0) fail("cannot become", "undumpable");
}

static void close_range_or_each(unsigned first, unsigned last) {
  if (first > last || syscall(SYS_close_range, first, last, 0U) == 0) return;
  struct rlimit limit; /* before Linux 5.9 */
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++) close((int)fd);
}

void close_all_but(int first, int second) {
  unsigned low = (unsigned)(first < second ? first : second);
  unsigned high = (unsigned)(first < second ? second : first);
  close_range_or_each(0, low - 1);
  close_range_or_each(low + 1, high - 1);
  close_range_or_each(high + 1, ~0U);
}
