/*
 * The witness of a fault test: a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER) below which everything of the test is
 * started. Whatever a process does, leave its parent, its group, its session, empty its environment, it stays below
 * the witness; so nothing is left exactly when wait(2) has no child of any kind. Shares no code with what it watches.
 *
 * One request a line on stdin, one answer or event a line on stdout; fields are separated by one space each and
 * percent-encoded. End-of-file on stdin ends everything below, and then the witness.
 *
 *   spawn <id> <cwd> <stdin> <stdout> <stderr> <number of variables> <variables…> <argv…>
 *                                           started <id> <pid> | failed <id> <errno>; later: exited <id> <code> <signal>
 *   list <id>                               listed <id> [<pid>:<ppid>:<state>:<start time>:<comm>…]
 *   empty <id> <ms>                         empty <id> 1, or after so long empty <id> 0
 *   kill <id> <pid> <start time> <signal>   killed <id> <errno>, 0 for sent
 *   reap <id> <0 or 1>                      reaping <id>: whether adopted zombies are reaped, as they are at first
 *   clear <id>                              cleared <id>, once everything below was killed
 *   signalled <id>                          signalled <id> <number of times it was told to end from inside its namespace>
 *
 * At any time: crashed <pid> <signal>, of an orphan that ended by a signal that tells of a defect.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "processes.h"
#include "wire.h"

#define NO_SIGNAL 0

struct command {
  pid_t pid;
  char *id;
  struct command *next;
};

static struct command *commands;
static char *empty_asker;
static long long empty_deadline;
static int reaps_adopted = 1;
static unsigned long times_signalled;

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void list(const char *id) {
  size_t count;
  struct process *below = everything_below(&count);
  printf("listed %s", id);
  for (size_t i = 0; i < count; i++) {
    printf(" %d:%d:%c:%llu:", (int)below[i].pid, (int)below[i].ppid, below[i].state, below[i].start_time);
    print_encoded(below[i].comm);
  }
  putchar('\n');
  free(below);
}

/* The pidfd is opened first: what is verified then is what gets the signal, or nobody. */
static int send_verified(pid_t pid, unsigned long long start_time, int number) {
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return errno;
  size_t count;
  struct process *below = everything_below(&count);
  int error = ESRCH;
  for (size_t i = 0; i < count; i++) {
    if (below[i].pid != pid || below[i].start_time != start_time) continue;
    error = syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0 ? 0 : errno;
  }
  free(below);
  close(pidfd);
  return error;
}

static void become(char *cwd, char **files, char **variables, char **argv, int report) {
  static const int MODES[] = {O_RDONLY, O_WRONLY | O_CREAT | O_APPEND, O_WRONLY | O_CREAT | O_APPEND};
  sigset_t none;
  sigemptyset(&none);
  /* A session of its own: no terminal, and no group that anybody of the test's own is in. */
  setsid();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (chdir(cwd) == 0) {
    int i = 0;
    for (; i < 3; i++) {
      int file = open(files[i], MODES[i] | O_CLOEXEC, 0600);
      if (file < 0 || dup2(file, i) < 0) break;
    }
    if (i == 3) execvpe(argv[0], argv, variables);
  }
  int error = errno;
  if (write(report, &error, sizeof error) < 0) _exit(71);
  _exit(127);
}

static void spawn(char *id, char *rest) {
  char *files[3], *cwd = next_field(&rest);
  for (int i = 0; i < 3; i++) files[i] = next_field(&rest);
  size_t variables = (size_t)atoi(next_field(&rest)), words = 0, room = 16;
  char **environment = claimed(calloc(variables + 1, sizeof *environment));
  char **argv = claimed(calloc(room + 1, sizeof *argv));
  for (size_t i = 0; i < variables; i++) environment[i] = next_field(&rest);
  while (rest) {
    if (words == room) argv = claimed(realloc(argv, ((room *= 2) + 1) * sizeof *argv));
    argv[words++] = next_field(&rest);
  }
  argv[words] = NULL;
  int report[2], error = 0;
  if (pipe2(report, O_CLOEXEC) != 0) exit(71);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    for (size_t i = 0; i < variables; i++)
      if (strncmp(environment[i], "PATH=", 5) == 0) setenv("PATH", environment[i] + 5, 1);
    become(cwd, files, environment, argv, report[1]);
  }
  if (pid < 0) error = errno;
  close(report[1]);
  /* Closed by a successful execve(2). */
  if (pid > 0 && read(report[0], &error, sizeof error) == sizeof error) waitpid(pid, NULL, 0);
  close(report[0]);
  free(environment);
  free(argv);
  if (error) {
    printf("failed %s %d\n", id, error);
    return;
  }
  struct command *command = claimed(malloc(sizeof *command));
  *command = (struct command){.pid = pid, .id = claimed(strdup(id)), .next = commands};
  commands = command;
  printf("started %s %d\n", id, (int)pid);
}

static int tells_of_defect(int signal) {
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

static void tell_exit(pid_t pid, int status) {
  for (struct command **link = &commands; *link; link = &(*link)->next) {
    struct command *command = *link;
    if (command->pid != pid) continue;
    if (WIFSIGNALED(status))
      printf("exited %s - %d\n", command->id, WTERMSIG(status));
    else
      printf("exited %s %d %d\n", command->id, WEXITSTATUS(status), NO_SIGNAL);
    *link = command->next;
    free(command->id);
    free(command);
    return;
  }
  if (WIFSIGNALED(status) && tells_of_defect(WTERMSIG(status))) printf("crashed %d %d\n", (int)pid, WTERMSIG(status));
}

static void reap(void) {
  int status;
  if (reaps_adopted) {
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) tell_exit(pid, status);
    return;
  }
  for (struct command *command = commands; command;) {
    struct command *next = command->next;
    if (waitpid(command->pid, &status, WNOHANG) == command->pid) tell_exit(command->pid, status);
    command = next;
  }
}

/* No child of any kind: no descendant either, for an orphan below us would be our child. */
static int is_empty(void) {
  siginfo_t info;
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

static void end_everything(void) {
  reaps_adopted = 1;
  for (;;) {
    reap();
    if (is_empty()) return;
    size_t count;
    struct process *below = everything_below(&count);
    for (size_t i = 0; i < count; i++) kill(below[i].pid, SIGKILL);
    free(below);
    usleep(2000);
  }
}

static void tell_empty(void) {
  if (!empty_asker) return;
  int empty = is_empty();
  if (!empty && now_ms() < empty_deadline) return;
  printf("empty %s %d\n", empty_asker, empty);
  free(empty_asker);
  empty_asker = NULL;
}

static void obey(char *line) {
  char *rest = line, *request = next_field(&rest), *id = next_field(&rest);
  if (strcmp(request, "spawn") == 0) {
    spawn(id, rest);
  } else if (strcmp(request, "list") == 0) {
    list(id);
  } else if (strcmp(request, "empty") == 0) {
    if (empty_asker) exit(65);
    empty_asker = claimed(strdup(id));
    empty_deadline = now_ms() + atoll(next_field(&rest));
  } else if (strcmp(request, "kill") == 0) {
    pid_t pid = (pid_t)atoi(next_field(&rest));
    unsigned long long start_time = strtoull(next_field(&rest), NULL, 10);
    printf("killed %s %d\n", id, send_verified(pid, start_time, atoi(next_field(&rest))));
  } else if (strcmp(request, "reap") == 0) {
    reaps_adopted = atoi(next_field(&rest));
    printf("reaping %s\n", id);
  } else if (strcmp(request, "clear") == 0) {
    end_everything();
    printf("cleared %s\n", id);
  } else if (strcmp(request, "signalled") == 0) {
    printf("signalled %s %lu\n", id, times_signalled);
  } else {
    exit(66);
  }
}

/* Obeys every whole line; what is left is moved to the front. @returns its length */
static size_t obey_lines(char *text, size_t size) {
  char *from = text, *end;
  while ((end = memchr(from, '\n', size - (size_t)(from - text)))) {
    *end = 0;
    obey(from);
    from = end + 1;
  }
  size_t left = size - (size_t)(from - text);
  memmove(text, from, left);
  return left;
}

/* Who is in no namespace of ours has no pid here (pid_namespaces(7)): whatever ends the tests. */
static void read_signals(int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) > 0)
    if (info.ssi_signo != SIGCHLD && info.ssi_pid != 0) times_signalled++;
}

int main(void) {
  /*
   * What ends the tests may be sent to their whole group. We go after them, by the end of our input, and end the rest:
   * these are read and never acted upon. Blocked, they also come to a process 1, which gets no other (pid_namespaces(7)).
   */
  static const int READ[] = {SIGCHLD, SIGHUP, SIGINT, SIGTERM};
  sigset_t awaited;
  sigemptyset(&awaited);
  for (size_t i = 0; i < sizeof READ / sizeof *READ; i++) sigaddset(&awaited, READ[i]);
  sigprocmask(SIG_BLOCK, &awaited, NULL);
  signal(SIGPIPE, SIG_IGN);
  int signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 69;
  size_t room = 65536, size = 0;
  char *text = claimed(malloc(room));
  struct pollfd sources[] = {{.fd = 0, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  for (;;) {
    long long wait = empty_asker ? empty_deadline - now_ms() : -1;
    poll(sources, 2, empty_asker && wait < 0 ? 0 : (int)wait);
    read_signals(signals);
    if (sources[0].revents) {
      if (size == room) text = claimed(realloc(text, room *= 2));
      ssize_t got = read(0, text + size, room - size);
      if (got <= 0) break;
      size = obey_lines(text, size + (size_t)got);
    }
    reap();
    tell_empty();
    fflush(stdout);
  }
  end_everything();
  return 0;
}
