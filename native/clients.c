/*
 * Clients of the endpoints, to which bytes go as they are. Any number may be connected to each. A client that does not
 * keep up misses bytes and is told so; the app never waits for it.
 */
#define _GNU_SOURCE
#include "clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST_QUEUE = 262144 };

static int client_count;

static void client_ready(void *context);

static bool is_behind(const struct client *client) {
  return client->queue != NULL;
}

/* A client that waits may be gone already, and what it has sent is to be read all the same. */
void watch_client(struct client *client) {
  bool waits = must_wait(client);
  short events = (short)((client->sends && !waits ? POLLIN : 0) | (is_behind(client) ? POLLOUT : 0));
  if (waits && events == 0) unwatch(client->fd);
  else watch(client->fd, events, client_ready, client);
}

void remove_client(struct client *client) {
  struct client **link = &client->endpoint->clients;
  while (*link != client) link = &(*link)->next;
  *link = client->next;
  unwatch(client->fd);
  close(client->fd);
  free(client->line);
  free(client->queue);
  free(client);
  client_count--;
}

bool is_passing(int why) {
  return why == EAGAIN || why == EINTR;
}

/* False: it is gone. */
static bool send_to(const struct client *client, const char *bytes, size_t length, size_t *sent) {
  ssize_t got = send(client->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  *sent = got > 0 ? (size_t)got : 0;
  return got >= 0 || is_passing(errno);
}

static void queue_for(struct client *client, const char *bytes, size_t length) {
  if (client->queue == NULL) client->queue = malloc(LARGEST_QUEUE);
  size_t room = client->queue == NULL || client->missed > 0 ? 0 : LARGEST_QUEUE - client->end;
  size_t taken = length < room ? length : room;
  if (taken > 0) memcpy(client->queue + client->end, bytes, taken);
  client->end += taken;
  client->missed += length - taken;
}

/* False: it is gone. */
static bool show(struct client *client, const char *bytes, size_t length) {
  size_t sent = 0;
  if (!is_behind(client) && !send_to(client, bytes, length, &sent)) return false;
  if (sent < length) queue_for(client, bytes + sent, length - sent);
  return true;
}

/* Where bytes are missing the client is told, on a line of its own. */
static bool tell_missed(struct client *client) {
  char text[80];
  int length = snprintf(text, sizeof text, "\r\n[rkt: %zu bytes were not shown, they came too fast]\r\n", client->missed);
  client->missed = 0;
  return show(client, text, (size_t)length);
}

static bool send_queue(struct client *client) {
  size_t sent;
  if (!send_to(client, client->queue + client->start, client->end - client->start, &sent)) return false;
  client->start += sent;
  if (client->start < client->end) return true;
  free(client->queue);
  client->queue = NULL;
  client->start = client->end = 0;
  return client->missed == 0 || tell_missed(client);
}

static bool is_gone(const struct client *client) {
  struct pollfd polled = {.fd = client->fd, .events = 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

static bool serve(struct client *client) {
  if (is_behind(client) && !send_queue(client)) return false;
  if (client->leaves && !is_behind(client)) return false;
  if (!client->sends) return !is_gone(client);
  return must_wait(client) || read_client(client);
}

static void client_ready(void *context) {
  struct client *client = context;
  if (serve(client)) watch_client(client);
  else remove_client(client);
}

void accept_client(void *context) {
  struct endpoint *endpoint = context;
  int fd = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  struct client *client = client_count < MOST_CLIENTS ? calloc(1, sizeof *client) : NULL;
  if (client == NULL) {
    close(fd);
    return;
  }
  client_count++;
  *client = (struct client){.next = endpoint->clients, .endpoint = endpoint, .fd = fd, .sends = true};
  endpoint->clients = client;
  const struct recent *recent = endpoint->kind == TERMINAL ? endpoint->of->recent : NULL;
  if (recent != NULL && recent->length > 0 && !show(client, recent->bytes, recent->length)) remove_client(client);
  else watch_client(client);
}

static void remember(struct recent *recent, const char *bytes, size_t length) {
  if (length > RECENT_ROOM) {
    bytes += length - RECENT_ROOM;
    length = RECENT_ROOM;
  }
  size_t kept = recent->length + length > RECENT_ROOM ? RECENT_ROOM - length : recent->length;
  memmove(recent->bytes, recent->bytes + recent->length - kept, kept);
  memcpy(recent->bytes + kept, bytes, length);
  recent->length = kept + length;
}

void show_clients(struct source *source, const char *bytes, size_t length) {
  if (source->of->recent != NULL) remember(source->of->recent, bytes, length);
  for (struct client *client = source->endpoint->clients, *next; client != NULL; client = next) {
    next = client->next;
    if (!show(client, bytes, length)) remove_client(client);
    else watch_client(client);
  }
}

/* The app has ended, and so does being attached to it; whoever is behind is let go when it has all. */
void release_clients(struct streams *streams) {
  for (struct endpoint *endpoint = streams->endpoints; endpoint != NULL; endpoint = endpoint->next)
    for (struct client *client = endpoint->clients, *next; client != NULL; client = next) {
      next = client->next;
      client->leaves = true;
      if (!is_behind(client)) remove_client(client);
    }
}

bool clients_have_all(const struct streams *streams) {
  for (const struct endpoint *endpoint = streams->endpoints; endpoint != NULL; endpoint = endpoint->next)
    for (const struct client *client = endpoint->clients; client != NULL; client = client->next)
      if (is_behind(client)) return false;
  return true;
}
