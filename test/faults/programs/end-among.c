/*
 * Ends in the middle of many that end: `end-among <number> <microseconds> <code>` leaves so many orphans, lets all of
 * them go at once, and exits with the code so long after.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 4) return 64;
  int held[2];
  char byte;
  if (pipe(held) != 0) return 71;
  for (int left = atoi(words[1]); left > 0; left--) {
    pid_t parent = fork();
    if (parent < 0) return 71;
    if (parent > 0) {
      waitpid(parent, NULL, 0);
      continue;
    }
    if (fork() != 0) _exit(0);
    close(held[1]);
    /* End-of-file comes when the last who could write has closed. */
    _exit(read(held[0], &byte, 1) == 0 ? 0 : 70);
  }
  close(held[1]);
  usleep((useconds_t)atoi(words[2]));
  return atoi(words[3]);
}
