/* A group of FMUs that exchange signals at the points of a grid, and at the ends of calls.
 *
 * group.c does what PythonEngine in ../groups/engine.py does, call by call, to the same bits: a
 * change of one is a change of both. The structures are those of group_structures.py. */
#pragma once
#include "kernel.h"

typedef struct Crew Crew;

/* How a value lies in memory; the numbers are those of `ValueType` in group_structures.py. */
typedef enum {
    FLOAT64,
    FLOAT32,
    BOOL8,
    BOOL32,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    TEXT /* a Text: see texts.h */
} ValueType;

/* target = factor * source + offset, or the same number where it is not `affine`. `previous`: the
 * source's value at the point before, where its member `giver` stood; NULL where it is held. */
typedef struct {
    const void *source;
    void *target;
    double factor;
    double offset;
    int32_t from;
    int32_t to;
    int32_t affine;
    uint64_t giver;
    const double *previous;
} Copy;

typedef struct {
    const void *source;
    int32_t type;
} Recorded;

/* One FMU. `length` (s) is that of a whole step of its own, once in `every` communication steps;
 * between two points it stands at `at` (s), point `index` of the grid (-1: none). */
typedef struct {
    void *handle;
    void (*step)(void);
    int32_t version;
    int32_t plain; /* all copies are of FLOAT64 to FLOAT64, the same number */
    int64_t every;
    double length;
    const Copy *copies;
    uint64_t copy_count;
    Blocks taken;
    Blocks outputs;
    double at;
    int64_t index;
    double before; /* s, the point before; `at` where there is none */
    const double *const *followed;
    uint64_t followed_count;
    double *previous; /* values of `followed` at `before` */
    uint64_t level;   /* the first member after its level: see crew.c */
    const Recorded *used; /* real outputs that somebody takes: finite, or the member has failed */
    uint64_t used_count;
} Member;

/* From one communication point to the next, with their numbers or OFF_GRID. */
typedef struct {
    double now;
    double time;
    int64_t from;
    int64_t index;
    int64_t stop; /* the first point at or after the end of the call */
    double until; /* s, that end */
} Span;

/* What failed: the numbers are those of `GroupCall` in group_structures.py. */
typedef enum {
    ALL_WELL,
    TAKING, /* `place`: block */
    STEPPING,
    READING, /* `place`: block */
    ENDING,  /* the FMU asked to end the simulation */
    EARLY,   /* the FMU ended a step before its time */
    UNFIT,   /* `place`: copy; its value fits no integer of its type */
    UNSOLVED, /* `value`: what is left of an algebraic loop; `member`: its first */
    UNFINITE  /* `place`: used output; `value`: NaN or infinite */
} GroupCall;

typedef struct {
    int32_t call;
    int32_t status; /* what the FMU returned */
    uint64_t member;
    uint64_t place;
    double time;   /* s, local: where the member stands */
    double length; /* s, of the step */
    double value;  /* that does not fit */
} GroupFailure;

/* An input that an algebraic loop is solved for: a copy of a member. */
typedef struct {
    uint64_t member;
    uint64_t copy;
} Unknown;

/* Members to set and read again at one instant; one alone, or those of a loop. `work` has room for
 * n * (n + 4) numbers of n unknowns. */
typedef struct {
    const uint64_t *members;
    uint64_t count;
    const Unknown *unknowns;
    uint64_t unknown_count;
    double *work;
} Visit;

/* `visits` and `settling` stand in the order in which values pass through at once. Loops are solved
 * until inputs change by less than `tolerance` (relative), in at most `most` iterations.
 * Communication points are index * numerator / denominator (s). Recorded values stand in columns
 * of `room` rows. */
typedef struct {
    Member *members;
    uint64_t count;
    double tolerance;
    int64_t most;
    const Visit *visits;
    uint64_t visit_count;
    const Visit *settling;
    uint64_t settling_count;
    int64_t numerator;
    int64_t denominator;
    int64_t tick;    /* where all stand, from the group's start */
    int64_t index;   /* the point there, or -1 */
    int32_t version; /* of members that all step at every point; 0 where they differ */
    int32_t jacobi;
    int32_t recording;
    int32_t linear; /* inputs are extrapolated to the middle of a step */
    const Recorded *recorded;
    uint64_t recorded_count;
    double *times;
    double *values;
    uint64_t room;
    uint64_t rows;
    GroupFailure failure;
    const Member *volatile stepping; /* begun last, for who looks on from another thread */
    Crew *crew; /* threads that step it together; NULL where one does it */
} Group;

/* Step a member to a communication point, where `all` are due or its turn has come; false after a
 * failure. Several threads may step members of one group, each with a copy of the group. */
bool step_one(Group *group, Member *member, const Span *span, bool all);

/* Let such a member take its inputs, in the order Gauss-Seidel; false after a failure. */
bool take_one(Group *group, Member *member, const Span *span, bool all);

int32_t linetwin_group_advance(Group *group, int64_t end);
