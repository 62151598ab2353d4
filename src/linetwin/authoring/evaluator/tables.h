/* A predictor as tables: resources/predictor.tables, written by linetwin.surrogates.fmu.tables.
 *
 * Little-endian: the header, then in this order the arrays of `Tables`. Whoever wrote the file may
 * mean harm: `load` checks every count and every index, so that evaluating needs no checks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLES_FORMAT 1
enum { MOST_FEATURES = 200, AXES = 8, FIELDS = 14 };

typedef struct {
    char magic[8];
    uint32_t format;
    uint32_t features, points, regions;
    uint32_t values;    /* numbers that evaluating needs, features first */
    uint32_t constants; /* they follow the values */
    uint32_t nodes, operations, indices;
    uint32_t names; /* bytes of the names, each with its end */
    uint32_t link;
    uint32_t result; /* which value is the prediction on the target's scale */
    uint64_t bytes, checksum; /* of what follows the header; the sum of the header too */
    double link_low, link_high;
    double reach, overhang, farthest, rounding; /* of predictors/domain.py */
    char token[48];
} Header;

enum { IDENTITY, LOGARITHM, LOGIT };

/* A branch of a tree: at most `split` goes `low`, else `high`; below 0 it is leaf -1 - number. */
typedef struct {
    double split;
    int32_t feature, low, high, unused;
} Node;

/* What an operation makes of values `a`, `b` at `out`; its sizes in `n`, steps in `by`. */
typedef enum {
    ADD = 1,
    SUBTRACT,
    MULTIPLY,
    DIVIDE, /* n: up to 3 sizes, the last fastest; by: steps of a, then of b, along each */
    EXPONENTIAL,
    HYPERBOLIC_TANGENT, /* n[0] values */
    PRODUCT,            /* of n[0] x n[1] with n[1] x n[2], by rows */
    PICK,               /* n[0] values of a, at the indices from b on */
    SUM,                /* of n[0] x n[1] x n[2] over the middle */
    BUMPS,              /* n[0] rows b of n[1] values: exp(-distance^2 / 2) of a to each */
    TREES               /* n[0] roots, indices from n[1] on; a: features, n[2] of them; leaves: b */
} Kind;

typedef struct {
    int32_t kind, out, a, b;
    int32_t n[3], by[6];
    int32_t unused;
} Operation;

_Static_assert(sizeof(Header) == 168 && sizeof(Node) == 24, "as they are in the file");
_Static_assert(sizeof(Operation) == FIELDS * sizeof(int32_t), "as it is in the file");

typedef struct {
    Header header;
    const double *low, *high, *start; /* of each feature */
    const double *points;             /* the ranges as 0 to 1 */
    const double *axes, *shadows;     /* of more than AXES features: directions, points along them */
    const double *edges, *half_widths;
    const Node *nodes;
    const Operation *operations;
    const int32_t *indices, *logged;
    const char *names[MOST_FEATURES];
    double *values; /* values, then constants */
} Tables;

/* How many numbers of each point's shadow there are. */
static inline uint32_t axes_of(const Header *header) { return header->features > AXES ? AXES : 0; }

/* Bytes that `load` needs behind the header; 0 where the header cannot be, with the reason. */
size_t room(const Header *header, const char **why);
/* Take the file's bytes behind the header, which lie at the beginning of the room. */
const char *load(Tables *tables, const Header *header, void *room);
/* The prediction on the target's scale, from the features at the beginning of the values. */
double evaluate(const Tables *tables);
