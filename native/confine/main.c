/* confine [options] -- PROGRAM [arguments]: gives up all that PROGRAM does not need, for all its threads to come. */
#define _GNU_SOURCE
#include "confine.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void set_limit(int resource, uint64_t value, const char *name) {
  struct rlimit limit = {value, value};
  if (setrlimit(resource, &limit) < 0) fail("cannot limit", name);
}

static void set_limits(const struct options *options) {
  set_limit(RLIMIT_CORE, 0, "core files"); /* they would hold what was fetched, and credentials */
  if (options->file_limit != 0) set_limit(RLIMIT_FSIZE, options->file_limit, "the size of files");
  if (options->data_limit != 0) set_limit(RLIMIT_DATA, options->data_limit, "memory");
}

static void set_capabilities(uint64_t set, uint64_t inheritable) {
  struct { unsigned version; int pid; } header = {0x20080522, 0};
  struct { unsigned effective, permitted, inheritable; } data[2] = {
      {(unsigned)set, (unsigned)set, (unsigned)inheritable},
      {(unsigned)(set >> 32), (unsigned)(set >> 32), (unsigned)(inheritable >> 32)},
  };
  if (syscall(SYS_capset, &header, data) < 0) fail("cannot drop", "capabilities");
}

static void drop_bounding_set(uint64_t kept) {
  for (unsigned long capability = 0; capability < 64; capability++) {
    if ((kept >> capability & 1) != 0) continue;
    if (prctl(PR_CAPBSET_READ, capability, 0UL, 0UL, 0UL) < 0) break;
    if (prctl(PR_CAPBSET_DROP, capability, 0UL, 0UL, 0UL) < 0) fail("cannot drop", "a bounding capability");
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL);
}

/* A program of another user is given what is ambient. */
static void raise_ambient(uint64_t set) {
  set_capabilities(set, set);
  for (unsigned long capability = 0; capability < 64; capability++)
    if ((set >> capability & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0UL, 0UL) < 0)
      fail("cannot keep", "a capability");
}

static void change_user(const struct options *options) {
  if (setgroups(0, NULL) < 0) fail("cannot drop", "groups");
  gid_t gid = (gid_t)options->gid;
  uid_t uid = (uid_t)options->uid;
  if (uid != 0 && options->capabilities != 0 && prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL) < 0)
    fail("cannot keep", "capabilities");
  if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) fail("cannot change", "user");
  /* A program of uid 0 is given what is in the bounding set, and so exactly this. */
  if (uid == 0) set_capabilities(options->capabilities, 0);
  else raise_ambient(options->capabilities);
}

/* Should rkt be killed, nothing of it goes on. It may have been already, before this was asked for. */
static void die_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) < 0) fail("cannot follow", "the parent");
  if (getppid() != parent) _exit(EXIT_OWN_FAILURE);
}

static void tell_fences(int landlock_abi) {
  char text[16];
  snprintf(text, sizeof text, "%d", landlock_abi);
  if (setenv("RKT_LANDLOCK", text, 1) < 0) fail("cannot set", "RKT_LANDLOCK");
}

int main(int argc, char **argv) {
  (void)argc;
  static struct options options;
  pid_t parent = getppid();
  parse_options(argv, &options);
  if (options.root) enter_own_root(&options);
  set_limits(&options);
  if (options.uid >= 0) {
    drop_bounding_set(options.capabilities);
    change_user(&options);
  }
  die_with_parent(parent);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0) fail("cannot set", "no_new_privs");
  tell_fences(restrict_files(&options));
  filter_system_calls(&options);
  execv(options.program[0], options.program);
  fail("cannot execute", options.program[0]);
}
