/* The evaluator of predictors: one library for all, which reads its tables at instantiation. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tables.h"

typedef enum { INSIDE, NEAR, OUTSIDE } Domain;
enum { VALUE, LOW, HIGH, WIDENED, N_RESULTS };

/* All that a restored instance needs. */
typedef struct {
    double value[1 + MOST_FEATURES]; /* by value reference: time in s, then features */
    double result[N_RESULTS];        /* value, low and high are NaN outside */
    int32_t life;
    int32_t domain;
    uint8_t stale; /* the results do not belong to what was set */
} State;

#include "interface.h"

/* The instance as the layers of FMI see it, and what it evaluates; the tables follow behind. */
typedef struct {
    Instance instance; /* first, so that a pointer to either is one to both */
    Tables tables;
    bool told; /* that nothing is predicted somewhere: once */
    _Alignas(16) uint8_t room[];
} Predictor;

static inline const Tables *tables_of(const Instance *instance)
{
    return &((const Predictor *)instance)->tables;
}

/* References: time is 0, the features follow, then the results, `domain` and `valid`. */
static inline uint32_t first_result(const Instance *instance)
{
    return 1 + tables_of(instance)->header.features;
}

/* domain.c: false where the tables give no number within the domain */
bool predict(const Tables *tables, State *state);
/* resources.c: NULL where there is no such file */
FILE *open_resource(const char *resources, const char *name);
