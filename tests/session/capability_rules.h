/* SPDX-License-Identifier: MIT */
/*
 * Which capability needs what, written down a second time and apart from the library, and what a client can
 * do with each.  A world is what a session has: members of the store, the host's abilities, features that
 * are not masked.
 */
#ifndef TESTS_SESSION_CAPABILITY_RULES_H
#define TESTS_SESSION_CAPABILITY_RULES_H

#include "client.h"

/* ---- what a world may have ------------------------------------------------------------------- */

enum {
  /* of the store: see |members| */
  HAS_CANCEL,
  HAS_COPY,
  HAS_MOVE,
  HAS_VANISHED,
  HAS_KEEP_DIGEST,
  HAS_STATUS,
  HAS_WATCH,
  HAS_UIDS,
  HAS_NAMESPACES,
  HAS_REPLACE,
  HAS_QUOTA_ROOTS,
  HAS_QUOTA,
  HAS_SET_QUOTA,
  HAS_STORAGE,
  HAS_MESSAGE,
  HAS_MAILBOX,
  HAS_ANNOTATION,
  HAS_SPECIAL_USES,
  HAS_CREATE_USES,
  HAS_OBJECT_IDS,
  HAS_SAVE_DATES,
  HAS_MECHANISM,
  MEMBERS,
  /* of the host */
  HAS_TICK = MEMBERS,
  HAS_CLOCK,
  HAS_PROGRESS,
  HAS_TLS,
  HAS_COMPRESS,
  HAS_SECURE,
  HAS_PLAINTEXT,
  HAS_PREAUTH,
  HAS_MESSAGE_LIMIT,
  HAS_SAVE_LIMIT,
  HAS_NO_APPEND_LIMIT,
  HAS_COMPRESSED,
};

#define BIT(name) (UINT64_C(1) << HAS_##name)
#define RESOURCES (BIT(STORAGE) | BIT(MESSAGE) | BIT(MAILBOX) | BIT(ANNOTATION))
#define STORE_BITS ((UINT64_C(1) << MEMBERS) - 1)
/* Members of which a capability depends on. */
#define STORE_BITS_THAT_MATTER                                                                               \
  (STORE_BITS & ~(BIT(CANCEL) | BIT(COPY) | BIT(MOVE) | BIT(VANISHED) | BIT(KEEP_DIGEST) | BIT(STATUS) |     \
                  BIT(WATCH) | BIT(UIDS) | BIT(NAMESPACES)))
#define USUAL (STORE_BITS | BIT(TICK) | BIT(CLOCK) | BIT(PROGRESS) | BIT(TLS) | BIT(COMPRESS) | BIT(SECURE))

/* |bits|: of a number; else the member is a pointer. */
static const struct member {
  size_t offset;
  uint32_t bits;
} members[MEMBERS] = {
    [HAS_CANCEL] = {offsetof(imap4_store, cancel), 0},
    [HAS_COPY] = {offsetof(imap4_store, copy), 0},
    [HAS_MOVE] = {offsetof(imap4_store, move), 0},
    [HAS_VANISHED] = {offsetof(imap4_store, vanished), 0},
    [HAS_KEEP_DIGEST] = {offsetof(imap4_store, keep_digest), 0},
    [HAS_STATUS] = {offsetof(imap4_store, status), 0},
    [HAS_WATCH] = {offsetof(imap4_store, watch), 0},
    [HAS_UIDS] = {offsetof(imap4_store, uids), 0},
    [HAS_NAMESPACES] = {offsetof(imap4_store, namespaces), 0},
    [HAS_REPLACE] = {offsetof(imap4_store, replace), 0},
    [HAS_QUOTA_ROOTS] = {offsetof(imap4_store, quota_roots), 0},
    [HAS_QUOTA] = {offsetof(imap4_store, quota), 0},
    [HAS_SET_QUOTA] = {offsetof(imap4_store, set_quota), 0},
    [HAS_STORAGE] = {offsetof(imap4_store, quota_resources), IMAP4_QUOTA_STORAGE},
    [HAS_MESSAGE] = {offsetof(imap4_store, quota_resources), IMAP4_QUOTA_MESSAGE},
    [HAS_MAILBOX] = {offsetof(imap4_store, quota_resources), IMAP4_QUOTA_MAILBOX},
    [HAS_ANNOTATION] = {offsetof(imap4_store, quota_resources), IMAP4_QUOTA_ANNOTATION_STORAGE},
    [HAS_SPECIAL_USES] = {offsetof(imap4_store, special_uses), IMAP4_MAILBOX_USES},
    [HAS_CREATE_USES] = {offsetof(imap4_store, create_uses), IMAP4_MAILBOX_USES},
    [HAS_OBJECT_IDS] = {offsetof(imap4_store, keeps), IMAP4_KEEPS_OBJECT_IDS},
    [HAS_SAVE_DATES] = {offsetof(imap4_store, keeps), IMAP4_KEEPS_SAVE_DATES},
    [HAS_MECHANISM] = {offsetof(imap4_store, sasl_mechanismsz), 0},
};

typedef struct world {
  uint64_t has;         /* BIT(...) */
  uint64_t server_off;  /* IMAP4_FEATURE_* */
  uint64_t session_off; /* and for the session alone */
} world;

/* ---- the rules ------------------------------------------------------------------------------- */

enum { BEFORE_LOGIN = 1, AFTER_LOGIN = 2, ANY_STATE = 3 };

#define F(name) ((uint64_t)IMAP4_FEATURE_##name)
/* RFC 9051 appendix E. */
#define REV2_PARTS                                                                                           \
  (F(NAMESPACE) | F(UNSELECT) | F(UIDPLUS) | F(ESEARCH) | F(SEARCHRES) | F(ENABLE) | F(IDLE) | F(SASL_IR) |  \
   F(LIST_EXTENDED) | F(LIST_STATUS) | F(MOVE) | F(STATUS_SIZE) | F(BINARY) | F(CHILDREN))

/* A capability is shown if all of that is so. */
typedef struct rule {
  const char *namez;     /* as README.md writes it; "=n" is a number */
  int where;             /* states in which it is shown */
  uint64_t features;     /* none of them is masked */
  uint64_t has;          /* all of them are there */
  uint64_t any;          /* one of them at least, unless 0 */
  uint64_t hasnt;        /* none of them is there */
  uint64_t one_feature;  /* one of them at least is not masked, unless 0 */
  uint64_t features_off; /* all of them are masked */
} rule;

static const rule rules[] = {
    {"IMAP4rev1", ANY_STATE, 0, 0, 0, 0, 0, 0},
    {"IMAP4rev2", ANY_STATE, F(IMAP4REV2) | REV2_PARTS, 0, 0, 0, F(LITERAL_PLUS) | F(LITERAL_MINUS), 0},
    {"STARTTLS", BEFORE_LOGIN, F(STARTTLS), BIT(TLS), 0, BIT(SECURE), 0, 0},
    {"LOGINDISABLED", BEFORE_LOGIN, 0, 0, 0, BIT(SECURE) | BIT(PLAINTEXT), 0, 0},
    {"AUTH=PLAIN", BEFORE_LOGIN, F(AUTH_PLAIN), 0, BIT(SECURE) | BIT(PLAINTEXT), 0, 0, 0},
    {"AUTH=LOGIN", BEFORE_LOGIN, F(AUTH_LOGIN), 0, BIT(SECURE) | BIT(PLAINTEXT), 0, 0, 0},
    {"AUTH=X-TEST", BEFORE_LOGIN, 0, BIT(MECHANISM), 0, 0, 0, 0},
    {"IDLE", ANY_STATE, F(IDLE), 0, 0, 0, 0, 0},
    {"NAMESPACE", AFTER_LOGIN, F(NAMESPACE), 0, 0, 0, 0, 0},
    {"ID", ANY_STATE, F(ID), 0, 0, 0, 0, 0},
    {"CHILDREN", AFTER_LOGIN, F(CHILDREN), 0, 0, 0, 0, 0},
    {"MULTIAPPEND", AFTER_LOGIN, F(MULTIAPPEND), 0, 0, 0, 0, 0},
    {"BINARY", AFTER_LOGIN, F(BINARY), 0, 0, 0, 0, 0},
    {"UNSELECT", AFTER_LOGIN, F(UNSELECT), 0, 0, 0, 0, 0},
    {"UIDPLUS", AFTER_LOGIN, F(UIDPLUS), 0, 0, 0, 0, 0},
    {"SASL-IR", ANY_STATE, F(SASL_IR), 0, 0, 0, 0, 0},
    {"ENABLE", ANY_STATE, F(ENABLE), 0, 0, 0, 0, 0},
    {"MOVE", AFTER_LOGIN, F(MOVE), 0, 0, 0, 0, 0},
    {"LITERAL+", ANY_STATE, F(LITERAL_PLUS), 0, 0, 0, 0, 0},
    {"LITERAL-", ANY_STATE, F(LITERAL_MINUS), 0, 0, 0, 0, F(LITERAL_PLUS)},
    {"CONDSTORE", AFTER_LOGIN, F(CONDSTORE), 0, 0, 0, 0, 0},
    {"QRESYNC", AFTER_LOGIN, F(QRESYNC) | F(CONDSTORE) | F(ENABLE), 0, 0, 0, 0, 0},
    {"ESEARCH", AFTER_LOGIN, F(ESEARCH), 0, 0, 0, 0, 0},
    {"SEARCHRES", AFTER_LOGIN, F(SEARCHRES) | F(ESEARCH), 0, 0, 0, 0, 0},
    {"PARTIAL", AFTER_LOGIN, F(PARTIAL) | F(ESEARCH), 0, 0, 0, 0, 0},
    {"WITHIN", AFTER_LOGIN, F(WITHIN), BIT(CLOCK), 0, 0, 0, 0},
    {"LIST-EXTENDED", AFTER_LOGIN, F(LIST_EXTENDED), 0, 0, 0, 0, 0},
    {"LIST-STATUS", AFTER_LOGIN, F(LIST_STATUS) | F(LIST_EXTENDED), 0, 0, 0, 0, 0},
    {"STATUS=SIZE", AFTER_LOGIN, F(STATUS_SIZE), 0, 0, 0, 0, 0},
    {"SPECIAL-USE", AFTER_LOGIN, F(SPECIAL_USE) | F(LIST_EXTENDED), BIT(SPECIAL_USES), 0, 0, 0, 0},
    {"CREATE-SPECIAL-USE", AFTER_LOGIN, F(CREATE_SPECIAL_USE), BIT(CREATE_USES), 0, 0, 0, 0},
    {"APPENDLIMIT=n", AFTER_LOGIN, F(APPENDLIMIT), 0, 0, 0, 0, 0},
    {"OBJECTID", AFTER_LOGIN, F(OBJECTID), BIT(OBJECT_IDS), 0, 0, 0, 0},
    {"SAVEDATE", AFTER_LOGIN, F(SAVEDATE), BIT(SAVE_DATES), 0, 0, 0, 0},
    {"REPLACE", AFTER_LOGIN, F(REPLACE), BIT(REPLACE), 0, 0, 0, 0},
    {"PREVIEW", AFTER_LOGIN, F(PREVIEW), 0, 0, 0, 0, 0},
    {"UTF8=ACCEPT", AFTER_LOGIN, F(UTF8_ACCEPT) | F(ENABLE), 0, 0, 0, 0, 0},
    {"UIDONLY", AFTER_LOGIN, F(UIDONLY) | F(ENABLE), 0, 0, 0, 0, 0},
    {"UIDBATCHES", AFTER_LOGIN, F(UIDBATCHES), 0, 0, 0, 0, 0},
    {"QUOTA", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA), RESOURCES, 0, 0, 0},
    {"QUOTASET", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA) | BIT(SET_QUOTA), RESOURCES, 0, 0, 0},
    {"QUOTA=RES-STORAGE", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA) | BIT(STORAGE), 0, 0, 0, 0},
    {"QUOTA=RES-MESSAGE", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA) | BIT(MESSAGE), 0, 0, 0, 0},
    {"QUOTA=RES-MAILBOX", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA) | BIT(MAILBOX), 0, 0, 0, 0},
    {"QUOTA=RES-ANNOTATION-STORAGE", AFTER_LOGIN, F(QUOTA), BIT(QUOTA_ROOTS) | BIT(QUOTA) | BIT(ANNOTATION),
     0, 0, 0, 0},
    {"INPROGRESS", AFTER_LOGIN, F(INPROGRESS), BIT(TICK) | BIT(PROGRESS), 0, 0, 0, 0},
    {"MESSAGELIMIT=n", AFTER_LOGIN, F(MESSAGELIMIT), BIT(MESSAGE_LIMIT), 0, 0, 0, 0},
    {"SAVELIMIT=n", AFTER_LOGIN, F(MESSAGELIMIT), BIT(SAVE_LIMIT), 0, BIT(MESSAGE_LIMIT), 0, 0},
    {"COMPRESS=DEFLATE", AFTER_LOGIN, F(COMPRESS), BIT(COMPRESS), 0, BIT(COMPRESSED), 0, 0},
    {"UNAUTHENTICATE", AFTER_LOGIN, F(UNAUTHENTICATE), 0, 0, BIT(PREAUTH) | BIT(COMPRESSED), 0, 0},
};

enum { RULES = sizeof rules / sizeof rules[0] };

static inline bool rule_holds(const rule *r, const world *w, int where) {
  uint64_t off = w->server_off | w->session_off;
  return (r->where & where) && !(r->features & off) && (r->has & ~w->has) == 0 &&
         (r->any == 0 || (r->any & w->has)) && !(r->hasnt & w->has) &&
         (r->one_feature == 0 || (r->one_feature & ~off)) && (r->features_off & ~off) == 0;
}

/* ---- what a client can do with a capability --------------------------------------------------- */

/*
 * In |where|, |linesz| is taken exactly when the capabilities are shown: "A B|C" is A and B, or C.  The
 * command to look at has the tag t; it is taken when its answer is not BAD, or, with |signz|, when that is
 * said.
 */
typedef struct probe {
  const char *capabilitiesz;
  int where;
  const char *linesz; /* without the last CRLF; @ is 5,000 octets */
  const char *signz;
  bool lenient; /* taken when it is not shown, too: session.h says so */
} probe;

enum { NEW = BEFORE_LOGIN, LOGGED_IN = 4, SELECTED = 8 };

static const probe probes[] = {
    {"STARTTLS", NEW, "t STARTTLS", NULL, false},
    {"LOGINDISABLED", NEW, "t LOGIN joe secret", "t NO [PRIVACYREQUIRED]", false},
    {"AUTH=PLAIN", NEW, "t AUTHENTICATE PLAIN", "+ ", false},
    {"AUTH=LOGIN", NEW, "t AUTHENTICATE LOGIN", "+ ", false},
    {"AUTH=X-TEST", NEW, "t AUTHENTICATE X-TEST", "+ ", false},
    {"SASL-IR AUTH=PLAIN", NEW, "t AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=", "t OK", true},
    {"LITERAL+", NEW, "t LOGIN {3+}\r\njoe {6+}\r\nsecret", NULL, true},
    {"ID", NEW, "t ID NIL", NULL, false},
    {"ID", SELECTED, "t ID NIL", NULL, false},
    {"IMAP4rev1", LOGGED_IN, "t LSUB \"\" *", NULL, false},
    {"IMAP4rev1", SELECTED, "t CHECK", NULL, false},
    {"IMAP4rev2", LOGGED_IN, "t ENABLE IMAP4rev2", "* ENABLED IMAP4rev2", false},
    {"IMAP4rev2|QUOTA", SELECTED, "t STATUS INBOX (DELETED)", NULL, false},
    {"LITERAL+", LOGGED_IN, "t APPEND INBOX {5000+}\r\n@", NULL, true},
    {"LITERAL-", LOGGED_IN, "t APPEND INBOX {5000+}\r\n@", "t BAD [TOOBIG]", false},
    {"ENABLE", LOGGED_IN, "t ENABLE X-NOTHING", NULL, false},
    {"IDLE", LOGGED_IN, "t IDLE", NULL, false},
    {"IDLE", SELECTED, "t IDLE", NULL, false},
    {"NAMESPACE", LOGGED_IN, "t NAMESPACE", NULL, false},
    {"CHILDREN", LOGGED_IN, "t LIST \"\" INBOX", "\\HasNoChildren", false},
    {"UNSELECT", SELECTED, "t UNSELECT", NULL, false},
    {"UIDPLUS", SELECTED, "t UID EXPUNGE 1", NULL, false},
    {"UIDPLUS", LOGGED_IN, "t APPEND INBOX {6+}\r\nx: y\r\n", "[APPENDUID ", false},
    {"UIDPLUS", SELECTED, "t UID COPY 1 Work", "[COPYUID ", false},
    {"MOVE", SELECTED, "t MOVE 1 Work", NULL, false},
    {"MOVE", SELECTED, "t UID MOVE 1 Work", NULL, false},
    {"MOVE UIDPLUS", SELECTED, "t MOVE 1 Work", "[COPYUID ", false},
    {"MULTIAPPEND", LOGGED_IN, "t APPEND INBOX {4+}\r\nx: y {4+}\r\nx: y", NULL, false},
    {"CONDSTORE", LOGGED_IN, "t SELECT INBOX (CONDSTORE)", NULL, false},
    {"CONDSTORE", LOGGED_IN, "t SELECT INBOX (CONDSTORE)", "[HIGHESTMODSEQ ", false},
    {"CONDSTORE", LOGGED_IN, "t STATUS INBOX (HIGHESTMODSEQ)", NULL, false},
    {"CONDSTORE ENABLE", LOGGED_IN, "t ENABLE CONDSTORE", "* ENABLED CONDSTORE", false},
    {"CONDSTORE", SELECTED, "t FETCH 1 (MODSEQ)", NULL, false},
    {"CONDSTORE", SELECTED, "t FETCH 1 FLAGS (CHANGEDSINCE 1)", NULL, false},
    {"CONDSTORE", SELECTED, "t STORE 1 (UNCHANGEDSINCE 1) FLAGS ()", NULL, false},
    {"CONDSTORE", SELECTED, "t SEARCH MODSEQ 1", NULL, false},
    {"QRESYNC", LOGGED_IN, "t ENABLE QRESYNC", "* ENABLED QRESYNC", false},
    {"QRESYNC", LOGGED_IN, "a ENABLE QRESYNC\r\nt SELECT INBOX (QRESYNC (1 1))", NULL, false},
    {"QRESYNC", SELECTED, "a ENABLE QRESYNC\r\nt UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)", NULL, false},
    {"ESEARCH", SELECTED, "t SEARCH RETURN () ALL", NULL, false},
    {"ESEARCH", SELECTED, "t UID SEARCH RETURN (MIN MAX COUNT) ALL", NULL, false},
    {"SEARCHRES", SELECTED, "t SEARCH RETURN (SAVE) ALL", NULL, false},
    {"SEARCHRES", SELECTED, "t FETCH $ FLAGS", NULL, false},
    {"PARTIAL", SELECTED, "t SEARCH RETURN (PARTIAL 1:1) ALL", NULL, false},
    {"PARTIAL", SELECTED, "t UID FETCH 1:* FLAGS (PARTIAL 1:1)", NULL, false},
    {"WITHIN", SELECTED, "t SEARCH YOUNGER 60", NULL, false},
    {"WITHIN", SELECTED, "t SEARCH OLDER 60", NULL, false},
    {"LIST-EXTENDED", LOGGED_IN, "t LIST (SUBSCRIBED) \"\" *", NULL, false},
    {"LIST-EXTENDED", LOGGED_IN, "t LIST \"\" (INBOX Work)", NULL, false},
    {"LIST-EXTENDED", LOGGED_IN, "t LIST \"\" * RETURN (CHILDREN)", NULL, false},
    {"LIST-STATUS", LOGGED_IN, "t LIST \"\" * RETURN (STATUS (MESSAGES))", NULL, false},
    {"STATUS=SIZE", LOGGED_IN, "t STATUS INBOX (SIZE)", NULL, false},
    {"STATUS=SIZE LIST-STATUS", LOGGED_IN, "t LIST \"\" * RETURN (STATUS (SIZE))", NULL, false},
    {"SPECIAL-USE", LOGGED_IN, "t LIST \"\" Sent", "\\Sent", false},
    {"SPECIAL-USE", LOGGED_IN, "t LIST (SPECIAL-USE) \"\" *", NULL, false},
    {"SPECIAL-USE", LOGGED_IN, "t LIST \"\" * RETURN (SPECIAL-USE)", NULL, false},
    {"CREATE-SPECIAL-USE", LOGGED_IN, "t CREATE Kept (USE (\\Sent))", NULL, false},
    {"APPENDLIMIT", LOGGED_IN, "t STATUS INBOX (APPENDLIMIT)", NULL, false},
    {"OBJECTID", LOGGED_IN, "t STATUS INBOX (MAILBOXID)", NULL, false},
    {"OBJECTID", LOGGED_IN, "t CREATE Other", "[MAILBOXID ", false},
    {"OBJECTID", LOGGED_IN, "t SELECT INBOX", "[MAILBOXID ", false},
    {"OBJECTID", SELECTED, "t FETCH 1 (EMAILID THREADID)", NULL, false},
    {"OBJECTID", SELECTED, "t SEARCH EMAILID x", NULL, false},
    {"SAVEDATE", SELECTED, "t FETCH 1 (SAVEDATE)", NULL, false},
    {"SAVEDATE", SELECTED, "t SEARCH SAVEDBEFORE 1-Jan-2020", NULL, false},
    {"SAVEDATE", SELECTED, "t SEARCH SAVEDATESUPPORTED", NULL, false},
    {"REPLACE", SELECTED, "t REPLACE 1 INBOX {6+}\r\nx: y\r\n", NULL, false},
    {"REPLACE", SELECTED, "t UID REPLACE 1 INBOX {6+}\r\nx: y\r\n", NULL, false},
    {"PREVIEW", SELECTED, "t FETCH 1 (PREVIEW)", NULL, false},
    {"PREVIEW", SELECTED, "t FETCH 1 (PREVIEW (LAZY))", NULL, false},
    {"BINARY", SELECTED, "t FETCH 1 BINARY[1]", NULL, false},
    {"BINARY", SELECTED, "t FETCH 1 (BINARY.PEEK[1]<0.4> BINARY.SIZE[1])", NULL, false},
    {"BINARY|UTF8=ACCEPT", LOGGED_IN, "t APPEND INBOX ~{6+}\r\nx: y\r\n", "t OK", false},
    {"UTF8=ACCEPT", LOGGED_IN, "t ENABLE UTF8=ACCEPT", "* ENABLED UTF8=ACCEPT", false},
    {"BINARY|UTF8=ACCEPT", LOGGED_IN, "t APPEND INBOX UTF8 (~{6+}\r\nx: y\r\n)", "t OK", false},
    {"UIDONLY", LOGGED_IN, "t ENABLE UIDONLY", "* ENABLED UIDONLY", false},
    {"UIDBATCHES", SELECTED, "t UIDBATCHES 500", NULL, false},
    {"QUOTA", LOGGED_IN, "t GETQUOTAROOT INBOX", NULL, false},
    {"QUOTA", LOGGED_IN, "t GETQUOTA \"\"", NULL, false},
    {"QUOTASET", LOGGED_IN, "t SETQUOTA \"\" ()", NULL, false},
    {"QUOTASET QUOTA=RES-STORAGE", LOGGED_IN, "t SETQUOTA \"\" (STORAGE 1000)", "t OK", false},
    {"QUOTASET QUOTA=RES-MESSAGE", LOGGED_IN, "t SETQUOTA \"\" (MESSAGE 1000)", "t OK", false},
    {"QUOTASET QUOTA=RES-MAILBOX", LOGGED_IN, "t SETQUOTA \"\" (MAILBOX 1000)", "t OK", false},
    {"QUOTASET QUOTA=RES-ANNOTATION-STORAGE", LOGGED_IN, "t SETQUOTA \"\" (ANNOTATION-STORAGE 10)", "t OK",
     false},
    {"QUOTA=RES-STORAGE", LOGGED_IN, "t STATUS INBOX (DELETED-STORAGE)", NULL, false},
    {"MESSAGELIMIT", SELECTED, "t SEARCH UIDAFTER 1", NULL, false},
    {"MESSAGELIMIT", SELECTED, "t SEARCH UIDBEFORE 1", NULL, false},
    {"MESSAGELIMIT MULTIAPPEND|SAVELIMIT MULTIAPPEND", LOGGED_IN,
     "t APPEND INBOX {4+}\r\nx: y {4+}\r\nx: y {4+}\r\nx: y", "[MESSAGELIMIT 2", false},
    {"COMPRESS=DEFLATE", LOGGED_IN, "t COMPRESS DEFLATE", NULL, false},
    {"UNAUTHENTICATE", SELECTED, "t UNAUTHENTICATE", NULL, false},
};

enum { PROBES = sizeof probes / sizeof probes[0] };

#endif
