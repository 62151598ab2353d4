/* What a group costs at least: the same FMI calls, the same values carried, nothing checked.
 *
 * A ring of FMUs of one kind, Jacobi: each takes what the one before it gives. */
#include "group.h"

typedef struct {
    void *const *handles;
    const uint64_t *sources; /* of each FMU the one whose output it takes */
    uint64_t count;
    void (*set)(void);
    void (*get)(void);
    void (*step)(void);
    uint32_t input;
    uint32_t output;
    double *inputs;
    double *outputs;
    double length;
    int64_t steps; /* done so far */
} Ring;

EXPORTED void bare_ring2(Ring *ring, int64_t steps)
{
    Access2 *set = (Access2 *)ring->set, *get = (Access2 *)ring->get;
    fmi2DoStepTYPE *step = (fmi2DoStepTYPE *)ring->step;
    for (int64_t end = ring->steps + steps; ring->steps < end; ring->steps++) {
        double now = (double)ring->steps * ring->length;
        for (uint64_t one = 0; one < ring->count; one++) {
            ring->inputs[one] = ring->outputs[ring->sources[one]];
            set(ring->handles[one], &ring->input, 1, &ring->inputs[one]);
        }
        for (uint64_t one = 0; one < ring->count; one++) {
            step(ring->handles[one], now, ring->length, fmi2False);
            get(ring->handles[one], &ring->output, 1, &ring->outputs[one]);
        }
    }
}

EXPORTED void bare_ring3(Ring *ring, int64_t steps)
{
    Access3 *set = (Access3 *)ring->set, *get = (Access3 *)ring->get;
    fmi3DoStepTYPE *step = (fmi3DoStepTYPE *)ring->step;
    for (int64_t end = ring->steps + steps; ring->steps < end; ring->steps++) {
        double now = (double)ring->steps * ring->length;
        for (uint64_t one = 0; one < ring->count; one++) {
            ring->inputs[one] = ring->outputs[ring->sources[one]];
            set(ring->handles[one], &ring->input, 1, &ring->inputs[one], 1);
        }
        for (uint64_t one = 0; one < ring->count; one++) {
            bool event, terminate, early;
            double last;
            step(ring->handles[one], now, ring->length, false, &event, &terminate, &early, &last);
            get(ring->handles[one], &ring->output, 1, &ring->outputs[one], 1);
        }
    }
}
