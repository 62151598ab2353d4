/* Threads that step the members of a group together: the one that advances the group, and
 * helpers that take members from the same list. The structure is that of crew_structures.py. */
#pragma once
#include "group.h"

#include <stdatomic.h>

/* Whether threads pay: found by trying both on the first points. */
typedef enum { UNDECIDED, ALONE, TOGETHER } Choice;

/* `helpers` wait for `point` to change, take members from `next` on, and count in `arrived`; they
 * go home when the call is `over`. `failure` is that of the first member in the group's order. `alone`
 * and `together`: time of the points tried, in the processor's own unit. */
struct Crew {
    Group *group;
    uint64_t helpers;
    atomic_uint_fast64_t point;
    atomic_uint_fast64_t next;
    atomic_uint_fast64_t arrived;
    atomic_uint_fast64_t over;
    atomic_uint_fast64_t noting; /* whoever writes `failure` */
    const Span *span;
    uint64_t all;
    uint64_t end; /* of the level that is being stepped */
    uint64_t choice;
    uint64_t tried; /* points gone through since the choice, or while undecided */
    uint64_t alone;
    uint64_t together;
    uint64_t failed;
    GroupFailure failure;
};

/* Step the members that are due, with helpers where they pay; in the order Gauss-Seidel they take
 * their inputs too. False after a failure. */
bool step_all(Group *group, const Span *span, bool all);
