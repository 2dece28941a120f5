/* The distinct values of one stream.

   The words of a code object: the bare numbers of its format, 8 Ids, its first line number, 1 or 2 Ids. */

#ifndef TRUEWHEEL_FORM_H
#define TRUEWHEEL_FORM_H

#include "canonical.h"

typedef uint32_t Id; /* an index of Form.values */

#define NONE UINT32_MAX

#define TOO_LARGE "frozensets of too large elements"

enum { TEXT = 'a' }; /* the kind of every string */

enum {
    IN_EXTRA = 1, /* its content is in Form.extra, not in the stream */
    ASCII = 2,
    INTERNED = 4, /* a string that is interned wherever it stands */
    NAMED = 8, /* a string in a name position; a tuple whose strings are all noted as such */
};

typedef struct {
    uint32_t hash;
    uint32_t at; /* where the content is: in bytes, or in words of Form.parts */
    uint32_t size; /* of the content, in the same unit */
    uint32_t count; /* how often it occurs in what is being written, else 0 */
    uint32_t number; /* of the reference to it, NONE before it has one */
    uint8_t kind; /* a type code of marshal; TEXT, ( and i also for what has several */
    uint8_t flags;
} Value;

/* Growing arrays; `room` and `count` are in items. */
typedef struct {
    uint8_t *items;
    size_t count, room;
} Bytes;

typedef struct {
    uint32_t *items;
    size_t count, room;
} Words;

typedef struct {
    Value *items;
    size_t count, room;
} Values;

/* An element of a frozenset and its encoding on its own. */
typedef struct {
    const uint8_t *data;
    size_t size;
    Id id;
} Element;

/* A composite value that is being written, and which of its words is next. */
typedef struct {
    Id id;
    uint32_t next;
} Branch;

typedef struct {
    CanonicalFormat format;
    const uint8_t *data;
    size_t size;
    uint64_t secret[2];
    Values values;
    Words table; /* a hash table of Ids, NONE where it is empty; `room` is a power of two */
    Words parts; /* the words of composite values: Ids, and the bare numbers of code */
    Bytes extra; /* content that is not in the stream as it is needed */
    Id filename; /* what each file name becomes, NONE to leave them */

    Words touched; /* the values below the one that is being written */
    uint32_t numbers;
    struct {
        Branch *items;
        size_t count, room;
    } branches;
    struct {
        Element *items;
        size_t count, room;
    } elements;
    Bytes out;
    long long budget; /* bytes of elements of frozensets that may still be written to order them */
    long long spent; /* on the first of equal frozensets */
    CanonicalResult result;
} Form;

/* Makes room for `more` items in a growing array. */
#define RESERVE(form, array, more)                                                                           \
    ((array).room - (array).count >= (size_t)(more) ||                                                       \
     form_grow(form, (void **)&(array).items, &(array).room, (array).count, (size_t)(more),                  \
               sizeof *(array).items))

bool form_grow(Form *form, void **items, size_t *room, size_t count, size_t more, size_t item);
bool form_begin(Form *form);
void form_end(Form *form);

/* Notes why the stream is refused; returns false. */
static inline bool
form_refuse(Form *form, size_t offset, const char *format, long long a, long long b)
{
    form->result = (CanonicalResult){CANONICAL_REFUSED, NULL, 0, format, offset, {a, b}};
    return false;
}

/* Returns how many bytes of elements may be written to order the frozensets of a stream of `size` bytes. */
static inline long long
form_budget(size_t size)
{
    return 64 * (long long)size + (1 << 16);
}

/* Says whether a value of this kind has parts. */
static inline bool
form_is_composite(uint8_t kind)
{
    return kind == '(' || kind == 'c' || kind == '>' || kind == ':';
}

/* Says whether a value of this kind is written as its type code, and never referenced. */
static inline bool
form_is_singleton(uint8_t kind)
{
    return kind == 'N' || kind == 'T' || kind == 'F' || kind == '.' || kind == 'S';
}

/* Says whether a word of a value is a bare number. */
static inline bool
form_is_number(const Form *form, const Value *value, uint32_t index)
{
    return value->kind == 'c' && (index < form->format.ints || index == form->format.ints + 8);
}

const uint8_t *form_content(const Form *form, const Value *value);

/* Returns the value with this content, a new one if there is none yet; NONE without memory.  Content at the
   end of `extra` or `parts` is dropped again when it is known. */
Id form_intern(Form *form, uint8_t kind, uint8_t flags, size_t at, size_t size);

/* Interns a frozenset of `count` Ids, which are put into order; refuses at `offset`. */
Id form_frozenset(Form *form, const Id *ids, size_t count, size_t offset);

/* Appends the canonical stream of a value to `out`.  `root` says whether it is the whole one, where names are
   interned and the depth is limited. */
bool form_write(Form *form, Id id, bool root);

static inline uint32_t
little_endian(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void
put_little_endian(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
}

#endif
