/*
 * A daemon that others come to share, as a key agent does.
 *
 *   agent serve <socket>   becomes a daemon that tells its pid to everybody who asks; returns when it can be asked
 *   agent ask <socket>     prints what it tells
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void serve(int listening) {
  if (fork() != 0) return;
  setsid();
  if (fork() != 0) _exit(0);
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") != 0) _exit(71);
  close(0);
  close(1);
  close(2);
  for (;;) {
    int asker = accept(listening, NULL, NULL);
    if (asker < 0) continue;
    dprintf(asker, "%d\n", (int)getpid());
    close(asker);
  }
}

static int ask(int connected) {
  char answer[64];
  ssize_t size = read(connected, answer, sizeof answer);
  return size > 0 && write(1, answer, (size_t)size) == size ? 0 : 1;
}

int main(int count, char **words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (count != 3 || strlen(words[2]) >= sizeof address.sun_path) return 64;
  strcpy(address.sun_path, words[2]);
  int file = socket(AF_UNIX, SOCK_STREAM, 0);
  if (file < 0) return 71;
  if (strcmp(words[1], "ask") == 0)
    return connect(file, (struct sockaddr *)&address, sizeof address) == 0 ? ask(file) : 1;
  if (bind(file, (struct sockaddr *)&address, sizeof address) != 0 || listen(file, 8) != 0) return 71;
  serve(file);
  return 0;
}
