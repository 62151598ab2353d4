/* Where a predictor may be asked, and how wide its interval is: predictors/domain.py, by rows. */
#include <math.h>

#include "runtime.h"

/* The least square of the distance to a point; none is sought below `enough`. Points are given
 * up as soon as they are farther than another one. */
static double nearest(const Tables *t, const double *scaled, double enough)
{
    const uint32_t wide = t->header.features;
    const double *point = t->points;
    double least = INFINITY;
    for (uint32_t i = 0; i < t->header.points && least > enough; i++, point += wide) {
        double square = 0.0;
        uint32_t k = 0;
        for (; k + 4 <= wide && square < least; k += 4) {
            const double *a = scaled + k, *b = point + k;
            square += ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]))
                + ((a[2] - b[2]) * (a[2] - b[2]) + (a[3] - b[3]) * (a[3] - b[3]));
        }
        for (; k < wide && square < least; k++)
            square += (scaled[k] - point[k]) * (scaled[k] - point[k]);
        if (square < least) least = square;
    }
    return least;
}

static Domain judge(const Tables *t, const double *features, double *widened)
{
    const Header *h = &t->header;
    double scaled[MOST_FEATURES], excess = 0.0;
    for (uint32_t k = 0; k < h->features; k++) {
        const int32_t own = t->order[k];
        scaled[k] = (features[own] - t->low[own]) / (t->high[own] - t->low[own]);
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
