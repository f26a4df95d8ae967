/* Arguments: plain words up to `--`, then the program and its own. */
#include "confine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static uint64_t parse_number(const char *option, const char *text, uint64_t maximum) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 0);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > maximum)
    refuse("not a number that can be used here", option);
  return value;
}

static void add_place(struct options *options, const char *option, const char *path, bool writable) {
  /* `..` would lead out of the new root while it is being made. */
  size_t length = strlen(path);
  bool climbs = strstr(path, "/../") != NULL || (length >= 3 && strcmp(path + length - 3, "/..") == 0);
  if (path[0] != '/' || path[1] == '\0' || climbs) refuse("must be an absolute path", option);
  if (options->place_count == MOST_PATHS) refuse("too many paths", option);
  options->places[options->place_count++] = (struct place){path, writable};
}

static const char *value_of(const char *argument, const char *name) {
  size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static void parse_option(struct options *options, const char *argument) {
  const char *value;
  /* (uid_t)-1 means no change to the kernel. */
  if ((value = value_of(argument, "--uid"))) options->uid = (long)parse_number("--uid", value, UINT32_MAX - 1);
  else if ((value = value_of(argument, "--gid"))) options->gid = (long)parse_number("--gid", value, UINT32_MAX - 1);
  else if ((value = value_of(argument, "--capabilities"))) options->capabilities = parse_number("--capabilities", value, UINT64_MAX);
  else if ((value = value_of(argument, "--file-limit"))) options->file_limit = parse_number("--file-limit", value, INT64_MAX);
  else if ((value = value_of(argument, "--data-limit"))) options->data_limit = parse_number("--data-limit", value, INT64_MAX);
  else if ((value = value_of(argument, "--ro"))) add_place(options, "--ro", value, false);
  else if ((value = value_of(argument, "--rw"))) add_place(options, "--rw", value, true);
  else if (strcmp(argument, "--root") == 0) options->root = true;
  else if (strcmp(argument, "--network") == 0) options->network = true;
  else if (strcmp(argument, "--fork") == 0) options->fork = true;
  else refuse("unknown argument", argument);
}

void parse_options(char **argv, struct options *options) {
  options->uid = options->gid = -1;
  char **argument = argv[0] == NULL ? argv : argv + 1;
  for (; *argument != NULL && strcmp(*argument, "--") != 0; argument++) parse_option(options, *argument);
  if (*argument == NULL || argument[1] == NULL) refuse("is missing", "the program after --");
  options->program = argument + 1;
  if (options->program[0][0] != '/') refuse("must be an absolute path", options->program[0]);
  if ((options->uid < 0) != (options->gid < 0)) refuse("needs the other", "--uid or --gid");
  if (options->uid < 0 && (options->root || options->capabilities != 0)) refuse("is missing", "--uid");
}
