/* Who attaches to an app: what endpoints.c, clients.c and keyboard.c share. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "streams.h"

enum { MOST_CLIENTS = 64 };

enum endpoint_kind { INPUT, OUTPUT, TERMINAL, WINDOW_SIZE };

/* A socket that one can connect to. */
struct endpoint {
  struct endpoint *next;
  struct streams *of;
  const char *name;
  enum endpoint_kind kind;
  int listener;
  struct client *clients;
};

struct client {
  struct client *next;
  struct endpoint *endpoint;
  int fd;
  bool sends;     /* its end of input has not come */
  bool leaves;    /* it is let go when it has all */
  char *line;     /* the unfinished line it has sent, while others send as well; NULL: none */
  size_t line_length;
  char *queue;    /* NULL: it has all */
  size_t start, end;
  size_t missed;
};

/* clients.c */
void accept_client(void *endpoint);
void watch_client(struct client *client);
void remove_client(struct client *client);
bool is_passing(int why);

/* keyboard.c: what reads answers false when the client is gone */
bool takes_input(const struct endpoint *endpoint);
bool must_wait(const struct client *client);
bool read_client(struct client *client);

#endif
