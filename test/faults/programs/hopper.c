/*
 * Never stays: forks and exits, and so does its child, and so on.
 *
 *   hopper <microseconds> [ignoring] [setsid]
 *
 * microseconds  how long each lives
 * ignoring      ignores TERM
 * setsid        each leaves the session of the one before, too (setsid(2))
 *
 * Once it hops, there is a file `hopping`.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 2) return 64;
  useconds_t pace = (useconds_t)atoi(words[1]);
  int leaves = 0;
  for (int i = 2; i < count; i++) {
    if (strcmp(words[i], "ignoring") == 0) signal(SIGTERM, SIG_IGN);
    if (strcmp(words[i], "setsid") == 0) leaves = 1;
  }
  for (long hops = 0;; hops++) {
    if (fork() != 0) _exit(0);
    if (leaves) setsid();
    if (hops == 10) close(open("hopping", O_WRONLY | O_CREAT, 0600));
    if (pace > 0) usleep(pace);
  }
}
