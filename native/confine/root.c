/* A root directory of its own in a mount namespace of its own: an empty tmpfs, and the places at their paths. */
#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Covered in our mount namespace only, after everything below it that is needed has been opened. */
static const char covered[] = "/tmp";

static void make_parents(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(path, 0755) < 0 && errno != EEXIST) fail("cannot make", path);
    *slash = '/';
  }
}

static void make_target(char *path, mode_t type) {
  if (access(path, F_OK) == 0) return; /* inside another place */
  make_parents(path);
  if (S_ISDIR(type)) {
    if (mkdir(path, 0755) < 0 && errno != EEXIST) fail("cannot make", path);
    return;
  }
  int fd = open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0444);
  if (fd < 0) fail("cannot make", path);
  close(fd);
}

static void bind_place(const struct place *place, int fd) {
  char source[32], target[PATH_MAX];
  struct stat stat;
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  if (snprintf(target, sizeof target, ".%s", place->path) >= (int)sizeof target) refuse("is too long", place->path);
  if (fstat(fd, &stat) < 0) fail("cannot look at", place->path);
  make_target(target, stat.st_mode);
  if (mount(source, target, NULL, MS_BIND, NULL) < 0) fail("cannot bind", place->path);
  unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV;
  flags |= place->writable ? MS_NOEXEC : MS_RDONLY;
  if (mount(NULL, target, NULL, flags, NULL) < 0) fail("cannot remount", place->path);
}

static void make_private_namespace(void) {
  if (unshare(CLONE_NEWNS) < 0) fail("cannot unshare", "mounts");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) return;
  if (errno == EINVAL) refuse("is no mount point, as in a chroot: pods take one that is (pivot_root)", "the root directory");
  fail("cannot make private", "the mounts");
}

static void cover(void) {
  if (mount("rkt", covered, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755") < 0)
    fail("cannot mount on", covered);
  if (chdir(covered) < 0) fail("cannot enter", covered);
}

/* A root of the initial ramdisk cannot be pivoted; none of our programs may leave a chroot. */
static void change_root(void) {
  if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
    fail("cannot remount", covered);
  if (syscall(SYS_pivot_root, ".", ".") == 0) {
    if (umount2(".", MNT_DETACH) < 0) fail("cannot detach", "the host's mounts");
  } else if (chroot(".") < 0) {
    fail("cannot change", "root");
  }
  if (chdir("/") < 0) fail("cannot enter", "/");
}

void enter_own_root(const struct options *options) {
  int fds[MOST_PATHS];
  make_private_namespace();
  for (size_t i = 0; i < options->place_count; i++) {
    fds[i] = open(options->places[i].path, O_PATH | O_CLOEXEC);
    if (fds[i] < 0 && (errno != ENOENT || options->places[i].writable)) fail("cannot open", options->places[i].path);
  }
  cover();
  for (size_t i = 0; i < options->place_count; i++) {
    if (fds[i] < 0) continue;
    bind_place(&options->places[i], fds[i]);
    close(fds[i]);
  }
  change_root();
}
