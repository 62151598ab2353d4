/* Numbers of any FMI type, read and written as doubles: see ../port.py. */
#pragma once
#include <math.h>
#include <string.h>

#include "group.h"
#include "texts.h"

static inline double number_at(const void *place, int32_t type)
{
    switch (type) {
    case FLOAT64: return *(const double *)place;
    case FLOAT32: return *(const float *)place;
    case BOOL8: return *(const bool *)place;
    case INT8: return *(const int8_t *)place;
    case INT16: return *(const int16_t *)place;
    case BOOL32:
    case INT32: return *(const int32_t *)place;
    case INT64: return (double)*(const int64_t *)place;
    case UINT8: return *(const uint8_t *)place;
    case UINT16: return *(const uint16_t *)place;
    case UINT32: return *(const uint32_t *)place;
    default: return (double)*(const uint64_t *)place;
    }
}

/* Write a number down where doubles lie; whole numbers of 64 bits, which none holds, bit by bit. */
static inline void write_down(double *cell, const void *place, int32_t type)
{
    if (type == INT64 || type == UINT64)
        memcpy(cell, place, sizeof *cell);
    else
        *cell = number_at(place, type);
}

/* The ends of a type's range; those of 64 bits are no doubles, so the upper one is left out. */
#define WHOLE(Type, low, high, excluded)                                                       \
    if (!(value >= (low) && (excluded ? value < (high) : value <= (high)))) return false;      \
    *(Type *)place = (Type)rint(value);                                                        \
    return true

/* Write a number as its type holds it; false where it cannot. */
static inline bool write_number(void *place, int32_t type, double value)
{
    switch (type) {
    case FLOAT64: *(double *)place = value; return true;
    case FLOAT32: *(float *)place = (float)value; return true;
    case BOOL8: *(bool *)place = value != 0.0; return true;
    case BOOL32: *(int32_t *)place = value != 0.0; return true;
    case INT8: WHOLE(int8_t, -128.0, 127.0, false);
    case INT16: WHOLE(int16_t, -32768.0, 32767.0, false);
    case INT32: WHOLE(int32_t, -2147483648.0, 2147483647.0, false);
    case INT64: WHOLE(int64_t, -9223372036854775808.0, 9223372036854775808.0, true);
    case UINT8: WHOLE(uint8_t, 0.0, 255.0, false);
    case UINT16: WHOLE(uint16_t, 0.0, 65535.0, false);
    case UINT32: WHOLE(uint32_t, 0.0, 4294967295.0, false);
    default: WHOLE(uint64_t, 0.0, 18446744073709551616.0, true);
    }
}

/* Whether all that is used of a member's outputs are finite numbers; else notes the first. */
static inline bool all_finite(Group *group, const Member *member)
{
    for (uint64_t place = 0; place < member->used_count; place++) {
        const Recorded *one = &member->used[place];
        double value = number_at(one->source, one->type);
        if (isfinite(value)) continue;
        group->failure.place = place;
        group->failure.value = value;
        return false;
    }
    return true;
}

/* Whether a value goes over bit by bit, since no double holds it. */
static inline bool is_exact(const Copy *copy)
{
    bool inexact = copy->from != TEXT && copy->from != INT64 && copy->from != UINT64;
    return copy->from == copy->to && !copy->affine && !inexact;
}

/* Carry such a value over; false for a text that is too long for its target. */
static inline bool carry_exactly(const Copy *copy)
{
    if (copy->from != TEXT) {
        *(int64_t *)copy->target = *(const int64_t *)copy->source;
        return true;
    }
    const Text *source = copy->source;
    return store_text(copy->target, source->content, source->size);
}
