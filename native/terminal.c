/* The runtime makes the terminal of an app and sends its master through a socket in the bundle. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Through the directory's descriptor: a socket's path is at most 107 bytes. */
static struct sockaddr_un terminal_address(int bundle) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/console.sock", bundle);
  return address;
}

int listen_for_terminal(int bundle) {
  struct sockaddr_un address = terminal_address(bundle);
  unlinkat(bundle, "console.sock", 0);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) return fd;
  close(fd);
  return -1;
}

void stop_listening(int listener, int bundle) {
  close(listener);
  unlinkat(bundle, "console.sock", 0);
}

static int received_descriptor(struct msghdr *message) {
  int fd;
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return -1;
  if (header->cmsg_len != CMSG_LEN(sizeof fd)) return -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

static int receive_descriptor(int connection) {
  char name[256]; /* the terminal's, of no use here */
  union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = {name, sizeof name};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  return recvmsg(connection, &message, MSG_CMSG_CLOEXEC) < 0 ? -1 : received_descriptor(&message);
}

/* To be called when the runtime has ended: what it sent is waiting. -1: nothing came. */
int accept_terminal(int listener) {
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection < 0) return -1;
  int master = receive_descriptor(connection);
  close(connection);
  if (master >= 0 && fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) == 0) return master;
  if (master >= 0) close(master);
  return -1;
}
