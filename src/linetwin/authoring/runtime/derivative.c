/* Directional derivatives of outputs, through the algebraic equations. */
#include <string.h>

#include "linear.h"
#include "model_functions.h"
#include "runtime.h"

typedef struct {
    double value[N_VALUES]; /* seeds and results by value reference */
    double f[SIZE(N_UNKNOWNS)];
} Seeds;

static void propagate(const State *state, Seeds *seeds)
{
    const double *v = state->value;
    double *s = seeds->value;
    const double *arguments[] = {v, v + FIRST_UNKNOWN, v + FIRST_DISCRETE, v + FIRST_INPUT,
        v + FIRST_PARAMETER, s + FIRST_UNKNOWN, s + FIRST_DISCRETE, s + FIRST_INPUT,
        s + FIRST_PARAMETER};
    double *results[] = {seeds->f, s + FIRST_OUTPUT};
    model_directional(arguments, results, NULL, NULL, 0);
}

/* The algebraic variables follow: g_a da = -(g_x dx + ...), by the implicit function theorem. */
static bool follow(const State *state, Seeds *seeds)
{
#if N_ALGEBRAICS > 0
    double f[N_UNKNOWNS], f_t[N_UNKNOWNS], jacobian[SIZE(N_NONZEROS)];
    double matrix[N_ALGEBRAICS * N_ALGEBRAICS] = {0};
    int pivot[N_ALGEBRAICS];
    propagate(state, seeds);
    evaluate_jacobian(state, state->value[0], state->value + FIRST_UNKNOWN, f, jacobian, f_t);
    for (int k = 0; k < N_NONZEROS; k++) {
        int row = JACOBIAN_ROW[k] - N_STATES, column = JACOBIAN_COLUMN[k] - N_STATES;
        if (row >= 0 && column >= 0) matrix[column * N_ALGEBRAICS + row] = -jacobian[k];
    }
    if (!factorise(matrix, pivot, N_ALGEBRAICS)) return false;
    solve(matrix, pivot, seeds->f + N_STATES, N_ALGEBRAICS);
    memcpy(seeds->value + FIRST_ALGEBRAIC, seeds->f + N_STATES, N_ALGEBRAICS * sizeof(double));
#endif
    propagate(state, seeds);
    return true;
}

static bool is_known(uint32_t reference)
{
    bool before_algebraics = reference >= 1 && reference < FIRST_ALGEBRAIC;
    bool discrete = reference >= FIRST_DISCRETE && reference < FIRST_OUTPUT;
    return (before_algebraics || discrete) && !IS_INTEGER[reference];
}

Status directional_derivative(
    Instance *instance, Direction direction, const double *seed, double *sensitivity)
{
    Seeds seeds = {{0}, {0}};
    Status status = refresh(instance);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < direction.n_knowns; i++) {
        if (!is_known(direction.knowns[i])) {
            tell(instance, STATUS_ERROR, "value reference %u is no known of a derivative",
                (unsigned)direction.knowns[i]);
            return STATUS_ERROR;
        }
        seeds.value[direction.knowns[i]] += seed[i];
    }
    if (!follow(&instance->state, &seeds)) {
        tell(instance, STATUS_DISCARD, "the algebraic equations are singular");
        return STATUS_DISCARD;
    }
    for (size_t i = 0; i < direction.n_unknowns; i++) {
        uint32_t reference = direction.unknowns[i];
        if (reference < FIRST_UNKNOWN || reference >= N_VALUES) {
            tell(instance, STATUS_ERROR, "value reference %u is no unknown of a derivative",
                (unsigned)reference);
            return STATUS_ERROR;
        }
        sensitivity[i] = seeds.value[reference];
    }
    if (all_finite(sensitivity, (int)direction.n_unknowns)) return STATUS_OK;
    tell(instance, STATUS_DISCARD, "a derivative is not finite");
    return STATUS_DISCARD;
}
