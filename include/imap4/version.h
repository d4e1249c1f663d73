/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * Version of the library and what every header needs: export marks and must-use marks.
 *
 * The library follows semantic versioning.  Within 0.x a minor version may break source or binary
 * compatibility; the shared library's SOVERSION changes when it does.
 */
#ifndef IMAP4_VERSION_H
#define IMAP4_VERSION_H

#include <stdint.h>

#define IMAP4_VERSION_MAJOR 0
#define IMAP4_VERSION_MINOR 1
#define IMAP4_VERSION_PATCH 0
#define IMAP4_VERSION_STRING "0.1.0"

#if defined(_WIN32) && defined(IMAP4_SHARED)
#ifdef IMAP4_BUILD
#define IMAP4_API __declspec(dllexport)
#else
#define IMAP4_API __declspec(dllimport)
#endif
#elif defined(__GNUC__) || defined(__clang__)
#define IMAP4_API __attribute__((visibility("default")))
#else
#define IMAP4_API
#endif

#if defined(__GNUC__) || defined(__clang__)
#define IMAP4_MUST_USE __attribute__((warn_unused_result))
#else
#define IMAP4_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Version of the library that runs, which may be newer than the headers a program was compiled with.
 *
 * Returns: major * 10000 + minor * 100 + patch.
 */
IMAP4_API uint32_t imap4_version_number(void);

/**
 * The same as NUL-terminated text, for example "0.1.0".
 *
 * Memory: static; never freed.
 */
IMAP4_API const char *imap4_version_stringz(void);

#ifdef __cplusplus
}
#endif

#endif
