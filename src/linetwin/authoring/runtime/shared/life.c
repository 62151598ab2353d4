/* What entering and leaving initialization mean for any instance. */
#include <math.h>

#include "runtime.h"

Status begin_at(Instance *instance, double start_time)
{
    if (!isfinite(start_time)) {
        tell(instance, STATUS_ERROR, "start time is not finite");
        return STATUS_ERROR;
    }
    instance->state.value[0] = start_time;
    instance->state.life = INITIALIZATION;
    return STATUS_OK;
}

Status exit_initialization(Instance *instance)
{
    Status status = refresh(instance);
    if (status == STATUS_OK) instance->state.life = STEP_MODE;
    return status;
}
