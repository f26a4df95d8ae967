/* Signals are read from a descriptor, one at a time, and never interrupt anything. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int handled[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGNAL_HALT};

/* nohup(1) and a shell's background job ask for it; a blocked signal would be queued all the same. */
static bool is_ignored(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void set_default(int signal) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(signal, &action, NULL);
}

/* SIGPIPE is blocked and never read: a write then says EPIPE. */
int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  sigprocmask(SIG_SETMASK, &set, NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  set_default(SIGCHLD); /* were it ignored, children would vanish before they are waited for */
  for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++)
    if (!is_ignored(handled[i])) sigaddset(&set, handled[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) fail("cannot watch", "signals");
  return fd;
}

/* 0: none is pending. */
int next_signal(int descriptor) {
  struct signalfd_siginfo info;
  return read(descriptor, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

/* For a program about to be executed. */
void reset_signals(void) {
  sigset_t none;
  for (int signal = 1; signal <= 64; signal++) set_default(signal);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void die_by_signal(int signal) {
  const struct rlimit no_core = {0, 0};
  sigset_t set;
  setrlimit(RLIMIT_CORE, &no_core);
  set_default(signal);
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  kill(getpid(), signal);
  _exit(128 + signal);
}
