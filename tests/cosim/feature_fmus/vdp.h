/* The oscillator of van der Pol: x' = y, y' = mu (1 - x^2) y - x. No events. */
#define STATES 2
#define INDICATORS 0
#define TOKEN "{vdp}"
enum { X, Y, DER_X, DER_Y, MU, REALS };
enum { NOTHING, WHOLES };
typedef struct { double real[REALS]; int whole[WHOLES]; double time; int mode; } Model;

static const Model BEGIN = {{2, 0, 0, 0, 1}, {0}};

static void derive(Model *m)
{
    double *r = m->real;
    r[DER_X] = r[Y];
    r[DER_Y] = r[MU] * (1 - r[X] * r[X]) * r[Y] - r[X];
}
static void indicate(const Model *m, double z[]) {}
static int completed(Model *m) { return 0; }
static void happen(Model *m, int *again, int *end, int *changed, int *defined, double *next)
{ *again = *end = *changed = *defined = 0; }
