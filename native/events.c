/* What the supervisor waits for: descriptors, and times. One poll(2), as descriptors may be regular files. */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct watch {
  int fd; /* -1: given up, its place is taken by the next */
  short events;
  watch_handler *ready;
  void *context;
};

/* A pod that is asked for nothing more has no heap: that is two pages, and two of its init's. */
enum { FEW = 4 };
static struct watch few_watches[FEW];
static struct pollfd few_polls[FEW];

static struct watch *watches = few_watches;
static size_t watch_count;
static struct pollfd *polls = few_polls;
static size_t room = FEW; /* of both */
static struct timer *timers; /* the earliest first */

int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct watch *find_watch(int fd) {
  for (size_t i = 0; i < watch_count; i++)
    if (watches[i].fd == fd) return &watches[i];
  return NULL;
}

static void make_room(void) {
  bool few = watches == few_watches;
  room *= 2;
  watches = realloc(few ? NULL : watches, room * sizeof *watches);
  polls = realloc(few ? NULL : polls, room * sizeof *polls);
  if (watches == NULL || polls == NULL) fail("cannot keep", "what to wait for");
  if (!few) return;
  memcpy(watches, few_watches, sizeof few_watches);
  /* What was polled is being told: who wants more room is one who was told. */
  memcpy(polls, few_polls, sizeof few_polls);
}

static struct watch *new_watch(void) {
  struct watch *free_place = find_watch(-1);
  if (free_place != NULL) return free_place;
  if (watch_count == room) make_room();
  return &watches[watch_count++];
}

void watch(int fd, short events, watch_handler *ready, void *context) {
  struct watch *place = find_watch(fd);
  if (place == NULL) place = new_watch();
  *place = (struct watch){.fd = fd, .events = events, .ready = ready, .context = context};
}

void unwatch(int fd) {
  struct watch *place = fd < 0 ? NULL : find_watch(fd);
  if (place != NULL) place->fd = -1;
}

void cancel_timer(struct timer *timer) {
  for (struct timer **link = &timers; *link != NULL; link = &(*link)->next) {
    if (*link != timer) continue;
    *link = timer->next;
    return;
  }
}

void set_timer(struct timer *timer, int64_t milliseconds) {
  cancel_timer(timer);
  timer->at = now() + milliseconds;
  struct timer **link = &timers;
  while (*link != NULL && (*link)->at <= timer->at) link = &(*link)->next;
  timer->next = *link;
  *link = timer;
}

/* For poll(2): -1 is for ever. */
static int time_left(void) {
  if (timers == NULL) return -1;
  int64_t left = timers->at - now();
  return left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

static void fire_timers(void) {
  while (timers != NULL && timers->at <= now()) {
    struct timer *timer = timers;
    timers = timer->next;
    timer->fire(timer->context);
  }
}

/* A handler may give up watches and take new ones: only what was polled is told, and only while it is watched. */
static void tell_watches(size_t polled) {
  for (size_t i = 0; i < polled; i++)
    if (polls[i].revents != 0 && polls[i].fd >= 0 && watches[i].fd == polls[i].fd)
      watches[i].ready(watches[i].context);
}

void wait_for_event(void) {
  size_t polled = watch_count;
  for (size_t i = 0; i < polled; i++) polls[i] = (struct pollfd){.fd = watches[i].fd, .events = watches[i].events};
  int ready = poll(polls, (nfds_t)polled, time_left());
  if (ready < 0 && errno != EINTR) fail("cannot wait for", "events");
  if (ready > 0) tell_watches(polled);
  fire_timers();
}
