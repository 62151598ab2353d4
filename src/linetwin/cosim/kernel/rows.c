/* Items one after another, each through all its phases. */
#include "kernel.h"

#include <math.h>

#include "source.h"

#define ROUNDING 1e-9 /* relative slack of a whole number of steps, as in ../stepping.py */

EXPORTED const char *linetwin_kernel_source(void) { return SOURCE_HASH; }

bool failed(Runner *self, Call call, int status)
{
    self->failure.call = call;
    self->failure.status = status;
    return false;
}

/* Set the variables of a table to the values of a row, or read them into it. */
static bool exchange(Runner *self, Call call, Blocks table, size_t row)
{
    for (size_t index = 0; index < table.count; index++) {
        const Block *block = &table.blocks[index];
        void *values = block->values + row * block->stride;
        int status = self->version == 2
            ? ((Access2 *)block->access)(
                  self->handle, block->references, block->count, values)
            : ((Access3 *)block->access)(
                  self->handle, block->references, block->count, values, block->size);
        if (status > WARNING) {
            self->failure.block = index;
            return failed(self, call, status);
        }
    }
    return true;
}

/* Bring the instance to its beginning, with the parameters set. */
static bool restart(Runner *self)
{
    if (self->running) {
        int status = self->version == 2 ? (int)self->fmi2.reset(self->handle)
                                        : (int)self->fmi3.reset(self->handle);
        if (status > WARNING) return failed(self, RESET, status);
        self->resets++;
        self->time = 0.0;
        self->running = false;
    }
    return exchange(self, CONSTANTS, self->constants, 0);
}

static bool initialise(Runner *self)
{
    if (!(self->version == 2 ? initialise2(self) : initialise3(self))) return false;
    self->time = 0.0;
    self->running = true;
    return true;
}

static bool step(Runner *self, double time, double length, Reached *reached)
{
    self->time = time;
    self->failure.length = length;
    bool good = self->version == 2 ? step2(self, time, length, reached)
                                   : step3(self, time, length, reached);
    if (good) self->time = reached->time;
    return good;
}

/* Into how many equal steps a stretch is cut; 0 where that cannot be. */
static double steps_of(const Runner *self, double length)
{
    if (self->longest == 0.0) return 1.0;
    double steps = length / self->longest;
    double number = fmax(1.0, ceil(steps * (1.0 - ROUNDING)));
    if (!isfinite(number)) return 0.0;
    if (self->fixed && fabs(steps - number) > ROUNDING * number) return 0.0;
    return number;
}

/* Step from `start` to `end`; stop where the FMU ends a step early. */
static bool advance(Runner *self, double start, double end, Reached *reached)
{
    double length = end - start;
    double number = steps_of(self, length);
    if (number == 0.0) {
        self->failure.length = length;
        return failed(self, UNEVEN, 0);
    }
    if (number == 1.0) return step(self, start, length, reached);
    if (!step(self, start, length / number, reached)) return false;
    for (double index = 1.0; index < number; index++) {
        if (reached->early || reached->terminated) return true;
        double at = start + length * index / number;
        double next = start + length * (index + 1.0) / number;
        if (!step(self, at, next - at, reached)) return false;
    }
    return true;
}

static bool take(Runner *self, const Phase *const phases[], size_t count, size_t row)
{
    self->failure.phase = 0;
    if (!restart(self)) return false;
    if (!exchange(self, INPUTS, phases[0]->inputs, row) || !initialise(self)) return false;
    double at = 0.0;
    for (size_t index = 0; index < count; index++) {
        const Phase *phase = phases[index];
        self->failure.phase = index;
        if (index && !exchange(self, INPUTS, phase->inputs, row)) return false;
        double end = at + phase->lengths[row];
        if (end > at) { /* else it has no length, or one that the time cannot hold */
            Reached reached = {at, false, false};
            if (!advance(self, at, end, &reached)) return false;
            phase->taken[row] = reached.time - at;
            at = reached.time;
            if (reached.terminated && index + 1 < count) return failed(self, ENDED, 0);
        }
        if (!exchange(self, OUTPUTS, phase->outputs, row)) return false;
    }
    return true;
}

/* Take rows `begin` to `end` (without it) through all phases; false after a failure, which
 * `self->failure` describes: later rows were not touched. */
EXPORTED int32_t linetwin_rows(
    Runner *self, const Phase *const phases[], size_t count, size_t begin, size_t end)
{
    for (size_t row = begin; row < end; row++) {
        self->failure.row = row;
        if (!take(self, phases, count, row)) return false;
    }
    return true;
}
