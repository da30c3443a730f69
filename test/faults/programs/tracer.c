/*
 * Traces a process that is not its own, and never waits for it, so that its parent does not hear of its end (ptrace(2)):
 * `tracer <pid>`. When it does, there is a file `tracing`.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 2) return 64;
  if (ptrace(PTRACE_SEIZE, (pid_t)atoi(words[1]), NULL, NULL) != 0) return 72;
  close(open("tracing", O_WRONLY | O_CREAT, 0600));
  for (;;) pause();
}
