/* Reads values without parts: numbers, bytes and strings. */

#include <string.h>

#include "reader.h"

bool
take(Reader *reader, size_t size, size_t *at)
{
    size_t left = reader->form.size - reader->pos;
    if (size > left)
        return form_refuse(&reader->form, reader->pos, "%lld bytes wanted, %lld left", (long long)size,
                           (long long)left);
    *at = reader->pos;
    reader->pos += size;
    return true;
}

bool
read_byte(Reader *reader, uint8_t *value)
{
    size_t at;
    if (!take(reader, 1, &at))
        return false;
    *value = reader->form.data[at];
    return true;
}

bool
read_number(Reader *reader, int32_t *value)
{
    size_t at;
    if (!take(reader, 4, &at))
        return false;
    uint32_t bits = little_endian(reader->form.data + at);
    memcpy(value, &bits, 4);
    return true;
}

static bool
refuse_size(Reader *reader, size_t offset, int32_t value)
{
    return form_refuse(&reader->form, offset, "size %lld is beyond the stream's end", value, 0);
}

bool
read_size(Reader *reader, uint32_t *value)
{
    int32_t found;
    if (!read_number(reader, &found))
        return false;
    if (found < 0 || (size_t)found > reader->form.size - reader->pos)
        return refuse_size(reader, reader->pos - 4, found);
    *value = (uint32_t)found;
    return true;
}

static Progress
plain(Reader *reader, uint8_t kind, size_t length, Id *id)
{
    size_t at;
    if (!take(reader, length, &at))
        return FAILED;
    return complete(form_intern(&reader->form, kind, 0, at, length), id);
}

static Progress
read_bytes(Reader *reader, Id *id)
{
    uint32_t length;
    if (!read_size(reader, &length))
        return FAILED;
    reader->pos -= 4; /* the size is the begin of the content */
    return plain(reader, 's', 4 + (size_t)length, id);
}

bool
is_ascii(const uint8_t *text, size_t length)
{
    uint64_t word;
    for (; length >= 8; text += 8, length -= 8) {
        memcpy(&word, text, 8);
        if (word & 0x8080808080808080)
            return false;
    }
    for (; length; text++, length--)
        if (*text & 0x80)
            return false;
    return true;
}

/* Says whether this is UTF-8, possibly with lone surrogates. */
static bool
is_utf8(const uint8_t *text, const uint8_t *end)
{
    while (text < end) {
        uint8_t first = *text++;
        if (first < 0x80)
            continue;
        int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (first < 0xc2 || first > 0xf4 || end - text < more)
            return false;
        if ((first == 0xe0 && *text < 0xa0) || (first == 0xf0 && *text < 0x90))
            return false;
        if (first == 0xf4 && *text > 0x8f)
            return false;
        for (; more; more--)
            if ((*text++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* Interns Latin-1 text with characters beyond ASCII, as UTF-8. */
static Id
latin1(Form *form, size_t at, size_t length)
{
    Bytes *extra = &form->extra;
    if (!RESERVE(form, *extra, 2 * length))
        return NONE;
    size_t begin = extra->count;
    for (size_t end = at + length; at < end; at++) {
        uint8_t letter = form->data[at];
        if (letter >= 0x80)
            extra->items[extra->count++] = 0xc0 | letter >> 6;
        extra->items[extra->count++] = letter < 0x80 ? letter : 0x80 | (letter & 0x3f);
    }
    return form_intern(form, TEXT, IN_EXTRA, begin, extra->count - begin);
}

static Progress
read_text(Reader *reader, uint32_t length, bool utf8, Id *id)
{
    Form *form = &reader->form;
    size_t at;
    if (!take(reader, length, &at))
        return FAILED;
    if (is_ascii(form->data + at, length))
        return complete(form_intern(form, TEXT, ASCII, at, length), id);
    if (!utf8)
        return complete(latin1(form, at, length), id);
    if (!is_utf8(form->data + at, form->data + at + length)) {
        form->result = (CanonicalResult){CANONICAL_BAD_TEXT, NULL, 0, "", at, {0, length}};
        return FAILED;
    }
    return complete(form_intern(form, TEXT, 0, at, length), id);
}

static Progress
read_short_text(Reader *reader, Id *id)
{
    uint8_t length;
    return read_byte(reader, &length) ? read_text(reader, length, false, id) : FAILED;
}

static Progress
read_long_text(Reader *reader, bool utf8, Id *id)
{
    uint32_t length;
    return read_size(reader, &length) ? read_text(reader, length, utf8, id) : FAILED;
}

/* Says whether up to 3 digits at `at` make a 4-byte number. */
static bool
is_small(const uint8_t *at, uint32_t digits, bool negative, uint32_t *bits)
{
    int64_t total = 0;
    for (uint32_t index = digits; index--;)
        total = total << 15 | at[2 * index] | at[2 * index + 1] << 8;
    total = negative ? -total : total;
    *bits = (uint32_t)total;
    return total >= INT32_MIN && total <= INT32_MAX;
}

/* Reads a number of 15-bit digits; small ones become TYPE_INT, as marshal.c writes them. */
static Progress
read_digits(Reader *reader, Id *id)
{
    Form *form = &reader->form;
    size_t offset = reader->pos;
    int32_t found;
    uint32_t bits;
    if (!read_number(reader, &found))
        return FAILED;
    uint32_t count = found < 0 ? 0 - (uint32_t)found : (uint32_t)found;
    if (count > (form->size - reader->pos) / 2)
        return refuse_size(reader, offset, found), FAILED;
    const uint8_t *at = form->data + reader->pos;
    bool good = !count || at[2 * count - 1] || at[2 * count - 2];
    for (uint32_t index = 0; index < count; index++)
        good = good && !(at[2 * index + 1] & 0x80);
    if (!good) {
        form_refuse(form, offset, "digits of an integer out of range", 0, 0);
        return FAILED;
    }
    reader->pos += 2 * (size_t)count;
    if (count > 3 || !is_small(at, count, found < 0, &bits))
        return complete(form_intern(form, 'l', 0, offset, 4 + 2 * (size_t)count), id);
    if (!RESERVE(form, form->extra, 4))
        return FAILED;
    put_little_endian(form->extra.items + form->extra.count, bits);
    form->extra.count += 4;
    return complete(form_intern(form, 'i', IN_EXTRA, form->extra.count - 4, 4), id);
}

Progress
read_leaf(Reader *reader, uint8_t kind, Id *id)
{
    switch (kind) {
    case 'i': return plain(reader, kind, 4, id);
    case 'g': return plain(reader, kind, 8, id);
    case 'y': return plain(reader, kind, 16, id);
    case 'l': return read_digits(reader, id);
    case 's': return read_bytes(reader, id);
    case 'z': case 'Z': return read_short_text(reader, id);
    case 'a': case 'A': return read_long_text(reader, false, id);
    case 'u': case 't': return read_long_text(reader, true, id);
    default: return plain(reader, kind, 0, id); /* a singleton */
    }
}
