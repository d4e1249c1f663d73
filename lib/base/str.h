/* SPDX-License-Identifier: MIT */
/*
 * Spans of octets and the character classes of RFC 3501 section 9.  No locale anywhere: these are the only
 * comparisons and classifications that the library uses.
 */
#ifndef IMAP4I_STR_H
#define IMAP4I_STR_H

#include <stdbool.h>
#include <string.h>

#include "imap4/types.h"

#define IMAP4I_COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* A span of a string literal. */
#define IMAP4I_S(literal) ((imap4_str){"" literal, sizeof(literal) - 1})

static inline size_t imap4i_min(size_t a, size_t b) {
  return a < b ? a : b;
}

static inline imap4_str imap4i_str(const void *p, size_t n) {
  return (imap4_str){(const char *)p, n};
}

/* From |at| to the end; empty when |at| lies behind it. */
static inline imap4_str imap4i_tail(imap4_str s, size_t at) {
  return at < s.n ? (imap4_str){s.p + at, s.n - at} : (imap4_str){s.p, 0};
}

static inline char imap4i_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char imap4i_upper(char c) {
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline bool imap4i_is_digit(char c) {
  return c >= '0' && c <= '9';
}

static inline bool imap4i_is_alpha(char c) {
  return imap4i_lower(c) >= 'a' && imap4i_lower(c) <= 'z';
}

/* WSP of RFC 5234: the white space within a line. */
static inline bool imap4i_is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* 0 to 15, or -1 if |c| is no hexadecimal digit. */
static inline int imap4i_hex_value(char c) {
  if (imap4i_is_digit(c)) return c - '0';
  c = imap4i_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Same octets. */
static inline bool imap4i_eq(imap4_str a, imap4_str b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Same but for ASCII case. */
bool imap4i_ieq(imap4_str a, imap4_str b);
/* |s| begins with |prefix|, but for ASCII case. */
bool imap4i_istarts(imap4_str s, imap4_str prefix);

/* RFC 3501: ATOM-CHAR (no atom-specials: ( ) { SP CTL % * " \ ] and nothing above 0x7e). */
bool imap4i_is_atom_char(char c);
/* RFC 3501: ASTRING-CHAR, which is ATOM-CHAR or "]". */
bool imap4i_is_astring_char(char c);
#define IMAP4I_OBJECT_ID_OCTETS 255
/* RFC 8474: objectid, 1 to 255 letters, digits, "_" and "-". */
bool imap4i_is_object_id(imap4_str s);
/* A whole atom: one ATOM-CHAR or more. */
bool imap4i_is_atom(imap4_str s);

/* Take the next word of a list separated by single spaces off |*list|; false at its end. */
bool imap4i_next_word(imap4_str *list, imap4_str *word);
/* Whether |list| (separated by single spaces) has |word|, but for ASCII case. */
bool imap4i_has_word(imap4_str list, imap4_str word);

/* Decimal digits only, all of |s|, value at most |max|; false otherwise. */
bool imap4i_parse_u64(imap4_str s, uint64_t max, uint64_t *value);

/* Longest decimal uint64 has 20 digits. */
#define IMAP4I_U64_DIGITS 20
/* Write |value| in decimal to |out|; returns the number of digits. */
size_t imap4i_format_u64(uint64_t value, char out[IMAP4I_U64_DIGITS]);

/* Overwrite memory that held a secret, in a way no compiler leaves out. */
void imap4i_wipe(void *p, size_t n);

#endif
