/**
 * System calls by subject, of every architecture rkt runs on: a name the kernel of the machine does not
 * have is passed over. The names of the groups are those of systemd.exec(5), SystemCallFilter=.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** What every program calls; a filter that leaves these out keeps even execve(2) from returning. */
const baseline = words(`
  arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
  clock_nanosleep_time64 execve exit exit_group futex futex_time64 futex_waitv get_robust_list
  get_thread_area getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid
  getpgrp getpid getppid getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid
  gettimeofday getuid getuid32 membarrier mmap mmap2 mprotect munmap nanosleep pause prlimit64
  restart_syscall rseq rt_sigreturn sched_getaffinity sched_yield set_robust_list set_thread_area
  set_tid_address set_tls sigreturn time ugetrlimit riscv_flush_icache`);

const basicIo = words(`
  _llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readv
  write writev`);

const fileSystem = words(`
  access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod fchmodat fchmodat2 fcntl
  fcntl64 fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64
  ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init
  inotify_init1 inotify_rm_watch lgetxattr link linkat listxattr llistxattr lremovexattr lsetxattr lstat
  lstat64 mkdir mkdirat mknod mknodat newfstatat oldfstat oldlstat oldstat open openat openat2 readlink
  readlinkat removexattr rename renameat renameat2 rmdir setxattr stat stat64 statfs statfs64 statx
  symlink symlinkat truncate truncate64 unlink unlinkat utime utimensat utimensat_time64 utimes
  getxattrat setxattrat listxattrat removexattrat`);

const fileData = words(`
  arm_fadvise64_64 copy_file_range fadvise64 fadvise64_64 readahead sendfile sendfile64 splice tee
  vmsplice ioctl umask`);

const chown = words('chown chown32 fchown fchown32 fchownat lchown lchown32');

const sync = words(`
  fdatasync fsync msync sync sync_file_range sync_file_range2 arm_sync_file_range syncfs`);

const ioEvent = words(`
  _newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
  epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select`);

const aio = words('io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit');
const uring = words('io_uring_enter io_uring_register io_uring_setup');

const ipc = words(`
  ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
  mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 semctl semget semop semtimedop
  semtimedop_time64 shmat shmctl shmdt shmget`);
const peerMemory = words('process_madvise process_vm_readv process_vm_writev');

const networkIo = words(`
  accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
  recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair`);

const process = words(`
  capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl rt_sigqueueinfo
  rt_tgsigqueueinfo setpgid setsid tgkill times tkill vfork wait4 waitid waitpid`);
const namespaces = words('setns unshare');

const signal = words(`
  rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
  sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigsuspend`);

const timer = words(`
  alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
  timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
  timerfd_settime64`);

const memory = words(`
  madvise map_shadow_stack mincore mremap mseal pkey_alloc pkey_free pkey_mprotect
  remap_file_pages`);
const memlock = words('memfd_secret mlock mlock2 mlockall munlock munlockall');
const pkey = words('pkey_alloc pkey_free pkey_mprotect');

const setuid = words(`
  setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32
  setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`);

const scheduling = words(`
  getcpu getpriority ioprio_get ioprio_set nice sched_get_priority_max sched_get_priority_min
  sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
  sched_setaffinity sched_setattr sched_setparam sched_setscheduler setpriority setrlimit`);
const numa = words('get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node');

const sandbox = words('landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp');
const system = words('adjtimex capset fanotify_mark name_to_handle_at personality sysinfo syslog uname');
const machine = words('breakpoint get_tls modify_ldt riscv_hwprobe swapcontext');

const clock = words('adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday stime');
const cpuEmulation = words('modify_ldt subpage_prot switch_endian vm86 vm86old');
const debug = words('lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr sys_debug_setcontext');
const keyring = words('add_key keyctl request_key');
const module = words('create_module delete_module finit_module get_kernel_syms init_module query_module');
const mount = words(`
  chroot fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount open_tree open_tree_attr
  pivot_root statmount umount umount2`);
const obsolete = words(`
  _sysctl afs_syscall bdflush break ftime getpmsg gtty idle lock mpx nfsservctl prof profil putpmsg
  security sgetmask ssetmask stty sysfs tuxcall ulimit uselib ustat vserver`);
const rawIo = words('ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write');
const reboot = words('kexec_file_load kexec_load reboot');
const swap = words('swapoff swapon');
const accounting = words('acct bpf fanotify_init kcmp lookup_dcookie open_by_handle_at quotactl quotactl_fd userfaultfd vhangup');

const privileged = [
  ...words('_sysctl acct bpf capset chroot fanotify_init nfsservctl open_by_handle_at pivot_root quotactl'),
  ...words('quotactl_fd setdomainname setfsuid setfsuid32 setgroups setgroups32 sethostname setresuid'),
  ...words('setresuid32 setreuid setreuid32 setuid setuid32 vhangup'),
  ...chown,
  ...clock,
  ...module,
  ...rawIo,
  ...reboot,
  ...swap,
];

const everyday = [
  ...[...baseline, ...basicIo, ...fileSystem, ...fileData, ...chown, ...sync, ...ioEvent, ...aio, ...ipc],
  ...[...networkIo, ...process, ...signal, ...timer, ...memory, ...memlock, ...setuid, ...scheduling, ...sandbox],
  ...[...system, ...machine],
];

/** The calls of an app that no image says more about: everyday work, and a chroot(2) of its own. */
const defaultWhitelist = unique([...everyday, 'chroot']);

/** The calls that reach past the app: kernel, other processes' memory, mounts, namespaces, keys, clocks. */
const defaultBlacklist = unique([
  ...clock.filter((name) => name !== 'adjtimex'),
  ...mount.filter((name) => name !== 'chroot'),
  ...cpuEmulation.filter((name) => name !== 'modify_ldt'),
  ...[...debug, ...keyring, ...module, ...rawIo, ...reboot, ...swap, ...numa, ...uring, ...namespaces],
  ...[...peerMemory, ...accounting, ...obsolete],
]);

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

/** Sets that a seccomp isolator may name with an `@` before them; `@appc.io/…` are no sets but modes. */
export const syscallGroups: Readonly<Record<string, readonly string[]>> = {
  '@rkt/default-whitelist': defaultWhitelist,
  '@rkt/default-blacklist': defaultBlacklist,
  '@docker/default-whitelist': defaultWhitelist,
  '@docker/default-blacklist': defaultBlacklist,
  '@systemd/default-whitelist': baseline,
  '@systemd/default': baseline,
  '@systemd/aio': [...aio, ...uring],
  '@systemd/basic-io': basicIo,
  '@systemd/chown': chown,
  '@systemd/clock': clock,
  '@systemd/cpu-emulation': cpuEmulation,
  '@systemd/debug': debug,
  '@systemd/file-system': fileSystem,
  '@systemd/io-event': ioEvent,
  '@systemd/ipc': [...ipc, ...peerMemory],
  '@systemd/keyring': keyring,
  '@systemd/memlock': memlock,
  '@systemd/module': module,
  '@systemd/mount': mount,
  '@systemd/network-io': networkIo,
  '@systemd/obsolete': obsolete,
  '@systemd/pkey': pkey,
  '@systemd/privileged': unique(privileged),
  '@systemd/process': [...process, ...namespaces],
  '@systemd/raw-io': rawIo,
  '@systemd/reboot': reboot,
  '@systemd/resources': [...scheduling, ...numa],
  '@systemd/sandbox': sandbox,
  '@systemd/setuid': setuid,
  '@systemd/signal': signal,
  '@systemd/swap': swap,
  '@systemd/sync': sync,
  '@systemd/timer': timer,
};

/** Every program needs these, whatever set an image retains (systemd adds them, so images rely on it). */
export const baselineSyscalls = baseline;
