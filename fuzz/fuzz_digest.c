/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the digest's readers.  The first octet chooses what the rest is:
 *
 *   0  a digest as it stands
 *   1  a digest whose version, length and checksum are made to fit, so that the checks behind them are met
 *   2  numbers that change a good digest, four octets each (where: 2, how: 1, what: 1), up to one with
 *      "how" 255; then a message, from which that digest is made
 *
 * Oracles: what is not valid is refused by imap4_mime_open() too; what is valid can be read by every reader
 * without a step outside, what can be sent is legal, and ranges lie inside the message.
 */
#include "base/utf8.h"
#include "fuzz.h"
#include "grammar.h"
#include "imap4/mime.h"
#include "mail/digest.h"
#include "mail/walker.h"

#define MAX_TEXT (1u << 24)

/* Version, length, octets of records and checksum. */
static void make_fit(char *p, size_t n) {
  if (n < IMAP4I_DIGEST_HEAD) return;
  imap4i_set32(p, IMAP4I_DIGEST_VERSION);
  imap4i_set32(p + IMAP4I_HEAD_OCTETS, (uint32_t)n);
  /* One part takes what is left between head and index. */
  uint32_t fields = imap4i_get32(p + IMAP4I_HEAD_FIELDS);
  size_t rest = n - IMAP4I_DIGEST_HEAD;
  if (imap4i_get32(p + IMAP4I_HEAD_PARTS) == 1 && fields < rest &&
      rest - fields >= IMAP4I_DIGEST_RECORD + 4) {
    imap4i_set32(p + IMAP4I_DIGEST_HEAD + IMAP4I_RECORD_OCTETS, (uint32_t)(rest - fields - 4));
    imap4i_set32(p + n - fields - 4, IMAP4I_DIGEST_HEAD);
  }
  imap4i_set64(p + IMAP4I_HEAD_CHECKSUM, imap4i_digest_checksum(imap4i_str(p, n)));
}

/* Bodies deeper than the reader goes are taken as they are. */
static void check_legal(imap4_str text, bool envelope, bool extensible, size_t parts) {
  grammar g = grammar_of(text);
  g.extensible = extensible;
  if (parts >= GRAMMAR_DEPTH) return;
  FUZZ_CHECK(envelope ? grammar_envelope(&g) : grammar_body(&g));
  FUZZ_CHECK(g.rest.n == 0);
}

static void check_texts(imap4_str digest) {
  fuzz_heap heap;
  imap4i_mem mem;
  imap4i_buf out;
  fuzz_heap_init(&heap, SIZE_MAX);
  imap4i_mem_init(&mem, fuzz_resize, &heap, UINT64_MAX);
  imap4i_buf_init(&out, &mem, MAX_TEXT);
  FUZZ_CHECK(imap4i_digest_envelope(digest, &out) == IMAP4_OK);
  check_legal(imap4i_buf_str(&out), true, false, 1);
  for (int form = 0; form < 4; form++) {
    bool extensible = (form & 1) != 0;
    imap4i_buf_clear(&out);
    if (imap4i_digest_body(digest, extensible, (form & 2) != 0, &out) == IMAP4_OK)
      check_legal(imap4i_buf_str(&out), false, extensible, imap4i_digest_parts(digest));
    else
      FUZZ_CHECK(out.n > 0);
  }
  imap4i_buf_free(&out);
  fuzz_heap_end(&heap);
}

static void check_parts(imap4_str digest) {
  imap4i_part part;
  size_t count = imap4i_digest_parts(digest);
  uint64_t size = imap4i_digest_size(digest);
  FUZZ_CHECK(count > 0 && count <= digest.n);
  for (size_t i = 0; i < count; i++) {
    FUZZ_CHECK(imap4i_digest_part(digest, i, &part));
    FUZZ_CHECK(part.header_offset <= size && part.header_length <= size - part.header_offset);
    FUZZ_CHECK(part.body_offset <= size && part.body_length <= size - part.body_offset);
    FUZZ_CHECK(i == 0 ? part.parent == IMAP4I_NO_PARENT : part.parent < i);
    for (size_t text = 0; text < IMAP4I_TEXT_COUNT; text++)
      fuzz_copy_free(fuzz_copy(part.text[text]));
  }
  FUZZ_CHECK(!imap4i_digest_part(digest, count, &part));
  fuzz_copy_free(fuzz_copy(imap4i_digest_fields(digest)));
  imap4_date date = imap4i_digest_date(digest);
  FUZZ_CHECK(date.present == 0 || date.present == 1);
}

/* Sections with these numbers, of every kind. */
static void check_sections(imap4_str digest, fuzz_random *random) {
  uint32_t numbers[8];
  uint64_t offset;
  uint64_t length;
  uint64_t size = imap4i_digest_size(digest);
  for (int round = 0; round < 16; round++) {
    imap4i_section section = {.parts = numbers, .part_count = fuzz_below(random, 9)};
    for (size_t i = 0; i < section.part_count; i++)
      numbers[i] = fuzz_below(random, 3) ? 1 : fuzz_below(random, 5);
    for (uint8_t kind = IMAP4I_SECTION_ALL; kind <= IMAP4I_SECTION_MIME; kind++) {
      section.kind = kind;
      if (!imap4i_digest_section(digest, &section, &offset, &length)) continue;
      FUZZ_CHECK(offset <= size && length <= size - offset);
    }
  }
}

/* A preview is UTF-8 without controls, and where there is none one can be put in. */
static void check_preview(imap4_str digest) {
  fuzz_heap heap;
  imap4i_mem mem;
  imap4i_buf out;
  imap4_str preview;
  if (imap4i_digest_preview(digest, &preview)) {
    FUZZ_CHECK(preview.n <= (size_t)IMAP4I_PREVIEW_CHARACTERS * 4 && imap4i_utf8_valid(preview));
    return;
  }
  fuzz_heap_init(&heap, SIZE_MAX);
  imap4i_mem_init(&mem, fuzz_resize, &heap, UINT64_MAX);
  imap4i_buf_init(&out, &mem, SIZE_MAX);
  FUZZ_CHECK(imap4i_digest_add_preview(digest, IMAP4I_S("word"), &out) == IMAP4_OK);
  FUZZ_CHECK(imap4i_digest_valid(imap4i_buf_str(&out)));
  FUZZ_CHECK(imap4i_digest_preview(imap4i_buf_str(&out), &preview) && imap4i_eq(preview, IMAP4I_S("word")));
  FUZZ_CHECK(imap4i_digest_parts(imap4i_buf_str(&out)) == imap4i_digest_parts(digest));
  imap4i_buf_free(&out);
  fuzz_heap_end(&heap);
}

static void check_digest(imap4_str digest) {
  imap4_mime *mime = NULL;
  fuzz_heap heap;
  fuzz_random random = {digest.n};
  bool valid = imap4i_digest_valid(digest);
  fuzz_heap_init(&heap, SIZE_MAX);
  FUZZ_CHECK(imap4_mime_open(fuzz_resize, &heap, digest, &mime) == (valid ? IMAP4_OK : IMAP4_ERR_INVALID));
  if (valid) imap4_mime_free(mime);
  fuzz_heap_end(&heap);
  if (!valid) return;
  check_parts(digest);
  check_texts(digest);
  check_sections(digest, &random);
  check_preview(digest);
}

/* The digest of what is left of |input| behind the changes, in memory of its own. */
static imap4_str digest_of(imap4_str message) {
  imap4_mime *mime = NULL;
  imap4_str digest;
  FUZZ_CHECK(imap4_mime_new(NULL, NULL, NULL, &mime) == IMAP4_OK);
  FUZZ_CHECK(imap4_mime_feed(mime, message.p, message.n) == IMAP4_OK && imap4_mime_finish(mime) == IMAP4_OK);
  FUZZ_CHECK(imap4_mime_digest(mime, &digest) == IMAP4_OK);
  FUZZ_CHECK(imap4i_digest_valid(digest));
  digest = fuzz_copy(digest);
  imap4_mime_free(mime);
  return digest;
}

static void change(char *p, size_t n, imap4_str changes) {
  while (changes.n >= 4) {
    unsigned where = fuzz_take(&changes) << 8;
    where |= fuzz_take(&changes);
    unsigned how = fuzz_take(&changes);
    unsigned what = fuzz_take(&changes);
    char *at = p + where % n;
    *at = how & 1 ? (char)(unsigned char)what : (char)(unsigned char)((unsigned char)*at + what);
  }
}

static imap4_str changed(imap4_str input) {
  imap4_str changes = {input.p, 0};
  while (input.n >= 4 && (unsigned char)input.p[2] != 255)
    input = imap4i_tail(input, 4);
  changes.n = (size_t)(input.p - changes.p);
  imap4_str digest = digest_of(imap4i_tail(input, 4));
  change((char *)(uintptr_t)digest.p, digest.n, changes);
  return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  imap4_str input = imap4i_str(data, size);
  unsigned choice = fuzz_take(&input);
  imap4_str digest = choice == 2 ? changed(input) : fuzz_copy(input);
  if (choice == 1 || choice == 2) make_fit((char *)(uintptr_t)digest.p, digest.n);
  check_digest(digest);
  fuzz_copy_free(digest);
  return 0;
}
