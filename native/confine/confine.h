/* confine: gives up everything a program does not need, then becomes it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_PATHS = 64, EXIT_OWN_FAILURE = 125 };

struct place {
  const char *path;
  bool writable;
};

struct options {
  /* -1: as the caller. */
  long uid, gid;
  /* Kept by the program and by what it starts, one bit each; used only with a uid. */
  uint64_t capabilities;
  /* A root directory of its own, where nothing is but the places. */
  bool root;
  bool network;
  /* May start other programs. */
  bool fork;
  /* Bytes; 0: as the caller's. */
  uint64_t file_limit, data_limit;
  struct place places[MOST_PATHS];
  size_t place_count;
  char **program;
};

_Noreturn void fail(const char *what, const char *subject);
_Noreturn void refuse(const char *what, const char *subject);

void parse_options(char **argv, struct options *options);

/* Needs CAP_SYS_ADMIN. Places that do not exist are left out. */
void enter_own_root(const struct options *options);

/* 0 where the kernel has none. Needs no_new_privs. */
int restrict_files(const struct options *options);

/* Needs no_new_privs. */
void filter_system_calls(const struct options *options);
