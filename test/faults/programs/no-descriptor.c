/*
 * Leaves a running process no descriptor that it could open: `no-descriptor <pid>`. Its RLIMIT_NOFILE, soft and hard, is
 * lowered to its highest descriptor, and in the gaps below it is made to open copies of its stdin (ptrace(2)).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
static int highest(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *directory = opendir(path);
  if (!directory) return -1;
  int found = -1;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (atoi(entry->d_name) > found) found = atoi(entry->d_name);
  closedir(directory);
  return found;
}

static int stopped(pid_t pid) {
  int status;
  return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);
}

/* The kernel restarts a system call only where it was the one to interrupt it. */
static void restart(struct user_regs_struct *registers) {
  long result = (long)registers->rax;
  if ((long)registers->orig_rax < 0) return;
  if (result == -516) registers->rax = (unsigned long)-EINTR;
  else if (result <= -512 && result >= -514) {
    registers->rip -= 2;
    registers->rax = registers->orig_rax;
  }
  registers->orig_rax = (unsigned long)-1;
}

/* Makes the process call dup(0), by the instruction by which it went into the kernel. */
static long copy(pid_t pid, const struct user_regs_struct *interrupted) {
  struct user_regs_struct registers = *interrupted;
  registers.rip -= 2;
  registers.rax = SYS_dup;
  registers.orig_rax = (unsigned long)-1;
  registers.rdi = 0;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) != 0) return -1;
  /* To its entry into the kernel, and to its way back. */
  for (int stops = 0; stops < 2; stops += 1)
    if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0 || !stopped(pid)) return -1;
  return ptrace(PTRACE_GETREGS, pid, NULL, &registers) == 0 ? (long)registers.rax : -1;
}

int main(int count, char **words) {
  if (count != 2) return 64;
  pid_t pid = atoi(words[1]);
  if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) != 0) return 70;
  struct user_regs_struct registers;
  /* Waiting in the kernel, where every process of an event loop comes back to. */
  for (;;) {
    if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || !stopped(pid)) return 71;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return 72;
    if ((long)registers.orig_rax >= 0) break;
    if (ptrace(PTRACE_CONT, pid, NULL, NULL) != 0) return 73;
    usleep(1000);
  }
  int last = highest(pid);
  struct rlimit limit = {(rlim_t)last + 1, (rlim_t)last + 1};
  if (last < 0 || prlimit(pid, RLIMIT_NOFILE, &limit, NULL) != 0) return 74;
  long copied;
  do copied = copy(pid, &registers);
  while (copied >= 0);
  restart(&registers);
  if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) != 0) return 75;
  if (ptrace(PTRACE_DETACH, pid, NULL, NULL) != 0) return 76;
  return copied == -EMFILE ? 0 : 77;
}
#else
/* How to make a process call something is another matter on each processor. */
int main(void) { return 69; }
#endif
