/*
 * Runs a command as the leader of a session on a new terminal, and types what is written to a FIFO:
 *
 *   on-terminal <fifo> <argv…>
 *
 * What the terminal shows goes to stdout. Killed, it takes the terminal away, as a window that is closed does. Ends as
 * the command does, with 128 and the number for a signal.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 3) return 64;
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return 71;
  /* Opened for both, it waits for no writer and is never at its end (fifo(7)). */
  int keys = open(words[1], O_RDWR | O_CLOEXEC);
  if (keys < 0) return 72;
  pid_t command = fork();
  if (command == 0) {
    setsid();
    int terminal = open(ptsname(master), O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) _exit(73);
    for (int i = 0; i < 3; i++) dup2(terminal, i);
    if (terminal > 2) close(terminal);
    execvp(words[2], words + 2);
    _exit(127);
  }
  char text[4096];
  struct pollfd sources[] = {{.fd = keys, .events = POLLIN}, {.fd = master, .events = POLLIN}};
  int status;
  /* What is left on the terminal may keep it open. */
  while (waitpid(command, &status, WNOHANG) == 0) {
    ssize_t size;
    if (poll(sources, 2, 20) <= 0) continue;
    if (sources[0].revents && (size = read(keys, text, sizeof text)) > 0 && write(master, text, (size_t)size) < 0)
      return 74;
    if (sources[1].revents & POLLIN && (size = read(master, text, sizeof text)) > 0 && write(1, text, (size_t)size) < 0)
      return 74;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
