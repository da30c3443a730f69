/* Lowers RLIMIT_NOFILE of a running process, soft and hard: `limit-descriptors <pid> <limit>`. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/resource.h>

int main(int count, char **words) {
  if (count != 3) return 64;
  struct rlimit limit = {strtoul(words[2], NULL, 10), strtoul(words[2], NULL, 10)};
  return prlimit(atoi(words[1]), RLIMIT_NOFILE, &limit, NULL) == 0 ? 0 : 71;
}
