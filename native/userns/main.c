/*
 * userns [options] -- PROGRAM [arguments]: becomes PROGRAM as root of a user namespace, same process. For callers
 * who are not root; contract in ../README.md. Only a process of one thread can enter one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_OWN_FAILURE = 254, MOST_WORDS = 64 };

/* A program that writes a map, and the numbers that it is given after the pid. */
struct mapper {
  const char *program;
  char *words[MOST_WORDS + 3];
  int count;
};

struct options {
  struct mapper users, groups;
  const char *join; /* a file of a user namespace; NULL: a new one */
  char **program;
};

static _Noreturn void fail(const char *what, const char *subject) {
  fprintf(stderr, "rkt: userns: %s %s: %s\n", what, subject, strerror(errno));
  exit(EXIT_OWN_FAILURE);
}

static _Noreturn void refuse(const char *what, const char *subject) {
  fprintf(stderr, "rkt: userns: %s: %s\n", subject, what);
  exit(EXIT_OWN_FAILURE);
}

static const char *value_of(const char *argument, const char *name) {
  size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static void add_word(struct mapper *mapper, const char *option, const char *word) {
  if (word[0] == '\0' || strspn(word, "0123456789") != strlen(word)) refuse("not a number", option);
  if (mapper->count == MOST_WORDS) refuse("too many numbers", option);
  /* Two words come before them: the program's name and the pid. */
  mapper->words[2 + mapper->count++] = (char *)word;
}

static void parse_option(struct options *options, const char *argument) {
  const char *value;
  if ((value = value_of(argument, "--join"))) options->join = value;
  else if ((value = value_of(argument, "--newuidmap"))) options->users.program = value;
  else if ((value = value_of(argument, "--newgidmap"))) options->groups.program = value;
  else if ((value = value_of(argument, "--uid"))) add_word(&options->users, "--uid", value);
  else if ((value = value_of(argument, "--gid"))) add_word(&options->groups, "--gid", value);
  else refuse("unknown argument", argument);
}

static void parse_options(char **argv, struct options *options) {
  char **argument = argv[0] == NULL ? argv : argv + 1;
  for (; *argument != NULL && strcmp(*argument, "--") != 0; argument++) parse_option(options, *argument);
  if (*argument == NULL || argument[1] == NULL) refuse("is missing", "the program after --");
  options->program = argument + 1;
  if (options->program[0][0] != '/') refuse("must be an absolute path", options->program[0]);
  if (options->join != NULL) return;
  const struct mapper *mappers[] = {&options->users, &options->groups};
  for (int i = 0; i < 2; i++)
    if (mappers[i]->program == NULL || mappers[i]->program[0] != '/' || mappers[i]->count == 0 || mappers[i]->count % 3 != 0)
      refuse("needs a program and threes of numbers", i == 0 ? "--newuidmap" : "--newgidmap");
}

static void run_mapper(struct mapper *mapper, char *pid) {
  pid_t child = fork();
  if (child < 0) fail("cannot start", mapper->program);
  if (child == 0) {
    mapper->words[0] = (char *)mapper->program;
    mapper->words[1] = pid;
    execv(mapper->program, mapper->words);
    fail("cannot execute", mapper->program);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("cannot wait for", mapper->program);
  if (status != 0) exit(EXIT_OWN_FAILURE); /* it has said why */
}

/* Outside, while its parent waits inside. */
static _Noreturn void write_maps(struct options *options, int entered) {
  char pid[16];
  char byte;
  snprintf(pid, sizeof pid, "%d", (int)getppid());
  if (read(entered, &byte, 1) != 1) exit(EXIT_OWN_FAILURE);
  run_mapper(&options->users, pid);
  run_mapper(&options->groups, pid);
  exit(0);
}

static void make_namespace(struct options *options) {
  int entered[2];
  if (pipe2(entered, O_CLOEXEC) < 0) fail("cannot make", "a pipe");
  pid_t child = fork();
  if (child < 0) fail("cannot make", "a process");
  if (child == 0) {
    close(entered[1]);
    write_maps(options, entered[0]);
  }
  close(entered[0]);
  if (unshare(CLONE_NEWUSER) < 0) fail("cannot make", "a user namespace");
  if (write(entered[1], "", 1) != 1) fail("cannot tell", "who writes the maps");
  close(entered[1]);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("cannot wait for", "who writes the maps");
  if (status != 0) exit(EXIT_OWN_FAILURE);
}

static void join_namespace(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("cannot open", path);
  if (setns(fd, CLONE_NEWUSER) < 0) fail("cannot enter", path);
  close(fd);
}

int main(int argc, char **argv) {
  (void)argc;
  static struct options options;
  parse_options(argv, &options);
  if (options.join != NULL) join_namespace(options.join);
  else make_namespace(&options);
  /* The caller's other groups would count outside and be nobody's inside. */
  if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("cannot become", "its root");
  execv(options.program[0], options.program);
  fail("cannot execute", options.program[0]);
}
