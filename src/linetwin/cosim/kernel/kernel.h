/* The compiled row loop: many independent items through their phases on one FMU instance.
 *
 * It does what PythonRunner in ../runners.py does, call by call, to the same bits: a change of one
 * is a change of both. The structures are those of structures.py. No header of Python is used, so
 * one library serves all versions of Python. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmi2FunctionTypes.h"
#include "fmi3FunctionTypes.h"

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

/* FMI's functions that set and get differ in nothing but the type of the values. */
typedef int Access2(void *, const uint32_t *, size_t, void *);
typedef int Access3(void *, const uint32_t *, size_t, void *, size_t);

/* Variables of one type, set or read together: `count` of them with `size` values, more where there
 * are arrays. `values`: those of row 0; `stride`: bytes from row to row, 0 where all rows have the
 * same values. */
typedef struct {
    void (*access)(void);
    const uint32_t *references;
    size_t count;
    size_t size;
    char *values;
    size_t stride;
} Block;

typedef struct {
    const Block *blocks;
    size_t count;
} Blocks;

/* `lengths` (s) are the longest that each row's phase may take, `taken` (s) what it took. */
typedef struct {
    Blocks inputs;
    Blocks outputs;
    const double *lengths;
    double *taken;
} Phase;

typedef struct {
    fmi2ResetTYPE *reset;
    fmi2SetupExperimentTYPE *setup;
    fmi2EnterInitializationModeTYPE *enter;
    fmi2ExitInitializationModeTYPE *leave;
    fmi2DoStepTYPE *step;
    fmi2GetRealStatusTYPE *real_status;
    fmi2GetBooleanStatusTYPE *boolean_status;
} Functions2;

typedef struct {
    fmi3ResetTYPE *reset;
    fmi3EnterInitializationModeTYPE *enter;
    fmi3ExitInitializationModeTYPE *leave;
    fmi3DoStepTYPE *step;
} Functions3;

/* What failed: the numbers are those of `Call` in structures.py. */
typedef enum {
    NOTHING,
    RESET,
    CONSTANTS,
    INPUTS,
    SETUP,
    ENTER,
    LEAVE,
    STEP,
    OUTPUTS,
    ENDED, /* the FMU asked to end the simulation before the last phase */
    UNEVEN /* a length that a fixed communication step does not divide */
} Call;

typedef struct {
    int32_t call;
    int32_t status; /* what the FMU returned */
    uint64_t row;
    uint64_t phase;
    uint64_t block; /* of the table that was set or read */
    double length;  /* s, of the step */
} Failure;

/* An instance with its rules, and how far it is. `longest` (s): communication step, 0 for any. */
typedef struct {
    void *handle;
    int32_t version;
    int32_t tolerance_given;
    double tolerance;
    double longest;
    int32_t fixed;
    int32_t running;
    Blocks constants;
    Functions2 fmi2;
    Functions3 fmi3;
    uint64_t resets;
    double time; /* s, local */
    Failure failure;
} Runner;

typedef struct {
    double time;
    bool early;
    bool terminated;
} Reached;

/* The two versions: each call returns false after noting the failure. */
bool initialise2(Runner *self);
bool initialise3(Runner *self);
bool step2(Runner *self, double time, double length, Reached *reached);
bool step3(Runner *self, double time, double length, Reached *reached);

/* Note a failure and return false. */
bool failed(Runner *self, Call call, int status);

#define WARNING 1
