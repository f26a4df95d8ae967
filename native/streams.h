/*
 * The standard streams of apps that do not have the caller's own: what the app prints is read from a pipe or from
 * its terminal and handed on, what clients send is written to it. Nothing here waits for anybody but the disk.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "supervisor.h"

#include <limits.h>

enum {
  /* What is read at once, and so the longest record of a log file, as Kubernetes has it. */
  LARGEST_READ = 16384,
  KEYBOARD_ROOM = 4096,
  /* What a terminal has shown last, for whoever attaches later. */
  RECENT_ROOM = 4096,
};

/* A file of lines in the format of Kubernetes, and those before it: PATH.1 is the newest of these. */
struct log {
  const char *path;
  long long largest; /* bytes; 0: not rotated */
  long long files;   /* all of them */
  int fd;            /* -1: not open */
  long long size;
  long long lost;    /* lines that could not be written */
  int why;           /* errno of that */
  int64_t looked;    /* when it was last seen to be the file at its path */
};

struct held_line {
  char *bytes; /* NULL: none is unfinished */
  size_t length, room;
};

/* What comes out of an app. */
struct source {
  struct streams *of;
  unsigned leads; /* TO_… */
  int number;     /* of the app's descriptor */
  int from;       /* -1: there is none */
  int app_end;    /* of the pipe, for every start of the app; -1: a terminal has none */
  bool waits;     /* it is not read, since the outlet is full */
  bool run_ended; /* and has the last output of a run in it */
  bool in_line;   /* its last record in the log was part of a line */
  struct held_line line;
  struct endpoint *endpoint; /* NULL: nobody can attach */
};

/* What goes into an app. */
struct keyboard {
  struct streams *of;
  int to; /* -1: there is no app to take it */
  int app_end;
  size_t start, end;
  char bytes[KEYBOARD_ROOM];
};

struct recent {
  size_t length;
  char bytes[RECENT_ROOM];
};

struct streams {
  struct streams *next;
  struct app *app;
  const char *uuid;
  struct source sources[2]; /* a terminal is the first one */
  struct log log;
  bool is_starting; /* the runtime has the standard streams */
  pid_t pid;        /* of the run, also when it has ended */
  char *prefix; /* of lines: `APP[PID]: ` */
  size_t prefix_length;
  struct keyboard *keyboard;  /* NULL: nothing goes in */
  struct endpoint *endpoints;
  struct recent *recent; /* of a terminal that one can attach to */
  int rows, columns;     /* of the terminal, as a client said; 0: none did */
};

/* streams.c */
void resume_sources(void);

/* lines.c */
typedef void take_line(struct source *source, const char *line, size_t length);
void take_lines(struct source *source, const char *bytes, size_t length, take_line *take);
void finish_line(struct source *source, take_line *take);

/* outlet.c */
void open_outlets(void);
bool outlet_is_full(int descriptor);
bool outlet_is_closed(int descriptor);
void outlet_add(int descriptor, const char *bytes, size_t length);
void outlet_flush(int descriptor);
bool outlets_are_empty(void);

/* log.c */
void log_output(struct source *source, const char *bytes, size_t length);
void log_end_of_line(struct source *source);
void close_log(struct log *log);

/* journal.c */
void journal_output(struct source *source, const char *bytes, size_t length);
void journal_end_of_line(struct source *source);

/* endpoints.c */
bool open_endpoints(struct streams *streams);
void close_endpoints(struct streams *streams);

/* clients.c */
void show_clients(struct source *source, const char *bytes, size_t length);
void release_clients(struct streams *streams);
bool clients_have_all(const struct streams *streams);

/* keyboard.c */
void feed_app(struct keyboard *keyboard);
void set_window_size(const struct streams *streams);

#endif
