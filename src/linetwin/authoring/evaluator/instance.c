/* Life cycle of a predictor. It has no memory: what it says follows from what is set. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"
#include "source.h"

#define TEXT(number) WRITTEN(number)
#define WRITTEN(number) #number
/* Whoever copies the library asks for this text: which tables it reads, and its sources. */
static const char IDENTITY_TEXT[] = "linetwin evaluator " TEXT(TABLES_FORMAT) " " SOURCE_HASH;

void reset(Instance *instance)
{
    State *state = &instance->state;
    const Tables *t = tables_of(instance);
    memset(state, 0, sizeof *state);
    memcpy(state->value + 1, t->start, sizeof(double) * t->header.features);
    state->life = INSTANTIATED;
    state->stale = 1;
}

/* Read what follows the header; NULL with the reason in `why`. */
static Predictor *read_tables(FILE *file, const Header *header, const char **why)
{
    const size_t size = room(header, why);
    if (!size) return NULL;
    *why = "no memory for an instance";
    Predictor *predictor = calloc(1, sizeof *predictor + size);
    if (!predictor) return NULL;
    *why = "predictor.tables is damaged: not as long as it says";
    if (fread(predictor->room, 1, header->bytes, file) == header->bytes && fgetc(file) == EOF)
        *why = load(&predictor->tables, header, predictor->room);
    if (!*why) return predictor;
    free(predictor);
    return NULL;
}

Instance *new_instance(const char *token, const char *resources, const char **why)
{
    Header header;
    FILE *file = open_resource(resources, "predictor.tables");
    *why = "resources/predictor.tables cannot be opened";
    if (!file) return NULL;
    Predictor *predictor = NULL;
    *why = "predictor.tables is damaged: no header";
    if (fread(&header, sizeof header, 1, file) == 1) predictor = read_tables(file, &header, why);
    fclose(file);
    if (!predictor) return NULL;
    if (!token || strcmp(token, predictor->tables.header.token) != 0) {
        *why = "the token is not that of predictor.tables";
        free(predictor);
        return NULL;
    }
    predictor->instance.token = predictor->tables.header.token;
    predictor->instance.name = IDENTITY_TEXT;
    reset(&predictor->instance);
    return &predictor->instance;
}

Status enter_initialization(Instance *instance, double tolerance, double start_time)
{
    (void)tolerance;
    return begin_at(instance, start_time);
}

Status refresh(Instance *instance)
{
    State *state = &instance->state;
    if (!state->stale) return STATUS_OK;
    if (!predict(tables_of(instance), state)) {
        tell(instance, STATUS_ERROR, "t=%.12g s: no number within the domain", state->value[0]);
        return STATUS_ERROR;
    }
    bool *told = &((Predictor *)instance)->told;
    if (state->domain == OUTSIDE && !*told) {
        tell(instance, STATUS_WARNING,
            "t=%.12g s: nothing like this was seen: no prediction; from now on `valid` tells it",
            state->value[0]);
        *told = true;
    }
    state->stale = 0;
    return STATUS_OK;
}

Status do_step(Instance *instance, double start, double size, bool *early)
{
    *early = false;
    if (!step_is_possible(instance, start, size)) return STATUS_ERROR;
    if (refresh(instance) != STATUS_OK) return STATUS_DISCARD; /* the time stays */
    instance->state.value[0] = start + size;
    return STATUS_OK;
}

Status directional_derivative(
    Instance *instance, Direction direction, const double *seed, double *sensitivity)
{
    (void)direction, (void)seed, (void)sensitivity;
    tell(instance, STATUS_ERROR, "derivatives are not offered: trees have none");
    return STATUS_ERROR;
}
