/* Consistent algebraic variables: damped Newton on the residuals; a bracket where it fails. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "linear.h"
#include "runtime.h"

#if N_ALGEBRAICS > 0

enum { ITERATIONS = 60, HALVINGS = 40 };
static const double SOLVED = 1e-13;      /* relative step that ends the iteration */
static const double GOOD_ENOUGH = 1e-9;  /* accepted where rounding hinders further progress */

typedef struct {
    double f[N_UNKNOWNS], f_t[N_UNKNOWNS], jacobian[SIZE(N_NONZEROS)];
} Linearised;

static double squares(const double *f)
{
    double sum = 0.0;
    for (int i = N_STATES; i < N_UNKNOWNS; i++) sum += f[i] * f[i];
    return sum;
}

/* Newton's step; returns its size relative to the variables, infinity if there is none. */
static double newton_step(const Linearised *at, const double *z, double *step)
{
    double matrix[N_ALGEBRAICS * N_ALGEBRAICS] = {0}, size = 0.0;
    int pivot[N_ALGEBRAICS];
    for (int k = 0; k < N_NONZEROS; k++) {
        int row = JACOBIAN_ROW[k] - N_STATES, column = JACOBIAN_COLUMN[k] - N_STATES;
        if (row >= 0 && column >= 0) matrix[column * N_ALGEBRAICS + row] = at->jacobian[k];
    }
    if (!all_finite(matrix, N_ALGEBRAICS * N_ALGEBRAICS)) return INFINITY;
    if (!factorise(matrix, pivot, N_ALGEBRAICS)) return INFINITY;
    for (int i = 0; i < N_ALGEBRAICS; i++) step[i] = -at->f[N_STATES + i];
    solve(matrix, pivot, step, N_ALGEBRAICS);
    for (int i = 0; i < N_ALGEBRAICS; i++) {
        double scale = NOMINAL[N_STATES + i] + fabs(z[N_STATES + i]);
        size = fmax(size, fabs(step[i]) / scale);
    }
    return isfinite(size) && all_finite(step, N_ALGEBRAICS) ? size : INFINITY;
}

/* Halve the step until the residual falls; false leaves z as it was. */
static bool damped(
    const State *state, double t, double *z, const double *step, double size, double before)
{
    double old[N_ALGEBRAICS], f[N_UNKNOWNS], fraction = 1.0;
    memcpy(old, z + N_STATES, sizeof old);
    for (int k = 0; k < HALVINGS; k++, fraction *= 0.5) {
        for (int i = 0; i < N_ALGEBRAICS; i++) z[N_STATES + i] = old[i] + fraction * step[i];
        evaluate_rhs(state, t, z, f);
        double now = squares(f);
        if (now <= before * (1.0 - 0.1 * fraction)) return true;
        if (now <= before && size < GOOD_ENOUGH) return true;
    }
    memcpy(z + N_STATES, old, sizeof old);
    return false;
}

static bool iterate(const State *state, double t, double *z)
{
    Linearised at;
    double step[N_ALGEBRAICS];
    evaluate_jacobian(state, t, z, at.f, at.jacobian, at.f_t);
    for (int i = 0; i < ITERATIONS; i++) {
        double before = squares(at.f);
        if (!isfinite(before)) return false;
        double size = newton_step(&at, z, step);
        if (!isfinite(size)) return false;
        if (size < SOLVED) return true;
        if (!damped(state, t, z, step, size, before)) return size < GOOD_ENOUGH;
        if (size < 1e-10) return true; /* Newton converges quadratically: this step solved it */
        evaluate_jacobian(state, t, z, at.f, at.jacobian, at.f_t);
    }
    return false;
}

#if N_ALGEBRAICS == 1

static const double FOLD = 1e-3; /* relative width within which both solutions of a fold lie */
enum { WIDENINGS = 40, BISECTIONS = 60 };

static double residual(const State *state, double t, double *z, double value)
{
    double f[N_UNKNOWNS];
    z[N_STATES] = value;
    evaluate_rhs(state, t, z, f);
    return f[N_STATES];
}

/* At a fold the branch that was followed ends: the residual has one sign on both sides of it.
 * Look for the next change of sign, on either side. */
bool beyond_fold(const State *state, double t, double *z)
{
    const double centre = z[N_STATES];
    double inner = FOLD * (NOMINAL[N_STATES] + fabs(centre)), outer = 1.5 * inner;
    const double f_centre = residual(state, t, z, centre - inner);
    const double f_above = residual(state, t, z, centre + inner);
    if (!isfinite(f_centre + f_above) || (f_centre > 0.0) != (f_above > 0.0)) return false;
    for (int i = 0; i < WIDENINGS; i++, inner = outer, outer *= 1.5) {
        for (int side = -1; side <= 1; side += 2) {
            double near = centre + side * inner, far = centre + side * outer;
            double f_far = residual(state, t, z, far);
            if (!isfinite(f_far) || (f_far > 0.0) == (f_centre > 0.0)) continue;
            for (int k = 0; k < BISECTIONS; k++) {
                double middle = 0.5 * (near + far);
                double f = residual(state, t, z, middle);
                if ((f > 0.0) == (f_centre > 0.0)) near = middle;
                else far = middle;
            }
            z[N_STATES] = far;
            if (iterate(state, t, z)) return true; /* not so at a pole */
        }
    }
    return false;
}

#else

bool beyond_fold(const State *state, double t, double *z)
{
    (void)state, (void)t, (void)z;
    return false;
}

#endif

bool solve_algebraics(const State *state, double t, double *z)
{
    double old[N_ALGEBRAICS];
    memcpy(old, z + N_STATES, sizeof old);
    if (iterate(state, t, z)) return true;
    /* the last solution may lie in another branch: begin again at the model's start values */
    memcpy(z + N_STATES, START + FIRST_ALGEBRAIC, sizeof old);
    if (iterate(state, t, z)) return true;
    memcpy(z + N_STATES, old, sizeof old);
    if (beyond_fold(state, t, z)) return true;
    memcpy(z + N_STATES, old, sizeof old);
    return false;
}

#else

bool solve_algebraics(const State *state, double t, double *z)
{
    (void)state, (void)t, (void)z;
    return true;
}

bool beyond_fold(const State *state, double t, double *z)
{
    (void)state, (void)t, (void)z;
    return false;
}

#endif
