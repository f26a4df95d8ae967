/* What no program of ours needs: other processes' memory, mounts, namespaces, keys, and the wide doors of the kernel. */
#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* musl has no <linux/filter.h>, <linux/seccomp.h>, <linux/audit.h>. */
struct instruction {
  uint16_t code;
  uint8_t if_true, if_false;
  uint32_t k;
};
struct filter {
  uint16_t length;
  const struct instruction *instructions;
};
enum { LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_AT_LEAST = 0x35, JUMP_ANY_BIT = 0x45, RETURN = 0x06 };
enum { NUMBER = 0, ARCHITECTURE = 4, FIRST_ARGUMENT = 16 };
#define ALLOW 0x7fff0000U
#define KILL_PROCESS 0x80000000U
#define REFUSE(error) (0x00050000U | (error))
#define MODE_FILTER 2UL
#if defined __x86_64__
#define OWN_ARCHITECTURE 0xc000003eU
#elif defined __aarch64__
#define OWN_ARCHITECTURE 0xc00000b7U
#endif
#define X32_BIT 0x40000000U
#define NEW_NAMESPACES                                                                                     \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const uint32_t refused[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_mount, SYS_umount2, SYS_pivot_root,
    SYS_chroot, SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key,
    SYS_keyctl, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_acct, SYS_quotactl, SYS_personality,
    SYS_fanotify_init, SYS_vhangup, SYS_syslog,
    /* io_uring_setup to io_uring_register, open_tree to fspick, pidfd_getfd, mount_setattr, quotactl_fd: one number everywhere */
    425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 443,
};

static struct instruction program[160];
static uint16_t length;

static void add(uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false) {
  program[length++] = (struct instruction){code, if_true, if_false, k};
}

static void refuse_call(uint32_t number, uint32_t error) {
  add(JUMP_EQUAL, number, 0, 1);
  add(RETURN, REFUSE(error), 0, 0);
}

static void check_architecture(void) {
  add(LOAD, ARCHITECTURE, 0, 0);
  add(JUMP_EQUAL, OWN_ARCHITECTURE, 1, 0);
  add(RETURN, KILL_PROCESS, 0, 0);
  add(LOAD, NUMBER, 0, 0);
#ifdef __x86_64__
  add(JUMP_AT_LEAST, X32_BIT, 0, 1);
  add(RETURN, REFUSE(ENOSYS), 0, 0);
#endif
}

static void filter_sockets(bool network) {
  if (!network) {
    refuse_call(SYS_socket, EACCES);
    return;
  }
  add(JUMP_EQUAL, SYS_socket, 0, 6);
  add(LOAD, FIRST_ARGUMENT, 0, 0);
  add(JUMP_EQUAL, AF_INET, 3, 0);
  add(JUMP_EQUAL, AF_INET6, 2, 0);
  add(JUMP_EQUAL, AF_NETLINK, 1, 0);
  add(RETURN, REFUSE(EAFNOSUPPORT), 0, 0);
  add(RETURN, ALLOW, 0, 0);
}

/* Without clone3, whose flags no filter can see, libraries take clone. */
static void filter_clone(bool fork) {
  refuse_call(SYS_clone3, ENOSYS);
#ifdef __x86_64__
  if (!fork) {
    refuse_call(SYS_fork, EPERM);
    refuse_call(SYS_vfork, EPERM);
  }
#endif
  add(JUMP_EQUAL, SYS_clone, 0, 5);
  add(LOAD, FIRST_ARGUMENT, 0, 0);
  add(JUMP_ANY_BIT, NEW_NAMESPACES, 1, 0);
  add(JUMP_ANY_BIT, fork ? ~0U : CLONE_THREAD, 1, 0);
  add(RETURN, REFUSE(EPERM), 0, 0);
  add(RETURN, ALLOW, 0, 0);
}

void filter_system_calls(const struct options *options) {
  check_architecture();
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) refuse_call(refused[i], EPERM);
  filter_sockets(options->network);
  filter_clone(options->fork);
  add(RETURN, ALLOW, 0, 0);
  struct filter filter = {length, program};
  if (prctl(PR_SET_SECCOMP, MODE_FILTER, &filter) < 0) fail("cannot filter", "system calls");
}
