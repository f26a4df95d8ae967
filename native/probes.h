/* Health checks: what their files share. */
#ifndef PROBES_H
#define PROBES_H

#include "supervisor.h"

enum probe_kind { PROBE_NONE, PROBE_EXEC, PROBE_TCP, PROBE_HTTP };
enum health { STARTING, HEALTHY, UNHEALTHY };

enum { LINE_LENGTH = 160 };

struct health_check {
  enum probe_kind kind;
  const char *process;  /* of PROBE_EXEC: what is to be run, a process.json */
  char *pid_file;       /* of PROBE_EXEC: where the runtime notes what it runs */
  int port;             /* of PROBE_TCP and PROBE_HTTP */
  const char *path;     /* of PROBE_HTTP */
  int interval_ms;
  int timeout_ms;
  int retries;
  int start_period_ms;
  enum health_action action;

  bool active;          /* the app runs, and is to be probed */
  enum health state;
  int failures;         /* that counted, since a probe passed */
  bool passed;          /* once in the life of the pod */
  int quick_ms;         /* before the next probe, as long as none has passed */
  int64_t counts_at;    /* from when on a failure counts, as long as none has passed; as now() */
  struct timer timer;   /* until the next probe, or until this one has taken too long */

  pid_t pid;            /* of the probe, and of its group; 0: there is none */
  bool wanted;          /* what it finds matters */
  bool timed_out;
  int output;           /* what it writes; -1: closed */
  char line[LINE_LENGTH];
  size_t line_length;
  bool line_ended;
};

/* probe_network.c */
_Noreturn void run_network_probe(const struct health_check *check, pid_t app, pid_t supervisor);

#endif
