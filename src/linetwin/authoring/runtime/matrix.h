/* The linear systems of a step: 1 / (h gamma) - df/dz for what is coupled, counters afterwards.
 *
 * Inline, with all places known to the compiler. */
#pragma once
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "linear.h"
#include "model_elimination.h"
#include "runtime.h"

enum { N = N_UNKNOWNS };

static const double GAMMA = 0.25;     /* of the method */
static const double ACCURATE = 1e-10; /* a linear system, in parts of its terms */

typedef struct {
    double f[SIZE(N)], f_t[SIZE(N)], jacobian[SIZE(N_NONZEROS)];
    bool known;
} Point; /* the model linearised at one time and its unknowns */

#if N_STATES > 0

/* The matrix of a step, factorised in the model's own order; densely where that is inaccurate. */
typedef struct {
    double factors[SIZE(N_FACTORS)];
    double dense[SIZE(N_CORE * N_CORE)];
    int pivot[SIZE(N_CORE)];
    bool sparse;
} Matrix;

static void set_dense(const Point *at, double h, double *matrix)
{
    memset(matrix, 0, N_CORE * N_CORE * sizeof *matrix);
    for (int k = 0; k < N_NONZEROS; k++)
        if (CORE_PLACE[JACOBIAN_ROW[k]] >= 0)
            matrix[CORE_PLACE[JACOBIAN_COLUMN[k]] * N_CORE + CORE_PLACE[JACOBIAN_ROW[k]]]
                = -at->jacobian[k];
    for (int i = 0; i < N_CORE && CORE[i] < N_STATES; i++)
        matrix[i * N_CORE + i] += 1.0 / (h * GAMMA);
}

/* Whether the factors solve a system of about the right size: each row's residual is small beside
 * its terms, in whatever units (Oettli, Prager, Numerische Mathematik 6 (1964) 405). */
static bool accurate(const Point *at, double h, const double *factors)
{
    double x[N], residual[N], size[N];
    for (int i = 0; i < N; i++) x[i] = residual[i] = at->f[i] + NOMINAL[i] / h;
    for (int i = 0; i < N; i++) size[i] = fabs(residual[i]);
    substitute(factors, x);
    UNROLL
    for (int k = 0; k < N_NONZEROS; k++) {
        if (FACTOR_PLACE[k] < 0) continue;
        double term = at->jacobian[k] * x[JACOBIAN_COLUMN[k]];
        residual[JACOBIAN_ROW[k]] += term;
        size[JACOBIAN_ROW[k]] += fabs(term);
    }
    bool good = true;
    UNROLL
    for (int i = 0; i < N_CORE; i++) {
        double term = CORE[i] < N_STATES ? x[CORE[i]] / (h * GAMMA) : 0.0;
        double left = fabs(residual[CORE[i]] - term);
        good &= left <= ACCURATE * (size[CORE[i]] + fabs(term)); /* not so where it is no number */
    }
    return good;
}

/* False when the matrix is singular or not finite. */
static bool set_matrix(const Point *at, double h, Matrix *matrix)
{
    memset(matrix->factors, 0, N_FACTORS * sizeof(double));
    UNROLL
    for (int k = 0; k < N_NONZEROS; k++)
        if (FACTOR_PLACE[k] >= 0) matrix->factors[FACTOR_PLACE[k]] = -at->jacobian[k];
    UNROLL
    for (int i = 0; i < N_CORE && CORE[i] < N_STATES; i++)
        if (FACTOR_DIAGONAL[i] >= 0) matrix->factors[FACTOR_DIAGONAL[i]] += 1.0 / (h * GAMMA);
    eliminate(matrix->factors);
    matrix->sparse = N_FACTORS > 0 && accurate(at, h, matrix->factors);
    if (matrix->sparse) return true;
    set_dense(at, h, matrix->dense);
    return factorise(matrix->dense, matrix->pivot, N_CORE);
}

/* Replace b by the solution: first of what is coupled, then of the counters, which nothing asks. */
static void solve_stage(const Point *at, double h, const Matrix *matrix, double *b)
{
    if (matrix->sparse) {
        substitute(matrix->factors, b);
    } else {
        double core[SIZE(N_CORE)];
        for (int i = 0; i < N_CORE; i++) core[i] = b[CORE[i]];
        solve(matrix->dense, matrix->pivot, core, N_CORE);
        for (int i = 0; i < N_CORE; i++) b[CORE[i]] = core[i];
    }
    UNROLL
    for (int n = 0; n < N_COUNTED; n++) {
        int k = COUNTED_NONZERO[n];
        b[JACOBIAN_ROW[k]] += at->jacobian[k] * b[JACOBIAN_COLUMN[k]];
    }
    UNROLL
    for (int i = 0; i < N_STATES; i++)
        if (CORE_PLACE[i] < 0) b[i] *= h * GAMMA;
}

#endif
