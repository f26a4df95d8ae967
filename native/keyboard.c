/* What clients send: an app's input, of several senders in whole lines, and the size of its terminal. */
#define _GNU_SOURCE
#include "clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { SIZE_TEXT = 64 };

bool takes_input(const struct endpoint *endpoint) {
  return endpoint->kind == INPUT || endpoint->kind == TERMINAL;
}

/* Its input is not read while the app has not taken what was sent before. */
bool must_wait(const struct client *client) {
  const struct keyboard *keyboard = client->endpoint->of->keyboard;
  return client->sends && takes_input(client->endpoint) && (keyboard->to < 0 || keyboard->start < keyboard->end);
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
bool read_client(struct client *client) {
  char text[SIZE_TEXT + 1];
  if (takes_input(client->endpoint)) return read_input(client);
  ssize_t got = recv(client->fd, text, SIZE_TEXT, MSG_DONTWAIT);
  if (got < 0) return is_passing(errno);
  client->sends = got > 0;
  if (got > 0 && client->endpoint->kind == WINDOW_SIZE) take_size(client->endpoint->of, text, (size_t)got);
  return true;
}
