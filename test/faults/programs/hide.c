/*
 * Hides, by each means in turn, and lives on: `hide <path> <means…>`. When it has hidden, its pid is in the file.
 *
 *   fork         goes on as its own child, whose parent has exited
 *   setsid       leads a session of its own (setsid(2))
 *   environment  empties the environment that it was given, where others read it (proc_pid_environ(5))
 *   title        calls itself what holds runs, and what looks like the end of its name and a zombie in /proc
 *   directory    works in a directory that is gone
 *   descriptors  closes all that it has open
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char path[4096];

static void be_child(void) {
  if (fork() != 0) _exit(0);
}

static void empty_environment(char **variables) {
  for (; *variables; variables++) memset(*variables, 0, strlen(*variables));
}

static void take_title(char *first, size_t size) {
  memset(first, 0, size);
  snprintf(first, size, "node /shim.js own ");
  prctl(PR_SET_NAME, "x) Z 1 1 1 (y", 0, 0, 0);
}

static void leave_directory(void) {
  char gone[4200];
  snprintf(gone, sizeof gone, "%s.gone", path);
  if (mkdtemp(strcat(gone, "XXXXXX")) == NULL || chdir(gone) != 0 || rmdir(gone) != 0) _exit(71);
}

static void tell(void) {
  char made[4200];
  snprintf(made, sizeof made, "%s.new", path);
  FILE *file = fopen(made, "w");
  if (!file) _exit(71);
  fprintf(file, "%d", (int)getpid());
  fclose(file);
  rename(made, path);
}

int main(int count, char **words, char **variables) {
  if (count < 3) return 64;
  snprintf(path, sizeof path, "%s", words[1]);
  char *all[17] = {0};
  for (int i = 2; i < count && i < 18; i++) all[i - 2] = strdup(words[i]);
  for (char **means = all; *means; means++) {
    if (strcmp(*means, "fork") == 0) be_child();
    if (strcmp(*means, "setsid") == 0) setsid();
    if (strcmp(*means, "environment") == 0) empty_environment(variables);
    if (strcmp(*means, "title") == 0)
      take_title(words[0], (size_t)(words[count - 1] + strlen(words[count - 1]) - words[0]));
    if (strcmp(*means, "directory") == 0) leave_directory();
    if (strcmp(*means, "descriptors") == 0) close_range(0, ~0U, 0);
  }
  tell();
  for (;;) pause();
}
