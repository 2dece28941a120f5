/* A target for libFuzzer: the bits of the first byte choose the format of code objects and whether the file name
   is replaced, the rest is the stream.

   What is made of a stream must be canonical itself, and must not depend on the secret. */

#include <stdlib.h>
#include <string.h>

#include "canonical.h"

static const uint8_t secrets[2][16] = {"0123456789abcde", "edcba9876543210"};

static void
check(const uint8_t *data, size_t size, const CanonicalFormat *format, const uint8_t *name,
      const CanonicalResult *first)
{
    CanonicalResult again = canonical_rewrite(data, size, format, name, 3, secrets[1]);
    if (again.status != first->status || again.size != first->size || again.offset != first->offset)
        abort();
    if (first->status == CANONICAL_DONE && memcmp(again.bytes, first->bytes, first->size) != 0)
        abort();
    free(again.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t bits = data[0];
    CanonicalFormat format = {5 + (bits & 1), bits & 2, bits & 4, bits & 8, bits & 16, "\n*.", NULL};
    format.own_names = bits & 32 ? "<module>\n<lambda>\n" : NULL;
    const uint8_t *name = bits & 64 ? (const uint8_t *)"a/b" : NULL;
    CanonicalResult result = canonical_rewrite(data + 1, size - 1, &format, name, 3, secrets[0]);
    check(data + 1, size - 1, &format, name, &result);
    if (result.status == CANONICAL_DONE) {
        check(result.bytes, result.size, &format, name, &result);
        check(result.bytes, result.size, &format, NULL, &result);
    }
    free(result.bytes);
    return 0;
}
