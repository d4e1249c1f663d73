/* SPDX-License-Identifier: MIT */
/*
 * Names: users as directories, mailboxes as Maildir++ directories in modified UTF-7, and the names of
 * message files, which carry flags and sizes ("UNIQUE,S=SIZE,W=SIZE:2,FLAGS").
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool md_user_valid(imap4_str name) {
  if (name.n == 0 || name.n > MD_NAME_MAX || name.p[0] == '.') return false;
  for (size_t i = 0; i < name.n; i++) {
    unsigned char c = (unsigned char)name.p[i];
    if (c < 0x20 || c == 0x7f || c == '/') return false;
  }
  return true;
}

/* ---- modified UTF-7 (RFC 3501 section 5.1.3) ------------------------------------------------ */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* The next character of UTF-8 text; -1 when it is not well-formed. */
static int32_t utf8_next(imap4_str text, size_t *at) {
  unsigned char c = (unsigned char)text.p[*at];
  size_t more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
  if (more >= text.n - *at) return -1; /* also the 9 of octets that begin nothing, see below */
  if (more == 9) return -1;
  int32_t code = more == 0 ? c : c & (0x3f >> more);
  for (size_t i = 1; i <= more; i++) {
    unsigned char next = (unsigned char)text.p[*at + i];
    if ((next & 0xc0) != 0x80) return -1;
    code = code << 6 | (next & 0x3f);
  }
  static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return -1;
  *at += more + 1;
  return code;
}

/* Bits on their way into base64. */
struct bits {
  uint32_t value;
  unsigned count;
};

static void bits_put(struct bits *bits, uint32_t unit, struct md_buf *out) {
  bits->value = bits->value << 16 | unit;
  bits->count += 16;
  while (bits->count >= 6) {
    bits->count -= 6;
    md_buf_put(out, &base64[bits->value >> bits->count & 63], 1);
  }
  bits->value &= (1u << bits->count) - 1;
}

bool md_utf7_encode(imap4_str text, struct md_buf *out) {
  struct bits bits = {0};
  bool shifted = false;
  size_t at = 0;
  for (;;) {
    int32_t code = at < text.n ? utf8_next(text, &at) : 0;
    if (code < 0) return false;
    bool direct = code >= 0x20 && code < 0x7f;
    if (shifted && (direct || code == 0)) {
      if (bits.count > 0) md_buf_put(out, &base64[bits.value << (6 - bits.count) & 63], 1);
      md_buf_put(out, "-", 1);
      shifted = false;
      bits = (struct bits){0};
    }
    if (code == 0) return at >= text.n && !out->failed;
    if (direct) {
      char c = (char)code;
      md_buf_put(out, &c, 1);
      if (c == '&') md_buf_put(out, "-", 1);
      continue;
    }
    if (!shifted) md_buf_put(out, "&", 1);
    shifted = true;
    if (code >= 0x10000) {
      bits_put(&bits, 0xd800u + ((uint32_t)(code - 0x10000) >> 10), out);
      code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    bits_put(&bits, (uint32_t)code, out);
  }
}

static void utf8_put(struct md_buf *out, uint32_t code) {
  char text[4];
  size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = n; i > 1; i--) {
    text[i - 1] = (char)(unsigned char)(0x80 | (code & 0x3f));
    code >>= 6;
  }
  static const unsigned char first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
  text[0] = (char)(unsigned char)(first[n] | code);
  md_buf_put(out, text, n);
}

/* A UTF-16 unit; |*high| keeps the first half of a pair. */
static bool utf16_put(struct md_buf *out, uint32_t unit, uint32_t *high) {
  if (*high) {
    if (unit < 0xdc00 || unit > 0xdfff) return false;
    utf8_put(out, 0x10000 + ((*high - 0xd800) << 10 | (unit - 0xdc00)));
    *high = 0;
    return true;
  }
  if (unit >= 0xdc00 && unit <= 0xdfff) return false;
  if (unit >= 0xd800 && unit <= 0xdbff) {
    *high = unit;
    return true;
  }
  if (unit < 0x80 && unit >= 0x20 && unit != 0x7f) return false; /* must not be encoded */
  if (unit < 0x20 || unit == 0x7f) return false;                 /* no control characters in names */
  utf8_put(out, unit);
  return true;
}

bool md_utf7_decode(const char *p, size_t n, struct md_buf *out) {
  size_t i = 0;
  while (i < n) {
    unsigned char c = (unsigned char)p[i++];
    if (c < 0x20 || c >= 0x7f) return false;
    if (c != '&') {
      md_buf_put(out, &c, 1);
      continue;
    }
    if (i < n && p[i] == '-') {
      md_buf_put(out, "&", 1);
      i++;
      continue;
    }
    struct bits bits = {0};
    uint32_t high = 0;
    for (;; i++) {
      if (i >= n) return false;
      if (p[i] == '-') break;
      const char *digit = memchr(base64, p[i], sizeof base64 - 1);
      if (!digit) return false;
      bits.value = (bits.value << 6 | (uint32_t)(digit - base64)) & 0x3fffff;
      bits.count += 6;
      if (bits.count < 16) continue;
      bits.count -= 16;
      if (!utf16_put(out, bits.value >> bits.count & 0xffff, &high)) return false;
    }
    if (high || bits.count >= 6 || (bits.value & ((1u << bits.count) - 1)) != 0) return false;
    i++;
  }
  return !out->failed;
}

/* ---- mailboxes ------------------------------------------------------------------------------ */

static bool is_inbox(const char *p, size_t n) {
  static const char inbox[] = "INBOX";
  if (n != 5) return false;
  for (size_t i = 0; i < 5; i++) {
    if (p[i] != inbox[i] && p[i] != inbox[i] + ('a' - 'A')) return false;
  }
  return true;
}

static bool has_empty_level(imap4_str name) {
  if (name.n == 0 || name.p[0] == '.' || name.p[name.n - 1] == '.') return true;
  for (size_t i = 1; i < name.n; i++) {
    if (name.p[i] == '.' && name.p[i - 1] == '.') return true;
  }
  return false;
}

int md_mailbox_dir(imap4_str mailbox, char out[MD_NAME_MAX + 1]) {
  if (mailbox.n == 5 && memcmp(mailbox.p, "INBOX", 5) == 0) {
    out[0] = '\0';
    return IMAP4_OK;
  }
  if (has_empty_level(mailbox) || memchr(mailbox.p, '/', mailbox.n) || memchr(mailbox.p, '\0', mailbox.n)) {
    return IMAP4_ST_CANNOT;
  }
  struct md_buf name = {0};
  md_buf_put(&name, ".", 1);
  bool fits = md_utf7_encode(mailbox, &name) && name.n <= MD_NAME_MAX;
  if (fits) {
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
  }
  md_buf_free(&name);
  return fits ? IMAP4_OK : IMAP4_ST_CANNOT;
}

bool md_dir_mailbox(const char *dirz, struct md_buf *out) {
  size_t start = out->n;
  if (dirz[0] != '.' || dirz[1] == '\0' || !md_utf7_decode(dirz + 1, strlen(dirz + 1), out)) return false;
  /* Only directories that the name leads back to. */
  imap4_str name = {out->p + start, out->n - start};
  char back[MD_NAME_MAX + 1];
  if (md_mailbox_dir(name, back) != IMAP4_OK || strcmp(back, dirz) != 0) return false;
  const char *dot = memchr(name.p, '.', name.n);
  size_t level = dot ? (size_t)(dot - name.p) : name.n;
  return !is_inbox(name.p, level) || (dot && memcmp(name.p, "INBOX", 5) == 0);
}

/* ---- message files -------------------------------------------------------------------------- */

size_t md_base_length(const char *namez) {
  return strcspn(namez, ":");
}

/* The flags behind ":2,", and how many they are. */
static const char *flag_letters(const char *namez, size_t *n) {
  const char *info = namez + md_base_length(namez);
  *n = 0;
  if (strncmp(info, ":2,", 3) != 0) return info;
  *n = strcspn(info + 3, ",");
  return info + 3;
}

static uint32_t system_flag(char letter) {
  switch (letter) {
  case 'D':
    return IMAP4_FLAG_DRAFT;
  case 'F':
    return IMAP4_FLAG_FLAGGED;
  case 'R':
    return IMAP4_FLAG_ANSWERED;
  case 'S':
    return IMAP4_FLAG_SEEN;
  case 'T':
    return IMAP4_FLAG_DELETED;
  default:
    return 0;
  }
}

void md_name_flags(const char *namez, uint32_t *flags, uint32_t *letters) {
  size_t n;
  const char *p = flag_letters(namez, &n);
  *flags = 0;
  *letters = 0;
  for (size_t i = 0; i < n; i++) {
    *flags |= system_flag(p[i]);
    if (p[i] >= 'a' && p[i] <= 'z') *letters |= 1u << (p[i] - 'a');
  }
}

bool md_name_with_flags(const char *namez, uint32_t flags, uint32_t letters, char out[MD_NAME_MAX + 1]) {
  static const char known[] = "DFRST";
  bool set[128] = {false};
  size_t old_n;
  const char *old = flag_letters(namez, &old_n);
  for (size_t i = 0; i < old_n; i++) {
    unsigned char c = (unsigned char)old[i];
    if (c > 0x20 && c < 0x7f && system_flag(old[i]) == 0 && (c < 'a' || c > 'z')) set[c] = true;
  }
  for (size_t i = 0; known[i]; i++) {
    if (flags & system_flag(known[i])) set[(unsigned char)known[i]] = true;
  }
  for (unsigned i = 0; i < MD_LETTERS; i++) {
    if (letters & 1u << i) set['a' + i] = true;
  }
  char text[128];
  size_t n = 0;
  for (unsigned c = 0; c < 128; c++) {
    if (set[c]) text[n++] = (char)c;
  }
  size_t base = md_base_length(namez);
  const char *rest = old_n > 0 || *old == ',' ? old + old_n : "";
  size_t rest_n = strlen(rest);
  if (base + 3 + n + rest_n > MD_NAME_MAX) return false;
  memcpy(out, namez, base);
  memcpy(out + base, ":2,", 3);
  memcpy(out + base + 3, text, n);
  memcpy(out + base + 3 + n, rest, rest_n);
  out[base + 3 + n + rest_n] = '\0';
  return true;
}

uint64_t md_name_size(const char *namez) {
  const char *end = namez + md_base_length(namez);
  for (const char *p = namez; p + 3 < end; p++) {
    if (memcmp(p, ",W=", 3) != 0) continue;
    p += 3;
    uint64_t size;
    if (md_parse_number(&p, end, MD_UNKNOWN - 1, &size) && (p == end || *p == ',')) return size;
    return MD_UNKNOWN;
  }
  return MD_UNKNOWN;
}

int md_name_compare(const char *a, const char *b) {
  const char *pa = a, *pb = b;
  uint64_t ta, tb;
  size_t na = md_base_length(a), nb = md_base_length(b);
  if (md_parse_number(&pa, a + na, UINT64_MAX, &ta) && md_parse_number(&pb, b + nb, UINT64_MAX, &tb) &&
      ta != tb) {
    return ta < tb ? -1 : 1;
  }
  int order = memcmp(a, b, na < nb ? na : nb);
  if (order != 0) return order;
  return na < nb ? -1 : na > nb;
}

void md_unique_name(imap4_maildir *store, char out[MD_NAME_MAX + 1]) {
  char host[64];
  if (gethostname(host, sizeof host) != 0) host[0] = '\0';
  host[sizeof host - 1] = '\0';
  for (char *p = host; *p; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                 *p == '.' || *p == '-';
    if (!plain) *p = '_';
  }
  pthread_mutex_lock(&store->mutex);
  uint32_t count = ++store->count;
  pthread_mutex_unlock(&store->mutex);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(out, MD_NAME_MAX + 1, "%lld.M%ldP%ldR%08xQ%u.%s", (long long)now.tv_sec, now.tv_nsec / 1000,
           (long)getpid(), store->random, count, host[0] ? host : "localhost");
}
