/* Where a predictor may be asked, and how wide its interval is: predictors/domain.py, by rows. */
#include <math.h>

#include "runtime.h"

/* The square of the distance, or a part of it that is not below `least`. */
static double apart(const double *a, const double *b, uint32_t wide, double least)
{
    double square = 0.0;
    uint32_t k = 0;
    for (; k + 4 <= wide && square < least; k += 4) {
        const double d0 = a[k] - b[k], d1 = a[k + 1] - b[k + 1];
        const double d2 = a[k + 2] - b[k + 2], d3 = a[k + 3] - b[k + 3];
        square += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
    for (; k < wide && square < least; k++) square += (a[k] - b[k]) * (a[k] - b[k]);
    return square;
}

/* The least square of the distance to a point; none is sought below `enough`.
 *
 * Along some directions points are never farther apart than in all: a point whose shadow is too
 * far need not be looked at. */
static double nearest(const Tables *t, const double *scaled, double enough)
{
    static const double ROUNDING = 1.0 - 1e-6;
    const uint32_t wide = t->header.features, along = axes_of(&t->header);
    double own[AXES] = {0.0}, least = INFINITY;
    for (uint32_t i = 0; i < along; i++)
        for (uint32_t k = 0; k < wide; k++) own[i] += t->axes[i * wide + k] * scaled[k];
    for (uint32_t i = 0; i < t->header.points && least > enough; i++) {
        if (along && apart(own, t->shadows + (size_t)i * AXES, AXES, least) * ROUNDING >= least)
            continue;
        const double square = apart(scaled, t->points + (size_t)i * wide, wide, least);
        if (square < least) least = square;
    }
    return least;
}

static Domain judge(const Tables *t, const double *features, double *widened)
{
    const Header *h = &t->header;
    double scaled[MOST_FEATURES], excess = 0.0;
    for (uint32_t k = 0; k < h->features; k++) {
        scaled[k] = (features[k] - t->low[k]) / (t->high[k] - t->low[k]);
        excess = fmax(excess, fmax(-scaled[k], scaled[k] - 1.0));
    }
    if (excess < h->rounding) excess = 0.0;
    const double least = nearest(t, scaled, h->reach * h->reach);
    const double away = fmax(sqrt(least) / h->reach, 1.0);
    *widened = away + excess / h->overhang;
    if (excess > h->overhang * (1.0 + h->rounding) || away > h->farthest * (1.0 + h->rounding))
        return OUTSIDE;
    if (excess > 0.0 || away > 1.0 + h->rounding) return NEAR;
    *widened = 1.0;
    return INSIDE;
}

/* What stands for a number of the target's scale. */
static double back(const Header *h, double linked)
{
    switch (h->link) {
    case LOGARITHM: return exp(fmin(fmax(linked, -700.0), 700.0));
    /* exact at both ends: tanh saturates at 1, never above */
    case LOGIT: return h->link_low + (h->link_high - h->link_low) * 0.5 * (1.0 + tanh(0.5 * linked));
    default: return linked;
    }
}

bool predict(const Tables *t, State *state)
{
    const double *features = state->value + 1;
    double *found = state->result;
    found[VALUE] = found[LOW] = found[HIGH] = NAN;
    state->domain = judge(t, features, found + WIDENED);
    if (state->domain == OUTSIDE) return true;
    for (uint32_t k = 0; k < t->header.features; k++)
        t->values[k] = t->logged[k] ? log(features[k]) : features[k];
    const double linked = evaluate(t);
    if (!isfinite(linked)) return false;
    uint32_t region = 0;
    while (region + 1 < t->header.regions && t->edges[region] < linked) region++;
    const double half = t->half_widths[region] * found[WIDENED];
    found[VALUE] = back(&t->header, linked);
    found[LOW] = back(&t->header, linked - half);
    found[HIGH] = back(&t->header, linked + half);
    return isfinite(found[VALUE]) && isfinite(found[LOW]) && isfinite(found[HIGH]);
}
