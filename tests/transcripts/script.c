/* SPDX-License-Identifier: MIT */
/*
 * Reads a transcript into steps.  A step is something that happens (lines of one client in a row, or one
 * directive) and what the server must send to each connection because of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

void bytes_add(struct bytes *bytes, const void *p, size_t n) {
  if (n == 0) return;
  if (n > SIZE_MAX / 4 - bytes->n) abort();
  if (bytes->n + n + 1 > bytes->capacity) {
    bytes->capacity = (bytes->n + n + 1) * 2;
    bytes->p = realloc(bytes->p, bytes->capacity);
    if (!bytes->p) abort();
  }
  memcpy(bytes->p + bytes->n, p, n);
  bytes->n += n;
  bytes->p[bytes->n] = 0;
}

void bytes_addz(struct bytes *bytes, const char *z) {
  bytes_add(bytes, z, strlen(z));
}

void bytes_free(struct bytes *bytes) {
  free(bytes->p);
  *bytes = (struct bytes){0};
}

void bytes_show(struct bytes *to, const char *p, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    unsigned char c = (unsigned char)p[i];
    char escape[8];
    if (c == '\r' || c == '\n') {
      bytes_addz(to, c == '\r' ? "\\r" : "\\n");
    } else if (c < 0x20 || c == 0x7f) {
      snprintf(escape, sizeof escape, "\\x%02x", c);
      bytes_addz(to, escape);
    } else {
      bytes_add(to, p + i, 1);
    }
  }
}

static int complain(const struct script *script, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", script->path, line, what);
  return -1;
}

static struct step *add_step(struct script *script, int line, int act) {
  script->steps = realloc(script->steps, (script->count + 1) * sizeof *script->steps);
  if (!script->steps) abort();
  struct step *step = &script->steps[script->count++];
  *step = (struct step){.line = line, .act = act};
  return step;
}

static struct step *last_step(struct script *script) {
  return script->count ? &script->steps[script->count - 1] : NULL;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* \r \n \t \\ \" \xHH and \*N*C (the octet C N times). */
static int unescape(const char *p, size_t n, struct bytes *out) {
  for (size_t i = 0; i < n; ++i) {
    if (p[i] != '\\') {
      bytes_add(out, p + i, 1);
      continue;
    }
    char c = ++i < n ? p[i] : 0;
    const char *found = c ? strchr("r\rn\nt\t\\\\\"\"", c) : NULL;
    if (c == 'x' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
      c = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
      bytes_add(out, &c, 1);
      i += 2;
    } else if (c == '*') {
      char *end;
      unsigned long count = strtoul(p + i + 1, &end, 10);
      if (*end != '*' || end + 1 >= p + n) return -1;
      while (count-- > 0)
        bytes_add(out, end + 1, 1);
      i = (size_t)(end + 1 - p);
    } else if (found) {
      bytes_add(out, found + 1, 1);
    } else {
      return -1;
    }
  }
  return 0;
}

/* Words of a directive; double quotes keep spaces. */
static int split_words(struct step *step, const char *p) {
  while (*p) {
    struct bytes word = {0};
    while (*p == ' ')
      ++p;
    if (!*p) break;
    const char *end = *p == '"' ? strchr(p + 1, '"') : strchr(p, ' ');
    if (*p == '"' && !end) return -1;
    if (!end) end = p + strlen(p);
    if (step->word_count == MAX_WORDS) return -1;
    bytes_add(&word, "", 0);
    bytes_add(&word, *p == '"' ? p + 1 : p, (size_t)(end - p) - (*p == '"' ? 1 : 0));
    if (!word.p) word.p = calloc(1, 1);
    step->words[step->word_count++] = word.p;
    p = *end == '"' ? end + 1 : end;
  }
  return step->word_count ? 0 : -1;
}

static int add_client(struct script *script, int line, int connection, bool raw, const char *text) {
  struct step *step = last_step(script);
  if (!step || step->act != ACT_SEND || step->connection != connection || step->expect_count) {
    step = add_step(script, line, ACT_SEND);
    step->connection = connection;
  }
  if (raw) return unescape(text, strlen(text), &step->data);
  bytes_addz(&step->data, text);
  bytes_addz(&step->data, "\r\n");
  return 0;
}

static int add_expect(struct script *script, int line, int connection, bool raw, const char *text) {
  struct step *step = last_step(script);
  if (!step) step = add_step(script, line, ACT_NONE);
  step->expects = realloc(step->expects, (step->expect_count + 1) * sizeof *step->expects);
  if (!step->expects) abort();
  struct expect *expect = &step->expects[step->expect_count++];
  *expect = (struct expect){.line = line, .connection = connection, .raw = raw};
  if (raw) return unescape(text, strlen(text), &expect->text);
  bytes_addz(&expect->text, text);
  return 0;
}

/* "C: ", "S= ", "C2: ": who, which connection, which kind. */
static int add_line(struct script *script, int line, const char *p) {
  char who = *p++;
  int connection = 1;
  if (*p >= '1' && *p <= '0' + MAX_CONNECTIONS) connection = *p++ - '0';
  bool raw = *p == '=';
  if ((*p != ':' && *p != '=') || (p[1] != ' ' && p[1] != 0)) return complain(script, line, "not a line");
  const char *text = p[1] ? p + 2 : p + 1;
  if (who == 'C') {
    if (add_client(script, line, connection, raw, text)) return complain(script, line, "unknown escape");
    return 0;
  }
  if (add_expect(script, line, connection, raw, text)) return complain(script, line, "unknown escape");
  return 0;
}

static int read_line(struct script *script, int line, const char *p) {
  struct step *step = last_step(script);
  switch (*p) {
  case 0:
  case '#':
    return 0;
  case 'C':
  case 'S':
    return add_line(script, line, p);
  case '!':
    if (split_words(add_step(script, line, ACT_DIRECTIVE), p + 1)) {
      return complain(script, line, "not a directive");
    }
    return 0;
  case '|':
    if (!step || step->act != ACT_DIRECTIVE || step->expect_count) break;
    bytes_addz(&step->data, p[1] == ' ' ? p + 2 : p + 1);
    bytes_addz(&step->data, "\n");
    return 0;
  default:
    break;
  }
  return complain(script, line, "not a line of a transcript");
}

int script_read(struct script *script, const char *path) {
  struct bytes text = {0};
  char chunk[4096];
  size_t n;
  *script = (struct script){.path = path};
  const char *slash = strrchr(path, '/');
  struct bytes folder = {0};
  bytes_add(&folder, path, slash ? (size_t)(slash + 1 - path) : 0);
  script->folder = folder.p;
  FILE *file = fopen(path, "rb");
  if (!file) return complain(script, 0, "can't be opened");
  while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
    bytes_add(&text, chunk, n);
  fclose(file);
  int status = 0;
  int line = 1;
  for (char *p = text.p; p && *p && status == 0; ++line) {
    char *end = strchr(p, '\n');
    if (end) *end = 0;
    status = read_line(script, line, p);
    p = end ? end + 1 : NULL;
  }
  bytes_free(&text);
  if (status) script_free(script);
  return status;
}

void script_free(struct script *script) {
  for (size_t i = 0; i < script->count; ++i) {
    struct step *step = &script->steps[i];
    for (int k = 0; k < step->word_count; ++k)
      free(step->words[k]);
    for (size_t k = 0; k < step->expect_count; ++k)
      bytes_free(&step->expects[k].text);
    free(step->expects);
    bytes_free(&step->data);
  }
  free(script->steps);
  free(script->folder);
  *script = (struct script){0};
}
