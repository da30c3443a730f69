/*
 * Holds whoever executes a program in the middle of the execve(2): `hold-exec <path> <program>`. Over the file at the
 * path it mounts a copy of the program, a file system of one file that it serves itself (fuse(4)).
 *
 * The page in which the initialised data end is read by the kernel in that system call, for it clears what follows
 * them there; then the old program is gone, and the arguments and the environment of the new one are not in place yet.
 * So the first page, with the headers, is answered at once, and any other one is held until USR1 comes.
 *
 * Says `mounted`, and then the pid of each whom it holds, on a line each. Nobody who is held can be killed; with its
 * own end, whatever brings that, the kernel fails what is held, and who was held dies by a signal.
 *
 * `hold-exec <path>` tells by its exit code whether it may mount there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define CANNOT_MOUNT 72
#define BROKEN 71
#define MOST_HELD 64

struct held {
  uint64_t unique;
  struct fuse_read_in read;
};

static int wire, program;
static struct stat status;
static struct held all_held[MOST_HELD];
static int held_count, is_released;

static void answer(uint64_t unique, int error, const void *bytes, size_t size) {
  struct fuse_out_header header = {.len = (uint32_t)(sizeof header + size), .error = -error, .unique = unique};
  struct iovec parts[] = {{&header, sizeof header}, {(void *)(uintptr_t)bytes, size}};
  /* ENOENT: who asked does not wait any more. */
  if (writev(wire, parts, 2) < 0 && errno != ENOENT) _exit(BROKEN);
}

static void answer_read(uint64_t unique, const struct fuse_read_in *in) {
  static char bytes[1 << 20];
  size_t size = in->size < sizeof bytes ? in->size : sizeof bytes;
  ssize_t got = pread(program, bytes, size, (off_t)in->offset);
  answer(unique, got < 0 ? errno : 0, bytes, got < 0 ? 0 : (size_t)got);
}

static void read_or_hold(const struct fuse_in_header *header, const struct fuse_read_in *in) {
  if (in->offset == 0 || is_released || held_count == MOST_HELD) {
    answer_read(header->unique, in);
    return;
  }
  all_held[held_count++] = (struct held){header->unique, *in};
  dprintf(1, "%d\n", (int)header->pid);
}

static void release(void) {
  is_released = 1;
  for (int i = 0; i < held_count; i++) answer_read(all_held[i].unique, &all_held[i].read);
}

static void tell_attributes(uint64_t unique) {
  struct fuse_attr_out out = {
      .attr = {.ino = FUSE_ROOT_ID,
               .size = (uint64_t)status.st_size,
               .mode = S_IFREG | 0755,
               .nlink = 1,
               .uid = geteuid(),
               .gid = getegid()},
  };
  answer(unique, 0, &out, sizeof out);
}

static void agree(uint64_t unique) {
  /* No readahead: then each page is asked for by whoever needs it. */
  struct fuse_init_out out = {
      .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = 0, .max_write = 4096};
  answer(unique, 0, &out, sizeof out);
}

static void obey(const struct fuse_in_header *header, const void *in) {
  switch (header->opcode) {
    case FUSE_INIT:
      agree(header->unique);
      break;
    case FUSE_GETATTR:
      tell_attributes(header->unique);
      break;
    case FUSE_OPEN:
      answer(header->unique, 0, &(struct fuse_open_out){0}, sizeof(struct fuse_open_out));
      break;
    case FUSE_READ:
      read_or_hold(header, in);
      break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
      answer(header->unique, 0, NULL, 0);
      break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      /* They want no answer. */
      break;
    default:
      answer(header->unique, ENOSYS, NULL, 0);
  }
}

static void mount_at(const char *path) {
  char options[128];
  wire = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=%d,group_id=%d", wire, (unsigned)S_IFREG | 0755,
           (int)geteuid(), (int)getegid());
  if (wire < 0 || mount("hold-exec", path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) _exit(CANNOT_MOUNT);
}

/* @return what is read from once the signal has come */
static int arrival_of(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int count, char **words) {
  if (count < 2 || count > 3) return 64;
  int go_on = arrival_of(SIGUSR1);
  if (count == 3 && ((program = open(words[2], O_RDONLY | O_CLOEXEC)) < 0 || fstat(program, &status) != 0)) return 66;
  mount_at(words[1]);
  if (count == 2) return umount2(words[1], MNT_DETACH) != 0;
  /* Whom it holds nobody can end before it does. */
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  dprintf(1, "mounted\n");
  static _Alignas(8) char request[1 << 17];
  struct pollfd sources[] = {{.fd = wire, .events = POLLIN}, {.fd = go_on, .events = POLLIN}};
  for (;;) {
    poll(sources, 2, -1);
    struct signalfd_siginfo info;
    if (sources[1].revents && read(go_on, &info, sizeof info) > 0) release();
    if (!sources[0].revents) continue;
    ssize_t size = read(wire, request, sizeof request);
    if (size >= (ssize_t)sizeof(struct fuse_in_header)) {
      obey((const struct fuse_in_header *)(const void *)request, request + sizeof(struct fuse_in_header));
    } else if (size < 0 && errno != ENOENT && errno != EINTR) {
      return errno == ENODEV ? 0 : BROKEN;
    }
  }
}
