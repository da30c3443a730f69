/*
 * Does not end when it is told to: `hard-to-end <kind>`. When it is so, its pid is in `ready.<kind>`.
 *
 *   ignoring        ignores TERM
 *   stopped         is stopped
 *   stopping        ignores TERM, and stops itself again whenever it is continued
 *   zombie-parent   has children that ended and that it never waits for
 *   leaderless      its first thread has ended, so that it looks like a zombie, and another one goes on
 *   traced          is held by a tracer, itself, which ignores TERM and never lets go (ptrace(2))
 *   vforked         waits for a child, in a sleep that only KILL ends (vfork(2))
 *   another-user    has become another user, with root's help
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY_ELSE 65534

static int report;

static void tell(void) { dprintf(report, "%d", (int)getpid()); }

__attribute__((noreturn)) static void go_on(void) {
  for (;;) pause();
}

static void stop_again(int number) {
  (void)number;
  raise(SIGSTOP);
}

static void *outlive(void *leader) {
  pthread_join(*(pthread_t *)leader, NULL);
  tell();
  go_on();
}

static void be_traced(void) {
  signal(SIGTERM, SIG_IGN);
  pid_t held = fork();
  if (held == 0) go_on();
  if (ptrace(PTRACE_ATTACH, held, NULL, NULL) != 0) _exit(72);
  waitpid(held, NULL, 0);
}

static void wait_in_vfork(void) {
  signal(SIGTERM, SIG_IGN);
  if (vfork() == 0) {
    tell();
    go_on();
  }
}

int main(int count, char **words) {
  static pthread_t leader, other;
  if (count != 2) return 64;
  const char *kind = words[1];
  char path[64];
  snprintf(path, sizeof path, "ready.%s", kind);
  report = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (report < 0) return 71;
  if (strcmp(kind, "ignoring") == 0) {
    signal(SIGTERM, SIG_IGN);
  } else if (strcmp(kind, "stopped") == 0) {
    tell();
    raise(SIGSTOP);
  } else if (strcmp(kind, "stopping") == 0) {
    signal(SIGTERM, SIG_IGN);
    signal(SIGCONT, stop_again);
    tell();
    raise(SIGSTOP);
  } else if (strcmp(kind, "zombie-parent") == 0) {
    for (int i = 0; i < 3; i++)
      if (fork() == 0) _exit(0);
  } else if (strcmp(kind, "leaderless") == 0) {
    leader = pthread_self();
    if (pthread_create(&other, NULL, outlive, &leader) != 0) return 71;
    pthread_exit(NULL);
  } else if (strcmp(kind, "traced") == 0) {
    be_traced();
  } else if (strcmp(kind, "vforked") == 0) {
    wait_in_vfork();
  } else if (strcmp(kind, "another-user") == 0) {
    signal(SIGTERM, SIG_IGN);
    if (setresuid(SOMEBODY_ELSE, SOMEBODY_ELSE, SOMEBODY_ELSE) != 0) return 73;
  } else {
    return 64;
  }
  tell();
  go_on();
}
