/* The canonical form of marshal streams (docs/bytecode.md), as truewheel/_target/marshal_stream.py makes it.

   Nothing here knows Python: module.c makes it an extension, tests/fuzz/ a fuzz target. */

#ifndef TRUEWHEEL_CANONICAL_H
#define TRUEWHEEL_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CANONICAL_MAX_DEPTH = 2000 }; /* MAX_MARSHAL_STACK_DEPTH in marshal.c */

typedef enum {
    CANONICAL_DONE,
    CANONICAL_NO_MEMORY,
    CANONICAL_REFUSED, /* `format` and the two numbers of it say why */
    CANONICAL_BAD_CODE, /* a[0] is a type code that has no place in code */
    CANONICAL_BAD_TEXT, /* a[1] bytes that end at `offset` + a[1] are no UTF-8 */
} CanonicalStatus;

/* The code objects of one version of Python: a row of truewheel/_target/versions.py. */
typedef struct {
    uint32_t ints; /* 4-byte numbers at the begin */
    bool localsplus, slices, latin1, paths;
    const char *single; /* characters that are interned wherever they stand */
    const char *own_names; /* each before a line break; NULL for all */
} CanonicalFormat;

/* What becomes of a stream.  `bytes` belongs to the caller, who frees it. */
typedef struct {
    CanonicalStatus status;
    uint8_t *bytes;
    size_t size;
    const char *format; /* takes up to two long long, those of `a` */
    size_t offset; /* in the stream, in bytes */
    long long a[2];
} CanonicalResult;

/* Rewrites `size` bytes that marshal.dumps wrote in a Python with this format.

   Each file name in it becomes `filename`, UTF-8 with lone surrogates as marshal has it, unless that is NULL.
   `secret` is 16 random bytes that the sender of the stream does not know; the result does not depend on it.
   Up to 2 GiB with the file name; time and memory are linear in `size`. */
CanonicalResult canonical_rewrite(const uint8_t *data, size_t size, const CanonicalFormat *format,
                                  const uint8_t *filename, size_t filename_size, const uint8_t *secret);

#endif
