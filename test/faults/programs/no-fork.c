/* Runs a command in which no process can be started any more, fork(2) failing with EAGAIN; threads can. By seccomp(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)
#define FAIL(number) ANSWER(SECCOMP_RET_ERRNO | (number))
/* What follows is done for this number alone. */
#define FOR(number, instructions) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, instructions)

int main(int count, char **words) {
  if (count < 2) return 64;
  struct sock_filter code[] = {
    LOAD(nr),
#ifdef SYS_fork
    FOR(SYS_fork, 1), FAIL(EAGAIN),
    FOR(SYS_vfork, 1), FAIL(EAGAIN),
#endif
    /* Its flags are in memory, where a filter cannot look; without it the C library takes clone(2). */
    FOR(SYS_clone3, 1), FAIL(ENOSYS),
    FOR(SYS_clone, 4), LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0), FAIL(EAGAIN), ANSWER(SECCOMP_RET_ALLOW),
    ANSWER(SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 71;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 72;
  execvp(words[1], words + 1);
  return 127;
}
