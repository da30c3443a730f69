/* The fields of a line: separated by one space each, and percent-encoded. */

/* Decodes the next one in place; ends the program where there is none. */
char *next_field(char **rest);

void print_encoded(const char *text);
