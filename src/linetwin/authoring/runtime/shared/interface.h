/* What the layers of FMI, messages and saved states know of an instance, whatever computes in it.
 *
 * `State` is defined before, by `runtime.h`: all that a restored instance needs, copied with
 * memcpy only. Its `life` is one of the states below, `value[0]` the time in s. */
#pragma once

typedef enum { STATUS_OK, STATUS_WARNING, STATUS_DISCARD, STATUS_ERROR } Status;

/* Bits, so that a function can name all the states in which it may be called. */
enum { INSTANTIATED = 1, INITIALIZATION = 2, STEP_MODE = 4, TERMINATED = 8 };

/* One block of memory: free() ends it. */
typedef struct Instance Instance;
struct Instance {
    State state;
    State kept; /* of the beginning of a step, for a roll-back */
    const char *token; /* ties it to its description */
    const char *name;
    bool early_return_allowed;
    bool logging; /* of transitions; warnings and errors are always told */
    void *environment;
    void (*callback)(void); /* the importer's; only `emit` knows its type */
    void (*emit)(const Instance *, Status, const char *category, const char *message);
};

/* State written by save(), checked by restore(); the same bytes serve as serialised form. */
typedef struct {
    uint32_t magic, size;
    uint64_t token;
    State state;
} Saved;

/* Life cycle. `resources`: a path or a URI; NULL is returned with the reason in `why`. */
Instance *new_instance(const char *token, const char *resources, const char **why);
void reset(Instance *instance);
Status enter_initialization(Instance *instance, double tolerance, double start_time);
/* Bring algebraic variables and outputs in line with what was set. */
Status refresh(Instance *instance);
Status do_step(Instance *instance, double start, double size, bool *early);

/* life.c: the same for whatever computes; `begin_at` is what every enter_initialization() does. */
Status begin_at(Instance *instance, double start_time);
Status exit_initialization(Instance *instance);

/* messages.c */
void choose_messages(Instance *instance, bool on, size_t n, const char *const categories[]);
void tell(const Instance *instance, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool step_is_possible(const Instance *instance, double start, double size);

/* Reading and writing variables by value reference. */
Status get_reals(Instance *instance, const uint32_t *references, size_t n, double *values);
Status get_integers(Instance *instance, const uint32_t *references, size_t n, int32_t *values);
Status get_booleans(Instance *instance, const uint32_t *references, size_t n, bool *values);
Status set_reals(Instance *instance, const uint32_t *references, size_t n, const double *values);
Status set_integers(
    Instance *instance, const uint32_t *references, size_t n, const int32_t *values);

/* saved.c */
Status save(const Instance *instance, Saved **saved);
Status restore(Instance *instance, const Saved *saved);
Status serialize(const Instance *instance, const Saved *saved, uint8_t *bytes, size_t size);
Status deserialize(const Instance *instance, const uint8_t *bytes, size_t size, Saved **saved);

/* Directional derivatives. */
typedef struct {
    const uint32_t *unknowns;
    size_t n_unknowns;
    const uint32_t *knowns;
    size_t n_knowns;
} Direction;
Status directional_derivative(
    Instance *instance, Direction direction, const double *seed, double *sensitivity);
