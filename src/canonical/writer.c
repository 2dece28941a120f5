/* Writes values: each once, with a flag if it occurs again, and then as a reference. */

#include <stdlib.h>
#include <string.h>

#include "form.h"

/* Counts how often each value occurs below `root`, and notes them in `touched`. */
static bool
count(Form *form, Id root)
{
    Words *touched = &form->touched;
    touched->count = 0;
    if (!RESERVE(form, *touched, 1))
        return false;
    touched->items[touched->count++] = root;
    form->values.items[root].count = 1;
    for (size_t next = 0; next < touched->count; next++) {
        const Value *value = &form->values.items[touched->items[next]];
        if (!form_is_composite(value->kind))
            continue;
        if (!RESERVE(form, *touched, value->size))
            return false;
        const uint32_t *words = form->parts.items + value->at;
        for (uint32_t index = 0; index < value->size; index++)
            if (!form_is_number(form, value, index) && form->values.items[words[index]].count++ == 0)
                touched->items[touched->count++] = words[index];
    }
    return true;
}

/* Writes a type code and a size: one byte for `small` where that is enough, else four. */
static uint8_t *
put_head(uint8_t *at, uint8_t small, uint8_t large, uint32_t size)
{
    if (small && size < 256) {
        at[0] = small;
        at[1] = (uint8_t)size;
        return at + 2;
    }
    at[0] = large;
    put_little_endian(at + 1, size);
    return at + 5;
}

/* Writes what comes before the parts of a value, or all of one that has none. */
static bool
put_value(Form *form, const Value *value, bool root)
{
    bool composite = form_is_composite(value->kind), interned = value->flags & INTERNED;
    if (!RESERVE(form, form->out, 5 + (composite ? 0 : (size_t)value->size)))
        return false;
    uint8_t *begin = form->out.items + form->out.count, *at = begin;
    interned = interned || (root && value->flags & NAMED);
    if (value->kind == '(')
        at = put_head(at, ')', '(', value->size);
    else if (value->kind == '>')
        at = put_head(at, 0, '>', value->size);
    else if (value->kind == TEXT && value->flags & ASCII)
        at = put_head(at, interned ? 'Z' : 'z', interned ? 'A' : 'a', value->size);
    else if (value->kind == TEXT)
        at = put_head(at, 0, interned ? 't' : 'u', value->size);
    else
        *at++ = value->kind;
    if (!composite && value->size) {
        memcpy(at, form_content(form, value), value->size);
        at += value->size;
    }
    if (value->count > 1 && value->number != NONE)
        *begin |= 0x80;
    form->out.count += (size_t)(at - begin);
    return true;
}

static bool
put_number(Form *form, const uint8_t *code, size_t size, uint32_t number)
{
    if (!RESERVE(form, form->out, 5))
        return false;
    uint8_t *at = form->out.items + form->out.count;
    if (size)
        *at = *code;
    put_little_endian(at + size, number);
    form->out.count += size + 4;
    return true;
}

/* Writes one occurrence of a value; its parts are still to come when it is a composite one's first. */
static bool
put(Form *form, Id id, bool root)
{
    Value *value = &form->values.items[id];
    if (value->number != NONE)
        return put_number(form, (const uint8_t *)"r", 1, value->number);
    if (value->count > 1 && !form_is_singleton(value->kind))
        value->number = form->numbers++;
    if (!put_value(form, value, root))
        return false;
    if (!form_is_composite(value->kind))
        return true;
    if (root && form->branches.count >= CANONICAL_MAX_DEPTH)
        return form_refuse(form, 0, "the canonical form is nested deeper than %lld", CANONICAL_MAX_DEPTH, 0);
    if (!RESERVE(form, form->branches, 1))
        return false;
    form->branches.items[form->branches.count++] = (Branch){id, 0};
    return true;
}

/* Writes the parts of all values that are open, and of those that open then. */
static bool
put_parts(Form *form, bool root)
{
    while (form->branches.count) {
        Branch *branch = &form->branches.items[form->branches.count - 1];
        const Value *value = &form->values.items[branch->id];
        if (branch->next == value->size) {
            form->branches.count--;
            continue;
        }
        uint32_t index = branch->next++, word = form->parts.items[value->at + index];
        if (form_is_number(form, value, index) ? !put_number(form, NULL, 0, word) : !put(form, word, root))
            return false;
    }
    return true;
}

bool
form_write(Form *form, Id id, bool root)
{
    form->numbers = 0;
    form->branches.count = 0;
    if (!count(form, id) || !put(form, id, root) || !put_parts(form, root))
        return false;
    for (size_t index = 0; index < form->touched.count; index++) {
        Value *value = &form->values.items[form->touched.items[index]];
        value->count = 0;
        value->number = NONE;
    }
    return true;
}

/* Notes each different one of the Ids as an element, in any order. */
static bool
gather(Form *form, const Id *ids, size_t size)
{
    form->elements.count = 0;
    if (!RESERVE(form, form->elements, size))
        return false;
    for (size_t index = 0; index < size; index++) {
        Value *value = &form->values.items[ids[index]];
        if (value->number == NONE)
            form->elements.items[form->elements.count++] = (Element){NULL, 0, ids[index]};
        value->number = 0;
    }
    for (size_t index = 0; index < size; index++)
        form->values.items[ids[index]].number = NONE;
    return true;
}

/* Gives each element its encoding on its own. */
static bool
encode(Form *form, size_t offset)
{
    form->out.count = 0;
    for (size_t index = 0; index < form->elements.count; index++) {
        Element *element = &form->elements.items[index];
        size_t begin = form->out.count;
        if (!form_write(form, element->id, false))
            return false;
        element->size = form->out.count - begin;
        form->budget -= (long long)element->size;
        if (form->budget < 0)
            return form_refuse(form, offset, TOO_LARGE, 0, 0);
    }
    const uint8_t *data = form->out.items;
    for (size_t index = 0; index < form->elements.count; index++) {
        form->elements.items[index].data = data;
        data += form->elements.items[index].size;
    }
    form->out.count = 0;
    return true;
}

static int
compare(const void *one, const void *other)
{
    const Element *a = one, *b = other;
    int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

Id
form_frozenset(Form *form, const Id *ids, size_t size, size_t offset)
{
    long long before = form->budget;
    if (!gather(form, ids, size) || !encode(form, offset))
        return NONE;
    size_t at = form->parts.count, distinct = form->elements.count;
    if (!RESERVE(form, form->parts, distinct))
        return NONE;
    if (distinct > 1)
        qsort(form->elements.items, distinct, sizeof(Element), compare);
    for (size_t index = 0; index < distinct; index++)
        form->parts.items[form->parts.count++] = form->elements.items[index].id;
    size_t known = form->values.count;
    Id id = form_intern(form, '>', 0, at, distinct);
    if (form->values.count > known)
        form->spent += before - form->budget;
    return id;
}
