/* Stepping a group through its communication points. */
#include "crew.h"
#include "group.h"
#include "values.h"

#define TICKS_PER_SECOND 1000
#define OFF_GRID (-1)
/* As in ../groups/loops.py: change of an input by which a derivative is found; least pivot. */
#define NUDGE 1e-6
#define SINGULAR 1e-8

/* Functions that are made once for groups of one version whose members all step at every
 * communication point, and once for all others: what is constant costs nothing. */
#define SPECIAL static inline __attribute__((always_inline))

typedef struct {
    int32_t version; /* of all members, 0 where they differ */
    bool even;       /* all step at every communication point */
} Kind;

/* Note a failure of a member at a time (s) and return false. */
static bool fails(Group *group, const Member *member, GroupCall call, int status, double at)
{
    group->failure.call = call;
    group->failure.status = status;
    group->failure.member = (uint64_t)(member - group->members);
    group->failure.time = at;
    return false;
}

/* Carry one value over, extrapolated to the time `middle` (s) where that is given. */
static bool carry(
    Group *group, const Member *member, const Copy *copy, double at, const double *middle)
{
    if (is_exact(copy)) {
        if (carry_exactly(copy)) return true;
        group->failure.place = (uint64_t)(copy - member->copies);
        group->failure.value = (double)((const Text *)copy->source)->size;
        return fails(group, member, UNFIT, 0, at);
    }
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
                  member->handle, block->references, block->count, block->values, block->size);
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

static bool check(Group *group, const Member *member, double at)
{
    return all_finite(group, member) || fails(group, member, UNFINITE, 0, at);
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
    group->stepping = member;
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
    return exchange(group, member, &member->outputs, READING, span->time, kind)
        && check(group, member, span->time);
}

bool step_one(Group *group, Member *member, const Span *span, bool all)
{
    Kind kind = {group->version, group->version != 0};
    if (!kind.even && !all && span->index % member->every) return true;
    return step(group, member, span, kind);
}

bool take_one(Group *group, Member *member, const Span *span, bool all)
{
    Kind kind = {group->version, group->version != 0};
    if (!kind.even && !all && span->index % member->every) return true;
    double at = kind.even ? span->now : member->at, middle = (at + span->time) / 2;
    return take(group, member, at, !kind.even && group->linear ? &middle : NULL, kind);
}

/* What a copy would write now. */
static double copied(const Copy *copy)
{
    double value = number_at(copy->source, copy->from);
    return copy->affine ? copy->factor * value + copy->offset : value;
}

static const Copy *copy_of(const Group *group, const Unknown *unknown)
{
    return &group->members[unknown->member].copies[unknown->copy];
}

/* Set the inputs of a loop's members, read their outputs; what these make of the inputs is `made`. */
static bool evaluate(Group *group, const Visit *visit, double at, double *made)
{
    const Kind any = {0, false};
    for (uint64_t place = 0; place < visit->count; place++) {
        const Member *member = &group->members[visit->members[place]];
        if (!exchange(group, member, &member->taken, TAKING, at, any)
            || !exchange(group, member, &member->outputs, READING, at, any))
            return false;
    }
    for (uint64_t place = 0; place < visit->unknown_count; place++)
        made[place] = copied(copy_of(group, &visit->unknowns[place]));
    return true;
}

/* Solve matrix x = right by elimination with the largest pivot, into `right`; false if singular. */
static bool solve(double *matrix, double *right, uint64_t size)
{
    double least = 0.0;
    for (uint64_t place = 0; place < size * size; place++)
        least = fmax(least, fabs(matrix[place]));
    least *= SINGULAR;
    for (uint64_t step = 0; step < size; step++) {
        uint64_t pivot = step;
        for (uint64_t row = step + 1; row < size; row++)
            if (fabs(matrix[row * size + step]) > fabs(matrix[pivot * size + step])) pivot = row;
        if (!(fabs(matrix[pivot * size + step]) > least)) return false;
        for (uint64_t column = 0; column < size; column++) {
            double kept = matrix[step * size + column];
            matrix[step * size + column] = matrix[pivot * size + column];
            matrix[pivot * size + column] = kept;
        }
        double kept = right[step];
        right[step] = right[pivot];
        right[pivot] = kept;
        for (uint64_t row = step + 1; row < size; row++) {
            double factor = matrix[row * size + step] / matrix[step * size + step];
            for (uint64_t column = step; column < size; column++)
                matrix[row * size + column] -= factor * matrix[step * size + column];
            right[row] -= factor * right[step];
        }
    }
    for (uint64_t step = size; step-- > 0;) {
        for (uint64_t column = step + 1; column < size; column++)
            right[step] -= matrix[step * size + column] * right[column];
        right[step] /= matrix[step * size + step];
    }
    return true;
}

/* Fill the rows of d(input - what the outputs make of it) / d(input). */
static bool slopes_of(Group *group, const Visit *visit, double at, const double *made,
    double *nudged, double *matrix)
{
    uint64_t size = visit->unknown_count;
    for (uint64_t column = 0; column < size; column++) {
        double *target = copy_of(group, &visit->unknowns[column])->target;
        double old = *target, nudge = NUDGE * fmax(1.0, fabs(old));
        *target = old + nudge;
        if (!evaluate(group, visit, at, nudged)) return false;
        *target = old;
        for (uint64_t row = 0; row < size; row++)
            matrix[row * size + column] =
                (row == column ? 1.0 : 0.0) - (nudged[row] - made[row]) / nudge;
    }
    return true;
}

/* Look for inputs of a loop that its outputs confirm, by Newton's method; see ../groups/loops.py. */
static bool solve_loop(Group *group, const Visit *visit, double at)
{
    uint64_t size = visit->unknown_count;
    double *made = visit->work, *rests = made + size, *nudged = rests + size;
    double *change = nudged + size, *matrix = change + size;
    double left = 0.0;
    if (!evaluate(group, visit, at, made)) return false;
    for (int64_t iteration = 0; iteration <= group->most; iteration++) {
        bool good = true;
        left = 0.0;
        for (uint64_t place = 0; place < size; place++) {
            double old = *(double *)copy_of(group, &visit->unknowns[place])->target;
            rests[place] = change[place] = made[place] - old;
            if (!(fabs(rests[place]) <= group->tolerance * fmax(1.0, fabs(old)))) good = false;
            if (!(fabs(rests[place]) <= left)) left = fabs(rests[place]);
        }
        if (good) return true;
        if (iteration == group->most) break;
        if (!slopes_of(group, visit, at, made, nudged, matrix)) return false;
        if (!solve(matrix, change, size)) break;
        for (uint64_t place = 0; place < size; place++)
            *(double *)copy_of(group, &visit->unknowns[place])->target += change[place];
        if (!evaluate(group, visit, at, made)) return false;
    }
    group->failure.value = left;
    return fails(group, &group->members[visit->members[0]], UNSOLVED, 0, at);
}

/* Set the inputs of members through which values pass at once, and read them again. */
static bool visit_all(
    Group *group, const Visit *visits, uint64_t count, const Span *span, Kind kind)
{
    for (const Visit *visit = visits; visit < visits + count; visit++) {
        const Member *first = &group->members[visit->members[0]];
        if (!kind.even && first->at != span->time) continue;
        for (uint64_t place = 0; place < visit->count; place++)
            if (!take(group, &group->members[visit->members[place]], span->time, NULL, kind))
                return false;
        if (visit->unknown_count ? !solve_loop(group, visit, span->time)
                                 : !exchange(group, first, &first->outputs, READING, span->time, kind))
            return false;
        for (uint64_t place = 0; place < visit->count; place++)
            if (!check(group, &group->members[visit->members[place]], span->time)) return false;
    }
    return true;
}

static void record(Group *group, double time)
{
    uint64_t row = group->rows++;
    group->times[row] = time;
    for (uint64_t column = 0; column < group->recorded_count; column++) {
        const Recorded *one = &group->recorded[column];
        write_down(&group->values[column * group->room + row], one->source, one->type);
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
    if (group->crew) {
        if (!step_all(group, span, all)) return false;
        end = group->members; /* they have stepped */
    }
    for (Member *member = group->members; member < end; member++) {
        if (!kind.even && !all && span->index % member->every) continue;
        double at = kind.even ? span->now : member->at;
        if (linear) middle = (at + span->time) / 2;
        if (!group->jacobi && !take(group, member, at, linear ? &middle : NULL, kind))
            return false;
        if (!step(group, member, span, kind)) return false;
    }
    if (group->visit_count && !visit_all(group, group->visits, group->visit_count, span, kind))
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

/* Take one communication step of all members to a time (s), point `index` of the grid; false after
 * a failure. */
EXPORTED int32_t linetwin_group_move(Group *group, double time, int64_t index)
{
    Span span = {
        .now = group->members[0].at, .time = time, .index = index, .stop = index, .until = time};
    return communicate(group, &span, true, (Kind){0, false});
}

/* Let inputs from outside pass through at once; false after a failure. They may have jumped, so
 * nothing is extrapolated in the next step. */
EXPORTED int32_t linetwin_group_settle(Group *group)
{
    for (uint64_t place = 0; place < group->count; place++)
        group->members[place].before = group->members[place].at;
    double local = (double)group->tick / TICKS_PER_SECOND;
    Span span = {.time = group->version ? local : group->members[0].at};
    return visit_all(group, group->settling, group->settling_count, &span, (Kind){0, true});
}
