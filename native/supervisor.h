/* The pod's supervisor: what its files share. The story is in main.c, the contract in README.md. */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  EXIT_OWN_FAILURE = 254,
  /* systemd's SIGRTMIN+3 by number: glibc counts from 34, musl from 35. */
  SIGNAL_HALT = 34 + 3,
  NAMESPACE_KINDS = 5,
  /* A process of the app opens its descriptor again by a name such as /dev/stdout, whoever it is; it matters to nobody else. */
  PIPE_MODE = 0622,
  LISTEN_LIMIT = 32,
  RUNTIME_ARG_LIMIT = 8,
  /* Of what a runtime is started with beside those. */
  RUNTIME_WORD_LIMIT = 16,
};

/* What of an app runs: the bundles of its event handlers are run to their end before and after its own. */
enum phase { PRE_START, MAIN, POST_STOP, PHASES };

/* Where the standard input of an app comes from. */
enum input { FROM_NULL, FROM_CALLER, FROM_CLIENTS };

/* Where an output of an app leads. The first two stand alone. */
enum { TO_CALLER = 0, TO_NULL = 1, TO_LINES = 2, TO_LOG = 4, TO_JOURNAL = 8, TO_CLIENTS = 16, TO_COPY = 32 };
enum { TO_OUTLET = TO_LINES | TO_COPY };

/* Something to be done at a time. Its owner keeps it, and sets `fire` and `context` before the first use. */
struct timer {
  void (*fire)(void *context);
  void *context;
  int64_t at; /* milliseconds, monotonic */
  struct timer *next;
};

enum restart_policy { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* Whether and when an app that has ended starts again. */
struct restart {
  enum restart_policy policy;
  int limit;           /* of restarts; 0: none */
  int count;           /* of restarts so far */
  int delay_ms;        /* before the next one, or the last */
  bool due;            /* this run will be followed by another */
  bool waiting;        /* for the time of that */
  bool asked;          /* whatever the policy is */
  struct timer timer;
};

/* What is done when an app is found not to be well. */
enum health_action { ACT_NONE, ACT_KILL, ACT_RESTART, ACT_STOP };

struct pod;
struct health_check;

struct app {
  struct app *next;
  struct pod *pod;
  const char *name;
  const char *bundles[PHASES];  /* NULL: there is no such handler */
  const char *memory_events;    /* file; NULL: none */
  enum input input;
  unsigned outputs[2];          /* TO_…, of standard output and standard error */
  const char *log;              /* file of TO_LOG */
  long long log_size;           /* bytes; 0: it is not rotated */
  long long log_files;          /* all of them */
  const char *journal;          /* socket of TO_JOURNAL */
  const char *attach_dir;       /* of TO_CLIENTS and FROM_CLIENTS; NULL: there are none */
  bool tty;
  const char *processes;        /* file: the processes of its cgroup; NULL: what it leaves behind is let be */
  const char *runtime_log;      /* in the bundle, where the runtime says why it failed; NULL: standard error */
  char *words;                  /* the message that the texts above are in; NULL: they are arguments */
  struct streams *streams;      /* NULL: the app has no streams but the caller's */
  struct restart restart;
  struct health_check *check;   /* NULL: it is not probed */
  bool notifies;                /* tells us when it is ready, on a socket in its bundle */
  bool notified;                /* that it is; once in the life of the pod */
  int notify_fd;                /* 0: not open */
  int listen_fds[LISTEN_LIMIT]; /* sockets that it is passed */
  size_t listen_fd_count;
  enum phase phase;
  pid_t pid;             /* of the phase; 0: not started, or ended */
  bool made[PHASES];     /* the runtime has a container of that name */
  int64_t began;         /* when the phase did; as now() */
  bool begun;            /* a phase of it ran, or runs */
  bool started;          /* MAIN ran once, or runs */
  bool live;             /* begun, and its last run has not ended */
  bool stopping;         /* asked to end, it alone */
  struct timer patience; /* until it is killed; set while stopping */
  int status;            /* wait(2) status of the last run */
  int oom_kills;         /* in all runs */
};

struct options {
  const char *uuid;
  const char *status_dir;
  const char *ready_link;
  const char *pid_file;
  const char *hostname;
  const char *selinux_process; /* NULL: SELinux is not to be told what is the apps' */
  const char *selinux_file;
  const char *init_root;
  const char *notify_socket;      /* of the service manager; NULL: there is none */
  int watchdog_ms;                /* 0: nobody watches */
  const char *join_net;           /* a network namespace that is there already; NULL: the caller's, or one of --unshare */
  const char *control;            /* a socket to be made; NULL: the apps stay the same */
  const char *runtime;
  const char *sealed_variable;    /* tells the runtime that nobody can write to it; NULL: it sees to that itself */
  const char *runtime_args[RUNTIME_ARG_LIMIT];
  size_t runtime_arg_count;
  int lock_fd;
  int userns_fd;                  /* -1: the caller's own */
  int grace_ms;
  int unshare;                    /* CLONE_NEW* */
  int ns_fds[NAMESPACE_KINDS];    /* by namespace_kinds; -1: not asked for */
  struct app *apps;               /* in the order they start in */
};

struct namespace_kind {
  const char *name; /* as in /proc/PID/ns */
  int flag;
};

/* What the ready link says. */
enum announced { NOT_STARTED, STARTED, READY };

struct pod {
  struct options options;
  int signals;       /* signalfd */
  int status_dir;    /* directory */
  int lifeline;      /* init ends the pod when this is closed */
  pid_t init;        /* 0: reaped */
  size_t live;       /* apps that were begun and whose last run has not ended */
  enum announced announced;
  bool stopping;
  bool killed;
  bool asked;        /* by a signal, to end */
  bool insisted;     /* nothing is to be waited for any more */
  bool halted;       /* asked to stop in an orderly way: exit 0 */
  struct timer grace; /* set while stopping */
  struct timer watchdog;
  int failure;       /* wait(2) status of the first app that failed, 0: none */
};

/* args.c */
extern const struct namespace_kind namespace_kinds[NAMESPACE_KINDS];
void parse_options(int argc, char **argv, struct options *options);
bool has_name(const char *argument, const char *name);

/* app_args.c: what these answer is NULL or what is wrong. The app keeps the texts it is given. */
const char *make_app(struct app **made, const char *name);
void release_app(struct app *app);
void append_app(struct app **apps, struct app *app);
bool is_app_word(const char *text);
const char *parse_app_word(struct app *app, const char *text);
const char *check_app(const struct app *app);

/* events.c: a descriptor has one watch at most; a second one replaces the first */
typedef void watch_handler(void *context);
void watch(int fd, short events, watch_handler *ready, void *context);
void unwatch(int fd);
int64_t now(void);
void set_timer(struct timer *timer, int64_t milliseconds);
void cancel_timer(struct timer *timer);
void wait_for_event(void);

/* message.c: errno is the why */
void report(const char *what, const char *subject);
_Noreturn void fail(const char *what, const char *subject);
_Noreturn void refuse(const char *what, const char *subject);
void tell_out_of_memory(const char *app, int killed);
void tell_unhealthy(const char *app, int failures);

/* init.c */
void start_init(struct pod *pod, char **argv);

/* sandbox.c: what the pod's init does to itself */
void set_title(char **argv, const char *title);
void bring_loopback_up(void);
void enter_empty_root(const char *directory);
void become_root(void);
void drop_privileges(void);
void close_all_but(int first, int second);

/* files.c */
int open_directory(const char *path);
void write_pid_file(const char *path, pid_t pid);
void write_status(int directory, const char *app, int code);
void write_oom_kills(int directory, const char *app, int killed);
void write_restarts(int directory, const char *app, int count, int code, bool waiting);
void write_health(int directory, const char *app, const char *state, int failures, const char *line);
void mark_started(int directory, const char *app);
void kill_processes(const char *path);
void write_state_link(const char *path, const char *state);
int read_oom_kills(const char *path);
pid_t read_pid(int directory, const char *name);
pid_t pid_in_pod(pid_t pid);

/* signals.c */
int open_signals(void);
int next_signal(int descriptor);
void reset_signals(void);
_Noreturn void die_by_signal(int signal);

/* apps.c */
bool start_app(const struct options *options, struct app *app, enum phase phase);
void signal_apps(const struct options *options, int signal);
bool is_our_child(pid_t pid);

/* runtime.c */
_Noreturn void execute_runtime(const struct options *options, const char *log, pid_t supervisor, const char *const words[]);

/* restart.c */
const char *parse_restart(struct app *app, const char *value);
bool plan_restart(struct app *app, int status);
void wait_to_restart(struct app *app, void (*start)(void *app));
void end_restart_wait(struct app *app);

/* probe_args.c */
const char *parse_health_exec(struct app *app, const char *value);
const char *parse_health_tcp(struct app *app, const char *value);
const char *parse_health_http(struct app *app, const char *value);
const char *parse_health_interval(struct app *app, const char *value);
const char *parse_health_timeout(struct app *app, const char *value);
const char *parse_health_retries(struct app *app, const char *value);
const char *parse_health_start_period(struct app *app, const char *value);
const char *parse_health_action(struct app *app, const char *value);
const char *check_probe(const struct app *app);

/* probes.c: of an app without a health check they do nothing */
void begin_probes(struct app *app);
void end_probes(struct app *app);
bool probe_ended(struct app *app, pid_t pid, int status);
bool has_passed(const struct app *app);
bool is_unhealthy(const struct app *app);
void forget_probes(struct app *app);

/* relay.c */
bool is_relay(char **argv);
int relay(char **argv);

/* selinux.c */
bool label_file(const struct options *options, const char *path);
bool label_pipe(const struct options *options, int end);
int labelled_socket(const struct options *options);

/* notify.c */
void tell_ready(const struct pod *pod);
void tell_stopping(const struct pod *pod);
void tell_state(const struct pod *pod);
void start_watchdog(struct pod *pod);
void listen_to_app(struct app *app);
void stop_listening_to_app(struct app *app);

/* listen.c */
const char *parse_listen_fd(struct app *app, const char *value);
void place_sockets(const struct app *app);
bool is_stand_in(char **argv);
int become_listening_app(char **argv);

/* app_life.c */
void begin_life(struct pod *pod, struct app *app);
void phase_ended(struct pod *pod, struct app *app, int status);
void give_up_waiting(struct pod *pod);
void stop_app(struct app *app);
void act_on_unhealthy(struct app *app, enum health_action action);
bool is_ready(const struct app *app);
void free_app(struct app *app);

/* pod.c */
bool is_mutable(const struct pod *pod);
void app_failed(struct pod *pod, int status);
void start_apps(struct pod *pod);
void supervise(struct pod *pod);
void end_pod(struct pod *pod);
void join_app(struct pod *pod, struct app *app);
void remove_app(struct pod *pod, struct app *app);

/* control.c */
void open_control(struct pod *pod);
void tell_control(const struct app *app);

/* streams.c: of apps that have others than the caller's */
bool open_streams(const struct options *options, struct app *app);
void connect_streams(const struct app *app, bool is_main);
bool has_own_terminal(const struct app *app);
bool take_terminal(struct app *app, int master);
void begin_output(struct app *app, pid_t pid);
void end_output(struct app *app);
void close_streams(struct app *app);
void end_streams(void);
bool streams_have_ended(void);
void let_clients_go(void *context);
void remove_streams(void);

/* outlet.c */
bool say_in_turn(const char *text, size_t length);

/* terminal.c: of any app */
int listen_for_terminal(int bundle);
int accept_terminal(int listener);
void stop_listening(int listener, int bundle);

/* console.c: the terminal that is the caller's as well, at most one in a process */
bool console_open(int terminal);
bool console_is_open(void);
void console_resize(void);
void console_drain(void);
void console_restore(void);

#endif
