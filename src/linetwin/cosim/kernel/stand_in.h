/* A regime of a stand-in: which items it knows, and what comes of them.
 *
 * stand_in.c does what `Reference` in ../../predictors/stand_in_reference.py does with numpy, up to
 * rounding: a change of one is a change of both. The structures are those of
 * stand_in_structures.py. */
#pragma once
#include "kernel.h"

typedef enum { IDENTITY, LOG, INVERSE, LOGIT } Scale;

/* A variable: between `low` and `high` it is known, between the inner ends it was nearly shown;
 * on its scale (computed from no less than `least`) it is standardised by `centre`, `factor`. */
typedef struct {
    double low, high, inner_low, inner_high, least, centre, factor;
    int64_t scale;
} Variable;

typedef struct {
    double low, high;
} Ends;

/* What is to be `factor` times a variable, or is. */
typedef struct {
    double factor;
    uint64_t variable;
} Multiple;

/* A learnt output: on its scale, between `low` and `high` for LOGIT, no less than `least`; by
 * region: up to `narrow_low`, or from `narrow_high` on, its interval is narrow enough. */
typedef struct {
    double low, high, least, narrow_low[3], narrow_high[3];
    int64_t scale;
} Output;

/* `given`: shape (variables, conditions, ties; rows); `axes`: shape (axes, variables), the line's
 * items lie between `cloud`; `bends`: shape (bends, 1 + variables), offsets first; `coefficients`:
 * shape (learnt, terms): of 1, variables, products where `quadratic`, bends; `made`: shape (learnt,
 * constants, copies; rows); `room`: shape (learnt + variables for each chunk, ITEMS). */
typedef struct {
    uint64_t variable_count, condition_count, tie_count, axis_count, bend_count, quadratic,
        term_count;
    uint64_t learnt_count, constant_count, copy_count;
    const Variable *variables;
    const Ends *conditions;
    const Multiple *ties;
    const double *axes;
    const Ends *cloud;
    const double *bends;
    const double *coefficients;
    const Output *learnt;
    const double *constants;
    const Multiple *copies;
    const double *given;
    double *made;
    double *room;
} Regime;
