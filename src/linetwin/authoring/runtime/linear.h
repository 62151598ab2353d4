/* Dense LU with partial pivoting. Inline: with n known to the compiler the loops unroll. */
#pragma once
#include <math.h>
#include <stdbool.h>

/* Factorise the row-major n x n matrix in place; false when it is singular or not finite. */
static inline bool factorise(double *a, int *pivot, int n)
{
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        pivot[k] = best;
        double largest = fabs(a[best * n + k]);
        if (!(largest > 0.0) || !isfinite(largest)) return false;
        if (best != k)
            for (int j = 0; j < n; j++) {
                double swapped = a[k * n + j];
                a[k * n + j] = a[best * n + j];
                a[best * n + j] = swapped;
            }
        double inverse = 1.0 / a[k * n + k];
        for (int i = k + 1; i < n; i++) {
            double factor = a[i * n + k] *= inverse;
            if (factor != 0.0)
                for (int j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
        }
    }
    return true;
}

/* Replace b by the solution of the factorised system. */
static inline void solve(const double *a, const int *pivot, double *b, int n)
{
    for (int k = 0; k < n; k++) {
        double swapped = b[pivot[k]];
        b[pivot[k]] = b[k];
        b[k] = swapped;
    }
    for (int i = 1; i < n; i++)
        for (int j = 0; j < i; j++) b[i] -= a[i * n + j] * b[j];
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) b[i] -= a[i * n + j] * b[j];
        b[i] /= a[i * n + i];
    }
}
