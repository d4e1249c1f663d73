/* SPDX-License-Identifier: MIT */
/*
 * Previews; see preview.h.  HTML is not parsed but passed over: names of elements matter only where their
 * content is no text (script, style, title), is quoted (blockquote), or does not end a word (b, span and the
 * like).
 */
#include "mail/preview.h"

enum {
  PREVIEW_TEXT,
  PREVIEW_LT,    /* behind "<" */
  PREVIEW_NAME,  /* the name of a tag */
  PREVIEW_TAG,   /* the rest of it */
  PREVIEW_VALUE, /* in a quoted value */
  PREVIEW_BANG,  /* behind "<!", in what may be a comment */
  PREVIEW_COMMENT,
  PREVIEW_CHARACTER, /* behind "&" */
  PREVIEW_RAW,       /* content that is skipped */
  PREVIEW_RAW_LT,    /* "<" in it */
  PREVIEW_RAW_NAME   /* "</" in it */
};

void imap4i_preview_begin(imap4i_preview *preview, bool html) {
  memset(preview, 0, sizeof *preview);
  preview->html = html;
  preview->line_start = true;
}

/* ---- characters ----------------------------------------------------------------------------- */

static bool is_space(uint32_t cp) {
  return cp == ' ' || (cp >= 9 && cp <= 13) || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
         (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
         cp == 0x3000;
}

/* Controls, what has no width, and what turns the direction of text around. */
static bool is_invisible(uint32_t cp) {
  return cp < ' ' || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x34f || cp == 0x61c || cp == 0x180e ||
         (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
         cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe007f);
}

static void put(imap4i_preview *preview, uint32_t cp) {
  if (imap4i_preview_full(preview)) return;
  preview->n += imap4i_utf8_encode(cp, preview->text + preview->n);
  preview->characters++;
}

/* A character of the text. */
static void show(imap4i_preview *preview, uint32_t cp) {
  if (preview->depth > 0) return;
  if (is_space(cp)) {
    preview->space = preview->n > 0;
    return;
  }
  if (is_invisible(cp)) return;
  /* A space that nothing could follow is none. */
  if (preview->space && preview->characters + 1 == IMAP4I_PREVIEW_CHARACTERS) {
    preview->characters++;
    return;
  }
  if (preview->space) put(preview, ' ');
  preview->space = false;
  put(preview, cp);
}

static void show_ascii(imap4i_preview *preview, imap4_str s) {
  for (size_t i = 0; i < s.n; i++)
    show(preview, (unsigned char)s.p[i]);
}

/* ---- plain text ----------------------------------------------------------------------------- */

static void take_plain(imap4i_preview *preview, uint32_t cp) {
  if (preview->line_start) preview->quoted = cp == '>';
  preview->line_start = cp == '\n';
  if (cp == '\n' || !preview->quoted) show(preview, cp);
}

/* ---- HTML ----------------------------------------------------------------------------------- */

static bool is_word_char(uint32_t cp) {
  return cp < 0x80 && (imap4i_is_alpha((char)cp) || imap4i_is_digit((char)cp));
}

static void begin_word(imap4i_preview *preview, uint8_t state) {
  preview->word_n = 0;
  preview->state = state;
}

static void add_to_word(imap4i_preview *preview, uint32_t cp) {
  if (preview->word_n < IMAP4I_PREVIEW_WORD) preview->word[preview->word_n] = (char)cp;
  if (preview->word_n <= IMAP4I_PREVIEW_WORD) preview->word_n++;
}

/* The word, or nothing if it was too long. */
static imap4_str word_of(const imap4i_preview *preview) {
  return imap4i_str(preview->word, preview->word_n <= IMAP4I_PREVIEW_WORD ? preview->word_n : 0);
}

/* The name of a tag is complete. */
static void end_name(imap4i_preview *preview) {
  imap4_str name = word_of(preview);
  char low[IMAP4I_PREVIEW_WORD];
  for (size_t i = 0; i < name.n; i++)
    low[i] = imap4i_lower(name.p[i]);
  imap4_str lower = imap4i_str(low, name.n);
  preview->raw[0] = '\0';
  if (imap4i_has_word(IMAP4I_S("script style title textarea template"), lower) && !preview->closing) {
    memcpy(preview->raw, low, lower.n);
    preview->raw[lower.n] = '\0';
  }
  if (imap4i_eq(lower, IMAP4I_S("blockquote"))) {
    if (!preview->closing && preview->depth < UINT32_MAX) preview->depth++;
    if (preview->closing && preview->depth > 0) preview->depth--;
  }
  if (!imap4i_has_word(
          IMAP4I_S("a abbr b big code em font i ins kbd mark s small span strike strong sub sup tt u"),
          lower))
    show(preview, ' ');
  preview->value = false;
  preview->state = PREVIEW_TAG;
}

static void take_tag(imap4i_preview *preview, uint32_t cp) {
  if (cp == '>') {
    preview->state = preview->raw[0] ? PREVIEW_RAW : PREVIEW_TEXT;
  } else if (preview->value && (cp == '"' || cp == '\'')) {
    preview->quote = (char)cp;
    preview->state = PREVIEW_VALUE;
  }
  preview->value = cp == '=' || (preview->value && is_space(cp));
}

/* Characters that have a name; others are shown as they are written. */
static const struct {
  imap4_str name;
  uint32_t cp;
} named[] = {
    {{"amp", 3}, '&'},      {{"lt", 2}, '<'},        {{"gt", 2}, '>'},       {{"quot", 4}, '"'},
    {{"apos", 4}, '\''},    {{"nbsp", 4}, 0xa0},     {{"copy", 4}, 0xa9},    {{"reg", 3}, 0xae},
    {{"laquo", 5}, 0xab},   {{"raquo", 5}, 0xbb},    {{"middot", 6}, 0xb7},  {{"auml", 4}, 0xe4},
    {{"ouml", 4}, 0xf6},    {{"uuml", 4}, 0xfc},     {{"Auml", 4}, 0xc4},    {{"Ouml", 4}, 0xd6},
    {{"Uuml", 4}, 0xdc},    {{"szlig", 5}, 0xdf},    {{"eacute", 6}, 0xe9},  {{"egrave", 6}, 0xe8},
    {{"agrave", 6}, 0xe0},  {{"ccedil", 6}, 0xe7},   {{"ndash", 5}, 0x2013}, {{"mdash", 5}, 0x2014},
    {{"lsquo", 5}, 0x2018}, {{"rsquo", 5}, 0x2019},  {{"ldquo", 5}, 0x201c}, {{"rdquo", 5}, 0x201d},
    {{"bull", 4}, 0x2022},  {{"hellip", 6}, 0x2026}, {{"euro", 4}, 0x20ac},  {{"trade", 5}, 0x2122},
    {{"zwnj", 4}, 0x200c},  {{"zwj", 3}, 0x200d},    {{"shy", 3}, 0xad},
};

/* "#8364" or "#x20AC"; 0 if it is none. */
static uint32_t numbered(imap4_str word) {
  uint32_t cp = 0;
  char octets[IMAP4I_UTF8_MAX];
  if (word.n < 2 || word.p[0] != '#') return 0;
  uint32_t base = word.p[1] == 'x' || word.p[1] == 'X' ? 16 : 10;
  size_t at = base == 16 ? 2 : 1;
  if (at == word.n) return 0;
  for (; at < word.n; at++) {
    int digit = imap4i_hex_value(word.p[at]);
    if (digit < 0 || (uint32_t)digit >= base) return 0;
    cp = cp > 0x10ffff ? cp : cp * base + (uint32_t)digit;
  }
  return cp > 0 && imap4i_utf8_encode(cp, octets) > 0 ? cp : IMAP4I_REPLACEMENT;
}

/* A character that is written by name or number is complete; |cp| follows. */
static void end_character(imap4i_preview *preview, uint32_t cp) {
  imap4_str word = word_of(preview);
  uint32_t found = numbered(word);
  for (size_t i = 0; found == 0 && i < IMAP4I_COUNT(named); i++) {
    if (imap4i_eq(word, named[i].name)) found = named[i].cp;
  }
  preview->state = PREVIEW_TEXT;
  if (found > 0) {
    show(preview, found);
    return;
  }
  show(preview, '&');
  show_ascii(preview, imap4i_str(preview->word, imap4i_min(preview->word_n, IMAP4I_PREVIEW_WORD)));
  if (cp == ';') show(preview, ';');
}

static void take_text(imap4i_preview *preview, uint32_t cp) {
  if (cp == '<') {
    preview->state = PREVIEW_LT;
  } else if (cp == '&') {
    begin_word(preview, PREVIEW_CHARACTER);
  } else {
    show(preview, cp);
  }
}

static void take_after_lt(imap4i_preview *preview, uint32_t cp) {
  preview->closing = cp == '/';
  preview->dashes = 0;
  if (cp == '!') {
    preview->state = PREVIEW_BANG;
  } else if (cp == '/' || (cp < 0x80 && imap4i_is_alpha((char)cp))) {
    begin_word(preview, PREVIEW_NAME);
    if (cp != '/') add_to_word(preview, cp);
  } else if (cp == '?') {
    preview->state = PREVIEW_TAG;
    preview->raw[0] = '\0';
    preview->value = false;
  } else { /* it was no tag */
    preview->state = PREVIEW_TEXT;
    show(preview, '<');
    take_text(preview, cp);
  }
}

static void take_character(imap4i_preview *preview, uint32_t cp) {
  bool fits = preview->word_n < IMAP4I_PREVIEW_WORD;
  if (fits && (is_word_char(cp) || (cp == '#' && preview->word_n == 0))) {
    add_to_word(preview, cp);
    return;
  }
  end_character(preview, cp);
  if (cp != ';') take_text(preview, cp);
}

static void take_bang(imap4i_preview *preview, uint32_t cp) {
  preview->dashes = cp == '-' ? (uint8_t)(preview->dashes + 1) : 0;
  if (preview->dashes == 2) {
    preview->dashes = 0;
    preview->state = PREVIEW_COMMENT;
  } else if (preview->dashes == 0) {
    preview->state = cp == '>' ? PREVIEW_TEXT : PREVIEW_TAG;
    preview->raw[0] = '\0';
    preview->value = false;
  }
}

static void take_comment(imap4i_preview *preview, uint32_t cp) {
  if (cp == '>' && preview->dashes >= 2) preview->state = PREVIEW_TEXT;
  preview->dashes = cp != '-' ? 0 : preview->dashes < 2 ? (uint8_t)(preview->dashes + 1) : 2;
}

/* In the content of script and the like. */
static void take_raw(imap4i_preview *preview, uint32_t cp) {
  if (preview->state == PREVIEW_RAW_NAME && is_word_char(cp)) {
    add_to_word(preview, cp);
    return;
  }
  if (preview->state == PREVIEW_RAW_NAME &&
      imap4i_ieq(word_of(preview), imap4i_str(preview->raw, strlen(preview->raw)))) {
    preview->closing = true;
    end_name(preview);
    take_tag(preview, cp);
    return;
  }
  if (preview->state == PREVIEW_RAW_LT && cp == '/') {
    begin_word(preview, PREVIEW_RAW_NAME);
    return;
  }
  preview->state = cp == '<' ? PREVIEW_RAW_LT : PREVIEW_RAW;
}

static void take_html(imap4i_preview *preview, uint32_t cp) {
  switch (preview->state) {
  case PREVIEW_TEXT:
    take_text(preview, cp);
    break;
  case PREVIEW_LT:
    take_after_lt(preview, cp);
    break;
  case PREVIEW_NAME:
    if (is_word_char(cp)) {
      add_to_word(preview, cp);
    } else {
      end_name(preview);
      take_tag(preview, cp);
    }
    break;
  case PREVIEW_TAG:
    take_tag(preview, cp);
    break;
  case PREVIEW_VALUE:
    if (cp == (unsigned char)preview->quote) preview->state = PREVIEW_TAG;
    break;
  case PREVIEW_BANG:
    take_bang(preview, cp);
    break;
  case PREVIEW_COMMENT:
    take_comment(preview, cp);
    break;
  case PREVIEW_CHARACTER:
    take_character(preview, cp);
    break;
  default:
    take_raw(preview, cp);
    break;
  }
}

void imap4i_preview_feed(imap4i_preview *preview, imap4_str data, bool last) {
  uint32_t cp;
  while (!imap4i_preview_full(preview) && imap4i_utf8_next(&preview->cut, &data, last, &cp)) {
    if (preview->html) {
      take_html(preview, cp);
    } else {
      take_plain(preview, cp);
    }
  }
  if (last && preview->html && preview->state == PREVIEW_CHARACTER) end_character(preview, 0);
}

/* ---- the part ------------------------------------------------------------------------------- */

static bool ends_with(imap4_str s, imap4_str end) {
  return s.n >= end.n && imap4i_ieq(imap4i_tail(s, s.n - end.n), end);
}

static bool is_readable(const imap4i_part *part, bool *html) {
  imap4_str type = part->text[IMAP4I_FIELD_TYPE];
  *html = ends_with(type, IMAP4I_S("\"HTML\""));
  return part->kind == IMAP4I_PART_LEAF && part->is_text && part->encoding != IMAP4I_ENCODING_OTHER &&
         (*html || type.n == 0 || ends_with(type, IMAP4I_S("\"PLAIN\""))) &&
         !imap4i_istarts(part->text[IMAP4I_FIELD_DISPOSITION], IMAP4I_S("(\"ATTACHMENT\""));
}

bool imap4i_preview_part(imap4_str digest, size_t *index, imap4i_part *part, bool *html) {
  size_t inside = SIZE_MAX; /* the message inside whose parts come now */
  size_t at = 0;
  for (; imap4i_digest_part(digest, at, part); at++) {
    /* Parts of a part follow it, and no others come between. */
    if (inside != SIZE_MAX && part->parent != IMAP4I_NO_PARENT && part->parent >= inside) continue;
    inside = part->kind == IMAP4I_PART_MESSAGE ? at : SIZE_MAX;
    if (at < *index || !is_readable(part, html)) continue;
    *index = at;
    return true;
  }
  *index = at;
  return false;
}
