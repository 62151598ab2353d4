/* Stepping a group through its communication points. */
#include "group.h"

#include <math.h>

#define TICKS_PER_SECOND 1000
#define OFF_GRID (-1)

/* Functions that are made once for groups of one version whose members all step at every
 * communication point, and once for all others: what is constant costs nothing. */
#define SPECIAL static inline __attribute__((always_inline))

typedef struct {
    int32_t version; /* of all members, 0 where they differ */
    bool even;       /* all step at every communication point */
} Kind;

/* From one communication point to the next, with their numbers or OFF_GRID. */
typedef struct {
    double now;
    double time;
    int64_t from;
    int64_t index;
    int64_t stop; /* the first point at or after the end of the call */
    double until; /* s, that end */
} Span;

/* Note a failure of a member at a time (s) and return false. */
static bool fails(Group *group, const Member *member, GroupCall call, int status, double at)
{
    group->failure.call = call;
    group->failure.status = status;
    group->failure.member = (uint64_t)(member - group->members);
    group->failure.time = at;
    return false;
}

static double number_at(const void *place, int32_t type)
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

/* The ends of a type's range; those of 64 bits are no doubles, so the upper one is left out. */
#define WHOLE(Type, low, high, excluded)                                                       \
    if (!(value >= (low) && (excluded ? value < (high) : value <= (high)))) return false;      \
    *(Type *)place = (Type)rint(value);                                                        \
    return true

/* Write a number as its type holds it; false where it cannot. */
static bool write_number(void *place, int32_t type, double value)
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

/* Carry one value over, extrapolated to the time `middle` (s) where that is given. */
static bool carry(
    Group *group, const Member *member, const Copy *copy, double at, const double *middle)
{
    double value = number_at(copy->source, copy->from);
    const Member *giver = &group->members[copy->giver];
    if (middle && copy->previous && giver->before < giver->at) {
        double slope = (*middle - giver->at) / (giver->at - giver->before);
        value += (value - *copy->previous) * slope;
    }
    if (copy->affine) value = copy->factor * value + copy->offset;
    if (write_number(copy->target, copy->to, value)) return true;
    group->failure.place = (uint64_t)(copy - member->copies);
    group->failure.value = value;
    return fails(group, member, UNFIT, 0, at);
}

SPECIAL int32_t version_of(const Member *member, Kind kind)
{
    return kind.version ? kind.version : member->version;
}

/* Set or read a table of a member, which stands at a time (s). */
SPECIAL bool exchange(
    Group *group, const Member *member, const Blocks *table, GroupCall call, double at, Kind kind)
{
    const Block *end = table->blocks + table->count;
    for (const Block *block = table->blocks; block < end; block++) {
        int status = version_of(member, kind) == 2
            ? ((Access2 *)block->access)(
                  member->handle, block->references, block->count, block->values)
            : ((Access3 *)block->access)(
                  member->handle, block->references, block->count, block->values, block->count);
        if (status > WARNING) {
            group->failure.place = (uint64_t)(block - table->blocks);
            return fails(group, member, call, status, at);
        }
    }
    return true;
}

/* Copy what others give into a member's inputs, and set them. */
SPECIAL bool take(
    Group *group, const Member *member, double at, const double *middle, Kind kind)
{
    const Copy *end = member->copies + member->copy_count;
    if (member->plain) {
        for (const Copy *copy = member->copies; copy < end; copy++)
            *(double *)copy->target = *(const double *)copy->source;
    } else {
        for (const Copy *copy = member->copies; copy < end; copy++)
            if (!carry(group, member, copy, at, middle)) return false;
    }
    return exchange(group, member, &member->taken, TAKING, at, kind);
}

static bool step_fails(
    Group *group, const Member *member, GroupCall call, int status, double at, double length)
{
    group->failure.length = length;
    return fails(group, member, call, status, at);
}

/* The middle of a member's next step. */
static double middle_of(const Group *group, const Member *member, const Span *span)
{
    int64_t coming = span->index == OFF_GRID ? span->stop : span->index;
    int64_t own = (coming + member->every - 1) / member->every * member->every;
    double end = own < span->stop
        ? (double)(own * group->numerator) / (double)group->denominator
        : span->until;
    return (member->at + end) / 2;
}

/* Keep the values of this point: a step begins. */
static void follow(Member *member)
{
    member->before = member->at;
    for (uint64_t place = 0; place < member->followed_count; place++)
        member->previous[place] = *member->followed[place];
}

SPECIAL bool step(Group *group, Member *member, const Span *span, Kind kind)
{
    double at = kind.even ? span->now : member->at;
    int64_t from = kind.even ? span->from : member->index;
    int64_t every = kind.even ? 1 : member->every;
    bool whole = span->index != OFF_GRID && from != OFF_GRID && span->index - from == every;
    double length = whole ? member->length : span->time - at;
    if (!kind.even) follow(member);
    if (version_of(member, kind) == 2) {
        int status = ((fmi2DoStepTYPE *)member->step)(member->handle, at, length, fmi2False);
        if (status > WARNING) return step_fails(group, member, STEPPING, status, at, length);
    } else {
        fmi3Boolean event = false, terminate = false, early = false;
        fmi3Float64 last = at;
        int status = ((fmi3DoStepTYPE *)member->step)(
            member->handle, at, length, false, &event, &terminate, &early, &last);
        if (status > WARNING) return step_fails(group, member, STEPPING, status, at, length);
        if (terminate || early) {
            GroupCall call = terminate ? ENDING : EARLY;
            return step_fails(group, member, call, status, early ? last : at + length, length);
        }
    }
    if (!kind.even) {
        member->at = span->time;
        member->index = span->index;
    }
    return exchange(group, member, &member->outputs, READING, span->time, kind);
}

/* Set the inputs of members through which values pass at once, and read them again. */
static bool visit(
    Group *group, const uint64_t *visits, uint64_t count, const Span *span, Kind kind)
{
    for (uint64_t place = 0; place < count; place++) {
        const Member *member = &group->members[visits[place]];
        if (!kind.even && member->at != span->time) continue;
        if (!take(group, member, span->time, NULL, kind)
            || !exchange(group, member, &member->outputs, READING, span->time, kind))
            return false;
    }
    return true;
}

static void record(Group *group, double time)
{
    uint64_t row = group->rows++;
    group->times[row] = time;
    for (uint64_t column = 0; column < group->recorded_count; column++) {
        const Recorded *one = &group->recorded[column];
        group->values[column * group->room + row] = number_at(one->source, one->type);
    }
}

/* Go from one communication point to the next; `all` step there, or those whose turn it is. */
SPECIAL bool communicate(Group *group, const Span *span, bool all, Kind kind)
{
    Member *end = group->members + group->count;
    bool linear = !kind.even && group->linear;
    double middle = 0.0;
    if (group->jacobi)
        for (Member *member = group->members; member < end; member++) {
            if (!kind.even && member->at != span->now) continue;
            if (linear) middle = middle_of(group, member, span);
            if (!take(group, member, span->now, linear ? &middle : NULL, kind)) return false;
        }
    for (Member *member = group->members; member < end; member++) {
        if (!kind.even && !all && span->index % member->every) continue;
        double at = kind.even ? span->now : member->at;
        if (linear) middle = (at + span->time) / 2;
        if (!group->jacobi && !take(group, member, at, linear ? &middle : NULL, kind))
            return false;
        if (!step(group, member, span, kind)) return false;
    }
    if (group->visit_count && !visit(group, group->visits, group->visit_count, span, kind))
        return false;
    if (group->recording) record(group, span->time);
    return true;
}

/* The number of the point that lies on a tick, or OFF_GRID. */
static int64_t index_of(const Group *group, int64_t tick)
{
    int64_t over = group->numerator * TICKS_PER_SECOND, under = tick * group->denominator;
    return under % over ? OFF_GRID : under / over;
}

SPECIAL bool advance(Group *group, int64_t end, Kind kind)
{
    int64_t over = group->numerator * TICKS_PER_SECOND;
    int64_t first = group->tick * group->denominator / over + 1;
    int64_t last = (end * group->denominator + over - 1) / over;
    Span span = {
        .now = (double)group->tick / TICKS_PER_SECOND,
        .from = group->index,
        .stop = last,
        .until = (double)end / TICKS_PER_SECOND,
    };
    for (int64_t index = first; index < last; index++) {
        span.index = index;
        span.time = (double)(index * group->numerator) / (double)group->denominator;
        if (!communicate(group, &span, false, kind)) return false;
        span.now = span.time;
        span.from = index;
    }
    span.index = index_of(group, end);
    span.time = span.until;
    if (!communicate(group, &span, true, kind)) return false;
    group->tick = end;
    group->index = span.index;
    return true;
}

/* Step all members to a later tick, counted from the group's start; false after a failure, which
 * `group->failure` describes. All members stand where the group stands before and after. */
EXPORTED int32_t linetwin_group_advance(Group *group, int64_t end)
{
    if (group->version == 3) return advance(group, end, (Kind){3, true});
    if (group->version == 2) return advance(group, end, (Kind){2, true});
    return advance(group, end, (Kind){0, false});
}

/* Let inputs from outside pass through at once; false after a failure. They may have jumped, so
 * nothing is extrapolated in the next step. */
EXPORTED int32_t linetwin_group_settle(Group *group)
{
    for (uint64_t place = 0; place < group->count; place++)
        group->members[place].before = group->members[place].at;
    Span span = {.time = (double)group->tick / TICKS_PER_SECOND};
    return visit(group, group->settling, group->settling_count, &span, (Kind){0, true});
}
