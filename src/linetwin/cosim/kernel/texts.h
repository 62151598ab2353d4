/* Text and bytes that pass between FMUs: a variable's values, in memory that Python owns.
 *
 * The structures are those of text_structures.py. */
#pragma once
#include <stdint.h>

/* `size` bytes at `content`, where `room` fit; a zero stands behind them, which ends a text. `grow`
 * makes room for more, and puts the new place into `content`. `most`: the longest that the variable
 * takes, 0 for any. */
typedef struct Text Text;
struct Text {
    char *content;
    uint64_t size;
    uint64_t room;
    uint64_t most;
    void (*grow)(Text *, uint64_t);
};

/* A variable's values, one for each element of an array; what `values` of a Block points to. `get`
 * and `set` are the FMU's functions; the last three hold what is handed over in a call. */
typedef struct {
    void (*get)(void);
    void (*set)(void);
    int32_t binary;
    Text *texts;
    uint64_t count;
    const char **places;
    size_t *sizes;
} Texts;

/* Copy a content; false where the target does not take one as long. */
bool store_text(Text *target, const char *content, uint64_t size);
