/*
 * Becomes a tree: `tree <size> <width>`. Each process but the last has so many children; every third one leads a session
 * of its own, and every third one ignores TERM. Once all are there, there is a file `grown`.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 3) return 64;
  long size = atol(words[1]), width = atol(words[2]), number = 0;
  long *grown = mmap(NULL, sizeof *grown, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (grown == MAP_FAILED) return 71;
  for (long child = 1; child <= width; child++) {
    /* The children of n are those from n * width + 1 on, as in a heap. */
    if (number * width + child >= size) break;
    pid_t pid = fork();
    if (pid < 0) return 71;
    if (pid > 0) continue;
    number = number * width + child;
    child = 0;
    if (number % 3 == 1) setsid();
    if (number % 3 == 2) signal(SIGTERM, SIG_IGN);
  }
  if (__atomic_add_fetch(grown, 1, __ATOMIC_SEQ_CST) == size) close(open("grown", O_WRONLY | O_CREAT, 0600));
  for (;;) pause();
}
