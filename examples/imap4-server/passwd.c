/* SPDX-License-Identifier: MIT */
/* Who may log in.  The list is read at the start and never changes, so that threads need no lock. */
#include "passwd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#ifdef IMAP4_SERVER_CRYPT
#include <crypt.h>
#endif

struct entry {
  char *namez;
  char *secretz;
  int hashed;
};

struct passwd {
  struct entry *entries;
  size_t count;
  size_t capacity;
  char *anyz;
};

void passwd_wipe(void *p, size_t n) {
  volatile unsigned char *octets = p;
  while (n > 0)
    octets[--n] = 0;
}

static void free_secret(char *secretz) {
  if (secretz != NULL) passwd_wipe(secretz, strlen(secretz));
  free(secretz);
}

struct passwd *passwd_new(void) {
  return calloc(1, sizeof(struct passwd));
}

void passwd_free(struct passwd *list) {
  if (list == NULL) return;
  for (size_t i = 0; i < list->count; i++) {
    free(list->entries[i].namez);
    free_secret(list->entries[i].secretz);
  }
  free_secret(list->anyz);
  free(list->entries);
  free(list);
}

static int add(struct passwd *list, const char *namez, size_t name_n, const char *secretz, int hashed) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity != 0 ? list->capacity * 2 : 16;
    struct entry *entries = realloc(list->entries, capacity * sizeof *entries);
    if (entries == NULL) return -1;
    list->entries = entries;
    list->capacity = capacity;
  }
  struct entry entry = {strndup(namez, name_n), strdup(secretz), hashed};
  if (entry.namez == NULL || entry.secretz == NULL) {
    free(entry.namez);
    free_secret(entry.secretz);
    return -1;
  }
  list->entries[list->count++] = entry;
  return 0;
}

int passwd_add(struct passwd *list, const char *entryz) {
  const char *colon = strchr(entryz, ':');
  if (colon == NULL || colon == entryz || colon[1] == '\0') return -1;
  return add(list, entryz, (size_t)(colon - entryz), colon + 1, 0);
}

/* Whether {SCHEME} at the start of |textz| names one that crypt(3) tells apart by itself. */
static int is_crypt_scheme(const char *textz) {
  static const char *const schemes[] = {"{CRYPT}", "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{BLF-CRYPT}"};
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    if (strncmp(textz, schemes[i], strlen(schemes[i])) == 0) return 1;
  }
  return 0;
}

/* One line without its end.  NULL, or what is wrong with it. */
static const char *add_line(struct passwd *list, char *linez) {
  static const char plain[] = "{PLAIN}";
  char *colon = strchr(linez, ':');
  if (colon == NULL || colon == linez) return "no NAME:PASSWORD";
  char *secret = colon + 1;
  int hashed = 0;
  if (strncmp(secret, plain, sizeof plain - 1) == 0) {
    secret += sizeof plain - 1;
  } else if (is_crypt_scheme(secret)) {
#ifndef IMAP4_SERVER_CRYPT
    return "hashed passwords need crypt(3), which was not found when this server was built";
#endif
    hashed = 1;
    secret = strchr(secret, '}') + 1;
    secret[strcspn(secret, ":")] = '\0'; /* files of other servers have more fields */
  } else if (secret[0] == '{') {
    return "unknown {scheme}; {PLAIN} and {CRYPT} are known";
  } else if (secret[0] == '$' && strchr(secret + 1, '$') != NULL) {
    return "looks like a hash: put {CRYPT} before it, or {PLAIN} if it is the password itself";
  }
  if (secret[0] == '\0') return "empty password";
  return add(list, linez, (size_t)(colon - linez), secret, hashed) == 0 ? NULL : "no memory";
}

int passwd_load(struct passwd *list, const char *pathz) {
  FILE *file = fopen(pathz, "re");
  if (file == NULL) {
    log_line(LOG_ERROR, "%s: %s", pathz, strerror(errno));
    return -1;
  }
  char *line = NULL;
  size_t capacity = 0;
  const char *wrong = NULL;
  unsigned number = 0;
  while (wrong == NULL && getline(&line, &capacity, file) >= 0) {
    number++;
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] != '\0' && line[0] != '#') wrong = add_line(list, line);
  }
  if (wrong != NULL)
    log_line(LOG_ERROR, "%s:%u: %s", pathz, number, wrong);
  else if (ferror(file))
    wrong = "not readable";
  if (line != NULL) passwd_wipe(line, capacity);
  free(line);
  fclose(file);
  return wrong == NULL ? 0 : -1;
}

int passwd_any(struct passwd *list, const char *passwordz) {
  free_secret(list->anyz);
  list->anyz = strdup(passwordz);
  return list->anyz != NULL ? 0 : -1;
}

int passwd_usable(const struct passwd *list) {
  return list->anyz != NULL || list->count > 0;
}

/* Compare in a time that tells the length of the secret at most. */
static int same(const char *secretz, imap4_str text) {
  size_t n = strlen(secretz);
  unsigned different = n != text.n;
  for (size_t i = 0; i < text.n; i++)
    different |= (unsigned)(unsigned char)text.p[i] ^ (unsigned)(unsigned char)secretz[n > 0 ? i % n : 0];
  return different == 0;
}

#ifdef IMAP4_SERVER_CRYPT
const char *passwd_hashing_namez(void) {
  return "crypt";
}

/* crypt_data is tens of kilobytes: on the heap, and wiped, because it holds what crypt made of the password.
 */
static int check_hash(const char *hashz, imap4_str password) {
  int right = 0;
  struct crypt_data *data = calloc(1, sizeof *data);
  char *copyz = malloc(password.n + 1);
  if (data != NULL && copyz != NULL) {
    memcpy(copyz, password.p, password.n);
    copyz[password.n] = '\0';
    const char *gotz = crypt_r(copyz, hashz, data);
    if (gotz != NULL && gotz[0] != '*') right = same(hashz, (imap4_str){gotz, strlen(gotz)});
  }
  if (copyz != NULL) passwd_wipe(copyz, password.n);
  if (data != NULL) passwd_wipe(data, sizeof *data);
  free(copyz);
  free(data);
  return right;
}
#else
const char *passwd_hashing_namez(void) {
  return "none";
}

static int check_hash(const char *hashz, imap4_str password) {
  (void)hashz;
  (void)password;
  return 0;
}
#endif

int passwd_check(const struct passwd *list, imap4_str user, imap4_str password) {
  const struct entry *found = NULL;
  const struct entry *hashed = NULL;
  for (size_t i = 0; i < list->count && found == NULL; i++) {
    const struct entry *entry = &list->entries[i];
    if (strlen(entry->namez) == user.n && memcmp(entry->namez, user.p, user.n) == 0) found = entry;
    if (entry->hashed) hashed = entry;
  }
  if (found != NULL)
    return found->hashed ? check_hash(found->secretz, password) : same(found->secretz, password);
  if (list->anyz != NULL) return same(list->anyz, password);
  /* A name that is not there takes as long as one that is, so that names can't be found out by the clock. */
  if (hashed != NULL) (void)check_hash(hashed->secretz, password);
  return 0;
}
