/*
 * An app that speaks to a service manager, for images that have busybox alone. Its arguments are what it does, in order:
 *   notify TEXT   sends TEXT to $NOTIFY_SOCKET; "\n" in it is a line feed
 *   sockets       prints what LISTEN_FDS, LISTEN_FDNAMES say and whether LISTEN_PID is its own, then each descriptor's port
 *   serve TEXT    accepts one connection on each descriptor that was passed, and answers with TEXT
 *   fds           prints the numbers of its open descriptors
 *   family N      makes a socket of address family N and prints how that went
 *   pause         waits for ever
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 3 };

static int passed(void) {
  const char *pid = getenv("LISTEN_PID");
  const char *count = getenv("LISTEN_FDS");
  return pid != NULL && atoi(pid) == getpid() && count != NULL ? atoi(count) : 0;
}

static void notify(const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = getenv("NOTIFY_SOCKET");
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (path == NULL) return (void)puts("nobody to notify");
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address) < 0) perror("notify");
  close(fd);
}

static void print_sockets(void) {
  const char *names = getenv("LISTEN_FDNAMES");
  printf("%d sockets, names %s, pid %s\n", passed(), names == NULL ? "-" : names, getenv("LISTEN_PID") == NULL ? "unset" : "set");
  for (int fd = FIRST; fd < FIRST + passed(); fd++) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("%d: family %d port %d\n", fd, address.ss_family, ntohs(((struct sockaddr_in *)&address)->sin_port));
  }
}

static void serve(const char *text) {
  for (int fd = FIRST; fd < FIRST + passed(); fd++) {
    fcntl(fd, F_SETFL, 0); /* whoever made it may not have wanted to wait */
    int connection = accept(fd, NULL, NULL);
    if (connection < 0 || write(connection, text, strlen(text)) < 0) perror("serve");
    close(connection);
  }
}

static void try_family(int family) {
  int fd = socket(family, SOCK_STREAM, 0);
  printf("family %d: %s\n", family, fd < 0 ? strerror(errno) : "yes");
  if (fd >= 0) close(fd);
}

static void print_fds(void) {
  DIR *directory = opendir("/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory)) printf("fd %s\n", entry->d_name);
  closedir(directory);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "notify") == 0) notify(argv[++i]);
    else if (strcmp(argv[i], "sockets") == 0) print_sockets();
    else if (strcmp(argv[i], "serve") == 0) serve(argv[++i]);
    else if (strcmp(argv[i], "fds") == 0) print_fds();
    else if (strcmp(argv[i], "family") == 0) try_family(atoi(argv[++i]));
    else if (strcmp(argv[i], "pause") == 0) for (;;) pause();
  }
  return 0;
}
