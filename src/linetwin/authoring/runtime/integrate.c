/* RODAS 4(3), a linearly implicit method of six stages in mass-matrix form, with event location.
 *
 * Hairer, Wanner: Solving Ordinary Differential Equations II, 2nd ed., section VI.4 (method RODAS).
 * Stiffly accurate, so that algebraic equations ride along in the same linear systems. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "matrix.h"
#include "runtime.h"

enum { STAGES = 6, MAX_STEPS = 100000, MAX_LOCATION_STEPS = 120 };

static const double ALPHA[STAGES] = {0.0, 0.386, 0.21, 0.63, 1.0, 1.0};
static const double GAMMA_SUM[STAGES] = {0.25, -0.1043, 0.1035, -0.03620000000000023, 0.0, 0.0};
static const double A[STAGES][STAGES] = {
    {0.0},
    {1.544},
    {0.9466785280815826, 0.2557011698983284},
    {3.314825187068521, 2.896124015972201, 0.9986419139977817},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0},
};
static const double C[STAGES][STAGES] = {
    {0.0},
    {-5.6688},
    {-2.430093356833875, -0.2063599157091915},
    {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
    {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
    {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
        -6.058818238834054},
};
static const double LOCATION = 1e-3; /* of an event, in tolerances of the step that crosses it */

static bool linearise(const State *state, double t, const double *z, Point *at)
{
    evaluate_jacobian(state, t, z, at->f, at->jacobian, at->f_t);
    at->known = all_finite(at->f, N) && all_finite(at->jacobian, N_NONZEROS)
        && all_finite(at->f_t, N);
    return at->known;
}

#if N_STATES > 0

static double error_norm(const State *state, const double *z, const double *z_new, const double *e)
{
    double sum = 0.0;
    for (int i = 0; i < N; i++) {
        double floor = NOMINAL[i] * (i < N_STATES ? 0.01 : 0.1);
        double ratio = e[i] / (state->tolerance * (floor + fmax(fabs(z[i]), fabs(z_new[i]))));
        sum += ratio * ratio;
    }
    return isfinite(sum) ? sqrt(sum / N) : INFINITY;
}

/* One step of size h to z_new; returns the scaled error, infinity if the step is unusable. */
static double take_step(const State *state, const Point *at, double h, double *z_new)
{
    const double *z = state->value + FIRST_UNKNOWN;
    const double t = state->value[0];
    double stage[STAGES][N];
    Matrix matrix;
    if (!set_matrix(at, h, &matrix)) return INFINITY;
    for (int s = 0; s < STAGES; s++) {
        double *k = stage[s];
        memcpy(z_new, z, N * sizeof(double));
        for (int j = 0; j < s; j++)
            for (int i = 0; i < N; i++) z_new[i] += A[s][j] * stage[j][i];
        if (s == 0) memcpy(k, at->f, N * sizeof(double));
        else evaluate_rhs(state, t + ALPHA[s] * h, z_new, k);
        for (int j = 0; j < s; j++)
            for (int i = 0; i < N_STATES; i++) k[i] += C[s][j] / h * stage[j][i];
        if (DEPENDS_ON_TIME)
            for (int i = 0; i < N; i++) k[i] += h * GAMMA_SUM[s] * at->f_t[i];
        solve_stage(at, h, &matrix, k);
    }
    /* the last stage starts from the embedded solution: its increment is the error estimate */
    for (int i = 0; i < N; i++) z_new[i] += stage[STAGES - 1][i];
    return error_norm(state, z, z_new, stage[STAGES - 1]);
}

/* No point is accepted that the model cannot evaluate: false is a reason to step shorter. */
static bool usable(const State *state, double t, const double *z)
{
    double f[N];
    evaluate_rhs(state, t, z, f);
    return all_finite(f, N);
}

#else /* nothing to integrate: algebraic variables follow time */

static double take_step(const State *state, const Point *at, double h, double *z_new)
{
    (void)at;
    memcpy(z_new, state->value + FIRST_UNKNOWN, N * sizeof(double));
    return solve_algebraics(state, state->value[0] + h, z_new) ? 0.0 : INFINITY;
}

static bool usable(const State *state, double t, const double *z)
{
    (void)state, (void)t, (void)z;
    return true;
}

#endif

/* A first step in which no state moves by more than a twentieth of its size, and which resolves
 * how fast the rates themselves change, by df/dz f; 8 tol^(1/4) makes most such steps good. */
static double careful_step(const State *state, const Point *at, double span)
{
    const double *z = state->value + FIRST_UNKNOWN;
    double rate = 0.0, bend = 0.0, bent[SIZE(N)] = {0};
    double step = state->step > 0.0 ? state->step : 0.1 * span;
    for (int k = 0; k < N_NONZEROS; k++)
        if (JACOBIAN_COLUMN[k] < N_STATES)
            bent[JACOBIAN_ROW[k]] += at->jacobian[k] * at->f[JACOBIAN_COLUMN[k]];
    for (int i = 0; i < N_STATES; i++) {
        rate = fmax(rate, fabs(at->f[i]) / (NOMINAL[i] + fabs(z[i])));
        bend = fmax(bend, fabs(bent[i]) / (NOMINAL[i] + fabs(z[i])));
    }
    if (rate * step > 0.05) step = 0.05 / rate;
    double resolved = 8.0 * sqrt(sqrt(state->tolerance)) * rate / bend;
    return resolved < step ? resolved : step; /* also where nothing bends: not a number */
}

/* The highest of the guards chosen; not a number where one of them is none. */
static double highest_guard(const State *state, double t, const double *z, const bool *chosen)
{
    double guards[SIZE(N_GUARDS)], highest = -INFINITY;
    evaluate_guards(state, t, z, guards);
    for (int i = 0; i < N_GUARDS; i++) {
        if (!chosen[i]) continue;
        if (isnan(guards[i])) return guards[i];
        highest = fmax(highest, guards[i]);
    }
    return highest;
}

/* A step from the state at h = 0 to z_high at `high`, with what is known of it in between. */
typedef struct {
    const double *z_low, *z_high, *f_low, *f_high; /* f_high: NULL where it is not known */
    double high;
} Span;

/* Unknowns within a step: states by a cubic of Hermite (a parabola where the rate at its end is
 * not known), algebraic variables on a line. Good enough for a first guess of an event's time. */
static void interpolate(const Span *span, double at, double *z)
{
    const double part = at / span->high, rest = 1.0 - part;
    for (int i = 0; i < N; i++) {
        const double rise = span->z_high[i] - span->z_low[i];
        z[i] = span->z_low[i] + part * rise;
        if (i >= N_STATES) continue;
        const double begins = span->f_low[i] * span->high - rise;
        const double ends = span->f_high ? span->f_high[i] * span->high - rise : 0.0;
        if (span->f_high) z[i] += part * rest * (rest * begins - part * ends);
        else z[i] += part * rest * begins;
    }
}

typedef struct {
    double time, slope; /* of the highest guard where it crosses zero */
} Guess;

/* Where the guards cross zero on the interpolated step, found to a 64th of it and by a secant;
 * halves first, so that a guard with jumps does no harm. */
static Guess guess_crossing(const State *state, const Span *span, const bool *due)
{
    double low = 0.0, high = span->high, z[SIZE(N)];
    double g_low = highest_guard(state, state->value[0], span->z_low, due);
    double g_high = highest_guard(state, state->value[0] + high, span->z_high, due);
    for (int i = 0; i < 6; i++) {
        double middle = 0.5 * (low + high);
        interpolate(span, middle, z);
        double g = highest_guard(state, state->value[0] + middle, z, due);
        if (g > 0.0) high = middle, g_high = g;
        else low = middle, g_low = g;
    }
    double slope = (g_high - g_low) / (high - low);
    return (Guess){low - g_low / slope, slope};
}

/* Shorten a step that ends with guards positive until it ends just behind the first crossing.
 * Each trial is a step from the same point: the first goes where the interpolated step crosses,
 * the others follow the secant, each a little too far, so that it ends behind the crossing; a
 * bisection where that does not get on. The guards that are not positive at the end are left out:
 * one that rests just below zero would be a plateau with nothing to follow. */
static double locate(
    const State *state, const Point *at, const Point *next, double high, double *z_high,
    const double *guards)
{
    const double t = state->value[0], *start = state->value + FIRST_UNKNOWN;
    double low = 0.0, z[SIZE(N)];
    bool due[SIZE(N_GUARDS)];
    for (int i = 0; i < N_GUARDS; i++) due[i] = guards[i] > 0.0;
    const double close
        = fmax(LOCATION * state->tolerance * high, 4.0 * DBL_EPSILON * (fabs(t) + high));
    const Span span = {start, z_high, at->f, next->known ? next->f : NULL, high};
    Guess guess = guess_crossing(state, &span, due);
    double last = NAN, g_last = NAN;
    for (int i = 0; i < MAX_LOCATION_STEPS && high - low > close; i++) {
        double trial = guess.time + 0.5 * close;
        if (i % 4 == 3 || !(trial > low && trial < high)) trial = 0.5 * (low + high);
        trial = fmin(fmax(trial, low + 0.5 * close), high - 0.5 * close);
        if (!isfinite(take_step(state, at, trial, z)) || !usable(state, t + trial, z)) return -1.0;
        double g = highest_guard(state, t + trial, z, due);
        if (isnan(g)) return -1.0;
        if (isfinite(g_last)) guess.slope = (g - g_last) / (trial - last);
        guess.time = trial - g / guess.slope;
        last = trial, g_last = g;
        if (g <= 0.0) {
            low = trial;
        } else {
            high = trial;
            memcpy(z_high, z, N * sizeof(double));
            if (g <= guess.slope * close) break; /* the crossing lies at most that far before */
        }
    }
    return high;
}

/* What to multiply a step by: by the method's order, or, after two rejections of which the second
 * fell short of it (behind a jump, near a kink), by the order that they show. */
static double new_step(double h, double error, double h_before, double error_before)
{
    double order = 4.0;
    if (error > 1.0 && isfinite(error) && isfinite(error_before) && error < error_before)
        order = fmin(order, fmax(0.5, log(error_before / error) / log(h_before / h)));
    double factor = 0.9 * pow(fmax(error, 1e-10), -1.0 / order);
    return fmin(6.0, fmax(0.1, factor));
}

/* Accept z_new at t, or at the event before it; `next`: the model linearised at t, if known. */
static Outcome accept(
    Instance *instance, Point *at, const Point *next, double h, double t, double *z_new)
{
    State *state = &instance->state;
    double guards[SIZE(N_GUARDS)];
    int due = N_GUARDS;
    if (N_GUARDS > 0) {
        evaluate_guards(state, t, z_new, guards);
        due = first_due(guards);
    }
    if (due == N_GUARDS) {
        *at = *next;
    } else {
        state->culprit = due;
        double located = -1.0;
        if (!isnan(guards[due])) located = locate(state, at, next, h, z_new, guards);
        if (located < 0.0) return GUARD_NOT_FINITE;
        if (located < h) t = state->value[0] + located;
        evaluate_guards(state, t, z_new, guards);
        due = first_due(guards);
        at->known = false;
    }
    state->value[0] = t;
    memcpy(state->value + FIRST_UNKNOWN, z_new, N * sizeof(double));
    if (due == N_GUARDS) return REACHED;
    if (!solve_algebraics(state, t, state->value + FIRST_UNKNOWN)) return NO_ALGEBRAIC_SOLUTION;
    /* due by location: fired even where the algebraic correction moved the guard back to zero */
    bool stop = GUARD_STOPS[due];
    Outcome outcome = fire(instance, due);
    if (outcome == REACHED) outcome = settle(instance, &stop);
    return outcome == REACHED && stop && instance->early_return_allowed ? STOPPED : outcome;
}

/* Go to `end` from the state's own time; the state is undefined after a failure. */
Outcome integrate(Instance *instance, double end)
{
    State *state = &instance->state;
    double z_new[SIZE(N)];
    Point at = {.known = false}, next = {.known = false};
    int rejected = 0;
    double h_rejected = 0.0, error_rejected = INFINITY;
    for (int count = 0; state->value[0] < end; count++) {
        const double t = state->value[0], span = end - t;
        if (count == MAX_STEPS) return TOO_MANY_STEPS;
        const double *z = state->value + FIRST_UNKNOWN;
        if (N_STATES > 0 && !at.known && !linearise(state, t, z, &at)) return NOT_FINITE;
        if (state->jumped || !(state->step > 0.0)) state->step = careful_step(state, &at, span);
        state->jumped = 0;
        bool last = N_STATES == 0 || state->step * 1.0001 >= span;
        double h = last ? span : state->step;
        if (!last && 2.0 * h > span) h = 0.5 * span; /* leaves no sliver */
        double error = take_step(state, &at, h, z_new);
        next.known = false;
        if (error <= 1.0) {
            /* the next step wants the model linearised where this one ends: that tries it, too */
            bool good = last ? usable(state, end, z_new) : linearise(state, t + h, z_new, &next);
            if (!good) error = INFINITY;
        }
        double factor = new_step(h, error, h_rejected, error_rejected);
        h_rejected = h, error_rejected = error > 1.0 ? error : INFINITY;
        if (error <= 1.0) {
            if (rejected) factor = fmin(factor, 1.0);
            rejected = 0;
            if (!last || factor * h > state->step || factor < 1.0) state->step = factor * h;
            Outcome outcome = accept(instance, &at, &next, h, last ? end : t + h, z_new);
            if (outcome != REACHED) return outcome;
            continue;
        }
        if (N_STATES == 0) return NO_ALGEBRAIC_SOLUTION;
        rejected++;
        bool left_branch = false;
        /* near a kink the drift off the constraint does not shrink with h: solve it again */
        if (N_ALGEBRAICS > 0 && rejected > 1) {
            double *a = state->value + FIRST_ALGEBRAIC, old[SIZE(N_ALGEBRAICS)];
            memcpy(old, a, N_ALGEBRAICS * sizeof(double));
            if (!solve_algebraics(state, t, state->value + FIRST_UNKNOWN))
                return NO_ALGEBRAIC_SOLUTION;
            for (int i = 0; i < N_ALGEBRAICS; i++)
                if (fabs(a[i] - old[i]) > 0.01 * (NOMINAL[N_STATES + i] + fabs(old[i])))
                    left_branch = true;
            at.known = false;
        }
        state->step = factor * h;
        if (left_branch) { /* the step that led to the fold says nothing of this branch */
            state->step = 0.0;
            rejected = 0;
        } else if (state->step < 8.0 * DBL_EPSILON * fmax(fabs(t), span)) {
            if (!beyond_fold(state, t, state->value + FIRST_UNKNOWN)) return STEP_TOO_SMALL;
            at.known = false;
            state->step = 0.0;
            rejected = 0;
        }
    }
    return REACHED;
}
