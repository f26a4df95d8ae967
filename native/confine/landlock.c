/* Landlock (landlock(7)): only the places, no server sockets, no signals or abstract sockets outside. */
#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* musl has no <linux/landlock.h>. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
enum {
  CREATE_RULESET_VERSION = 1,
  RULE_PATH_BENEATH = 1,
  FS_EXECUTE = 1 << 0,
  FS_WRITE_FILE = 1 << 1,
  FS_READ_FILE = 1 << 2,
  FS_READ_DIR = 1 << 3,
  FS_TRUNCATE = 1 << 14,
  FS_ALL_OF_1 = (1 << 13) - 1,
  FS_REFER = 1 << 13,
  FS_IOCTL_DEVICE = 1 << 15,
  NET_BIND_TCP = 1 << 0,
  NET_CONNECT_TCP = 1 << 1,
  SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
  SCOPE_SIGNAL = 1 << 1,
};
struct ruleset {
  uint64_t fs, net, scoped;
};
struct __attribute__((packed)) path_beneath {
  uint64_t allowed;
  int32_t parent_fd;
};

static uint64_t file_rights(int abi) {
  uint64_t rights = FS_ALL_OF_1;
  if (abi >= 2) rights |= FS_REFER;
  if (abi >= 3) rights |= FS_TRUNCATE;
  if (abi >= 5) rights |= FS_IOCTL_DEVICE;
  return rights;
}

static void allow(int ruleset, const struct place *place, uint64_t handled) {
  struct stat stat;
  int fd = open(place->path, O_PATH | O_CLOEXEC);
  if (fd < 0 && !place->writable) return; /* what cannot be reached needs no right */
  if (fd < 0 || fstat(fd, &stat) < 0) fail("cannot open", place->path);
  uint64_t rights = place->writable ? handled & ~(uint64_t)FS_EXECUTE : FS_EXECUTE | FS_READ_FILE | FS_READ_DIR;
  if (!S_ISDIR(stat.st_mode)) rights &= FS_EXECUTE | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEVICE;
  struct path_beneath rule = {rights & handled, fd};
  if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0) fail("cannot allow", place->path);
  close(fd);
}

int restrict_files(const struct options *options) {
  int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
  if (abi < 1) return 0;
  struct ruleset attributes = {.fs = file_rights(abi)};
  size_t size = sizeof attributes.fs;
  if (abi >= 4) {
    attributes.net = options->network ? NET_BIND_TCP : NET_BIND_TCP | NET_CONNECT_TCP;
    size += sizeof attributes.net;
  }
  if (abi >= 6) {
    attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    size += sizeof attributes.scoped;
  }
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (ruleset < 0) fail("cannot make", "a Landlock ruleset");
  for (size_t i = 0; i < options->place_count; i++) allow(ruleset, &options->places[i], attributes.fs);
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) fail("cannot enforce", "the Landlock ruleset");
  close(ruleset);
  return abi;
}
