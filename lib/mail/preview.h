/* SPDX-License-Identifier: MIT */
/*
 * The preview of a message (RFC 8970): the first words of its text for a list of messages, out of UTF-8 that
 * comes in pieces.  Markup, quoted text and runs of white space go.  What is held is a fixed struct, whatever
 * the text is made of, and each octet is looked at once.
 */
#ifndef IMAP4I_PREVIEW_H
#define IMAP4I_PREVIEW_H

#include "base/utf8.h"
#include "mail/digest.h"

/* Longest name of an element or a character that means anything here. */
#define IMAP4I_PREVIEW_WORD 10

typedef struct imap4i_preview {
  imap4i_utf8_cut cut;
  bool html;
  bool space;      /* white space comes before the next character */
  bool line_start; /* plain text: at the beginning of a line */
  bool quoted;     /* plain text: in a quoted line */
  bool closing;    /* html: the tag under way has a slash */
  bool value;      /* html: the tag under way had "=" before this */
  uint8_t state;   /* html: PREVIEW_* in preview.c */
  uint8_t word_n;  /* octets of |word|; more than fit: it is none that is known */
  uint8_t dashes;  /* html: in a comment, so many in a row */
  char quote;      /* html: that ends a value */
  uint32_t depth;  /* html: open blockquotes */
  uint32_t characters;
  size_t n;
  char word[IMAP4I_PREVIEW_WORD];
  char raw[IMAP4I_PREVIEW_WORD + 1]; /* html: the element whose content is skipped, with a NUL */
  char text[IMAP4I_PREVIEW_CHARACTERS * IMAP4I_UTF8_MAX];
} imap4i_preview;

void imap4i_preview_begin(imap4i_preview *preview, bool html);
/* More of the text, the last of it if |last|. */
void imap4i_preview_feed(imap4i_preview *preview, imap4_str data, bool last);
/* Whether nothing that follows can change it. */
static inline bool imap4i_preview_full(const imap4i_preview *preview) {
  return preview->characters == IMAP4I_PREVIEW_CHARACTERS;
}
static inline imap4_str imap4i_preview_text(const imap4i_preview *preview) {
  return (imap4_str){preview->text, preview->n};
}

/* The next part from |*index| on that is text for a reader: plain or HTML, no attachment, in no message
 * inside. False if there is none; |*index| is behind it then, else it is the part's. */
bool imap4i_preview_part(imap4_str digest, size_t *index, imap4i_part *part, bool *html);

#endif
