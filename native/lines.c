/* Output cut into lines: for the shared output of several apps, and for the journal. */
#define _GNU_SOURCE
#include "streams.h"

#include <stdlib.h>
#include <string.h>

/* A line that goes on and on is cut, as journald does. */
enum { LONGEST_LINE = 48 * 1024 };

static void hold(struct held_line *line, const char *bytes, size_t length) {
  size_t needed = line->length + length;
  if (needed > line->room) {
    line->room = needed < 256 ? 256 : 2 * needed;
    line->bytes = realloc(line->bytes, line->room);
    if (line->bytes == NULL) fail("cannot keep", "a line of an app");
  }
  memcpy(line->bytes + line->length, bytes, length);
  line->length = needed;
}

static void drop(struct held_line *line) {
  free(line->bytes);
  *line = (struct held_line){.bytes = NULL};
}

static void take_whole(struct source *source, const char *bytes, size_t length, take_line *take) {
  if (source->line.bytes == NULL) return take(source, bytes, length);
  hold(&source->line, bytes, length);
  take(source, source->line.bytes, source->line.length);
  drop(&source->line);
}

void take_lines(struct source *source, const char *bytes, size_t length, take_line *take) {
  const char *end;
  while (length > 0 && (end = memchr(bytes, '\n', length)) != NULL) {
    size_t line = (size_t)(end - bytes);
    take_whole(source, bytes, line, take);
    bytes += line + 1;
    length -= line + 1;
  }
  if (length > 0) hold(&source->line, bytes, length);
  if (source->line.length >= LONGEST_LINE) finish_line(source, take);
}

/* The last line of an app may have no end. */
void finish_line(struct source *source, take_line *take) {
  if (source->line.bytes == NULL) return;
  take(source, source->line.bytes, source->line.length);
  drop(&source->line);
}
