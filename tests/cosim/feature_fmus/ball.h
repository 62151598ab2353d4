/* A ball that bounces: h' = v, v' = thrust - g, and v becomes -e v where h reaches 0 (state event).

   At `kick_time` it is kicked by `kick` m/s (time event), a change of `push` by 1 is 1 m/s more
   (input event), which `echo` shows one event iteration later. `lamp` goes on in the first
   completed step above `lamp_height` (step event). After `most` bounces it asks to end, and a bounce
   of less than 1 mm/s is its last: it rests. */
#define STATES 2
#define INDICATORS 1
#define TOKEN "{ball}"
enum { H, V, DER_H, DER_V, G, E, THRUST, KICK_TIME, KICK, LAMP_HEIGHT, REALS };
enum { BOUNCES, PUSH, ECHO, LAMP, MOST, PUSHED, RESTING, WHOLES };
typedef struct { double real[REALS]; int whole[WHOLES]; double time; int mode; } Model;

static const Model BEGIN = {{1, 0, 0, 0, 9.81, 0.7, 0, 1e300, 0, 1e300}, {0, 0, 0, 0, 1000000, 0, 0}};

static void derive(Model *m)
{
    m->real[DER_H] = m->real[V];
    m->real[DER_V] = m->whole[RESTING] ? 0 : m->real[THRUST] - m->real[G];
}
static void indicate(const Model *m, double z[]) { z[0] = m->real[H]; }
static int completed(Model *m)
{ return !m->whole[LAMP] && m->real[H] > m->real[LAMP_HEIGHT]; }
static void happen(Model *m, int *again, int *end, int *changed, int *defined, double *next)
{
    double *r = m->real;
    int *w = m->whole;
    *again = w[PUSHED] != w[PUSH];
    *changed = 0;
    w[ECHO] = w[PUSHED];
    if (*again) { r[V] += w[PUSH] - w[PUSHED]; w[PUSHED] = w[PUSH]; *changed = 1; }
    if (r[H] <= 0 && r[V] < 0) {
        w[RESTING] = -r[E] * r[V] < 1e-3;
        r[H] = 0;
        r[V] *= w[RESTING] ? 0 : -r[E];
        w[BOUNCES]++;
        *changed = 1;
    }
    if (m->time >= r[KICK_TIME]) { r[V] += r[KICK]; r[KICK_TIME] = 1e300; *changed = 1; }
    if (r[H] > r[LAMP_HEIGHT]) w[LAMP] = 1;
    *end = w[BOUNCES] >= w[MOST];
    *defined = r[KICK_TIME] < 1e300;
    *next = r[KICK_TIME];
}
