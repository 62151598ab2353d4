/* Operations one after another; that they stay within their numbers was checked at loading. */
#include <math.h>
#include <string.h>

#include "tables.h"

/* One operation of two operands; the sizes were broadcast when the tables were made. */
#define EACH(result)                                                                           \
    for (int32_t i = 0; i < o->n[0]; i++)                                                      \
        for (int32_t j = 0; j < o->n[1]; j++)                                                  \
            for (int32_t k = 0; k < o->n[2]; k++) {                                            \
                double left = a[i * o->by[0] + j * o->by[1] + k * o->by[2]];                   \
                double right = b[i * o->by[3] + j * o->by[4] + k * o->by[5]];                  \
                *out++ = (result);                                                             \
            }                                                                                  \
    break

static void product(const Operation *o, const double *a, const double *b, double *out)
{
    const int32_t wide = o->n[2];
    memset(out, 0, sizeof(double) * (size_t)o->n[0] * (size_t)wide);
    for (int32_t i = 0; i < o->n[0]; i++, out += wide)
        for (int32_t k = 0; k < o->n[1]; k++) {
            const double factor = *a++;
            const double *row = b + (size_t)k * (size_t)wide;
            for (int32_t j = 0; j < wide; j++) out[j] += factor * row[j];
        }
}

static void sum(const Operation *o, const double *a, double *out)
{
    for (int32_t i = 0; i < o->n[0]; i++)
        for (int32_t k = 0; k < o->n[2]; k++) {
            const double *from = a + (size_t)i * (size_t)o->n[1] * (size_t)o->n[2] + k;
            double total = 0.0;
            for (int32_t j = 0; j < o->n[1]; j++) total += from[(size_t)j * (size_t)o->n[2]];
            out[(size_t)i * (size_t)o->n[2] + k] = total;
        }
}

static void bumps(const Operation *o, const double *a, const double *b, double *out)
{
    for (int32_t i = 0; i < o->n[0]; i++, b += o->n[1]) {
        double square = 0.0;
        for (int32_t k = 0; k < o->n[1]; k++) square += (a[k] - b[k]) * (a[k] - b[k]);
        out[i] = exp(-0.5 * square);
    }
}

static double trees(const Tables *t, const Operation *o, const double *a, const double *b)
{
    double total = 0.0;
    for (int32_t i = 0; i < o->n[0]; i++) {
        int32_t at = t->indices[o->n[1] + i];
        while (at >= 0)
            at = a[t->nodes[at].feature] <= t->nodes[at].split ? t->nodes[at].low
                                                               : t->nodes[at].high;
        total += b[-1 - at];
    }
    return total;
}

double evaluate(const Tables *t)
{
    double *values = t->values;
    for (uint32_t i = 0; i < t->header.operations; i++) {
        const Operation *o = t->operations + i;
        const double *a = values + o->a;
        const double *b = o->kind == PICK ? NULL : values + o->b; /* else an index */
        double *out = values + o->out;
        switch (o->kind) {
        case ADD: EACH(left + right);
        case SUBTRACT: EACH(left - right);
        case MULTIPLY: EACH(left * right);
        case DIVIDE: EACH(left / right);
        case EXPONENTIAL:
            for (int32_t k = 0; k < o->n[0]; k++) out[k] = exp(a[k]);
            break;
        case HYPERBOLIC_TANGENT:
            for (int32_t k = 0; k < o->n[0]; k++) out[k] = tanh(a[k]);
            break;
        case PRODUCT: product(o, a, b, out); break;
        case PICK:
            for (int32_t k = 0; k < o->n[0]; k++) out[k] = a[t->indices[o->b + k]];
            break;
        case SUM: sum(o, a, out); break;
        case BUMPS: bumps(o, a, b, out); break;
        default: *out = trees(t, o, a, b);
        }
    }
    return values[t->header.result];
}
