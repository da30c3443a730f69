/* Reads the process table by itself, until two looks in a row agree. */
#define _GNU_SOURCE
#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *claimed(void *memory) {
  if (!memory) exit(70);
  return memory;
}

/* The comm may hold anything, also what looks like the rest of the line (proc_pid_stat(5)). */
static int read_process(pid_t pid, struct process *found) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  if (size <= 0) return 0;
  text[size] = 0;
  char *open_bracket = strchr(text, '('), *close_bracket = strrchr(text, ')');
  if (!open_bracket || !close_bracket) return 0;
  memset(found, 0, sizeof *found);
  found->pid = pid;
  size_t length = (size_t)(close_bracket - open_bracket - 1);
  if (length >= sizeof found->comm) length = sizeof found->comm - 1;
  memcpy(found->comm, open_bracket + 1, length);
  int ppid;
  int fields = sscanf(close_bracket + 2,
                      "%c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                      &found->state, &ppid, &found->start_time);
  found->ppid = ppid;
  return fields == 3;
}

static int by_pid(const void *a, const void *b) {
  pid_t left = ((const struct process *)a)->pid, right = ((const struct process *)b)->pid;
  return left < right ? -1 : left > right;
}

/* One look at everything below us. */
static struct process *look(size_t *count) {
  size_t room = 256, all = 0, kept = 0;
  struct process *table = claimed(malloc(room * sizeof *table));
  DIR *proc = claimed(opendir("/proc"));
  for (struct dirent *entry; (entry = readdir(proc));) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid <= 0) continue;
    if (all == room) table = claimed(realloc(table, (room *= 2) * sizeof *table));
    if (read_process(pid, &table[all])) all++;
  }
  closedir(proc);
  qsort(table, all, sizeof *table, by_pid);
  for (int grew = 1; grew;) {
    grew = 0;
    for (size_t i = 0; i < all; i++) {
      if (table[i].is_below) continue;
      struct process key = {.pid = table[i].ppid};
      struct process *parent = bsearch(&key, table, all, sizeof *table, by_pid);
      if (table[i].ppid == getpid() || (parent && parent->is_below)) grew = table[i].is_below = 1;
    }
  }
  for (size_t i = 0; i < all; i++)
    if (table[i].is_below) table[kept++] = table[i];
  *count = kept;
  return table;
}

/* Looks until two looks agree: between the reading of two entries a process may get another parent. */
struct process *everything_below(size_t *count) {
  struct process *before = look(count);
  for (int tries = 0; tries < 20; tries++) {
    size_t more;
    struct process *after = look(&more);
    int agree = more == *count;
    for (size_t i = 0; agree && i < more; i++)
      agree = before[i].pid == after[i].pid && before[i].start_time == after[i].start_time;
    free(before);
    before = after;
    *count = more;
    if (agree) break;
  }
  return before;
}
