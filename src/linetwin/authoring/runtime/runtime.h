/* The runtime of an FMU: state, life cycle, integration. It knows nothing of an FMI version. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model_tables.h"

#define N_UNKNOWNS (N_STATES + N_ALGEBRAICS)
#define FIRST_UNKNOWN FIRST_STATE
#define N_VALUES (FIRST_OUTPUT + N_OUTPUTS) /* time included */
#define VALID_REFERENCE N_VALUES            /* the Boolean `valid` follows the last value */
#define N_RANGED (1 + N_INPUTS + N_PARAMETERS)
#define SIZE(n) ((n) > 0 ? (n) : 1) /* C knows no empty arrays */

_Static_assert(FIRST_INPUT == 1, "inputs come first, behind time");
_Static_assert(FIRST_ALGEBRAIC == FIRST_STATE + N_STATES, "unknowns are contiguous");

typedef enum { STATUS_OK, STATUS_WARNING, STATUS_DISCARD, STATUS_ERROR } Status;

/* Bits, so that a function can name all the states in which it may be called. */
enum { INSTANTIATED = 1, INITIALIZATION = 2, STEP_MODE = 4, TERMINATED = 8 };

typedef enum {
    REACHED,
    STOPPED,
    NOT_FINITE,
    TOO_MANY_STEPS,
    STEP_TOO_SMALL,
    NO_ALGEBRAIC_SOLUTION,
    GUARD_NOT_FINITE,
    JUMP_NOT_FINITE,
    EVENT_CHATTER
} Outcome;

/* All that a restored instance needs to go on with the same bits. Copied with memcpy only. */
typedef struct {
    double value[N_VALUES]; /* by value reference; value[0] is the time in s */
    double constants[SIZE(N_CONSTANTS)]; /* follow from discretes, inputs and parameters */
    double step;            /* the integrator's next step in s; 0: none yet */
    double tolerance;
    int32_t life;
    int32_t culprit;           /* the transition that an outcome speaks of */
    uint8_t stale;             /* algebraics and outputs do not belong to what was set */
    uint8_t jumped;            /* something changed at once: the next step starts carefully */
    uint8_t outside[N_RANGED]; /* by value reference: outside its range, warning given */
} State;

typedef struct Instance Instance;
struct Instance {
    State state;
    State kept; /* of the beginning of a step, for a roll-back */
    bool early_return_allowed;
    bool logging; /* of transitions; warnings and errors are always told */
    void *environment;
    void (*callback)(void); /* the importer's; only `emit` knows its type */
    void (*emit)(const Instance *, Status, const char *category, const char *message);
};

/* State written by save(), checked by restore(); the same bytes serve as serialised form. */
typedef struct {
    uint32_t magic, size;
    uint64_t token;
    State state;
} Saved;

/* evaluate.c: the functions of the model at time t and unknowns z */
void evaluate_constants(State *state); /* before the others, when something has been set */
void evaluate_rhs(const State *state, double t, const double *z, double *f);
void evaluate_jacobian(
    const State *state, double t, const double *z, double *f, double *jacobian, double *f_t);
void evaluate_guards(const State *state, double t, const double *z, double *guards);
void evaluate_jump(const State *state, double *targets);
void evaluate_outputs(State *state);
bool all_finite(const double *x, int n);

/* algebraic.c, integrate.c, events.c */
bool solve_algebraics(const State *state, double t, double *z);
bool beyond_fold(const State *state, double t, double *z);
Outcome integrate(Instance *instance, double end);
int first_due(const double *guards);
Outcome fire(Instance *instance, int transition);
Outcome settle(Instance *instance, bool *stop);

/* instance.c */
Instance *new_instance(const char *token);
void reset(Instance *instance);
Status enter_initialization(Instance *instance, double tolerance, double start_time);
Status exit_initialization(Instance *instance);
Status refresh(Instance *instance);
Status do_step(Instance *instance, double start, double size, bool *early);
void choose_messages(Instance *instance, bool on, size_t n, const char *const categories[]);
void tell(const Instance *instance, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* access.c */
Status get_reals(Instance *instance, const uint32_t *references, size_t n, double *values);
Status get_integers(Instance *instance, const uint32_t *references, size_t n, int32_t *values);
Status get_booleans(Instance *instance, const uint32_t *references, size_t n, bool *values);
Status set_reals(Instance *instance, const uint32_t *references, size_t n, const double *values);
Status set_integers(
    Instance *instance, const uint32_t *references, size_t n, const int32_t *values);

/* saved.c */
Status save(const Instance *instance, Saved **saved);
Status restore(Instance *instance, const Saved *saved);
Status serialize(const Instance *instance, const Saved *saved, uint8_t *bytes, size_t size);
Status deserialize(const Instance *instance, const uint8_t *bytes, size_t size, Saved **saved);

/* derivative.c */
typedef struct {
    const uint32_t *unknowns;
    size_t n_unknowns;
    const uint32_t *knowns;
    size_t n_knowns;
} Direction;
Status directional_derivative(
    Instance *instance, Direction direction, const double *seed, double *sensitivity);
