/* What apps get from us is labelled as theirs: SELinux need not let them use what is ours. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char label[] = "security.selinux";

/* A file system without labels has one for all its files. */
static bool is_labelled(int result) {
  return result == 0 || errno == EOPNOTSUPP;
}

bool label_file(const struct options *options, const char *path) {
  const char *context = options->selinux_file;
  return context == NULL || is_labelled(lsetxattr(path, label, context, strlen(context), 0));
}

bool label_pipe(const struct options *options, int end) {
  const char *context = options->selinux_file;
  return context == NULL || is_labelled(fsetxattr(end, label, context, strlen(context), 0));
}

/* For datagrams. To send to a socket is to send to whoever made it, unless the kernel is told before to take it for another's. */
int labelled_socket(const struct options *options) {
  const char *context = options->selinux_process;
  int next = context == NULL ? -1 : open("/proc/thread-self/attr/sockcreate", O_WRONLY | O_CLOEXEC);
  if (context != NULL && (next < 0 || write(next, context, strlen(context)) < 0)) {
    if (next >= 0) close(next);
    return -1;
  }
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (next < 0) return fd;
  if (write(next, NULL, 0) < 0) report("cannot reset", "the label of sockets");
  close(next);
  return fd;
}
