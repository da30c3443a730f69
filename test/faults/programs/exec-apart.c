/*
 * Leaves behind a process that executes a program: `exec-apart <argv…>`. Leads a session of its own, and says so by its
 * pid in the file `apart`. At USR1 it forks a child, which stays in that session and executes the program, and ends
 * itself.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 2) return 64;
  sigset_t go, before;
  sigemptyset(&go);
  sigaddset(&go, SIGUSR1);
  sigprocmask(SIG_BLOCK, &go, &before);
  if (setsid() < 0) return 71;
  FILE *file = fopen("apart", "w");
  if (!file) return 71;
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
  int number;
  sigwait(&go, &number);
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (fork() != 0) return 0;
  execv(words[1], words + 1);
  return 127;
}
