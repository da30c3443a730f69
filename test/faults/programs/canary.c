/*
 * An innocent bystander: leads a session of its own, writes a line for every signal that it gets, and lives on. KILL
 * and STOP cannot be caught; of those its end, or its state, tells.
 *
 *   canary <file> [<pid>]
 *
 * file  gets `ready`, then the number of each signal
 * pid   the one that it has to have: where it has another one it becomes the parent of a canary that has, and waits
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;

static void say(const char *word) {
  if (write(file, word, strlen(word)) < 0) _exit(71);
}

static void heard(int number) {
  char line[] = "00\n";
  line[0] = (char)('0' + number / 10);
  line[1] = (char)('0' + number % 10);
  say(line);
}

/* clone3(2), set_tid: in a PID namespace of ours any pid that is free. It is taken as long as a zombie has it. */
static pid_t fork_as(pid_t pid) {
  struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
  for (int tries = 0; tries < 3000; tries++) {
    long made = syscall(SYS_clone3, &args, sizeof args);
    if (made >= 0 || errno != EEXIST) return (pid_t)made;
    usleep(10000);
  }
  return -1;
}

int main(int count, char **words) {
  if (count < 2) return 64;
  file = open(words[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return 71;
  if (count > 2) {
    pid_t made = fork_as((pid_t)atoi(words[2]));
    if (made < 0) return 72;
    if (made > 0) return waitpid(made, NULL, 0) == made ? 0 : 71;
    setsid();
  }
  for (int number = 1; number < SIGRTMIN; number++) signal(number, heard);
  say("ready\n");
  for (;;) pause();
}
