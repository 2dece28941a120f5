/* The distinct values of a stream: each is interned by its content, so equal ones have the same Id. */

#include <stdlib.h>
#include <string.h>

#include "form.h"

bool
form_grow(Form *form, void **items, size_t *room, size_t count, size_t more, size_t item)
{
    size_t wanted = count + more, size = *room + *room / 2 + 64;
    if (size < wanted)
        size = wanted;
    void *grown = wanted < count || size > SIZE_MAX / item ? NULL : realloc(*items, size * item);
    if (grown == NULL) {
        form->result.status = CANONICAL_NO_MEMORY;
        return false;
    }
    *items = grown;
    *room = size;
    return true;
}

const uint8_t *
form_content(const Form *form, const Value *value)
{
    if (form_is_composite(value->kind))
        return (const uint8_t *)(form->parts.items + value->at);
    return (value->flags & IN_EXTRA ? form->extra.items : form->data) + value->at;
}

static inline uint64_t
rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

#define SIPROUND                                                                                             \
    do {                                                                                                     \
        v0 += v1, v1 = rotate(v1, 13) ^ v0, v0 = rotate(v0, 32);                                             \
        v2 += v3, v3 = rotate(v3, 16) ^ v2;                                                                  \
        v0 += v3, v3 = rotate(v3, 21) ^ v0;                                                                  \
        v2 += v1, v1 = rotate(v1, 17) ^ v2, v2 = rotate(v2, 32);                                             \
    } while (0)

/* SipHash-1-3, with the kind as a part of the key. */
static uint32_t
hash(const Form *form, uint8_t kind, const uint8_t *data, size_t size)
{
    uint64_t k0 = form->secret[0], k1 = form->secret[1] ^ kind, word, last = (uint64_t)size << 56;
    uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
    uint64_t v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
    for (; size >= 8; data += 8, size -= 8) {
        memcpy(&word, data, 8);
        v3 ^= word;
        SIPROUND;
        v0 ^= word;
    }
    for (size_t index = 0; index < size; index++)
        last |= (uint64_t)data[index] << 8 * index;
    v3 ^= last;
    SIPROUND;
    v0 ^= last;
    v2 ^= 0xff;
    SIPROUND;
    SIPROUND;
    SIPROUND;
    return (uint32_t)(v0 ^ v1 ^ v2 ^ v3);
}

/* Doubles the hash table. */
static bool
rehash(Form *form)
{
    size_t room = form->table.room ? 2 * form->table.room : 256;
    uint32_t *items = room > SIZE_MAX / sizeof *items ? NULL : malloc(room * sizeof *items);
    if (items == NULL) {
        form->result.status = CANONICAL_NO_MEMORY;
        return false;
    }
    memset(items, 0xff, room * sizeof *items);
    for (size_t id = 0; id < form->values.count; id++) {
        size_t slot = form->values.items[id].hash & (room - 1);
        while (items[slot] != NONE)
            slot = (slot + 1) & (room - 1);
        items[slot] = (Id)id;
    }
    free(form->table.items);
    form->table.items = items;
    form->table.room = room;
    return true;
}

/* Says whether a string is interned where it is in no name position (Rules.interned in marshal_form.py). */
static bool
is_interned(const Form *form, const uint8_t *text, size_t size, bool ascii)
{
    if (form->format.latin1 && (size == 1 || (size == 2 && (text[0] == 0xc2 || text[0] == 0xc3))))
        return true;
    if (size == 1 && text[0] && strchr(form->format.single, text[0]))
        return true;
    if (!ascii)
        return false;
    for (size_t index = 0; index < size; index++) {
        uint8_t letter = text[index], small = letter | 0x20;
        if (!(small >= 'a' && small <= 'z') && !(letter >= '0' && letter <= '9') && letter != '_')
            return false;
    }
    return true;
}

/* Drops content that was appended for a value that is there already. */
static void
drop(Form *form, const Value *value)
{
    if (form_is_composite(value->kind))
        form->parts.count = value->at;
    else if (value->flags & IN_EXTRA)
        form->extra.count = value->at;
}

Id
form_intern(Form *form, uint8_t kind, uint8_t flags, size_t at, size_t size)
{
    Values *values = &form->values;
    if (2 * values->count >= form->table.room && !rehash(form))
        return NONE;
    if (!RESERVE(form, *values, 1))
        return NONE;
    Value value = {0, (uint32_t)at, (uint32_t)size, 0, NONE, kind, flags};
    const uint8_t *content = form_content(form, &value);
    size_t length = form_is_composite(kind) ? 4 * size : size;
    value.hash = hash(form, kind, content, length);
    size_t mask = form->table.room - 1, slot = value.hash & mask;
    for (; form->table.items[slot] != NONE; slot = (slot + 1) & mask) {
        const Value *other = &values->items[form->table.items[slot]];
        if (other->hash == value.hash && other->kind == kind && other->size == size &&
            memcmp(form_content(form, other), content, length) == 0) {
            drop(form, &value);
            return form->table.items[slot];
        }
    }
    if (kind == TEXT && is_interned(form, content, size, flags & ASCII))
        value.flags |= INTERNED;
    form->table.items[slot] = (Id)values->count;
    values->items[values->count] = value;
    return (Id)values->count++;
}

bool
form_begin(Form *form)
{
    form->budget = form_budget(form->size);
    /* no array is NULL where nothing is added to it */
    return rehash(form) && RESERVE(form, form->parts, 1) && RESERVE(form, form->out, 1);
}

void
form_end(Form *form)
{
    free(form->values.items);
    free(form->table.items);
    free(form->parts.items);
    free(form->extra.items);
    free(form->touched.items);
    free(form->branches.items);
    free(form->elements.items);
    free(form->out.items);
}
