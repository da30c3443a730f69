/*
 * Writes numbers of nine digits with a full stop behind each, and never a line feed, as fast as stdout takes them:
 *
 *   flood <numbers> [times]
 *
 * times  so often on the way it empties the file that it writes to (ftruncate(2))
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AT_ONCE 1000

static void write_all(const char *text, size_t size) {
  while (size > 0) {
    ssize_t done = write(1, text, size);
    if (done <= 0) _exit(74);
    text += done;
    size -= (size_t)done;
  }
}

int main(int count, char **words) {
  static char text[AT_ONCE * 10 + 1];
  if (count < 2) return 64;
  long numbers = atol(words[1]), times = count > 2 ? atol(words[2]) : 0;
  long part = times > 0 ? numbers / (times + 1) : numbers;
  for (long next = 0; next < numbers;) {
    if (next > 0 && next % part == 0 && next < numbers - part / 2 && ftruncate(1, 0) != 0) return 74;
    size_t size = 0;
    for (int i = 0; i < AT_ONCE && next < numbers; i++) {
      size += (size_t)sprintf(text + size, "%09ld.", next++);
      if (next % part == 0) break;
    }
    write_all(text, size);
  }
  return 0;
}
