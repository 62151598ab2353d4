/* FMI 3.0 for co-simulation: checks of the life cycle, then the runtime. */
#include "fmi3Functions.h"

#include "runtime.h"

#define INITIALIZED (INITIALIZATION | STEP_MODE | TERMINATED)
#define SETTABLE (INSTANTIATED | INITIALIZATION | STEP_MODE)
#define ANY_STATE (INSTANTIATED | INITIALIZATION | STEP_MODE | TERMINATED)

static void emit(
    const Instance *instance, Status status, const char *category, const char *message)
{
    fmi3LogMessageCallback callback = (fmi3LogMessageCallback)instance->callback;
    callback(instance->environment, (fmi3Status)status, category, message);
}

static const char *life_name(int life)
{
    switch (life) {
    case INSTANTIATED: return "Instantiated";
    case INITIALIZATION: return "Initialization Mode";
    case STEP_MODE: return "Step Mode";
    default: return "Terminated";
    }
}

/* The instance, if the function may be called in its state; otherwise NULL and a message. */
static Instance *check(fmi3Instance pointer, int allowed, const char *function)
{
    Instance *instance = pointer;
    if (!instance) return NULL;
    if (instance->state.life & allowed) return instance;
    tell(instance, STATUS_ERROR, "%s must not be called in state %s", function,
        life_name(instance->state.life));
    return NULL;
}

#define CHECK(allowed)                                                                         \
    Instance *self = check(instance, allowed, __func__);                                       \
    if (!self) return fmi3Error
#define REQUIRE(condition)                                                                     \
    if (!(condition)) {                                                                        \
        tell(self, STATUS_ERROR, "%s: %s does not hold", __func__, #condition);                \
        return fmi3Error;                                                                      \
    }

const char *fmi3GetVersion(void) { return fmi3Version; }

fmi3Status fmi3SetDebugLogging(
    fmi3Instance instance, fmi3Boolean on, size_t n, const fmi3String categories[])
{
    CHECK(ANY_STATE);
    REQUIRE(n == 0 || categories);
    choose_messages(self, on, n, categories);
    return fmi3OK;
}

static void complain(fmi3LogMessageCallback callback, void *environment, const char *message)
{
    if (callback) callback(environment, fmi3Error, "logStatusError", message);
}

fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources,
    fmi3Boolean visible, fmi3Boolean logging, fmi3Boolean event_mode, fmi3Boolean early_return,
    const fmi3ValueReference required[], size_t n_required, fmi3InstanceEnvironment environment,
    fmi3LogMessageCallback log, fmi3IntermediateUpdateCallback update)
{
    (void)visible, (void)required, (void)update;
    const char *refusal = NULL;
    if (!name || !*name) refusal = "an instance needs a name";
    else if (event_mode) refusal = "event mode is not supported";
    else if (n_required) refusal = "intermediate variables are not supported";
    Instance *instance = refusal ? NULL : new_instance(token, resources, &refusal);
    if (!instance) {
        complain(log, environment, refusal);
        return NULL;
    }
    instance->early_return_allowed = early_return;
    instance->logging = logging;
    instance->environment = environment;
    instance->callback = (void (*)(void))log;
    instance->emit = emit;
    return instance;
}

void fmi3FreeInstance(fmi3Instance instance) { free(instance); }

fmi3Status fmi3EnterInitializationMode(fmi3Instance instance, fmi3Boolean tolerance_defined,
    fmi3Float64 tolerance, fmi3Float64 start_time, fmi3Boolean stop_time_defined,
    fmi3Float64 stop_time)
{
    (void)stop_time_defined, (void)stop_time;
    CHECK(INSTANTIATED);
    return (fmi3Status)enter_initialization(self, tolerance_defined ? tolerance : 0.0, start_time);
}

fmi3Status fmi3ExitInitializationMode(fmi3Instance instance)
{
    CHECK(INITIALIZATION);
    return (fmi3Status)exit_initialization(self);
}

fmi3Status fmi3Terminate(fmi3Instance instance)
{
    CHECK(STEP_MODE);
    self->state.life = TERMINATED;
    return fmi3OK;
}

fmi3Status fmi3Reset(fmi3Instance instance)
{
    CHECK(ANY_STATE);
    reset(self);
    return fmi3OK;
}

fmi3Status fmi3DoStep(fmi3Instance instance, fmi3Float64 start, fmi3Float64 size,
    fmi3Boolean no_set_state, fmi3Boolean *event_needed, fmi3Boolean *terminate,
    fmi3Boolean *early_return, fmi3Float64 *last_time)
{
    (void)no_set_state;
    CHECK(STEP_MODE);
    REQUIRE(event_needed && terminate && early_return && last_time);
    *event_needed = *terminate = false;
    Status status = do_step(self, start, size, early_return);
    *last_time = self->state.value[0];
    return (fmi3Status)status;
}

#define ACCESS(Name, Type, get_all, set_all)                                                   \
    fmi3Status fmi3Get##Name(fmi3Instance instance, const fmi3ValueReference references[],     \
        size_t n, Type values[], size_t n_values)                                              \
    {                                                                                          \
        CHECK(INITIALIZED);                                                                    \
        REQUIRE(n == n_values && (n == 0 || (references && values)));                          \
        return (fmi3Status)get_all(self, references, n, values);                               \
    }                                                                                          \
    fmi3Status fmi3Set##Name(fmi3Instance instance, const fmi3ValueReference references[],     \
        size_t n, const Type values[], size_t n_values)                                        \
    {                                                                                          \
        CHECK(SETTABLE);                                                                       \
        REQUIRE(n == n_values && (n == 0 || (references && values)));                          \
        return (fmi3Status)set_all(self, references, n, values);                               \
    }

static Status set_booleans(
    const Instance *instance, const uint32_t *references, size_t n, const bool *values)
{
    (void)references, (void)values;
    if (n) tell(instance, STATUS_ERROR, "no Boolean variable can be set");
    return n ? STATUS_ERROR : STATUS_OK;
}

ACCESS(Float64, fmi3Float64, get_reals, set_reals)
ACCESS(Int32, fmi3Int32, get_integers, set_integers)
ACCESS(Boolean, fmi3Boolean, get_booleans, set_booleans)

fmi3Status fmi3GetFMUState(fmi3Instance instance, fmi3FMUState *state)
{
    CHECK(ANY_STATE);
    REQUIRE(state);
    return (fmi3Status)save(self, (Saved **)state);
}

fmi3Status fmi3SetFMUState(fmi3Instance instance, fmi3FMUState state)
{
    CHECK(ANY_STATE);
    return (fmi3Status)restore(self, state);
}

fmi3Status fmi3FreeFMUState(fmi3Instance instance, fmi3FMUState *state)
{
    CHECK(ANY_STATE);
    if (!state) return fmi3OK;
    free(*state);
    *state = NULL;
    return fmi3OK;
}

fmi3Status fmi3SerializedFMUStateSize(fmi3Instance instance, fmi3FMUState state, size_t *size)
{
    CHECK(ANY_STATE);
    REQUIRE(state && size);
    *size = sizeof(Saved);
    return fmi3OK;
}

fmi3Status fmi3SerializeFMUState(
    fmi3Instance instance, fmi3FMUState state, fmi3Byte bytes[], size_t size)
{
    CHECK(ANY_STATE);
    REQUIRE(bytes);
    return (fmi3Status)serialize(self, state, bytes, size);
}

fmi3Status fmi3DeserializeFMUState(
    fmi3Instance instance, const fmi3Byte bytes[], size_t size, fmi3FMUState *state)
{
    CHECK(ANY_STATE);
    REQUIRE(bytes && state);
    return (fmi3Status)deserialize(self, bytes, size, (Saved **)state);
}

fmi3Status fmi3GetDirectionalDerivative(fmi3Instance instance,
    const fmi3ValueReference unknowns[], size_t n_unknowns, const fmi3ValueReference knowns[],
    size_t n_knowns, const fmi3Float64 seed[], size_t n_seed, fmi3Float64 sensitivity[],
    size_t n_sensitivity)
{
    CHECK(INITIALIZED);
    REQUIRE(n_seed == n_knowns && n_sensitivity == n_unknowns);
    REQUIRE(n_knowns == 0 || (knowns && seed));
    REQUIRE(n_unknowns == 0 || (unknowns && sensitivity));
    Direction direction = {unknowns, n_unknowns, knowns, n_knowns};
    return (fmi3Status)directional_derivative(self, direction, seed, sensitivity);
}
