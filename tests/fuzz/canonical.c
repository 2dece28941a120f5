/* A target for libFuzzer: the first byte chooses the version of Python, the rest is the stream.

   What is made of a stream must be canonical itself, and must not depend on the secret. */

#include <stdlib.h>
#include <string.h>

#include "canonical.h"

static const uint8_t secrets[2][16] = {"0123456789abcde", "edcba9876543210"};

static void
check(const uint8_t *data, size_t size, int minor, const CanonicalResult *first)
{
    CanonicalResult again = canonical_rewrite(data, size, 3, minor, secrets[1]);
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
    int minor = 7 + data[0] % 9;
    CanonicalResult result = canonical_rewrite(data + 1, size - 1, 3, minor, secrets[0]);
    check(data + 1, size - 1, minor, &result);
    if (result.status == CANONICAL_DONE)
        check(result.bytes, result.size, minor, &result);
    free(result.bytes);
    return 0;
}
