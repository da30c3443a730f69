/*
 * Has one child behind many: `behind <many> living` and the others wait until TERM ends them, `behind <many> ended` and
 * they have ended and are left unreaped. The last child ignores TERM and leads a session of its own. Once it is there,
 * there is a file `last` with its pid; of `ended`, the parent exits then.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 3) return 64;
  int is_living = strcmp(words[2], "living") == 0;
  for (long many = atol(words[1]); many > 0; many--) {
    pid_t pid = fork();
    if (pid < 0) return 71;
    if (pid > 0) continue;
    if (!is_living) _exit(0);
    for (;;) pause();
  }
  int told[2];
  if (pipe(told) != 0) return 71;
  pid_t last = fork();
  if (last < 0) return 71;
  if (last == 0) {
    signal(SIGTERM, SIG_IGN);
    setsid();
    FILE *file = fopen("last", "w");
    if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file) != 0) _exit(71);
    close(told[0]);
    close(told[1]);
    for (;;) pause();
  }
  close(told[1]);
  char nothing;
  if (read(told[0], &nothing, 1) != 0) return 71;
  while (is_living) pause();
  return 7;
}
