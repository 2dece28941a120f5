/* A stream that is being read. */

#ifndef TRUEWHEEL_READER_H
#define TRUEWHEEL_READER_H

#include "form.h"

/* A composite value that is being read. */
typedef struct {
    size_t base; /* where its words begin on the stack */
    uint32_t missing; /* parts still to come */
    uint32_t slot; /* in `refs`, or NONE */
    uint32_t offset;
    uint8_t kind;
    bool tail; /* code after its first line number */
} Frame;

typedef struct {
    Form form;
    size_t pos;
    Words refs; /* the Ids of flagged values, NONE for one that is not complete */
    Words stack; /* the words of the composite values that are being read */
    uint32_t depth;
    Frame frames[CANONICAL_MAX_DEPTH];
} Reader;

typedef enum { FAILED, OPENED, COMPLETE } Progress;

bool is_ascii(const uint8_t *text, size_t length);
bool take(Reader *reader, size_t size, size_t *at);
bool read_byte(Reader *reader, uint8_t *value);
bool read_number(Reader *reader, int32_t *value);
bool read_size(Reader *reader, uint32_t *value);

static inline Progress
complete(Id id, Id *out)
{
    *out = id;
    return id == NONE ? FAILED : COMPLETE;
}

/* Says whether this type code is that of a value without parts. */
static inline bool
is_leaf(uint8_t kind)
{
    switch (kind) {
    case 'i': case 'g': case 'y': case 'l': case 's':
    case 'z': case 'Z': case 'a': case 'A': case 'u': case 't': return true;
    default: return form_is_singleton(kind);
    }
}

/* Reads a value without parts, behind its type code. */
Progress read_leaf(Reader *reader, uint8_t kind, Id *id);

#endif
