/* What is below this process, as /proc tells it. */
#include <stddef.h>
#include <sys/types.h>

struct process {
  pid_t pid, ppid;
  char state;
  unsigned long long start_time;
  char comm[64];
  int is_below;
};

/* @return the memory; ends the program where there is none */
void *claimed(void *memory);

/* Everything below us, zombies too, by pid; the caller frees it. */
struct process *everything_below(size_t *count);
