/* SPDX-License-Identifier: MIT */
/*
 * Arguments of FETCH.  Each item gets the name under which the response shows it; two items of one name are
 * one.
 */
#include "wire/parse_base.h"
#include "wire/parse_modifiers.h"
#include "wire/writer.h"

/* A longer name could not stand in a message (RFC 5322 section 2.1.1). */
#define LONGEST_FIELD_NAME 998

typedef struct item_name {
  imap4_str name;
  imap4i_fetch_item item;
} item_name;

#define NAME(s)                                                                                              \
  { s, sizeof(s) - 1 }
#define ATTRIBUTE(s, k)                                                                                      \
  {                                                                                                          \
    NAME(s), {                                                                                               \
      .kind = (k), .label = NAME(s)                                                                          \
    }                                                                                                        \
  }

/* Items without brackets. */
static const item_name item_names[] = {
    ATTRIBUTE("FLAGS", IMAP4I_FETCH_FLAGS),
    ATTRIBUTE("INTERNALDATE", IMAP4I_FETCH_INTERNALDATE),
    ATTRIBUTE("RFC822.SIZE", IMAP4I_FETCH_SIZE),
    ATTRIBUTE("ENVELOPE", IMAP4I_FETCH_ENVELOPE),
    ATTRIBUTE("BODY", IMAP4I_FETCH_BODY),
    ATTRIBUTE("BODYSTRUCTURE", IMAP4I_FETCH_BODYSTRUCTURE),
    ATTRIBUTE("UID", IMAP4I_FETCH_UID),
    ATTRIBUTE("EMAILID", IMAP4I_FETCH_EMAILID),
    ATTRIBUTE("THREADID", IMAP4I_FETCH_THREADID),
    ATTRIBUTE("SAVEDATE", IMAP4I_FETCH_SAVEDATE),
    ATTRIBUTE("MODSEQ", IMAP4I_FETCH_MODSEQ),
    {NAME("RFC822"),
     {.kind = IMAP4I_FETCH_SECTION, .label = NAME("RFC822"), .section.kind = IMAP4I_SECTION_ALL}},
    {NAME("RFC822.HEADER"),
     {.kind = IMAP4I_FETCH_SECTION,
      .peek = true,
      .label = NAME("RFC822.HEADER"),
      .section.kind = IMAP4I_SECTION_HEADER}},
    {NAME("RFC822.TEXT"),
     {.kind = IMAP4I_FETCH_SECTION, .label = NAME("RFC822.TEXT"), .section.kind = IMAP4I_SECTION_TEXT}},
};

/* Macros are the first so many of the names above. */
static const struct {
  imap4_str name;
  size_t items;
} macros[] = {{NAME("FAST"), 3}, {NAME("ALL"), 4}, {NAME("FULL"), 5}};

/* ---- sections ------------------------------------------------------------------------------- */

/* nz-number *("." nz-number), and the "." before a name. */
static int take_parts(imap4i_parser *parser, imap4i_section *section) {
  size_t capacity = 0;
  uint32_t *parts = NULL;
  for (;;) {
    uint64_t number = 0;
    if (section->part_count >= parser->limits->section_depth) {
      return imap4i_bad(parser, "Too many part numbers in a section");
    }
    int status = imap4i_take_number(parser, UINT32_MAX, true, "Invalid part number in a section", &number);
    if (status != IMAP4_OK) return status;
    parts = imap4i_grow(parser->arena, parts, section->part_count, &capacity, sizeof(*parts));
    if (!parts) return IMAP4_ERR_NOMEM;
    parts[section->part_count++] = (uint32_t)number;
    section->parts = parts;
    if (!imap4i_take_char(parser, '.')) return IMAP4_OK;
    if (parser->p < parser->end && imap4i_is_alpha(*parser->p)) return IMAP4_OK;
  }
}

/* SP "(" header-fld-name *(SP header-fld-name) ")" */
static int take_fields(imap4i_parser *parser, imap4i_section *section) {
  size_t capacity = 0;
  imap4_str *fields = NULL;
  int status = imap4i_take_space(parser, "Missing list of header fields");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '('))
    return imap4i_bad(parser, "Expected a list of header fields in parentheses");
  for (;;) {
    imap4_str name;
    if (section->field_count >= parser->limits->list_items)
      return imap4i_bad(parser, "Too many header fields");
    status = imap4i_take_field_name(parser, &name);
    if (status != IMAP4_OK) return status;
    if (name.n > LONGEST_FIELD_NAME) return imap4i_bad(parser, "The name of a header field is too long");
    fields = imap4i_grow(parser->arena, fields, section->field_count, &capacity, sizeof(*fields));
    if (!fields) return IMAP4_ERR_NOMEM;
    fields[section->field_count++] = name;
    section->fields = fields;
    if (imap4i_take_char(parser, ')')) return IMAP4_OK;
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a header field");
    if (status != IMAP4_OK) return status;
  }
}

static const imap4_str section_names[] = {
    [IMAP4I_SECTION_ALL] = NAME(""),
    [IMAP4I_SECTION_HEADER] = NAME("HEADER"),
    [IMAP4I_SECTION_FIELDS] = NAME("HEADER.FIELDS"),
    [IMAP4I_SECTION_FIELDS_NOT] = NAME("HEADER.FIELDS.NOT"),
    [IMAP4I_SECTION_TEXT] = NAME("TEXT"),
    [IMAP4I_SECTION_MIME] = NAME("MIME"),
};

static bool has_fields(const imap4i_section *section) {
  return section->kind == IMAP4I_SECTION_FIELDS || section->kind == IMAP4I_SECTION_FIELDS_NOT;
}

static int take_section_name(imap4i_parser *parser, imap4i_section *section) {
  imap4_str name = imap4i_take_item_name(parser);
  bool after_dot = section->part_count > 0 && name.p[-1] == '.';
  uint8_t kind = IMAP4I_SECTION_ALL;
  while (kind < IMAP4I_COUNT(section_names) && !imap4i_ieq(name, section_names[kind])) {
    kind++;
  }
  if (kind == IMAP4I_COUNT(section_names)) return imap4i_bad(parser, "Unknown section");
  if (section->part_count > 0 && after_dot != (kind != IMAP4I_SECTION_ALL)) {
    return imap4i_bad(parser, "Invalid section");
  }
  if (kind == IMAP4I_SECTION_MIME && section->part_count == 0) {
    return imap4i_bad(parser, "MIME needs a part number before it");
  }
  section->kind = kind;
  return has_fields(section) ? take_fields(parser, section) : IMAP4_OK;
}

/* "[" is taken; up to and with "]". */
static int take_section(imap4i_parser *parser, imap4i_section *section) {
  int status = IMAP4_OK;
  if (parser->p < parser->end && imap4i_is_digit(*parser->p)) status = take_parts(parser, section);
  if (status == IMAP4_OK) status = take_section_name(parser, section);
  if (status != IMAP4_OK) return status;
  return imap4i_take_char(parser, ']') ? IMAP4_OK : imap4i_bad(parser, "Expected ] at the end of a section");
}

/* ["<" number "." nz-number ">"] */
static int take_partial(imap4i_parser *parser, imap4i_fetch_item *item) {
  if (!imap4i_take_char(parser, '<')) return IMAP4_OK;
  item->partial = true;
  const char *textz = "Invalid partial: expected <offset.count> with a count above 0";
  int status = imap4i_take_number(parser, INT64_MAX, false, textz, &item->offset);
  if (status == IMAP4_OK && !imap4i_take_char(parser, '.')) return imap4i_bad(parser, textz);
  if (status == IMAP4_OK) status = imap4i_take_number(parser, INT64_MAX, true, textz, &item->count);
  if (status == IMAP4_OK && !imap4i_take_char(parser, '>')) return imap4i_bad(parser, textz);
  return status;
}

/* ---- labels --------------------------------------------------------------------------------- */

/* Octets that the label of |item| takes at most. */
static size_t label_room(const imap4i_fetch_item *item) {
  size_t n = sizeof("BINARY.SIZE[HEADER.FIELDS.NOT ()]<>") + IMAP4I_U64_DIGITS;
  n += item->section.part_count * sizeof("4294967295.");
  for (size_t i = 0; i < item->section.field_count; i++) {
    n += 2 * item->section.fields[i].n + sizeof(" \"\"");
  }
  return n;
}

static bool put_fields(imap4i_buf *buf, const imap4i_section *section) {
  bool ok = true;
  for (size_t i = 0; ok && i < section->field_count; i++) {
    ok = imap4i_buf_put(buf, i == 0 ? " (" : " ", i == 0 ? 2 : 1) &&
         imap4i_put_astring(buf, section->fields[i], false);
  }
  return ok && imap4i_buf_putc(buf, ')');
}

static bool put_section(imap4i_buf *buf, imap4_str item, const imap4i_section *section) {
  bool ok = imap4i_buf_puts(buf, item) && imap4i_buf_putc(buf, '[');
  for (size_t i = 0; ok && i < section->part_count; i++) {
    ok = (i == 0 || imap4i_buf_putc(buf, '.')) && imap4i_buf_put_u64(buf, section->parts[i]);
  }
  if (ok && section->part_count > 0 && section->kind != IMAP4I_SECTION_ALL) ok = imap4i_buf_putc(buf, '.');
  ok = ok && imap4i_buf_puts(buf, section_names[section->kind]);
  if (ok && has_fields(section)) ok = put_fields(buf, section);
  return ok && imap4i_buf_putc(buf, ']');
}

/* |name| is what stands before the bracket. */
static int make_label(imap4i_parser *parser, imap4_str name, imap4i_fetch_item *item) {
  imap4i_buf buf;
  if (!imap4i_arena_buf(parser->arena, label_room(item), &buf)) return IMAP4_ERR_NOMEM;
  bool ok = put_section(&buf, name, &item->section);
  if (ok && item->partial) {
    ok = imap4i_buf_putc(&buf, '<') && imap4i_buf_put_u64(&buf, item->offset) && imap4i_buf_putc(&buf, '>');
  }
  item->label = imap4i_buf_str(&buf);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- items ---------------------------------------------------------------------------------- */

/* Items of RFC 3516; the label is what stands before the bracket. */
static const item_name binary_names[] = {
    {NAME("BINARY"), {.kind = IMAP4I_FETCH_BINARY, .label = NAME("BINARY")}},
    {NAME("BINARY.PEEK"), {.kind = IMAP4I_FETCH_BINARY, .peek = true, .label = NAME("BINARY")}},
    {NAME("BINARY.SIZE"), {.kind = IMAP4I_FETCH_BINARY_SIZE, .peek = true, .label = NAME("BINARY.SIZE")}},
};

/* section-binary, "[" [section-part] "]", and for octets [partial]. */
static int take_binary(imap4i_parser *parser, const imap4i_fetch_item *form, imap4i_fetch_item *item) {
  *item = *form;
  if (!imap4i_take_char(parser, '[')) return imap4i_bad(parser, "BINARY needs part numbers in brackets");
  int status = IMAP4_OK;
  if (!imap4i_next_is(parser, ']')) status = take_parts(parser, &item->section);
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, ']')) return imap4i_bad(parser, "BINARY takes part numbers only");
  if (item->kind == IMAP4I_FETCH_BINARY) status = take_partial(parser, item);
  return status == IMAP4_OK ? make_label(parser, form->label, item) : status;
}

/* [SP "(" "LAZY" *(SP "LAZY") ")"].  Other parentheses that follow PREVIEW are not its own. */
static int take_preview(imap4i_parser *parser, imap4i_fetch_item *item) {
  static const char lazy[] = " (LAZY";
  imap4_str rest = imap4i_str(parser->p, (size_t)(parser->end - parser->p));
  *item = (imap4i_fetch_item){.kind = IMAP4I_FETCH_PREVIEW, .peek = true, .label = IMAP4I_S("PREVIEW")};
  if (!imap4i_istarts(rest, imap4i_str(lazy, sizeof lazy - 1))) return IMAP4_OK;
  parser->p += sizeof lazy - 1;
  item->lazy = true;
  while (imap4i_istarts(imap4i_str(parser->p, (size_t)(parser->end - parser->p)), IMAP4I_S(" LAZY")))
    parser->p += 5;
  return imap4i_take_char(parser, ')') ? IMAP4_OK : imap4i_bad(parser, "PREVIEW has no modifier but LAZY");
}

static int take_item(imap4i_parser *parser, imap4i_fetch_item *item) {
  imap4_str name = imap4i_take_item_name(parser);
  bool peek = imap4i_ieq(name, IMAP4I_S("BODY.PEEK"));
  if (name.n == 0) return imap4i_bad(parser, "Expected a FETCH item");
  if ((peek || imap4i_ieq(name, IMAP4I_S("BODY"))) && imap4i_take_char(parser, '[')) {
    *item = (imap4i_fetch_item){.kind = IMAP4I_FETCH_SECTION, .peek = peek};
    int status = take_section(parser, &item->section);
    if (status == IMAP4_OK) status = take_partial(parser, item);
    return status == IMAP4_OK ? make_label(parser, IMAP4I_S("BODY"), item) : status;
  }
  if (imap4i_ieq(name, IMAP4I_S("PREVIEW"))) return take_preview(parser, item);
  for (size_t i = 0; i < IMAP4I_COUNT(binary_names); i++) {
    if (imap4i_ieq(name, binary_names[i].name)) return take_binary(parser, &binary_names[i].item, item);
  }
  for (size_t i = 0; i < IMAP4I_COUNT(item_names); i++) {
    if (imap4i_ieq(name, item_names[i].name)) {
      *item = item_names[i].item;
      return IMAP4_OK;
    }
  }
  return imap4i_bad(parser, peek ? "BODY.PEEK needs a section in brackets" : "Unknown FETCH item");
}

/* Whether |item| was asked for before; one that sets \Seen makes the one before set it. */
static bool is_double(imap4i_fetch_args *args, const imap4i_fetch_item *item) {
  for (size_t i = 0; i < args->count; i++) {
    imap4i_fetch_item *old = &args->items[i];
    if (imap4i_eq(old->label, item->label) && old->count == item->count) {
      old->peek = old->peek && item->peek;
      old->lazy = old->lazy && item->lazy;
      return true;
    }
  }
  return false;
}

static int add_item(imap4i_parser *parser, imap4i_fetch_args *args, size_t *capacity) {
  imap4i_fetch_item item;
  int status = take_item(parser, &item);
  if (status != IMAP4_OK || is_double(args, &item)) return status;
  imap4i_fetch_item *items = imap4i_grow(parser->arena, args->items, args->count, capacity, sizeof(item));
  if (!items) return IMAP4_ERR_NOMEM;
  args->items = items;
  args->items[args->count++] = item;
  return IMAP4_OK;
}

/* A macro, if one stands here. */
static int take_macro(imap4i_parser *parser, imap4i_fetch_args *args) {
  const char *start = parser->p;
  imap4_str name = imap4i_take_item_name(parser);
  for (size_t i = 0; i < IMAP4I_COUNT(macros); i++) {
    if (!imap4i_ieq(name, macros[i].name)) continue;
    args->items = imap4i_arena_array(parser->arena, macros[i].items, sizeof(*args->items));
    if (!args->items) return IMAP4_ERR_NOMEM;
    for (args->count = 0; args->count < macros[i].items; args->count++) {
      args->items[args->count] = item_names[args->count].item;
    }
    return IMAP4_OK;
  }
  parser->p = start;
  return IMAP4_OK;
}

static int take_item_list(imap4i_parser *parser, imap4i_fetch_args *args) {
  size_t capacity = 0;
  bool list = imap4i_take_char(parser, '(');
  for (size_t n = 0;; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many FETCH items");
    int status = add_item(parser, args, &capacity);
    if (status != IMAP4_OK || !list || imap4i_take_char(parser, ')')) return status;
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a FETCH item");
    if (status != IMAP4_OK) return status;
  }
}

int imap4i_parse_fetch(imap4i_parser *parser, imap4i_args *args) {
  args->fetch = (imap4i_fetch_args){0};
  int status = imap4i_take_space(parser, "Missing sequence set");
  if (status == IMAP4_OK) status = imap4i_take_set(parser, &args->fetch.set);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing FETCH items after the sequence set");
  if (status == IMAP4_OK) status = take_macro(parser, &args->fetch);
  if (status == IMAP4_OK && args->fetch.count == 0) status = take_item_list(parser, &args->fetch);
  if (status == IMAP4_OK) status = imap4i_take_fetch_modifiers(parser, args);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}
