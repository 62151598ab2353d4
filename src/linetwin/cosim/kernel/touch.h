/* Instances that have nothing to do with each other, each brought to one instant: stepped, given
 * inputs, and read.
 *
 * touch.c does what Together in ../together.py does one by one, call by call, to the same bits: a
 * change of one is a change of both. The structures are those of touch_structures.py. */
#pragma once
#include "kernel.h"

/* Where an instance stopped: the numbers are those of `TouchCall` in touch_structures.py. */
typedef enum {
    TOUCHED,
    TOUCH_STEP,   /* the step failed, or an FMI 2.0 FMU discarded it */
    TOUCH_EARLY,  /* the FMU ended the step early, or asked to end: `reached` (s), `terminated` */
    TOUCH_INPUTS, /* `block` could not be set */
    TOUCH_OUTPUTS /* `block` could not be read */
} TouchCall;

/* `length` (s) is that of the step from `time` (s, local); 0 for none. */
typedef struct {
    void *handle;
    void (*step)(void);
    int32_t version;
    int32_t call;
    int32_t status; /* what the FMU returned */
    int32_t terminated;
    double time;
    double length;
    double reached;
    Blocks inputs;
    Blocks outputs;
    uint64_t block;
} Touch;
