/* SPDX-License-Identifier: MIT */
/*
 * Keywords: file names hold them as letters a to z, and "dovecot-keywords" (lines "NUMBER NAME", 0 for a)
 * says which letter is which.  The file is the truth; it is read again when it has changed.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool same_keyword(imap4_str a, const char *bz) {
  if (strlen(bz) != a.n) return false;
  for (size_t i = 0; i < a.n; i++) {
    char x = a.p[i], y = bz[i];
    if (x >= 'A' && x <= 'Z') x = (char)(x + ('a' - 'A'));
    if (y >= 'A' && y <= 'Z') y = (char)(y + ('a' - 'A'));
    if (x != y) return false;
  }
  return true;
}

/* Names that a client may hear: atoms (RFC 3501 section 9). */
static bool is_atom(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    if (c <= 0x20 || c >= 0x7f || strchr("(){%*\"\\]", c)) return false;
  }
  return n > 0;
}

static void parse_line(struct md_box *box, const char *p, const char *end) {
  uint64_t letter;
  if (!md_parse_number(&p, end, MD_LETTERS - 1, &letter) || p == end || *p != ' ') return;
  p++;
  if (!is_atom(p, (size_t)(end - p)) || box->keywords[letter]) return;
  box->keywords[letter] = md_strdup(p, (size_t)(end - p));
}

void md_keywords_refresh(struct md_box *box) {
  struct stat st = {0};
  bool exists = fstatat(box->dir_fd, MD_KEYWORDS, &st, 0) == 0;
  int64_t mtime = exists ? md_mtime_ns(&st) : 0;
  uint64_t size = exists ? (uint64_t)st.st_size : 0;
  ino_t inode = exists ? st.st_ino : 0;
  if (mtime == box->keywords_mtime && size == box->keywords_size && inode == box->keywords_inode) return;
  struct md_buf text = {0};
  if (exists && md_read_file(box->dir_fd, MD_KEYWORDS, 65536, &text) != 0) {
    md_buf_free(&text);
    return;
  }
  for (size_t i = 0; i < MD_LETTERS; i++) {
    free(box->keywords[i]);
    box->keywords[i] = NULL;
  }
  const char *p = text.p, *end = p ? p + text.n : p;
  while (p < end) {
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    if (!eol) eol = end;
    parse_line(box, p, eol);
    p = eol < end ? eol + 1 : end;
  }
  md_buf_free(&text);
  box->keywords_mtime = mtime;
  box->keywords_size = size;
  box->keywords_inode = inode;
}

static int keywords_write(struct md_box *box) {
  struct md_buf text = {0};
  for (size_t i = 0; i < MD_LETTERS; i++) {
    if (!box->keywords[i]) continue;
    md_buf_put_decimal(&text, i);
    md_buf_put(&text, " ", 1);
    md_buf_puts(&text, box->keywords[i]);
    md_buf_put(&text, "\n", 1);
  }
  int status = text.failed ? IMAP4_ST_UNAVAILABLE
                           : md_status(md_replace_file(box->dir_fd, MD_KEYWORDS, text.p, text.n));
  md_buf_free(&text);
  return status;
}

uint32_t md_keywords_known(const struct md_box *box) {
  uint32_t letters = 0;
  for (unsigned i = 0; i < MD_LETTERS; i++) {
    if (box->keywords[i]) letters |= 1u << i;
  }
  return letters;
}

bool md_keywords_full(const struct md_box *box) {
  return md_keywords_known(box) == (1u << MD_LETTERS) - 1;
}

/* A letter for a new keyword: rather one that no message has, so that letters whose meaning was lost do not
 * come back under a new name. */
static int free_letter(const struct md_box *box) {
  uint32_t used = 0, known = md_keywords_known(box);
  for (size_t i = 0; i < box->n; i++)
    used |= box->entries[i].letters;
  for (int i = 0; i < MD_LETTERS; i++) {
    if (!((known | used) >> i & 1)) return i;
  }
  for (int i = 0; i < MD_LETTERS; i++) {
    if (!(known >> i & 1)) return i;
  }
  return -1;
}

static int find_letter(const struct md_box *box, imap4_str name) {
  for (int i = 0; i < MD_LETTERS; i++) {
    if (box->keywords[i] && same_keyword(name, box->keywords[i])) return i;
  }
  return -1;
}

static bool next_name(imap4_str *names, imap4_str *name) {
  while (names->n > 0 && *names->p == ' ') {
    names->p++;
    names->n--;
  }
  if (names->n == 0) return false;
  const char *space = memchr(names->p, ' ', names->n);
  name->p = names->p;
  name->n = space ? (size_t)(space - names->p) : names->n;
  names->p += name->n;
  names->n -= name->n;
  return true;
}

int md_keywords_letters(struct md_box *box, imap4_str names, bool make, bool lenient, uint32_t *letters) {
  bool changed = false;
  int status = IMAP4_OK;
  imap4_str name;
  *letters = 0;
  if (names.n == 0) return IMAP4_OK;
  md_keywords_refresh(box);
  while (status == IMAP4_OK && next_name(&names, &name)) {
    int letter = find_letter(box, name);
    if (letter < 0 && make) {
      letter = is_atom(name.p, name.n) ? free_letter(box) : -1;
      if (letter >= 0) {
        box->keywords[letter] = md_strdup(name.p, name.n);
        if (!box->keywords[letter]) status = IMAP4_ST_UNAVAILABLE;
        changed = true;
      } else if (!lenient) {
        status = IMAP4_ST_LIMIT;
      }
    }
    if (letter >= 0) *letters |= 1u << letter;
  }
  if (changed && status == IMAP4_OK) status = keywords_write(box);
  if (changed) {
    /* Read it back: the stamps, or after a failure what the file still says. */
    box->keywords_inode = 0;
    box->keywords_mtime = -1;
    md_keywords_refresh(box);
  }
  return status;
}

void md_keywords_names(const struct md_box *box, uint32_t letters, struct md_buf *out) {
  size_t start = out->n;
  for (unsigned i = 0; i < MD_LETTERS; i++) {
    if (!(letters >> i & 1) || !box->keywords[i]) continue;
    if (out->n > start) md_buf_put(out, " ", 1);
    md_buf_puts(out, box->keywords[i]);
  }
}
