/*
 * Runs a command under ptrace(2) and kills one process below it, itself included, exactly at a moment of its life: no
 * delay that one machine reaches and another does not.
 *
 *   kill-at <report> <victim> before|after|hold <event> <text> <argv…>
 *
 * victim   the first process whose command line has this text in it once it got its program; empty for the command
 * event    call <n>         its n-th system call, of any of its threads
 *          link <end>       link(2) or rename(2) to a path that ends so: either gives a name
 *          unlink <part>    unlink(2) of a path that has this in it
 *          signal <number>  a signal that it sends
 *          fork <n>         its n-th new process; `after` alone
 * report   gets `killed <its calls until then>`, or `missed <its calls>` where it ended before. Then nobody is traced.
 *
 * With `hold` it is not killed but kept before its call, the report says `held <its calls>`, and it goes on once there
 * is a file `<report>.go`.
 *
 * Ends as the command does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_TRACE 72

/* glibc has these calls in a header that cannot be had together with the kernel's. */
extern long ptrace(int request, ...);

static const char *report, *victim_text, *event, *text;
static int is_after, is_to_be_held, is_held;
static pid_t victim;
static long calls, forks;
/* Whether the call that the victim's thread is in is the one. Several threads are in calls at once. */
static pid_t matching_thread;

static void write_report(const char *format, long number) {
  char temporary[4096];
  snprintf(temporary, sizeof temporary, "%s.new", report);
  FILE *file = fopen(temporary, "w");
  if (!file) exit(71);
  fprintf(file, format, number);
  fclose(file);
  rename(temporary, report);
}

static void tell(const char *format, long number) {
  write_report(format, number);
  exit(0);
}

static int may_go_on(void) {
  char go[4096];
  snprintf(go, sizeof go, "%s.go", report);
  return access(go, F_OK) == 0;
}

static void strike(void) {
  kill(victim, SIGKILL);
  tell("killed %ld", calls);
}

static pid_t group_of(pid_t thread) {
  static struct { pid_t thread, group; } known[4096];
  static size_t count;
  for (size_t i = 0; i < count; i++)
    if (known[i].thread == thread) return known[i].group;
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
  FILE *file = fopen(path, "r");
  int group = 0;
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "Tgid: %d", &group) == 1) break;
  if (file) fclose(file);
  if (count < sizeof known / sizeof *known) {
    known[count].thread = thread;
    known[count++].group = group;
  }
  return group;
}

static int is_victim(pid_t pid) {
  char path[64], line[65536];
  snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
  int file = open(path, O_RDONLY);
  if (file < 0) return 0;
  ssize_t size = read(file, line, sizeof line - 1);
  close(file);
  if (size <= 0) return 0;
  for (ssize_t i = 0; i < size; i++)
    if (!line[i]) line[i] = ' ';
  line[size] = 0;
  return strstr(line, victim_text) != NULL;
}

static void read_path(pid_t thread, unsigned long address, char *path, size_t room) {
  struct iovec to = {path, room - 1}, from = {(void *)address, room - 1};
  ssize_t size = process_vm_readv(thread, &to, 1, &from, 1, 0);
  /* The page behind may not be there. */
  if (size < 0) {
    from.iov_len = 4096 - address % 4096;
    size = process_vm_readv(thread, &to, 1, &from, 1, 0);
  }
  path[size < 0 ? 0 : size] = 0;
}

static int ends_so(const char *path) {
  size_t length = strlen(path), end = strlen(text);
  return length >= end && strcmp(path + length - end, text) == 0;
}

static int matches(pid_t thread, const struct ptrace_syscall_info *info) {
  const __u64 *args = info->entry.args;
  long number = (long)info->entry.nr;
  char path[1024];
  if (strcmp(event, "call") == 0) return calls == atol(text);
  if (strcmp(event, "signal") == 0) {
    if (number == SYS_kill || number == SYS_pidfd_send_signal) return (long)args[1] == atol(text);
    return number == SYS_tgkill && (long)args[2] == atol(text);
  }
  if (strcmp(event, "link") == 0) {
    if (number == SYS_linkat || number == SYS_renameat || number == SYS_renameat2)
      read_path(thread, args[3], path, sizeof path);
#ifdef SYS_link
    else if (number == SYS_link || number == SYS_rename) read_path(thread, args[1], path, sizeof path);
#endif
    else return 0;
    return ends_so(path);
  }
  if (strcmp(event, "unlink") == 0) {
    if (number == SYS_unlinkat) read_path(thread, args[1], path, sizeof path);
#ifdef SYS_unlink
    else if (number == SYS_unlink) read_path(thread, args[0], path, sizeof path);
#endif
    else return 0;
    return strstr(path, text) != NULL;
  }
  return 0;
}

static void at_call(pid_t thread) {
  struct ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    calls++;
    if (!matches(thread, &info)) return;
    matching_thread = thread;
    if (is_to_be_held) {
      is_held = 1;
      write_report("held %ld", calls);
    } else if (!is_after) {
      strike();
    }
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread == matching_thread) {
    strike();
  }
}

static void at_event(pid_t thread, int kind) {
  if (kind == PTRACE_EVENT_EXEC) {
    if (!victim && is_victim(thread)) victim = thread;
  } else if (kind == PTRACE_EVENT_FORK || kind == PTRACE_EVENT_VFORK) {
    if (victim && group_of(thread) == victim && strcmp(event, "fork") == 0 && ++forks == atol(text)) strike();
  }
}

static void trace(pid_t command, int asked, int ready) {
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  /* Of the command itself nobody else has to be watched. */
  if (*victim_text || strcmp(event, "fork") == 0) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
  char byte;
  if (read(asked, &byte, 1) != 1 || ptrace(PTRACE_SEIZE, command, 0, options) != 0) exit(CANNOT_TRACE);
  if (write(ready, "", 1) != 1) exit(71);
  close(ready);
  int status;
  for (pid_t thread; (thread = waitpid(-1, &status, is_held ? __WALL | WNOHANG : __WALL)) >= 0;) {
    /* Whom nobody traces any more goes on. */
    if (is_held && may_go_on()) exit(0);
    if (thread == 0) {
      usleep(2000);
      continue;
    }
    if (!WIFSTOPPED(status)) {
      if (thread == victim && is_held) exit(0);
      if (thread == victim) tell("missed %ld", calls);
      continue;
    }
    int number = WSTOPSIG(status), kind = status >> 16, signal_number = 0;
    if (number == (SIGTRAP | 0x80)) {
      if (victim && !is_held) at_call(thread);
      if (is_held && thread == matching_thread) continue;
    } else if (kind == PTRACE_EVENT_STOP && number != SIGTRAP) {
      ptrace(PTRACE_LISTEN, thread, 0, 0);
      continue;
    } else if (kind) {
      at_event(thread, kind);
    } else {
      signal_number = number;
    }
    int is_watched = victim && group_of(thread) == victim;
    ptrace(is_watched ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal_number);
  }
  tell("missed %ld", calls);
}

int main(int count, char **words) {
  if (count < 7) return 64;
  report = words[1], victim_text = words[2], event = words[4], text = words[5];
  is_after = strcmp(words[3], "after") == 0;
  is_to_be_held = strcmp(words[3], "hold") == 0;
  /* Who may trace it has to be known to the command before (PR_SET_PTRACER), where a system restricts that. */
  int named[2], asked[2], ready[2], status;
  char byte;
  if (pipe2(named, O_CLOEXEC) != 0 || pipe2(asked, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0) return 71;
  pid_t command = fork();
  if (command == 0) {
    pid_t tracer;
    close(ready[1]);
    if (read(named[0], &tracer, sizeof tracer) != sizeof tracer) _exit(71);
    prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
    if (write(asked[1], "", 1) != 1 || read(ready[0], &byte, 1) != 1) _exit(CANNOT_TRACE);
    execvp(words[6], words + 6);
    _exit(127);
  }
  pid_t tracer = fork();
  if (tracer == 0) {
    close(asked[1]);
    /* What the command says ends when it does. */
    int nowhere = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(nowhere, i);
    trace(command, asked[0], ready[1]);
  }
  close(ready[1]);
  if (write(named[1], &tracer, sizeof tracer) < 0 || waitpid(command, &status, 0) != command) return 71;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  signal(WTERMSIG(status), SIG_DFL);
  kill(getpid(), WTERMSIG(status));
  return 70;
}
