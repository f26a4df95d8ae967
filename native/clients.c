/*
 * Who attaches: a socket for each stream, `sock-NAME` in the app's directory, where bytes go as they are. Any
 * number may be connected. A client that does not keep up misses bytes and is told so; the app never waits for it.
 */
#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { LARGEST_QUEUE = 262144, MOST_CLIENTS = 64, SIZE_TEXT = 64 };

enum endpoint_kind { INPUT, OUTPUT, TERMINAL, WINDOW_SIZE };

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

static int client_count;

static void client_ready(void *context);

static bool takes_input(const struct endpoint *endpoint) {
  return endpoint->kind == INPUT || endpoint->kind == TERMINAL;
}

static bool is_behind(const struct client *client) {
  return client->queue != NULL;
}

/* Its input is not read while the app has not taken what was sent before. */
static bool must_wait(const struct client *client) {
  const struct keyboard *keyboard = client->endpoint->of->keyboard;
  return client->sends && takes_input(client->endpoint) && (keyboard->to < 0 || keyboard->start < keyboard->end);
}

/* A client that waits may be gone already, and what it has sent is to be read all the same. */
static void watch_client(struct client *client) {
  bool waits = must_wait(client);
  short events = (short)((client->sends && !waits ? POLLIN : 0) | (is_behind(client) ? POLLOUT : 0));
  if (waits && events == 0) unwatch(client->fd);
  else watch(client->fd, events, client_ready, client);
}

static void remove_client(struct client *client) {
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

static bool is_passing(int why) {
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

static void watch_clients(struct streams *streams) {
  for (struct endpoint *endpoint = streams->endpoints; endpoint != NULL; endpoint = endpoint->next)
    if (takes_input(endpoint))
      for (struct client *client = endpoint->clients; client != NULL; client = client->next) watch_client(client);
}

static void app_ready(void *context) {
  struct keyboard *keyboard = context;
  feed_app(keyboard);
}

/* What nobody will read any more is thrown away. */
void feed_app(struct keyboard *keyboard) {
  if (keyboard->to < 0) return;
  while (keyboard->start < keyboard->end) {
    ssize_t got = write(keyboard->to, keyboard->bytes + keyboard->start, keyboard->end - keyboard->start);
    if (got > 0) keyboard->start += (size_t)got;
    else if (got < 0 && errno == EAGAIN) break;
    else if (got < 0 && errno != EINTR) keyboard->start = keyboard->end;
  }
  if (keyboard->start < keyboard->end) watch(keyboard->to, POLLOUT, app_ready, keyboard);
  else unwatch(keyboard->to);
  watch_clients(keyboard->of);
}

void set_window_size(const struct streams *streams) {
  const struct winsize size = {.ws_row = (unsigned short)streams->rows, .ws_col = (unsigned short)streams->columns};
  if (streams->rows > 0 && streams->sources[0].from >= 0) ioctl(streams->sources[0].from, TIOCSWINSZ, &size);
}

/* `ROWS COLUMNS\n`, in one piece; of several the last one counts. */
static void take_size(struct streams *streams, char *text, size_t length) {
  int rows;
  int columns;
  text[length] = '\0';
  if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
  const char *last = strrchr(text, '\n');
  if (sscanf(last == NULL ? text : last + 1, "%d %d", &rows, &columns) != 2) return;
  if (rows < 1 || columns < 1 || rows > 65535 || columns > 65535) return;
  streams->rows = rows;
  streams->columns = columns;
  set_window_size(streams);
}

/* The line that follows is held back if the lines of others may come in between. */
static size_t hold_line(struct client *client, const char *bytes, size_t length) {
  const struct endpoint *endpoint = client->endpoint;
  const char *end = memrchr(bytes, '\n', length);
  size_t whole = end == NULL ? 0 : (size_t)(end + 1 - bytes);
  bool alone = endpoint->kind == TERMINAL || endpoint->clients->next == NULL;
  if (alone || whole == length || (whole == 0 && length == KEYBOARD_ROOM)) return length;
  client->line = malloc(KEYBOARD_ROOM);
  if (client->line == NULL) return length;
  client->line_length = length - whole;
  memcpy(client->line, bytes + whole, client->line_length);
  return whole;
}

static size_t take_held_line(struct client *client, char *bytes) {
  size_t length = client->line_length;
  if (length > 0) memcpy(bytes, client->line, length);
  free(client->line);
  client->line = NULL;
  client->line_length = 0;
  return length;
}

/* False: it is gone. A client that has ended its input may still be reading. */
static bool read_input(struct client *client) {
  struct keyboard *keyboard = client->endpoint->of->keyboard;
  size_t held = client->line_length;
  ssize_t got = recv(client->fd, keyboard->bytes + held, KEYBOARD_ROOM - held, MSG_DONTWAIT);
  if (got < 0) return is_passing(errno);
  take_held_line(client, keyboard->bytes);
  client->sends = got > 0;
  size_t length = held + (size_t)got;
  keyboard->start = 0;
  keyboard->end = got == 0 ? length : hold_line(client, keyboard->bytes, length);
  feed_app(keyboard);
  return true;
}

/* What is sent to where only output comes from is of no interest. */
static bool read_client(struct client *client) {
  char text[SIZE_TEXT + 1];
  if (takes_input(client->endpoint)) return read_input(client);
  ssize_t got = recv(client->fd, text, SIZE_TEXT, MSG_DONTWAIT);
  if (got < 0) return is_passing(errno);
  client->sends = got > 0;
  if (got > 0 && client->endpoint->kind == WINDOW_SIZE) take_size(client->endpoint->of, text, (size_t)got);
  return true;
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

static void accept_client(void *context) {
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

/*
 * Through the directory's descriptor: a socket's path is at most 107 bytes. For root alone. It has its name when one
 * can connect to it.
 */
static int listen_at(int directory, const char *name) {
  static const char unfinished[] = "sock-new";
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, unfinished);
  unlinkat(directory, unfinished, 0);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  mode_t before = umask(0177);
  bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, MOST_CLIENTS) == 0;
  umask(before);
  if (bound && renameat(directory, unfinished, directory, name) == 0) return fd;
  close(fd);
  return -1;
}

static struct endpoint *open_endpoint(struct streams *streams, int directory, enum endpoint_kind kind, const char *name) {
  struct endpoint *endpoint = calloc(1, sizeof *endpoint);
  int listener = endpoint == NULL ? -1 : listen_at(directory, name);
  if (listener < 0) {
    free(endpoint);
    return NULL;
  }
  *endpoint = (struct endpoint){.next = streams->endpoints, .of = streams, .name = name, .kind = kind, .listener = listener};
  streams->endpoints = endpoint;
  watch(listener, POLLIN, accept_client, endpoint);
  return endpoint;
}

static bool open_terminal(struct streams *streams, int directory) {
  struct source *source = &streams->sources[0];
  streams->recent = calloc(1, sizeof *streams->recent);
  source->endpoint = open_endpoint(streams, directory, TERMINAL, "sock-tty");
  return streams->recent != NULL && source->endpoint != NULL &&
         open_endpoint(streams, directory, WINDOW_SIZE, "sock-tty-size") != NULL;
}

static bool open_streams_of(struct streams *streams, int directory) {
  static const char *const names[] = {"sock-stdout", "sock-stderr"};
  for (int i = 0; i < 2; i++) {
    struct source *source = &streams->sources[i];
    if ((source->leads & TO_CLIENTS) == 0) continue;
    source->endpoint = open_endpoint(streams, directory, OUTPUT, names[i]);
    if (source->endpoint == NULL) return false;
  }
  return streams->keyboard == NULL || open_endpoint(streams, directory, INPUT, "sock-stdin") != NULL;
}

bool open_endpoints(struct streams *streams) {
  int directory = open(streams->app->attach_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  bool opened = streams->app->tty ? open_terminal(streams, directory) : open_streams_of(streams, directory);
  int why = errno;
  close(directory);
  errno = why;
  return opened;
}

void close_endpoints(struct streams *streams) {
  int directory = streams->endpoints == NULL ? -1 : open(streams->app->attach_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (struct endpoint *endpoint = streams->endpoints, *next; endpoint != NULL; endpoint = next) {
    next = endpoint->next;
    while (endpoint->clients != NULL) remove_client(endpoint->clients);
    unwatch(endpoint->listener);
    close(endpoint->listener);
    if (directory >= 0) unlinkat(directory, endpoint->name, 0);
    free(endpoint);
  }
  streams->endpoints = NULL;
  for (int i = 0; i < 2; i++) streams->sources[i].endpoint = NULL;
  if (directory >= 0) close(directory);
}
