/* Lets each allocation fail in turn, for each file that is named: streams of Python 3.11 or 3.12.

   The sanitizers find the rest. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"

static long left;

void *__real_malloc(size_t size);
void *__real_realloc(void *items, size_t size);

void *
__wrap_malloc(size_t size)
{
    return left-- == 0 ? NULL : __real_malloc(size);
}

void *
__wrap_realloc(void *items, size_t size)
{
    return left-- == 0 ? NULL : __real_realloc(items, size);
}

/* Says whether the stream gets through with this allocation failing. */
static bool
done(const uint8_t *data, size_t size, long allocation)
{
    left = allocation;
    CanonicalFormat format = {.ints = 5, .localsplus = true, .single = "*", .own_names = ""};
    CanonicalResult result = canonical_rewrite(data, size, &format, (const uint8_t *)"/m.py", 5,
                                               (const uint8_t *)"0123456789abcdef");
    if (result.status != CANONICAL_NO_MEMORY && left >= 0) {
        free(result.bytes);
        return true;
    }
    if (result.status != CANONICAL_NO_MEMORY || result.bytes != NULL)
        abort();
    return false;
}

int
main(int count, char **names)
{
    static uint8_t data[1 << 20];
    for (int index = 1; index < count; index++) {
        left = -1;
        FILE *file = fopen(names[index], "rb");
        if (file == NULL)
            return 2;
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        long allocation = 0;
        while (!done(data, size, allocation))
            allocation++;
        printf("%s: %ld allocations\n", names[index], allocation);
    }
    return 0;
}
