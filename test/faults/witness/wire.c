#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return (digit | 32) - 'a' + 10;
}

/* In place. */
static char *decoded(char *field) {
  char *to = field;
  for (char *from = field; *from; from++) {
    if (*from == '%' && from[1] && from[2]) {
      *to++ = (char)(hex(from[1]) * 16 + hex(from[2]));
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  return field;
}

char *next_field(char **rest) {
  char *field = strsep(rest, " ");
  if (!field) exit(64);
  return decoded(field);
}

void print_encoded(const char *text) {
  for (; *text; text++) {
    if ((*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z'))
      putchar(*text);
    else
      printf("%%%02X", (unsigned char)*text);
  }
}
