/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of whole sessions: one or two clients on one store.  The input begins with choices:
 *
 *   0  bit 0 small limits before login, 1 after login; 2 logged in from the start; 3 through a transport;
 *      4 polite clients; 5 play it twice and compare; 6 the store lies; 7 the store fails
 *   1  optional functions that the store is without (IMAP4_MEMORY_WITHOUT_*)
 *   2  bit 0 no plain text logins, 1 TLS and compression can be started, 2 clients leave without a word; the
 * others and the next octet: features that are off 4  seed of cuts 5  low half: how input is cut (0 whole, 1
 * octets, else at random), high half: how output is drained 6  after 4 times so many requests there is no
 * more memory (255: there always is) 7  length of the store's schedule, which follows (hostile.h)
 *
 * The rest is what clients send.  0xFF and an octet are events: see event().  A polite client sends one
 * command after the other with tags of its own, waits for "+" before the rest of a command, and writes
 * literals where the input has 0x01, a length (with bit 7: non-synchronising) and the octets.
 *
 * Oracles: all that is sent is legal (responses.h); a polite client's commands get one answer each, the
 * library counts commands as they are answered; when played twice, cuts and the times of answers change
 * nothing; memory stays below the ceiling and is small when nothing happens; no session stalls or dies but
 * from lack of memory; nothing is left, neither in the heap nor in the store.
 */
#include "hostile.h"
#include "imap4/imap4.h"
#include "responses.h"

enum { CLIENTS = 2, CALLS_MAX = 300000, IDLE_OCTETS = 2048 };

enum {
  SMALL_BEFORE = 1,
  SMALL_AFTER = 2,
  LOGGED_IN = 4,
  TRANSPORT = 8,
  POLITE = 16,
  COMPARE = 32,
  LIES = 64,
  FAILS = 128,
  NO_PLAIN = 1,
  CAN_TLS = 2,
  ABRUPT = 4
};

typedef struct choices {
  unsigned bits;
  unsigned more;
  unsigned without;
  uint64_t features_off;
  unsigned seed;
  unsigned input_way;
  unsigned output_way;
  size_t heap_left;
  imap4_str schedule;
} choices;

struct play;

typedef struct client {
  struct play *play;
  imap4_session *session;
  responses out;
  char *in; /* not taken yet */
  size_t in_n;
  bool ended; /* no input will come */
  bool waits; /* polite: "+" came, the command goes on */
  bool idles; /* polite: the command is IDLE, which ends with DONE and nothing else */
  bool fatal;
  uint64_t done; /* polite: tagged responses seen */
  unsigned tags;
} client;

typedef struct play {
  choices c;
  fuzz_heap heap;
  fuzz_random random;
  hostile store;
  imap4_limits before;
  imap4_limits after;
  imap4_server *server;
  client clients[CLIENTS];
  client *now;
  uint64_t now_ms;
  size_t calls;
} play;

/* ---- sessions ------------------------------------------------------------------------------- */

static void called(client *cl, int status) {
  play *p = cl->play;
  if (++p->calls > CALLS_MAX) {
    fprintf(stderr, "a session does not come to rest\n");
    abort();
  }
  if (status == IMAP4_OK) return;
  if (!(status == IMAP4_ERR_NOMEM && p->heap.failed)) fprintf(stderr, "status %d\n", status);
  FUZZ_CHECK(status == IMAP4_ERR_NOMEM && p->heap.failed);
  cl->fatal = true;
  FUZZ_CHECK(imap4_session_run(cl->session) == status);
  FUZZ_CHECK(imap4_session_want(cl->session) == IMAP4_WANT_CLOSED);
}

static size_t portion(play *p, unsigned way, size_t n) {
  if (way == 0) return n;
  if (way == 1) return 1;
  return 1 + fuzz_below(&p->random, fuzz_below(&p->random, 3) && n > 9 ? 9 : (uint32_t)n);
}

static bool hesitates(play *p, unsigned way) {
  return way > 1 && fuzz_below(&p->random, 4) == 0;
}

static void took(client *cl, size_t n) {
  FUZZ_CHECK(n <= cl->in_n);
  memmove(cl->in, cl->in + n, cl->in_n - n);
  cl->in_n -= n;
}

static int transport_read(void *user, void *data, size_t capacity, size_t *n) {
  client *cl = user;
  if (hesitates(cl->play, cl->play->c.input_way)) return IMAP4_AGAIN;
  if (cl->in_n == 0) return cl->ended ? IMAP4_END : IMAP4_AGAIN;
  *n = portion(cl->play, cl->play->c.input_way, imap4i_min(cl->in_n, capacity));
  memcpy(data, cl->in, *n);
  took(cl, *n);
  return IMAP4_OK;
}

static int transport_write(void *user, const void *data, size_t len, size_t *n) {
  client *cl = user;
  if (hesitates(cl->play, cl->play->c.output_way)) return IMAP4_AGAIN;
  *n = portion(cl->play, cl->play->c.output_way, len);
  responses_add(&cl->out, data, *n);
  return IMAP4_OK;
}

static int transport_start_tls(void *user) {
  client *cl = user;
  return hesitates(cl->play, cl->play->c.input_way) ? IMAP4_AGAIN : IMAP4_OK;
}

static int transport_start_compress(void *user) {
  return transport_start_tls(user);
}

static void connect_client(play *p, client *cl) {
  imap4_session_args args;
  imap4_transport transport = {
      .struct_size = sizeof transport, .read = transport_read, .write = transport_write};
  FUZZ_CHECK(imap4_session_args_init(&args, sizeof args) == IMAP4_OK);
  args.now_ms = p->now_ms;
  args.can_start_tls = (p->c.more & CAN_TLS) != 0;
  args.can_compress = args.can_start_tls;
  args.features_off = p->c.features_off;
  if (p->c.bits & TRANSPORT) {
    if (args.can_start_tls) transport.start_tls = transport_start_tls;
    if (args.can_compress) transport.start_compress = transport_start_compress;
    args.transport = &transport;
    args.transport_user = cl;
  }
  if (p->c.bits & LOGGED_IN) {
    args.account = imap4_memory_account(p->store.memory, IMAP4I_S(""));
    args.delimiter = '/';
    FUZZ_CHECK(args.account);
  }
  *cl = (client){.play = p};
  cl->out.selecting = !(p->c.bits & POLITE); /* who knows what a rude client has sent */
  int status = imap4_session_new(p->server, &args, &cl->session);
  if (status == IMAP4_OK) return;
  FUZZ_CHECK(status == IMAP4_ERR_NOMEM && p->heap.failed);
  cl->session = NULL;
  if (args.account) p->store.table.release(&p->store, args.account);
}

static bool over(const client *cl) {
  return !cl->session || cl->fatal || imap4_session_want(cl->session) & IMAP4_WANT_CLOSED;
}

/* ---- settling ------------------------------------------------------------------------------- */

/* Each returns whether something has moved. */

static bool feed(play *p, client *cl) {
  size_t used = 0;
  if (over(cl) || !(imap4_session_want(cl->session) & IMAP4_WANT_READ)) return false;
  if (cl->in_n == 0) return false;
  size_t n = portion(p, p->c.input_way, cl->in_n);
  int status = imap4_session_input(cl->session, cl->in, n, &used);
  FUZZ_CHECK(used <= n);
  took(cl, used);
  called(cl, status);
  return used > 0;
}

static bool drain(play *p, client *cl) {
  const void *data;
  size_t n;
  if (!cl->session || hesitates(p, p->c.output_way)) return false;
  FUZZ_CHECK(imap4_session_output(cl->session, &data, &n) == IMAP4_OK);
  if (n == 0) return false;
  n = portion(p, p->c.output_way, n);
  responses_add(&cl->out, data, n);
  FUZZ_CHECK(imap4_session_output_done(cl->session, n) == IMAP4_OK);
  return true;
}

static bool run(play *p, client *cl) {
  (void)p;
  if (over(cl)) return false;
  size_t before = cl->in_n + cl->out.n;
  uint32_t want = imap4_session_want(cl->session);
  if (p->c.bits & TRANSPORT) {
    if (!cl->ended && cl->in_n == 0 && !(want & ~(uint32_t)(IMAP4_WANT_READ | IMAP4_WANT_STORE)))
      return false;
    called(cl, imap4_session_run(cl->session));
    return before != cl->in_n + cl->out.n || want != imap4_session_want(cl->session) ||
           imap4_session_want(cl->session) & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE);
  }
  if (want & IMAP4_WANT_TLS) {
    cl->in_n = 0; /* what came before the handshake is not TLS */
    called(cl, imap4_session_tls_started(cl->session));
    return true;
  }
  if (want & IMAP4_WANT_COMPRESS) {
    cl->in_n = 0; /* nor is it compressed; the fuzzer's octets never are */
    called(cl, imap4_session_compress_started(cl->session));
    return true;
  }
  if (!(want & IMAP4_WANT_RUN)) return false;
  called(cl, imap4_session_run(cl->session));
  return true;
}

static bool has_output(const client *cl) {
  const void *data;
  size_t n = 0;
  if (cl->session) FUZZ_CHECK(imap4_session_output(cl->session, &data, &n) == IMAP4_OK);
  return n > 0;
}

static void check_memory(play *p, client *cl, bool rests) {
  imap4_session_info info = {.struct_size = sizeof info};
  FUZZ_CHECK(imap4_session_get_info(cl->session, &info) == IMAP4_OK);
  uint64_t ceiling =
      p->before.session_octets > p->after.session_octets ? p->before.session_octets : p->after.session_octets;
  FUZZ_CHECK(info.memory_peak <= ceiling);
  /* A session at rest between commands holds next to nothing. */
  if (rests) FUZZ_CHECK(info.memory <= IDLE_OCTETS + 64 * cl->out.exists);
}

static void settle(play *p) {
  size_t quiet = 0;
  p->calls = 0;
  while (quiet < 40) {
    bool moved = false;
    bool waiting = false;
    for (size_t i = 0; i < CLIENTS; i++) {
      client *cl = &p->clients[i];
      if (!(p->c.bits & TRANSPORT)) {
        moved |= feed(p, cl);
        moved |= drain(p, cl);
      }
      moved |= run(p, cl);
      waiting |= has_output(cl) && !over(cl);
    }
    if (!moved || fuzz_below(&p->random, 3) == 0) moved |= imap4_memory_complete_next(p->store.memory) != 0;
    quiet = moved ? 0 : quiet + 1;
    if (!moved && !waiting && p->c.input_way <= 1 && p->c.output_way <= 1) break;
  }
  for (size_t i = 0; i < CLIENTS; i++) {
    client *cl = &p->clients[i];
    if (!cl->session) continue;
    bool whole = responses_read(&cl->out);
    FUZZ_CHECK(whole || over(cl) || cl->fatal || cl->in_n == 0);
    check_memory(p, cl, false);
  }
}

static void send(client *cl, imap4_str s) {
  char *in = realloc(cl->in, cl->in_n + s.n + 1);
  FUZZ_CHECK(in);
  if (s.n > 0) memcpy(in + cl->in_n, s.p, s.n);
  cl->in = in;
  cl->in_n += s.n;
}

/* ---- the end of a client -------------------------------------------------------------------- */

static void check_counts(client *cl) {
  imap4_session_info info = {.struct_size = sizeof info};
  FUZZ_CHECK(imap4_session_get_info(cl->session, &info) == IMAP4_OK);
  if (cl->fatal || has_output(cl) || cl->out.parsed != cl->out.n) return;
  FUZZ_CHECK(info.commands == cl->out.tagged + cl->out.tagless);
}

static void close_client(play *p, client *cl) {
  if (!cl->session) return;
  if (!(p->c.more & ABRUPT) && !over(cl)) {
    cl->ended = true;
    if (!(p->c.bits & TRANSPORT)) called(cl, imap4_session_input_end(cl->session));
    settle(p);
    FUZZ_CHECK(over(cl));
  }
  check_counts(cl);
  imap4_session_free(cl->session);
  cl->session = NULL;
  cl->in_n = 0;
}

/* ---- what happens --------------------------------------------------------------------------- */

static const imap4_str inbox = {"INBOX", 5};

static void mail_changes(play *p, unsigned what) {
  imap4_memory *m = p->store.memory;
  imap4_uid_range range = {1 + what / 8, 1 + what / 8 + what % 8};
  imap4_uid_ranges ranges = {&range, 1};
  imap4_memory_message message = {.text = IMAP4I_S("Subject: new\n\nnew\n"), .keywords = IMAP4I_S("$New")};
  switch (what % 5) {
  case 0:
    (void)imap4_memory_add_message(m, IMAP4I_S(""), inbox, &message);
    break;
  case 1:
    (void)imap4_memory_expunge(m, IMAP4I_S(""), inbox, ranges);
    break;
  case 2:
    (void)imap4_memory_set_flags(m, IMAP4I_S(""), inbox, ranges, IMAP4_STORE_ADD, IMAP4_FLAG_DELETED,
                                 IMAP4I_S("$Else"));
    break;
  case 3:
    (void)imap4_memory_remove_mailbox(m, IMAP4I_S(""), IMAP4I_S("a"));
    break;
  default:
    (void)imap4_memory_add_mailbox(m, IMAP4I_S(""), IMAP4I_S("a"), 0);
  }
}

static void tick(play *p, uint64_t ms) {
  p->now_ms += ms;
  for (size_t i = 0; i < CLIENTS; i++) {
    client *cl = &p->clients[i];
    if (!over(cl)) called(cl, imap4_session_tick(cl->session, p->now_ms));
  }
}

static void event(play *p, unsigned what, imap4_str *input) {
  client *cl = p->now;
  switch (what % 10) {
  case 0:
    p->now = &p->clients[cl == &p->clients[0]];
    if (!p->now->play) connect_client(p, p->now);
    break;
  case 1:
    tick(p, 1000);
    break;
  case 2:
    tick(p, 40 * 60 * 1000);
    break;
  case 3:
    if (!over(cl)) (void)imap4_session_notify(cl->session);
    if (!over(cl)) called(cl, imap4_session_set_clock(cl->session, 1000000000));
    break;
  case 4:
    if (!over(cl)) called(cl, imap4_session_bye(cl->session, IMAP4I_S("Shutting down")));
    break;
  case 5:
    if (!over(cl)) called(cl, imap4_session_mask(cl->session, (uint64_t)fuzz_take(input) << (what & 7)));
    break;
  case 6:
  case 7:
    mail_changes(p, fuzz_take(input));
    break;
  case 8:
    close_client(p, cl);
    break;
  default:
    settle(p);
  }
}

/* ---- rude clients: octets as they come ------------------------------------------------------ */

static void play_rude(play *p, imap4_str input) {
  bool events = !(p->c.bits & COMPARE);
  while (input.n > 0) {
    const char *mark = events ? memchr(input.p, 0xff, input.n) : NULL;
    size_t n = mark ? (size_t)(mark - input.p) : input.n;
    if (p->now->session) send(p->now, imap4i_str(input.p, n));
    input = imap4i_tail(input, n + (mark ? 1 : 0));
    settle(p);
    if (mark) event(p, fuzz_take(&input), &input);
  }
}

/* ---- polite clients ------------------------------------------------------------------------- */

/* Octets to the next end of line, literal or event, which stays. */
static imap4_str take_piece(imap4_str *input) {
  size_t n = 0;
  while (n < input->n && input->p[n] != '\n' && input->p[n] != 1 && (unsigned char)input->p[n] != 0xff)
    n++;
  imap4_str piece = {input->p, n};
  *input = imap4i_tail(*input, n);
  return piece;
}

static bool answered(const client *cl) {
  return cl->out.tagged > cl->done || over(cl) || cl->ended;
}

/* "{n}", and the octets as soon as they are wanted.  False: they are not. */
static bool send_literal(play *p, client *cl, imap4_str *input) {
  char head[IMAP4I_U64_DIGITS];
  unsigned length = fuzz_take(input);
  bool sync = (length & 128) == 0;
  size_t n = imap4i_min(length & 127, input->n);
  imap4_str literal = {input->p, n};
  *input = imap4i_tail(*input, n);
  send(cl, IMAP4I_S("{"));
  send(cl, imap4i_str(head, imap4i_format_u64(n, head)));
  send(cl, sync ? IMAP4I_S("}\r\n") : IMAP4I_S("+}\r\n"));
  uint64_t go_ons = cl->out.go_ons;
  if (sync) {
    settle(p);
    if (answered(cl)) return false;
    FUZZ_CHECK(cl->out.go_ons == go_ons + 1);
  }
  send(cl, literal);
  return true;
}

/* The end of a line must not look like a literal. */
static void send_piece(client *cl, imap4_str piece, bool last) {
  send(cl, piece);
  if (last && piece.n > 0 && (piece.p[piece.n - 1] == '}' || piece.p[piece.n - 1] == '\r'))
    send(cl, IMAP4I_S(" "));
}

static void skip_line(imap4_str *input) {
  while (input->n > 0 && *input->p != '\n' && (unsigned char)*input->p != 0xff)
    *input = imap4i_tail(*input, 1);
}

static void send_command(play *p, client *cl, imap4_str *input) {
  for (;;) {
    imap4_str piece = take_piece(input);
    bool literal = input->n > 0 && *input->p == 1;
    send_piece(cl, piece, !literal);
    if (!literal) break;
    *input = imap4i_tail(*input, 1);
    if (send_literal(p, cl, input)) continue;
    skip_line(input);
    return;
  }
  send(cl, IMAP4I_S("\r\n"));
}

/* What the command lets the server say. */
static void look_at_command(client *cl, imap4_str line) {
  cl->idles = imap4i_istarts(line, IMAP4I_S("IDLE"));
  cl->out.selecting = imap4i_istarts(line, IMAP4I_S("SELECT")) || imap4i_istarts(line, IMAP4I_S("EXAMINE"));
  cl->out.keeps_numbers = imap4i_istarts(line, IMAP4I_S("FETCH ")) ||
                          imap4i_istarts(line, IMAP4I_S("STORE ")) ||
                          imap4i_istarts(line, IMAP4I_S("SEARCH "));
}

static void check_answer(client *cl, uint64_t go_ons) {
  char digits[IMAP4I_U64_DIGITS];
  cl->waits = false;
  if (over(cl) || cl->ended) return;
  if (cl->out.tagged == cl->done) {
    FUZZ_CHECK(cl->out.go_ons > go_ons); /* neither an answer nor a question */
    cl->waits = true;
    return;
  }
  FUZZ_CHECK(cl->out.tagged == cl->done + 1);
  imap4_str number = imap4i_str(digits, imap4i_format_u64(cl->tags, digits));
  FUZZ_CHECK(cl->out.last_tag.n == number.n + 1 && cl->out.last_tag.p[0] == 'T');
  FUZZ_CHECK(imap4i_eq(imap4i_tail(cl->out.last_tag, 1), number));
  cl->done++;
  if (!(cl->play->c.bits & LIES)) check_memory(cl->play, cl, true);
}

static void polite_line(play *p, client *cl, imap4_str *input) {
  char digits[IMAP4I_U64_DIGITS];
  uint64_t go_ons = cl->out.go_ons;
  if (!cl->waits) {
    imap4_str number = imap4i_str(digits, imap4i_format_u64(++cl->tags, digits));
    send(cl, IMAP4I_S("T"));
    send(cl, number);
    send(cl, IMAP4I_S(" "));
    look_at_command(cl, *input);
    send_command(p, cl, input);
  } else {
    imap4_str piece = take_piece(input);
    send_piece(cl, cl->idles ? IMAP4I_S("DONE") : piece, true);
    send(cl, IMAP4I_S("\r\n"));
    skip_line(input);
  }
  settle(p);
  /* Literals bring questions as well: only what came behind the last line counts, and there is at most one.
   */
  check_answer(cl,
               cl->out.tagged == cl->done && cl->out.go_ons > go_ons ? cl->out.go_ons - 1 : cl->out.go_ons);
}

static void play_polite(play *p, imap4_str input) {
  settle(p);
  while (input.n > 0) {
    client *cl = p->now;
    if ((unsigned char)*input.p == 0xff) {
      (void)fuzz_take(&input);
      unsigned what = fuzz_take(&input);
      if (!(p->c.bits & COMPARE)) event(p, what, &input);
    } else if (over(cl)) {
      skip_line(&input);
    } else {
      polite_line(p, cl, &input);
    }
    if (input.n > 0 && *input.p == '\n') (void)fuzz_take(&input);
  }
}

/* ---- a play --------------------------------------------------------------------------------- */

static imap4_limits small_limits(bool logged_in) {
  imap4_limits l;
  FUZZ_CHECK(imap4_limits_init(&l, sizeof l, logged_in) == IMAP4_OK);
  l.command_octets = 300;
  l.literal_octets = 50;
  l.command_total_octets = 400;
  l.literals = 3;
  l.output_octets = 256;
  l.work_budget = 3;
  if (!logged_in) return l;
  l.nesting = 3;
  l.set_ranges = 3;
  l.search_keys = 8;
  l.list_items = 5;
  l.mailbox_octets = 20;
  l.keyword_octets = 10;
  l.section_depth = 3;
  l.message_octets = 100;
  l.append_messages = 2;
  l.command_messages = 1;
  l.session_octets = 60000;
  l.digest_octets = 500;
  l.query_rows = 1;
  l.mime_parts = 3;
  l.mime_depth = 2;
  l.header_field_octets = l.mime_field_octets = 40;
  l.addresses = l.mime_parameters = 2;
  return l;
}

static const char message_mime[] = "From: a@x\nSubject: one\nContent-Type: multipart/mixed; boundary=b\n\n"
                                   "--b\nContent-Type: text/plain; charset=utf-8\n\ncaf\xc3\xa9\n"
                                   "--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nhello\n--b--\n";

static void fill(play *p) {
  static const imap4_memory_step step = {{"hi", 2}, {"there", 5}};
  imap4_memory_config config;
  imap4_memory_message message = {.text = {message_mime, sizeof message_mime - 1}, .keywords = {"$One", 4}};
  imap4_memory_config_init(&config);
  config.without = p->c.without & 0xfe;
  config.quota_octets = 100000;
  config.quota_roots = 1;
  config.keywords = 8;
  config.expunge_log = p->c.seed % 4;
  config.sasl_mechanismz = "SCRIPT";
  config.steps = &step;
  config.step_count = 1;
  config.sasl_success = IMAP4I_S("well done");
  hostile_init(&p->store, &config, p->c.schedule);
  p->store.lies = (p->c.bits & (LIES | COMPARE)) == LIES;
  p->store.fails = (p->c.bits & (FAILS | COMPARE)) == FAILS;
  FUZZ_CHECK(imap4_memory_add_mailbox(p->store.memory, IMAP4I_S(""), IMAP4I_S("a"), 0) == IMAP4_OK);
  FUZZ_CHECK(imap4_memory_add_mailbox(p->store.memory, IMAP4I_S(""), IMAP4I_S("a/b"), 0) == IMAP4_OK);
  FUZZ_CHECK(imap4_memory_add_message(p->store.memory, IMAP4I_S(""), inbox, &message) == IMAP4_OK);
  message.text = IMAP4I_S("nul \0 and no header\n");
  message.flags = IMAP4_FLAG_SEEN | IMAP4_FLAG_DELETED;
  FUZZ_CHECK(imap4_memory_add_message(p->store.memory, IMAP4I_S(""), inbox, &message) == IMAP4_OK);
}

static void begin(play *p) {
  imap4_config config;
  fuzz_heap_init(&p->heap, SIZE_MAX);
  fill(p);
  p->now_ms = 1000;
  p->random.state = p->c.seed;
  p->now = &p->clients[0];
  FUZZ_CHECK(imap4_limits_init(&p->before, sizeof p->before, 0) == IMAP4_OK);
  FUZZ_CHECK(imap4_limits_init(&p->after, sizeof p->after, 1) == IMAP4_OK);
  if (p->c.bits & SMALL_BEFORE) p->before = small_limits(false);
  if (p->c.bits & SMALL_AFTER) p->after = small_limits(true);
  if (p->c.bits & COMPARE) p->after.session_octets = 16777216;
  FUZZ_CHECK(imap4_config_init(&config, sizeof config) == IMAP4_OK);
  config.allow_plaintext = !(p->c.more & NO_PLAIN);
  config.resize = fuzz_resize;
  config.resize_user = &p->heap;
  config.before_login = &p->before;
  config.after_login = &p->after;
  config.store = &p->store.table;
  config.store_user = &p->store;
  FUZZ_CHECK(imap4_server_new(&config, &p->server) == IMAP4_OK);
  p->heap.left = p->c.heap_left;
  connect_client(p, p->now);
}

static void end(play *p) {
  for (size_t i = 0; i < CLIENTS; i++) {
    close_client(p, &p->clients[i]);
    free(p->clients[i].in);
  }
  imap4_server_free(p->server);
  hostile_free(&p->store);
  fuzz_heap_end(&p->heap);
}

/* The octets that the first client got. */
static imap4_str perform(const choices *c, imap4_str input) {
  play p = {.c = *c};
  begin(&p);
  if (c->bits & POLITE)
    play_polite(&p, input);
  else
    play_rude(&p, input);
  end(&p);
  responses_free(&p.clients[1].out);
  return (imap4_str){p.clients[0].out.p, p.clients[0].out.n};
}

static choices take_choices(imap4_str *input) {
  choices c = {.bits = fuzz_take(input)};
  c.without = fuzz_take(input);
  c.more = fuzz_take(input);
  c.features_off = ((uint64_t)fuzz_take(input) << 5 | c.more >> 3) & 0xffff;
  c.seed = fuzz_take(input);
  c.input_way = fuzz_take(input);
  c.output_way = c.input_way >> 4;
  c.input_way &= 15;
  c.heap_left = (size_t)fuzz_take(input) * 4;
  if (c.heap_left == 255 * 4) c.heap_left = SIZE_MAX;
  c.schedule.n = imap4i_min(fuzz_take(input), input->n);
  c.schedule.p = input->p;
  *input = imap4i_tail(*input, c.schedule.n);
  if (!(c.bits & COMPARE)) return c;
  c.heap_left = SIZE_MAX;
  c.features_off |= IMAP4_FEATURE_INPROGRESS; /* how far a command is when time is told depends on cuts */
  c.more &= ~(unsigned)(CAN_TLS | ABRUPT); /* a host drops what comes with STARTTLS, which depends on cuts */
  return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  imap4_str input = imap4i_str(data, size);
  choices c = take_choices(&input);
  imap4_str first = perform(&c, input);
  if (c.bits & COMPARE) {
    choices plain = c;
    plain.bits &= ~(unsigned)TRANSPORT;
    plain.input_way = plain.output_way = 0;
    plain.schedule.n = 0;
    imap4_str second = perform(&plain, input);
    if (!imap4i_eq(first, second))
      fprintf(stderr, "--- cut:\n%.*s\n--- whole:\n%.*s\n", (int)first.n, first.p, (int)second.n, second.p);
    FUZZ_CHECK(imap4i_eq(first, second));
    fuzz_copy_free(second);
  }
  fuzz_copy_free(first);
  return 0;
}
