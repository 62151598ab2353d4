/* Reading tables that anybody may have written. */
#include "tables.h"

#include <math.h>
#include <string.h>

enum { MOST_NUMBERS = 1 << 22, MOST_BYTES = 1 << 26 };
static const double MOST_WORK = 2e8; /* products or the like of one prediction */

static uint64_t body(const Header *h)
{
    const uint64_t along = axes_of(h);
    uint64_t doubles = 3ull * h->features + h->points * (h->features + along) + along * h->features
        + 2ull * h->regions - 1 + h->constants;
    return 8 * doubles + sizeof(Node) * (uint64_t)h->nodes
        + sizeof(Operation) * (uint64_t)h->operations
        + 4ull * ((uint64_t)h->indices + h->features) + h->names;
}

size_t room(const Header *h, const char **why)
{
    const uint32_t counts[] = {h->points, h->regions, h->values, h->constants, h->nodes,
        h->operations, h->indices, h->names};
    *why = "predictor.tables is none of this version of linetwin";
    if (memcmp(h->magic, "LINETWIN", 8) != 0 || h->format != TABLES_FORMAT) return 0;
    *why = "predictor.tables is damaged: a size that cannot be";
    if (h->features < 1 || h->features > MOST_FEATURES || h->link > LOGIT) return 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > MOST_NUMBERS) return 0;
    if (h->points < 1 || h->regions < 1 || h->values < h->features || h->result >= h->values)
        return 0;
    if (h->bytes != body(h) || h->bytes > MOST_BYTES) return 0;
    if (h->token[sizeof h->token - 1] != 0) return 0;
    if (!isfinite(h->link_low) || !isfinite(h->link_high) || !(h->link_low < h->link_high))
        return 0;
    if (!(h->reach > 0.0 && h->overhang > 0.0 && h->farthest > 0.0 && h->rounding >= 0.0)) return 0;
    return (size_t)((h->bytes + 7) / 8 * 8 + 8ull * (h->values + (uint64_t)h->constants));
}

/* Adler-32 (RFC 1950), which goes on from what came before. */
static uint32_t checksum(uint32_t before, const void *bytes, uint64_t count)
{
    const uint8_t *byte = bytes;
    uint32_t low = before & 0xffffu, high = before >> 16;
    for (uint64_t i = 0; i < count; i++) {
        low = (low + byte[i]) % 65521u;
        high = (high + low) % 65521u;
    }
    return high << 16 | low;
}

/* Whether the sum is that of the header, without its sum, and of what follows. */
static bool is_whole(const Header *header, const void *body)
{
    Header plain = *header;
    plain.checksum = 0;
    return checksum(checksum(1, &plain, sizeof plain), body, header->bytes) == header->checksum;
}

/* The next array of the body. */
static const void *next(const uint8_t **at, uint64_t bytes)
{
    const void *found = *at;
    *at += bytes;
    return found;
}

static bool all_finite(const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i])) return false;
    return true;
}

static bool within(int64_t first, int64_t count, int64_t end)
{
    return first >= 0 && count >= 1 && count <= end && first <= end - count;
}

static double size_of(const Operation *o) { return (double)o->n[0] * o->n[1] * o->n[2]; }

/* Numbers that an operation reads from one operand of `n` sizes by these steps. */
static double span(const int32_t *n, const int32_t *by)
{
    double last = 0.0;
    for (int i = 0; i < 3; i++) {
        if (by[i] < 0) return INFINITY;
        last += (double)by[i] * (n[i] - 1);
    }
    return last + 1.0;
}

static bool reads(const Header *h, int32_t first, double count)
{
    int64_t end = (int64_t)h->values + h->constants;
    return count <= MOST_NUMBERS && within(first, (int64_t)count, end);
}

static bool writes(const Header *h, int32_t first, double count)
{
    return count <= MOST_NUMBERS && within(first, (int64_t)count, h->values);
}

static bool picks(const Tables *t, const Operation *o)
{
    if (!within(o->b, o->n[0], t->header.indices)) return false;
    for (int32_t i = 0; i < o->n[0]; i++) {
        int64_t from = (int64_t)o->a + t->indices[o->b + i];
        if (t->indices[o->b + i] < 0 || from > INT32_MAX
            || !reads(&t->header, (int32_t)from, 1))
            return false;
    }
    return writes(&t->header, o->out, o->n[0]);
}

static bool leads_on(const Tables *t, const Operation *o, int32_t own, int32_t next)
{
    if (next >= 0) return next > own && (uint32_t)next < t->header.nodes; /* never back */
    int64_t leaf = (int64_t)o->b - 1 - next;
    return leaf <= INT32_MAX && reads(&t->header, (int32_t)leaf, 1);
}

static bool grows(const Tables *t, const Operation *o)
{
    if (!within(o->n[1], o->n[0], t->header.indices) || o->b < 0) return false;
    for (int32_t i = 0; i < o->n[0]; i++) {
        int32_t root = t->indices[o->n[1] + i];
        if (root < 0 || (uint32_t)root >= t->header.nodes) return false;
    }
    for (uint32_t i = 0; i < t->header.nodes; i++) {
        const Node *node = t->nodes + i;
        if (node->feature < 0 || node->feature >= o->n[2]) return false;
        if (!leads_on(t, o, (int32_t)i, node->low) || !leads_on(t, o, (int32_t)i, node->high))
            return false;
    }
    return reads(&t->header, o->a, o->n[2]) && writes(&t->header, o->out, 1);
}

/* Whether an operation stays within its arrays; `work` grows by what it costs. */
static bool sound(const Tables *t, const Operation *o, double *work)
{
    const Header *h = &t->header;
    if (!reads(h, o->a, 1) || o->b < 0 || (o->kind != PICK && !reads(h, o->b, 1))) return false;
    for (int i = 0; i < 3; i++)
        if (o->n[i] < (o->kind == TREES && i == 1 ? 0 : 1)) return false;
    *work += o->kind == TREES ? o->n[0] * 64.0 : size_of(o);
    switch (o->kind) {
    case ADD:
    case SUBTRACT:
    case MULTIPLY:
    case DIVIDE:
        return reads(h, o->a, span(o->n, o->by)) && reads(h, o->b, span(o->n, o->by + 3))
            && writes(h, o->out, size_of(o));
    case EXPONENTIAL:
    case HYPERBOLIC_TANGENT:
        return reads(h, o->a, o->n[0]) && writes(h, o->out, o->n[0]);
    case PRODUCT:
        return reads(h, o->a, (double)o->n[0] * o->n[1])
            && reads(h, o->b, (double)o->n[1] * o->n[2])
            && writes(h, o->out, (double)o->n[0] * o->n[2]);
    case PICK: return picks(t, o);
    case SUM: return reads(h, o->a, size_of(o)) && writes(h, o->out, (double)o->n[0] * o->n[2]);
    case BUMPS:
        return reads(h, o->a, o->n[1]) && reads(h, o->b, (double)o->n[0] * o->n[1])
            && writes(h, o->out, o->n[0]);
    case TREES: return grows(t, o);
    default: return false;
    }
}

static const char *check(Tables *t)
{
    const Header *h = &t->header;
    size_t numbers = (size_t)(3 + h->points + axes_of(h)) * h->features
        + (size_t)axes_of(h) * h->points + 2 * (size_t)h->regions - 1;
    if (!all_finite(t->low, numbers) || !all_finite(t->values + h->values, h->constants))
        return "predictor.tables is damaged: a number is not finite";
    for (uint32_t i = 0; i < h->features; i++)
        if (!(t->low[i] < t->high[i])) return "predictor.tables is damaged: an empty range";
    for (uint32_t i = 0; i < h->nodes; i++)
        if (!isfinite(t->nodes[i].split)) return "predictor.tables is damaged: a tree's split";
    double work = (double)h->points * h->features;
    for (uint32_t i = 0; i < h->operations; i++)
        if (!sound(t, t->operations + i, &work) || !(work <= MOST_WORK))
            return "predictor.tables is damaged: an operation beyond its numbers";
    return NULL;
}

/* Point to the name of each feature. */
static const char *name(Tables *t, const char *names)
{
    const char *at = names, *end = names + t->header.names;
    for (uint32_t i = 0; i < t->header.features; i++) {
        const char *stop = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        if (!stop) return "predictor.tables is damaged: a name without an end";
        t->names[i] = at;
        at = stop + 1;
    }
    return NULL;
}

const char *load(Tables *t, const Header *header, void *room)
{
    const uint8_t *at = room;
    const Header *h = header;
    t->header = *header;
    if (!is_whole(h, room))
        return "predictor.tables is damaged: its sum is not that of its content";
    t->low = next(&at, 8ull * h->features);
    t->high = next(&at, 8ull * h->features);
    t->start = next(&at, 8ull * h->features);
    t->points = next(&at, 8ull * h->features * h->points);
    t->axes = next(&at, 8ull * axes_of(h) * h->features);
    t->shadows = next(&at, 8ull * axes_of(h) * h->points);
    t->edges = next(&at, 8ull * (h->regions - 1));
    t->half_widths = next(&at, 8ull * h->regions);
    const void *constants = next(&at, 8ull * h->constants);
    t->nodes = next(&at, sizeof(Node) * (uint64_t)h->nodes);
    t->operations = next(&at, sizeof(Operation) * (uint64_t)h->operations);
    t->indices = next(&at, 4ull * h->indices);
    t->logged = next(&at, 4ull * h->features);
    t->values = (double *)((uint8_t *)room + (h->bytes + 7) / 8 * 8);
    memcpy(t->values + h->values, constants, 8ull * h->constants);
    const char *why = name(t, (const char *)at);
    return why ? why : check(t);
}
