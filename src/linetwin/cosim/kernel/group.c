/* Stepping a group through its communication points. */
#include "group.h"

#include <math.h>

#define TICKS_PER_SECOND 1000
#define OFF_GRID (-1)

/* Note a failure of a member and return false. */
static bool fails(Group *group, const Member *member, GroupCall call, int status)
{
    group->failure.call = call;
    group->failure.status = status;
    group->failure.member = (uint64_t)(member - group->members);
    group->failure.time = member->at;
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

static bool carry(Group *group, const Member *member, const Copy *copy)
{
    double value = number_at(copy->source, copy->from);
    if (copy->affine) value = copy->factor * value + copy->offset;
    if (write_number(copy->target, copy->to, value)) return true;
    group->failure.place = (uint64_t)(copy - member->copies);
    group->failure.value = value;
    return fails(group, member, UNFIT, 0);
}

static inline int access(const Member *member, const Block *block)
{
    return member->version == 2
        ? ((Access2 *)block->access)(
              member->handle, block->references, block->count, block->values)
        : ((Access3 *)block->access)(
              member->handle, block->references, block->count, block->values, block->count);
}

static inline bool exchange(
    Group *group, const Member *member, GroupCall call, const Blocks *table)
{
    const Block *end = table->blocks + table->count;
    for (const Block *block = table->blocks; block < end; block++) {
        int status = access(member, block);
        if (status > WARNING) {
            group->failure.place = (uint64_t)(block - table->blocks);
            return fails(group, member, call, status);
        }
    }
    return true;
}

/* Copy what others give into a member's inputs, and set them. */
static bool take(Group *group, const Member *member)
{
    const Copy *end = member->copies + member->copy_count;
    if (member->plain) {
        for (const Copy *copy = member->copies; copy < end; copy++)
            *(double *)copy->target = *(const double *)copy->source;
    } else {
        for (const Copy *copy = member->copies; copy < end; copy++)
            if (!carry(group, member, copy)) return false;
    }
    return exchange(group, member, TAKING, &member->taken);
}

static bool step_of_3(Group *group, Member *member, double length, double time)
{
    fmi3Boolean event = false, terminate = false, early = false;
    fmi3Float64 last = time;
    int status = ((fmi3DoStepTYPE *)member->step)(
        member->handle, member->at, length, false, &event, &terminate, &early, &last);
    if (status > WARNING) return fails(group, member, STEPPING, status);
    if (!terminate && !early) return true;
    fails(group, member, terminate ? ENDING : EARLY, status);
    group->failure.time = early ? last : member->at + length;
    return false;
}

static bool step(Group *group, Member *member, int64_t index, double time)
{
    bool whole = index != OFF_GRID && member->index != OFF_GRID
        && index - member->index == member->every;
    double length = whole ? member->length : time - member->at;
    group->failure.length = length;
    if (member->version == 2) {
        int status = ((fmi2DoStepTYPE *)member->step)(member->handle, member->at, length, fmi2False);
        if (status > WARNING) return fails(group, member, STEPPING, status);
    } else if (!step_of_3(group, member, length, time))
        return false;
    member->at = time;
    member->index = index;
    return exchange(group, member, READING, &member->outputs);
}

/* Set the inputs of members through which values pass at once, and read them again. */
static bool visit(Group *group, const uint64_t *visits, uint64_t count, const double *standing)
{
    for (uint64_t place = 0; place < count; place++) {
        const Member *member = &group->members[visits[place]];
        if (standing && member->at != *standing) continue;
        if (!take(group, member) || !exchange(group, member, READING, &member->outputs))
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
static bool communicate(Group *group, double now, int64_t index, double time, bool all)
{
    Member *end = group->members + group->count;
    if (group->jacobi)
        for (Member *member = group->members; member < end; member++)
            if (member->at == now && !take(group, member)) return false;
    for (Member *member = group->members; member < end; member++) {
        if (!all && member->every > 1 && index % member->every) continue;
        if (!group->jacobi && !take(group, member)) return false;
        if (!step(group, member, index, time)) return false;
    }
    if (!visit(group, group->visits, group->visit_count, &time)) return false;
    if (group->recording) record(group, time);
    return true;
}

/* The number of the point that lies on a tick, or OFF_GRID. */
static int64_t index_of(const Group *group, int64_t tick)
{
    int64_t over = group->numerator * TICKS_PER_SECOND, under = tick * group->denominator;
    return under % over ? OFF_GRID : under / over;
}

/* Step all members to a later tick, counted from the group's start; false after a failure, which
 * `group->failure` describes. */
EXPORTED int32_t linetwin_group_advance(Group *group, int64_t end)
{
    int64_t begin = group->tick, over = group->numerator * TICKS_PER_SECOND;
    int64_t first = begin * group->denominator / over + 1;
    int64_t last = (end * group->denominator + over - 1) / over;
    double now = (double)begin / TICKS_PER_SECOND, until = (double)end / TICKS_PER_SECOND;
    int64_t start = index_of(group, begin);
    for (uint64_t place = 0; place < group->count; place++) {
        group->members[place].at = now;
        group->members[place].index = start;
    }
    for (int64_t index = first; index < last; index++) {
        double time = (double)(index * group->numerator) / (double)group->denominator;
        if (!communicate(group, now, index, time, false)) return false;
        now = time;
    }
    if (!communicate(group, now, index_of(group, end), until, true)) return false;
    group->tick = end;
    return true;
}

/* Let inputs from outside pass through at once; false after a failure. */
EXPORTED int32_t linetwin_group_settle(Group *group)
{
    return visit(group, group->settling, group->settling_count, NULL);
}
