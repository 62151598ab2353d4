/* FMI 2.0 for co-simulation: checks of the life cycle, then the runtime. */
#include "fmi2Functions.h"

#include <stdlib.h>
#include <string.h>

#include "runtime.h"

#define INITIALIZED (INITIALIZATION | STEP_MODE | TERMINATED)
#define SETTABLE (INSTANTIATED | INITIALIZATION | STEP_MODE)
#define ANY_STATE (INSTANTIATED | INITIALIZATION | STEP_MODE | TERMINATED)

/* What FMI 2.0 keeps beside an instance: its name for messages, and the experiment set up. */
typedef struct {
    Instance *instance;
    const fmi2CallbackFunctions *functions;
    double tolerance, start_time;
    double successful_time; /* up to which the last step came, in s */
    char name[];
} Component;

static void emit(
    const Instance *instance, Status status, const char *category, const char *message)
{
    const Component *component = instance->environment;
    const fmi2CallbackFunctions *functions = component->functions;
    functions->logger(functions->componentEnvironment, component->name, (fmi2Status)status,
        category, "%s", message);
}

static const char *life_name(int life)
{
    switch (life) {
    case INSTANTIATED: return "instantiated";
    case INITIALIZATION: return "Initialization Mode";
    case STEP_MODE: return "slaveInitialized";
    default: return "terminated";
    }
}

/* The instance, if the function may be called in its state; otherwise NULL and a message. */
static Instance *check(fmi2Component pointer, int allowed, const char *function)
{
    Component *component = pointer;
    if (!component) return NULL;
    Instance *instance = component->instance;
    if (instance->state.life & allowed) return instance;
    tell(instance, STATUS_ERROR, "%s must not be called in state %s", function,
        life_name(instance->state.life));
    return NULL;
}

#define CHECK(allowed)                                                                         \
    Instance *self = check(component, allowed, __func__);                                      \
    if (!self) return fmi2Error
#define REQUIRE(condition)                                                                     \
    if (!(condition)) {                                                                        \
        tell(self, STATUS_ERROR, "%s: %s does not hold", __func__, #condition);                \
        return fmi2Error;                                                                      \
    }

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }

const char *fmi2GetVersion(void) { return fmi2Version; }

fmi2Status fmi2SetDebugLogging(
    fmi2Component component, fmi2Boolean on, size_t n, const fmi2String categories[])
{
    CHECK(ANY_STATE);
    REQUIRE(n == 0 || categories);
    choose_messages(self, on, n, categories);
    return fmi2OK;
}

static const char *refusal(
    fmi2String name, fmi2Type type, const fmi2CallbackFunctions *functions)
{
    if (!functions) return "callback functions are needed";
    if (!name || !*name) return "an instance needs a name";
    if (type != fmi2CoSimulation) return "only co-simulation is supported";
    return NULL;
}

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid,
    fmi2String resources, const fmi2CallbackFunctions *functions, fmi2Boolean visible,
    fmi2Boolean logging)
{
    (void)visible;
    const char *why = refusal(name, type, functions);
    Component *component = why ? NULL : calloc(1, sizeof *component + strlen(name) + 1);
    if (component) component->instance = new_instance(guid, resources, &why);
    if (!component || !component->instance) {
        free(component);
        if (functions && functions->logger)
            functions->logger(functions->componentEnvironment, name ? name : "", fmi2Error,
                "logStatusError", "%s", why ? why : "no memory for an instance");
        return NULL;
    }
    strcpy(component->name, name);
    component->functions = functions;
    component->instance->logging = logging;
    component->instance->environment = component;
    component->instance->callback = (void (*)(void))functions->logger;
    component->instance->emit = emit;
    return component;
}

void fmi2FreeInstance(fmi2Component pointer)
{
    Component *component = pointer;
    if (!component) return;
    free(component->instance);
    free(component);
}

fmi2Status fmi2SetupExperiment(fmi2Component component, fmi2Boolean tolerance_defined,
    fmi2Real tolerance, fmi2Real start_time, fmi2Boolean stop_time_defined, fmi2Real stop_time)
{
    (void)stop_time_defined, (void)stop_time;
    CHECK(INSTANTIATED);
    (void)self;
    ((Component *)component)->tolerance = tolerance_defined ? tolerance : 0.0;
    ((Component *)component)->start_time = start_time;
    return fmi2OK;
}

fmi2Status fmi2EnterInitializationMode(fmi2Component component)
{
    CHECK(INSTANTIATED);
    const Component *own = component;
    return (fmi2Status)enter_initialization(self, own->tolerance, own->start_time);
}

fmi2Status fmi2ExitInitializationMode(fmi2Component component)
{
    CHECK(INITIALIZATION);
    ((Component *)component)->successful_time = self->state.value[0];
    return (fmi2Status)exit_initialization(self);
}

fmi2Status fmi2Terminate(fmi2Component component)
{
    CHECK(STEP_MODE);
    self->state.life = TERMINATED;
    return fmi2OK;
}

fmi2Status fmi2Reset(fmi2Component component)
{
    CHECK(ANY_STATE);
    reset(self);
    ((Component *)component)->tolerance = ((Component *)component)->start_time = 0.0;
    return fmi2OK;
}

/* A transition that may end a step does not here: FMI 2.0 would have to call it a failure. */
fmi2Status fmi2DoStep(
    fmi2Component component, fmi2Real point, fmi2Real size, fmi2Boolean no_set_state)
{
    (void)no_set_state;
    CHECK(STEP_MODE);
    bool early;
    Status status = do_step(self, point, size, &early);
    ((Component *)component)->successful_time = self->state.value[0];
    return (fmi2Status)status;
}

fmi2Status fmi2GetReal(
    fmi2Component component, const fmi2ValueReference references[], size_t n, fmi2Real values[])
{
    CHECK(INITIALIZED);
    REQUIRE(n == 0 || (references && values));
    return (fmi2Status)get_reals(self, references, n, values);
}

fmi2Status fmi2GetInteger(
    fmi2Component component, const fmi2ValueReference references[], size_t n, fmi2Integer values[])
{
    CHECK(INITIALIZED);
    REQUIRE(n == 0 || (references && values));
    return (fmi2Status)get_integers(self, references, n, values);
}

fmi2Status fmi2GetBoolean(
    fmi2Component component, const fmi2ValueReference references[], size_t n, fmi2Boolean values[])
{
    CHECK(INITIALIZED);
    REQUIRE(n == 0 || (references && values));
    for (size_t i = 0; i < n; i++) {
        bool value;
        if (get_booleans(self, references + i, 1, &value) != STATUS_OK) return fmi2Error;
        values[i] = value ? fmi2True : fmi2False;
    }
    return fmi2OK;
}

fmi2Status fmi2SetReal(fmi2Component component, const fmi2ValueReference references[], size_t n,
    const fmi2Real values[])
{
    CHECK(SETTABLE);
    REQUIRE(n == 0 || (references && values));
    return (fmi2Status)set_reals(self, references, n, values);
}

fmi2Status fmi2SetInteger(fmi2Component component, const fmi2ValueReference references[],
    size_t n, const fmi2Integer values[])
{
    CHECK(SETTABLE);
    REQUIRE(n == 0 || (references && values));
    return (fmi2Status)set_integers(self, references, n, values);
}

fmi2Status fmi2GetFMUstate(fmi2Component component, fmi2FMUstate *state)
{
    CHECK(ANY_STATE);
    REQUIRE(state);
    return (fmi2Status)save(self, (Saved **)state);
}

fmi2Status fmi2SetFMUstate(fmi2Component component, fmi2FMUstate state)
{
    CHECK(ANY_STATE);
    return (fmi2Status)restore(self, state);
}

fmi2Status fmi2FreeFMUstate(fmi2Component component, fmi2FMUstate *state)
{
    CHECK(ANY_STATE);
    (void)self;
    if (!state) return fmi2OK;
    free(*state);
    *state = NULL;
    return fmi2OK;
}

fmi2Status fmi2SerializedFMUstateSize(fmi2Component component, fmi2FMUstate state, size_t *size)
{
    CHECK(ANY_STATE);
    REQUIRE(state && size);
    *size = sizeof(Saved);
    return fmi2OK;
}

fmi2Status fmi2SerializeFMUstate(
    fmi2Component component, fmi2FMUstate state, fmi2Byte bytes[], size_t size)
{
    CHECK(ANY_STATE);
    REQUIRE(bytes);
    return (fmi2Status)serialize(self, state, (uint8_t *)bytes, size);
}

fmi2Status fmi2DeSerializeFMUstate(
    fmi2Component component, const fmi2Byte bytes[], size_t size, fmi2FMUstate *state)
{
    CHECK(ANY_STATE);
    REQUIRE(bytes && state);
    return (fmi2Status)deserialize(self, (const uint8_t *)bytes, size, (Saved **)state);
}

fmi2Status fmi2GetDirectionalDerivative(fmi2Component component,
    const fmi2ValueReference unknowns[], size_t n_unknowns, const fmi2ValueReference knowns[],
    size_t n_knowns, const fmi2Real seed[], fmi2Real sensitivity[])
{
    CHECK(INITIALIZED);
    REQUIRE(n_knowns == 0 || (knowns && seed));
    REQUIRE(n_unknowns == 0 || (unknowns && sensitivity));
    Direction direction = {unknowns, n_unknowns, knowns, n_knowns};
    return (fmi2Status)directional_derivative(self, direction, seed, sensitivity);
}

/* Steps are done when the function returns; nothing is ever pending. */
fmi2Status fmi2GetRealStatus(fmi2Component component, const fmi2StatusKind kind, fmi2Real *value)
{
    CHECK(STEP_MODE | TERMINATED);
    (void)self;
    if (kind != fmi2LastSuccessfulTime || !value) return fmi2Discard;
    *value = ((Component *)component)->successful_time;
    return fmi2OK;
}

fmi2Status fmi2GetBooleanStatus(
    fmi2Component component, const fmi2StatusKind kind, fmi2Boolean *value)
{
    CHECK(STEP_MODE | TERMINATED);
    (void)self;
    if (kind != fmi2Terminated || !value) return fmi2Discard;
    *value = fmi2False; /* no model asks for an end of the simulation */
    return fmi2OK;
}
