/* Many instances, once each. */
#include "touch.h"

static bool exchange(Touch *self, TouchCall call, Blocks table)
{
    for (size_t index = 0; index < table.count; index++) {
        const Block *block = &table.blocks[index];
        self->status = self->version == 2
            ? ((Access2 *)block->access)(
                  self->handle, block->references, block->count, block->values)
            : ((Access3 *)block->access)(
                  self->handle, block->references, block->count, block->values, block->size);
        if (self->status > WARNING) {
            self->call = call;
            self->block = index;
            return false;
        }
    }
    return true;
}

static bool step(Touch *self)
{
    fmi3Boolean event = false, terminate = false, early = false;
    self->reached = self->time;
    self->status = self->version == 2
        ? (int)((fmi2DoStepTYPE *)self->step)(self->handle, self->time, self->length, fmi2False)
        : (int)((fmi3DoStepTYPE *)self->step)(
              self->handle, self->time, self->length, false, &event, &terminate, &early,
              &self->reached);
    if (self->status > WARNING) {
        self->call = TOUCH_STEP;
        return false;
    }
    if (early || terminate) {
        if (!early) self->reached = self->time + self->length;
        self->terminated = terminate;
        self->call = TOUCH_EARLY;
        return false;
    }
    return true;
}

/* Touch instances `begin` to `count` (without it); return how far that went, `count` where all is
 * well. `at` is where it is meanwhile, for whoever watches. */
EXPORTED uint64_t linetwin_touch(
    Touch touches[], uint64_t begin, uint64_t count, volatile uint64_t *at)
{
    for (uint64_t index = begin; index < count; index++) {
        Touch *self = &touches[index];
        *at = index;
        self->call = TOUCHED;
        if (self->length > 0.0 && !step(self)) return index;
        if (!exchange(self, TOUCH_INPUTS, self->inputs)) return index;
        if (!exchange(self, TOUCH_OUTPUTS, self->outputs)) return index;
    }
    return count;
}
