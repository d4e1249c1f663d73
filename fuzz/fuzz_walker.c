/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the MIME walker.  First octet: 0 the default limits, else small ones chosen by its bits.  Second
 * octet: seed of the cuts.  Third octet: after so many requests there is no more memory (255: there always
 * is).  The rest is a message.
 *
 * Oracles: the digest is valid and the same for every cut; ENVELOPE, BODY and BODYSTRUCTURE are legal; ranges
 * of parts lie inside each other and hold as many lines as they say; sections are those ranges; nothing is
 * left allocated.
 */
#include "fuzz.h"
#include "grammar.h"
#include "imap4/mime.h"
#include "mail/digest.h"
#include "mail/walker.h"

static imap4_limits limits_of(unsigned choice) {
  imap4_limits limits;
  FUZZ_CHECK(imap4_limits_init(&limits, sizeof limits, 1) == IMAP4_OK);
  if (choice == 0) return limits;
  if (choice & 1) limits.mime_parts = 1 + (choice >> 5);
  if (choice & 2) limits.mime_depth = choice >> 5;
  if (choice & 4) limits.mime_field_octets = limits.digest_field_octets = 16u << (choice >> 5);
  if (choice & 8) limits.addresses = limits.mime_parameters = choice >> 5;
  if (choice & 16) limits.digest_octets = 256u << (choice >> 5);
  return limits;
}

/* How much to feed next. */
static size_t cut(fuzz_random *random, int way, size_t left) {
  if (way == 0) return left;
  if (way == 1) return 1;
  return imap4i_min(left, 1 + (fuzz_below(random, 3) ? fuzz_below(random, 9) : fuzz_below(random, 5000)));
}

/* The digest in memory of its own, or nothing when there was no memory. */
static imap4_str walk(fuzz_heap *heap, const imap4_limits *limits, imap4_str message, int way,
                      unsigned seed) {
  imap4i_mem mem;
  imap4i_walker *walker = NULL;
  imap4_str digest = {NULL, 0};
  fuzz_random random = {seed};
  imap4i_mem_init(&mem, fuzz_resize, heap, UINT64_MAX);
  int status = imap4i_walker_new(&mem, limits, &walker);
  while (status == IMAP4_OK && message.n > 0) {
    imap4_str piece = fuzz_copy(imap4i_str(message.p, cut(&random, way, message.n)));
    status = imap4i_walker_feed(walker, piece);
    message = imap4i_tail(message, piece.n);
    fuzz_copy_free(piece);
  }
  if (status == IMAP4_OK) status = imap4i_walker_finish(walker, &digest);
  FUZZ_CHECK(status == IMAP4_OK || (status == IMAP4_ERR_NOMEM && heap->failed));
  digest = status == IMAP4_OK ? fuzz_copy(digest) : (imap4_str){NULL, 0};
  imap4i_walker_free(walker);
  fuzz_heap_end(heap);
  return digest;
}

static uint64_t count_lines(imap4_str s) {
  uint64_t n = 0;
  for (size_t i = 0; i < s.n; i++)
    n += s.p[i] == '\n';
  return n;
}

static void check_part(imap4_str message, imap4_str digest, size_t index) {
  imap4i_part part;
  imap4i_part parent;
  FUZZ_CHECK(imap4i_digest_part(digest, index, &part));
  FUZZ_CHECK(part.header_offset + part.header_length == part.body_offset);
  FUZZ_CHECK(part.body_offset <= message.n && part.body_length <= message.n - part.body_offset);
  imap4_str body = imap4i_str(message.p + part.body_offset, (size_t)part.body_length);
  FUZZ_CHECK(part.lines == count_lines(body));
  if (index == 0) {
    FUZZ_CHECK(part.header_offset == 0 && part.header_length + part.body_length == message.n);
    return;
  }
  FUZZ_CHECK(part.parent < index && imap4i_digest_part(digest, part.parent, &parent));
  FUZZ_CHECK(part.header_offset >= parent.body_offset);
  FUZZ_CHECK(part.body_offset + part.body_length <= parent.body_offset + parent.body_length);
  if (parent.kind == IMAP4I_PART_MESSAGE) {
    FUZZ_CHECK(part.header_offset == parent.body_offset);
    FUZZ_CHECK(part.body_offset + part.body_length == parent.body_offset + parent.body_length);
  }
}

/* The number of part |index| among the parts of its parent. */
static uint32_t child_number(imap4_str digest, size_t index, uint32_t parent) {
  imap4i_part part;
  uint32_t number = 0;
  for (size_t i = parent + 1; i <= index; i++) {
    FUZZ_CHECK(imap4i_digest_part(digest, i, &part));
    number += part.parent == parent;
  }
  return number;
}

/* The numbers by which BODY[...] names part |index|; a message's own part has none of its own unless it is
 * no multipart. */
static size_t part_numbers(imap4_str digest, size_t index, uint32_t *numbers, size_t max, bool *named) {
  size_t n = 0;
  imap4i_part part;
  imap4i_part parent;
  FUZZ_CHECK(imap4i_digest_part(digest, index, &part));
  *named = true;
  for (bool first = true; n < max; first = false) {
    bool top = part.parent == IMAP4I_NO_PARENT;
    if (!top) FUZZ_CHECK(imap4i_digest_part(digest, part.parent, &parent));
    if (!top && parent.kind == IMAP4I_PART_MULTIPART) {
      numbers[n++] = child_number(digest, index, part.parent);
    } else if (part.kind != IMAP4I_PART_MULTIPART) {
      numbers[n++] = 1;
    } else if (first) {
      *named = false;
    }
    if (top) break;
    index = part.parent;
    part = parent;
  }
  for (size_t i = 0; i < n / 2; i++) {
    uint32_t swap = numbers[i];
    numbers[i] = numbers[n - 1 - i];
    numbers[n - 1 - i] = swap;
  }
  return n;
}

static void check_section(imap4_str digest, size_t index) {
  uint32_t numbers[256];
  bool named;
  uint64_t offset;
  uint64_t length;
  imap4i_part part;
  imap4i_section section = {.parts = numbers, .kind = IMAP4I_SECTION_ALL};
  section.part_count = part_numbers(digest, index, numbers, 256, &named);
  if (!named || section.part_count == 256) return;
  FUZZ_CHECK(imap4i_digest_part(digest, index, &part));
  FUZZ_CHECK(imap4i_digest_section(digest, &section, &offset, &length));
  FUZZ_CHECK(offset == part.body_offset && length == part.body_length);
  section.kind = IMAP4I_SECTION_MIME;
  FUZZ_CHECK(imap4i_digest_section(digest, &section, &offset, &length));
  FUZZ_CHECK(offset == part.header_offset && length == part.header_length);
  section.kind = IMAP4I_SECTION_TEXT;
  bool has_text = imap4i_digest_section(digest, &section, &offset, &length);
  FUZZ_CHECK(has_text == (part.kind == IMAP4I_PART_MESSAGE));
  if (!has_text) return;
  FUZZ_CHECK(imap4i_digest_part(digest, index + 1, &part));
  FUZZ_CHECK(offset == part.body_offset && length == part.body_length);
  section.kind = IMAP4I_SECTION_HEADER;
  FUZZ_CHECK(imap4i_digest_section(digest, &section, &offset, &length));
  FUZZ_CHECK(offset == part.header_offset && length == part.header_length);
}

static void check_text(imap4_str text, bool envelope, bool extensible, size_t parts, size_t childless) {
  grammar g = grammar_of(text);
  g.extensible = extensible;
  FUZZ_CHECK(envelope ? grammar_envelope(&g) : grammar_body(&g));
  FUZZ_CHECK(g.rest.n == 0);
  if (!envelope) FUZZ_CHECK(g.bodies == parts + childless);
}

/* Multiparts without parts, which are shown with one. */
static size_t count_childless(imap4_str digest) {
  size_t n = 0;
  imap4i_part part;
  imap4i_part next;
  for (size_t i = 0; imap4i_digest_part(digest, i, &part); i++) {
    if (part.kind != IMAP4I_PART_MULTIPART) continue;
    if (!imap4i_digest_part(digest, i + 1, &next) || next.parent != i) n++;
  }
  return n;
}

/* What hosts see through mime.h. */
static void check_public(imap4_str digest, size_t size) {
  fuzz_heap heap;
  imap4_mime *mime = NULL;
  imap4_str text;
  uint64_t number;
  uint32_t parts;
  size_t childless = count_childless(digest);
  fuzz_heap_init(&heap, SIZE_MAX);
  FUZZ_CHECK(imap4_mime_open(fuzz_resize, &heap, digest, &mime) == IMAP4_OK);
  FUZZ_CHECK(imap4_mime_size(mime, &number) == IMAP4_OK && number == size);
  FUZZ_CHECK(imap4_mime_part_count(mime, &parts) == IMAP4_OK && parts == imap4i_digest_parts(digest));
  FUZZ_CHECK(imap4_mime_envelope(mime, &text) == IMAP4_OK);
  check_text(text, true, false, parts, childless);
  for (int extensible = 0; extensible < 2; extensible++) {
    FUZZ_CHECK(imap4_mime_body(mime, extensible, &text) == IMAP4_OK);
    check_text(text, false, extensible, parts, childless);
  }
  imap4_mime_free(mime);
  fuzz_heap_end(&heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  imap4_str message = imap4i_str(data, size);
  imap4_limits limits = limits_of(fuzz_take(&message));
  unsigned seed = fuzz_take(&message);
  unsigned left = fuzz_take(&message);
  fuzz_heap heap;
  fuzz_heap_init(&heap, SIZE_MAX);
  imap4_str whole = walk(&heap, &limits, message, 0, seed);
  FUZZ_CHECK(imap4i_digest_valid(whole) && imap4i_digest_size(whole) == message.n);
  for (int way = 1; way <= 2; way++) {
    imap4_str other = walk(&heap, &limits, message, way, seed);
    FUZZ_CHECK(imap4i_eq(whole, other));
    fuzz_copy_free(other);
  }
  for (size_t i = 0; i < imap4i_digest_parts(whole); i++) {
    check_part(message, whole, i);
    check_section(whole, i);
  }
  check_public(whole, message.n);
  fuzz_heap_init(&heap, left == 255 ? SIZE_MAX : left);
  imap4_str short_of_memory = walk(&heap, &limits, message, 2, seed);
  if (short_of_memory.p) FUZZ_CHECK(imap4i_eq(whole, short_of_memory));
  fuzz_copy_free(short_of_memory);
  fuzz_copy_free(whole);
  return 0;
}
