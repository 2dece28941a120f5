/* Reads a stream in one pass, as marshal_stream.py does, and refuses the same ones in the same words. */

#include <stdlib.h>
#include <string.h>

#include "reader.h"

static bool
push(Reader *reader, uint32_t word)
{
    if (!RESERVE(&reader->form, reader->stack, 1))
        return false;
    reader->stack.items[reader->stack.count++] = word;
    return true;
}

static Progress
read_reference(Reader *reader, size_t offset, Id *id)
{
    Form *form = &reader->form;
    int32_t index;
    if (!read_number(reader, &index))
        return FAILED;
    if (index < 0 || (size_t)index >= reader->refs.count) {
        form_refuse(form, offset, "reference to %lld, of %lld", index, (long long)reader->refs.count);
        return FAILED;
    }
    *id = reader->refs.items[index];
    if (*id == NONE) {
        form_refuse(form, offset, "reference to %lld, which is not complete", index, 0);
        return FAILED;
    }
    return COMPLETE;
}

/* Says whether a field of a code object has its type, and notes names. */
static bool
fits(Form *form, char kind, Id id)
{
    Value *value = &form->values.items[id];
    if (kind == 's')
        return value->kind == TEXT;
    if (kind == 'b')
        return value->kind == 's';
    if (value->kind != '(' || kind == 'T' || value->flags & NAMED)
        return value->kind == '(';
    const Id *parts = form->parts.items + value->at;
    for (uint32_t index = 0; index < value->size; index++) {
        Value *part = &form->values.items[parts[index]];
        if (part->kind != TEXT)
            return false;
        part->flags |= NAMED;
    }
    value->flags |= NAMED;
    return true;
}

/* Says whether co_name is interned (Rules.interns_name in marshal_form.py). */
static bool
interns_name(const Form *form, const Value *name)
{
    const uint8_t *content = form_content(form, name);
    const char *own = form->format.own_names;
    if (!name->size || content[0] != '<' || own == NULL)
        return true;
    while (*own) {
        size_t size = strcspn(own, "\n");
        if (size == name->size && memcmp(own, content, size) == 0)
            return true;
        own += size + (own[size] == '\n');
    }
    return false;
}

/* Checks the types of a code object's fields, notes its names and replaces its file name. */
static bool
check_code(Form *form, uint32_t *words, size_t offset)
{
    uint32_t *fields = words + form->format.ints;
    bool new = form->format.localsplus;
    const char *kinds = new ? "bTNNbsssbb" : "bTNNNNssb"; /* bytes, a tuple, names, a string */
    for (size_t index = 0; kinds[index]; index++) {
        if (!fits(form, kinds[index], fields[index < 8 ? index : index + 1]))
            return form_refuse(form, offset, "field %lld of this code object has the wrong type",
                               (long long)index, 0);
    }
    uint32_t filename = new ? 5 : 6;
    if (form->filename != NONE)
        fields[filename] = form->filename;
    Value *values = form->values.items, *name = &values[fields[filename + 1]];
    if (interns_name(form, name))
        name->flags |= NAMED;
    if (form->format.paths) {
        values[fields[filename]].flags |= NAMED;
        values[fields[filename + (new ? 2 : 1)]].flags |= NAMED; /* co_qualname, or co_name again */
    }
    return true;
}

/* Makes the value of the words above `base` and takes them off the stack. */
static Progress
build(Reader *reader, uint8_t kind, size_t base, size_t offset, Id *id)
{
    Form *form = &reader->form;
    uint32_t *words = reader->stack.items + base;
    size_t count = reader->stack.count - base, at = form->parts.count;
    reader->stack.count = base;
    if (kind == '>')
        return complete(form_frozenset(form, words, count, offset), id);
    if (kind == 'c' && !check_code(form, words, offset))
        return FAILED;
    if (!RESERVE(form, form->parts, count))
        return FAILED;
    if (count)
        memcpy(form->parts.items + at, words, count * sizeof *words);
    form->parts.count += count;
    return complete(form_intern(form, kind, 0, at, count), id);
}

/* Finishes the innermost value if it is complete. */
static Progress
finish_value(Reader *reader, Id *id)
{
    Frame *frame = &reader->frames[reader->depth - 1];
    if (frame->kind == 'c' && !frame->tail) {
        int32_t line;
        frame->tail = true;
        frame->missing = reader->form.format.localsplus ? 2 : 1;
        return read_number(reader, &line) && push(reader, (uint32_t)line) ? OPENED : FAILED;
    }
    reader->depth--;
    Progress progress = build(reader, frame->kind, frame->base, frame->offset, id);
    if (progress == COMPLETE && frame->slot != NONE)
        reader->refs.items[frame->slot] = *id;
    return progress;
}

/* Reads the head of a code object: its numbers. */
static bool
read_code_head(Reader *reader)
{
    size_t at;
    if (!take(reader, 4 * (size_t)reader->form.format.ints, &at))
        return false;
    for (uint32_t index = 0; index < reader->form.format.ints; index++)
        if (!push(reader, little_endian(reader->form.data + at + 4 * (size_t)index)))
            return false;
    return true;
}

/* Reads how many parts a composite value has, and what comes before them. */
static bool
read_head(Reader *reader, uint8_t *kind, uint32_t *parts)
{
    uint8_t few;
    if (*kind == ')') {
        *kind = '(';
        if (!read_byte(reader, &few))
            return false;
        *parts = few;
        return true;
    }
    if (*kind == '(' || *kind == '>')
        return read_size(reader, parts);
    *parts = *kind == ':' ? 3 : 8;
    return *kind == ':' || read_code_head(reader);
}

/* Begins a composite value, and ends it if it is empty. */
static Progress
begin_value(Reader *reader, uint8_t kind, uint32_t slot, size_t offset, Id *id)
{
    Form *form = &reader->form;
    uint32_t parts;
    size_t base = reader->stack.count;
    if (reader->depth >= CANONICAL_MAX_DEPTH) {
        form_refuse(form, offset, "nested deeper than %lld", CANONICAL_MAX_DEPTH, 0);
        return FAILED;
    }
    if (!kind || !strchr(form->format.slices ? "()>c:" : "()>c", kind)) {
        form->result = (CanonicalResult){CANONICAL_BAD_CODE, NULL, 0, "", offset, {kind, 0}};
        return FAILED;
    }
    if (!read_head(reader, &kind, &parts))
        return FAILED;
    if (!parts)
        return build(reader, kind, base, offset, id);
    reader->frames[reader->depth++] = (Frame){base, parts, slot, (uint32_t)offset, kind, false};
    return OPENED;
}

/* Reads up to the end of one leaf or reference, or the head of one composite value. */
static Progress
read_value(Reader *reader, Id *id)
{
    size_t offset = reader->pos;
    uint8_t code;
    if (!read_byte(reader, &code))
        return FAILED;
    uint8_t kind = code & 0x7f;
    if (kind == 'r')
        return read_reference(reader, offset, id);
    uint32_t slot = NONE;
    if (code & 0x80) {
        if (!RESERVE(&reader->form, reader->refs, 1))
            return FAILED;
        slot = (uint32_t)reader->refs.count++;
        reader->refs.items[slot] = NONE;
    }
    Progress progress = is_leaf(kind) ? read_leaf(reader, kind, id)
                                      : begin_value(reader, kind, slot, offset, id);
    if (progress == COMPLETE && slot != NONE)
        reader->refs.items[slot] = *id;
    return progress;
}

/* Gives a value to the innermost open one, and on to all that are complete by it. */
static Progress
fill(Reader *reader, Id *id)
{
    while (reader->depth) {
        if (!push(reader, *id))
            return FAILED;
        if (--reader->frames[reader->depth - 1].missing)
            return OPENED;
        Progress progress = finish_value(reader, id);
        if (progress != COMPLETE)
            return progress;
    }
    return COMPLETE;
}

static bool
run(Reader *reader)
{
    Form *form = &reader->form;
    Progress progress;
    Id id = NONE;
    do {
        progress = read_value(reader, &id);
        if (progress == COMPLETE)
            progress = fill(reader, &id);
    } while (progress == OPENED);
    if (progress == FAILED)
        return false;
    size_t left = form->size - reader->pos;
    if (left)
        return form_refuse(form, reader->pos, "%lld bytes after the end", (long long)left, 0);
    if (!form_write(form, id, true))
        return false;
    if (form->spent > form_budget(form->out.count)) /* what is made would be refused itself */
        return form_refuse(form, 0, TOO_LARGE, 0, 0);
    return true;
}

/* Interns the file name that takes the place of all others. */
static bool
set_filename(Form *form, const uint8_t *filename, size_t size)
{
    form->filename = NONE;
    if (filename == NULL)
        return true;
    if (!RESERVE(form, form->extra, size))
        return false;
    memcpy(form->extra.items, filename, size);
    form->extra.count = size;
    form->filename = form_intern(form, TEXT, IN_EXTRA | (is_ascii(filename, size) ? ASCII : 0), 0, size);
    return form->filename != NONE;
}

CanonicalResult
canonical_rewrite(const uint8_t *data, size_t size, const CanonicalFormat *format, const uint8_t *filename,
                  size_t filename_size, const uint8_t *secret)
{
    CanonicalResult result = {CANONICAL_NO_MEMORY, NULL, 0, "", 0, {0, 0}};
    Reader *reader = malloc(sizeof *reader);
    if (reader == NULL)
        return result;
    memset(reader, 0, offsetof(Reader, frames));
    Form *form = &reader->form;
    form->format = *format, form->data = data, form->size = size;
    memcpy(form->secret, secret, sizeof form->secret);
    if (filename == NULL)
        filename_size = 0;
    if (size > INT32_MAX || filename_size > INT32_MAX - size)
        form_refuse(form, 0, "%lld bytes are more than a stream may have", (long long)(size + filename_size),
                    0);
    else if (form_begin(form) && set_filename(form, filename, filename_size) && RESERVE(form, reader->stack, 1) && run(reader)) {
        form->result = (CanonicalResult){CANONICAL_DONE, form->out.items, form->out.count, "", 0, {0, 0}};
        form->out.items = NULL;
    }
    result = form->result;
    form_end(form);
    free(reader->refs.items);
    free(reader->stack.items);
    free(reader);
    return result;
}
