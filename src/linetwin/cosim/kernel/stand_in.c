/* What a regime of a stand-in makes of items, some of them at once.
 *
 * The line asks for ten items between thousands of other things, so the weights are read once, in
 * the order in which they lie. Sums go in one order and nothing is fused, so that the bits do not
 * depend on how wide the processor's vectors are. */
#include "stand_in.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define ALIKE 1e-9 /* as in ../../predictors/stand_in_asking.py */
#define WIDTH 4    /* items of one vector */
#define PARTS 4    /* vectors of a chunk */
#define ITEMS (WIDTH * PARTS)
#define TERMS 32 /* terms that are made before they are summed up */
#define UNKNOWN -1
#define INLINE static inline __attribute__((always_inline))

typedef double Lanes __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
typedef int64_t Bits __attribute__((vector_size(8 * WIDTH), aligned(8)));

#define ALL(value) ((Lanes){(value), (value), (value), (value)})
#define ALL_BITS(value) ((Bits){(value), (value), (value), (value)})

/* e to the power of values between -708 and 709, in place. */
INLINE void exponential(Lanes *values)
{
    const double magic = 0x1.8p52; /* adding it rounds to a whole number, in the lowest bits */
    Lanes shifted = *values * ALL(0x1.71547652b82fep+0) + ALL(magic);
    Lanes number = shifted - ALL(magic);
    Lanes rest = *values - number * ALL(0x1.62e42feep-1) - number * ALL(0x1.a39ef35793c76p-33);
    /* Taylor's series: the first term that is left out is below 4e-18. Pairs of terms, then pairs
     * of pairs: a sum of one term after the other would make the processor wait */
    const Lanes square = rest * rest, fourth = square * square;
#define PAIR(low, high) (ALL(1.0 / (low)) + rest * ALL(1.0 / (high)))
    const Lanes last = PAIR(479001600.0, 6227020800.0);
    const Lanes third = PAIR(40320.0, 362880.0) + square * PAIR(3628800.0, 39916800.0);
    const Lanes second = PAIR(24.0, 120.0) + square * PAIR(720.0, 5040.0);
    const Lanes first = PAIR(1.0, 1.0) + square * PAIR(2.0, 6.0);
#undef PAIR
    const Lanes sum = (first + fourth * second) + (fourth * fourth) * (third + fourth * last);
    Bits power = ((Bits)shifted << ALL_BITS(52)) + ALL_BITS(0x3ff0000000000000);
    *values = sum * (Lanes)power;
}

/* The hyperbolic tangent of any numbers, in place; 1 and -1 at the ends. */
INLINE void bend(Lanes *values)
{
    const Bits sign = (Bits)*values & ALL_BITS(INT64_MIN);
    Lanes size = (Lanes)((Bits)*values & ALL_BITS(INT64_MAX));
    const Bits far = size > ALL(20.0); /* where it is 1 as far as doubles go */
    size = (Lanes)(((Bits)size & ~far) | ((Bits)ALL(20.0) & far)) * ALL(2.0);
    exponential(&size);
    Lanes found = ALL(1.0) - ALL(2.0) / (size + ALL(1.0));
    *values = (Lanes)((Bits)found | sign);
}

/* Add some terms' shares to two outputs; `terms`: shape (count, parts). */
INLINE void add(const double *const shares[2], const Lanes *terms, size_t count,
                Lanes *const sums[2], const size_t parts)
{
    Lanes one[PARTS], other[PARTS];
    for (size_t part = 0; part < parts; part++) {
        one[part] = sums[0][part];
        other[part] = sums[1][part];
    }
    for (size_t at = 0; at < count; at++, terms += parts) {
        const Lanes own = ALL(shares[0][at]), next = ALL(shares[1][at]);
        for (size_t part = 0; part < parts; part++) {
            one[part] += own * terms[part];
            other[part] += next * terms[part];
        }
    }
    for (size_t part = 0; part < parts; part++) {
        sums[0][part] = one[part];
        sums[1][part] = other[part];
    }
}

/* Add terms, from the one of number `begin` on, to all outputs. */
INLINE void add_all(const Regime *self, size_t begin, const Lanes *terms, size_t count,
                    Lanes *sums, const size_t parts)
{
    const double *shares = self->coefficients + begin;
    Lanes nowhere[PARTS] = {ALL(0.0)};
    for (size_t output = 0; output < self->learnt_count; output += 2) {
        const bool paired = output + 1 < self->learnt_count;
        const double *row = shares + output * self->term_count;
        const double *const rows[2] = {row, paired ? row + self->term_count : row};
        Lanes *sum = sums + output * PARTS;
        Lanes *const both[2] = {sum, paired ? sum + PARTS : nowhere};
        add(rows, terms, count, both, parts);
    }
}

/* Make the learnt outputs of a chunk, on their scales, of its standardised variables. */
INLINE void sum_up(const Regime *self, const Lanes *own, Lanes *sums, const size_t parts)
{
    const size_t variables = self->variable_count;
    const double *weights = self->bends;
    Lanes terms[TERMS * PARTS];
    size_t begin = 0, count = 0;
    for (size_t output = 0; output < self->learnt_count * PARTS; output++) sums[output] = ALL(0.0);
/* Room for a term, behind those that wait to be summed up. */
#define NEXT (terms + count++ * parts)
#define SUM_UP_FROM(most)                                                                      \
    if (count > (most)) {                                                                      \
        add_all(self, begin, terms, count, sums, parts);                                       \
        begin += count;                                                                        \
        count = 0;                                                                             \
    }
    Lanes *term = NEXT;
    for (size_t part = 0; part < parts; part++) term[part] = ALL(1.0);
    for (size_t at = 0; at < variables; at++) {
        SUM_UP_FROM(TERMS - 1)
        term = NEXT;
        for (size_t part = 0; part < parts; part++) term[part] = own[at * PARTS + part];
    }
    for (size_t one = 0; self->quadratic && one < variables; one++)
        for (size_t other = one; other < variables; other++) {
            SUM_UP_FROM(TERMS - 1)
            term = NEXT;
            for (size_t part = 0; part < parts; part++)
                term[part] = own[one * PARTS + part] * own[other * PARTS + part];
        }
    SUM_UP_FROM(0)
    for (size_t done = 0; done < self->bend_count; done += TERMS) {
        for (; count < TERMS && done + count < self->bend_count; weights += 1 + variables) {
            term = NEXT;
            for (size_t part = 0; part < parts; part++) term[part] = ALL(weights[0]);
            for (size_t of = 0; of < variables; of++)
                for (size_t part = 0; part < parts; part++)
                    term[part] += ALL(weights[1 + of]) * own[of * PARTS + part];
        }
        for (size_t at = 0; at < count * parts; at++) bend(&terms[at]);
        SUM_UP_FROM(0)
    }
#undef NEXT
#undef SUM_UP_FROM
}

/* Bring an output of a chunk from its scale to its quantity, in place. */
INLINE void unscale(const Output *output, Lanes *values, size_t parts)
{
    for (size_t part = 0; part < parts; part++) {
        if (output->scale == LOG) {
            Lanes own = values[part];
            const Bits low = own < ALL(-700.0), high = own > ALL(700.0);
            own = (Lanes)(((Bits)own & ~low) | ((Bits)ALL(-700.0) & low));
            values[part] = (Lanes)(((Bits)own & ~high) | ((Bits)ALL(700.0) & high));
            exponential(&values[part]);
        } else if (output->scale == LOGIT) {
            values[part] *= ALL(0.5);
            bend(&values[part]);
            const double span = (output->high - output->low) * 0.5;
            values[part] = ALL(output->low) + ALL(span) * (ALL(1.0) + values[part]);
        }
        const Bits small = values[part] < ALL(output->least);
        values[part] = (Lanes)(((Bits)values[part] & ~small) | ((Bits)ALL(output->least) & small));
    }
}

/* Make the learnt outputs of all items; return the first whose interval is too wide, if any is,
 * else how many there are. */
INLINE size_t make(const Regime *self, size_t rows, int region)
{
    size_t first = self->learnt_count;
    const double *chunk = self->room + self->learnt_count * ITEMS;
    for (size_t begin = 0; begin < rows; begin += ITEMS, chunk += self->variable_count * ITEMS) {
        const size_t count = rows - begin < ITEMS ? rows - begin : ITEMS;
        const size_t parts = (count + WIDTH - 1) / WIDTH;
        const Lanes *own = (const Lanes *)chunk;
        Lanes *sums = (Lanes *)self->room;
        switch (parts) { /* a number that the compiler knows stays in registers */
        case 1: sum_up(self, own, sums, 1); break;
        case 2: sum_up(self, own, sums, 2); break;
        case 3: sum_up(self, own, sums, 3); break;
        default: sum_up(self, own, sums, PARTS);
        }
        double *values = self->room;
        for (size_t output = 0; output < self->learnt_count; output++, values += ITEMS) {
            const Output *of = &self->learnt[output];
            const double low = of->narrow_low[region], high = of->narrow_high[region];
            for (size_t item = 0; item < count && output < first; item++)
                if (!(values[item] <= low || values[item] >= high)) first = output;
            unscale(of, (Lanes *)values, parts);
            memcpy(self->made + output * rows + begin, values, count * sizeof *values);
        }
    }
    return first;
}

typedef size_t Make(const Regime *, size_t, int);

static size_t make_anywhere(const Regime *self, size_t rows, int region)
{
    return make(self, rows, region);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t make_avx2(
    const Regime *self, size_t rows, int region)
{
    return make(self, rows, region);
}

/* Whether processor and system keep vectors of four doubles. */
static bool has_avx2(void)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}
#endif

static Make *best(void)
{
#if defined(__x86_64__)
    static int wide = -1;
    if (wide < 0) wide = has_avx2();
    if (wide) return make_avx2;
#endif
    return make_anywhere;
}

static inline bool between(double value, double low, double high)
{
    return value >= low && value <= high;
}

/* Whether all values of a row lie between two ends. */
static bool all_between(const double *values, size_t rows, double low, double high)
{
    bool good = true;
    for (size_t row = 0; row < rows; row++) good &= between(values[row], low, high);
    return good;
}

/* Whether all items meet all that is asked. */
static bool known(const Regime *self, size_t rows)
{
    const double *values = self->given;
    for (size_t at = 0; at < self->variable_count; at++, values += rows)
        if (!all_between(values, rows, self->variables[at].low, self->variables[at].high))
            return false;
    for (size_t at = 0; at < self->condition_count; at++, values += rows)
        if (!all_between(values, rows, self->conditions[at].low, self->conditions[at].high))
            return false;
    for (size_t at = 0; at < self->tie_count; at++, values += rows) {
        const double *base = self->given + self->ties[at].variable * rows;
        for (size_t row = 0; row < rows; row++) {
            double wanted = self->ties[at].factor * base[row];
            if (!(fabs(values[row] - wanted) <= ALIKE * fabs(wanted))) return false;
        }
    }
    return true;
}

/* Put a chunk's variables on their scales. */
static void rescale(const Regime *self, double *chunk, size_t begin, size_t count, size_t rows)
{
    for (size_t at = 0; at < self->variable_count; at++, chunk += ITEMS) {
        const Variable *own = &self->variables[at];
        memcpy(chunk, self->given + at * rows + begin, count * sizeof *chunk);
        for (size_t item = 0; item < count && own->scale != IDENTITY; item++) {
            double value = fmax(chunk[item], own->least);
            chunk[item] = own->scale == LOG ? log(value) : 1.0 / value;
        }
        for (size_t item = count; item < ITEMS; item++) chunk[item] = own->centre;
    }
}

/* Whether all items of a chunk lie where the line's do. */
static bool in_cloud(const Regime *self, const double *chunk, size_t count)
{
    const double *axes = self->axes;
    for (size_t axis = 0; axis < self->axis_count; axis++, axes += self->variable_count)
        for (size_t item = 0; item < count; item++) {
            double sum = 0.0;
            for (size_t at = 0; at < self->variable_count; at++)
                sum += axes[at] * chunk[at * ITEMS + item];
            if (!between(sum, self->cloud[axis].low, self->cloud[axis].high)) return false;
        }
    return true;
}

static void standardise(const Regime *self, double *chunk)
{
    for (size_t at = 0; at < self->variable_count; at++)
        for (size_t item = 0; item < ITEMS; item++, chunk++)
            *chunk = (*chunk - self->variables[at].centre) * self->variables[at].factor;
}

/* Whether all items lie within the variables' inner ends. */
static bool within(const Regime *self, size_t rows)
{
    const double *values = self->given;
    for (size_t at = 0; at < self->variable_count; at++, values += rows) {
        const Variable *own = &self->variables[at];
        if (!all_between(values, rows, own->inner_low, own->inner_high)) return false;
    }
    return true;
}

/* Lay out the items of known calls; return the region of the one that lies farthest out. */
static int prepare(const Regime *self, size_t rows)
{
    bool central = true;
    double *chunk = self->room + self->learnt_count * ITEMS;
    for (size_t begin = 0; begin < rows; begin += ITEMS, chunk += self->variable_count * ITEMS) {
        const size_t count = rows - begin < ITEMS ? rows - begin : ITEMS;
        rescale(self, chunk, begin, count, rows);
        central = central && in_cloud(self, chunk, count);
        standardise(self, chunk);
    }
    return central ? 0 : within(self, rows) ? 1 : 2;
}

/* Make the outputs that were not learnt. */
static void make_others(const Regime *self, size_t rows)
{
    double *made = self->made + self->learnt_count * rows;
    for (size_t at = 0; at < self->constant_count; at++)
        for (size_t row = 0; row < rows; row++) *made++ = self->constants[at];
    for (size_t at = 0; at < self->copy_count; at++) {
        const double *value = self->given + self->copies[at].variable * rows;
        for (size_t row = 0; row < rows; row++) *made++ = self->copies[at].factor * value[row];
    }
}

/* Answer for items: UNKNOWN where one is not known, else 3 times the number of the first output
 * whose interval is too wide (of how many there are where none is), plus the region. */
EXPORTED int32_t linetwin_stand_in(const Regime *self, size_t rows)
{
    if (!known(self, rows)) return UNKNOWN;
    const int region = prepare(self, rows);
    const size_t first = best()(self, rows, region);
    make_others(self, rows);
    return (int32_t)(3 * first) + region;
}
