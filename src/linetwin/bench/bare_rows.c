/* What a row loop of FMI 3.0 costs at least: the same calls in the same order, nothing checked. */
#include "kernel.h"

static void exchange(void *instance, Blocks table, size_t row)
{
    for (size_t index = 0; index < table.count; index++) {
        const Block *block = &table.blocks[index];
        ((Access3 *)block->access)(instance, block->references, block->count,
            block->values + row * block->stride, block->size);
    }
}

EXPORTED int32_t bare_rows(
    const Runner *self, const Phase *const phases[], size_t count, size_t begin, size_t end)
{
    const Functions3 *fmi = &self->fmi3;
    void *instance = self->handle;
    for (size_t row = begin; row < end; row++) {
        fmi->reset(instance);
        exchange(instance, self->constants, 0);
        exchange(instance, phases[0]->inputs, row);
        fmi->enter(instance, self->tolerance_given, self->tolerance, 0.0, false, 0.0);
        fmi->leave(instance);
        double at = 0.0;
        for (size_t index = 0; index < count; index++) {
            const Phase *phase = phases[index];
            if (index) exchange(instance, phase->inputs, row);
            double length = phase->lengths[row];
            if (length > 0.0) {
                bool event, terminate, early;
                double last;
                fmi->step(instance, at, length, false, &event, &terminate, &early, &last);
                at = early ? last : at + length;
            }
            exchange(instance, phase->outputs, row);
        }
    }
    return true;
}
