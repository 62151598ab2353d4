/* Dense LU with partial pivoting, by columns. Inline: with n known to the compiler loops unroll.
 *
 * By columns the inner loops run over neighbours that do not wait for one another. */
#pragma once
#include <math.h>
#include <stdbool.h>

#include "model_tables.h"

/* Loops over triangles have another length each time, which no processor predicts. */
#if N_CORE <= 32
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL
#endif

/* Factorise the column-major n x n matrix in place, with the pivots' reciprocals on the diagonal;
 * false when it is singular or not finite. */
static inline bool factorise(double *a, int *pivot, int n)
{
    for (int k = 0; k < n; k++) {
        double *column = a + k * n;
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(column[i]) > fabs(column[best])) best = i;
        pivot[k] = best;
        double largest = fabs(column[best]);
        if (!(largest > 0.0) || !isfinite(largest)) return false;
        if (best != k)
            for (int j = 0; j < n; j++) {
                double swapped = a[j * n + k];
                a[j * n + k] = a[j * n + best];
                a[j * n + best] = swapped;
            }
        column[k] = 1.0 / column[k];
        for (int i = k + 1; i < n; i++) column[i] *= column[k];
        for (int j = k + 1; j < n; j++) {
            double factor = a[j * n + k];
            if (factor != 0.0)
                for (int i = k + 1; i < n; i++) a[j * n + i] -= factor * column[i];
        }
    }
    return true;
}

/* Replace b by the solution of the factorised system. */
static inline void solve(const double *a, const int *pivot, double *restrict b, int n)
{
    for (int k = 0; k < n; k++) {
        double swapped = b[pivot[k]];
        b[pivot[k]] = b[k];
        b[k] = swapped;
    }
    UNROLL
    for (int j = 0; j < n; j++) {
        UNROLL
        for (int i = j + 1; i < n; i++) b[i] -= a[j * n + i] * b[j];
    }
    UNROLL
    for (int j = n - 1; j >= 0; j--) {
        b[j] *= a[j * n + j];
        UNROLL
        for (int i = 0; i < j; i++) b[i] -= a[j * n + i] * b[j];
    }
}
