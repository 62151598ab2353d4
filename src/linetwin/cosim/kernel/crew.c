/* Stepping the members of a group in several threads, to the bits of one.
 *
 * In the order Jacobi all members make one level. In the order Gauss-Seidel a level is a run of
 * members that take nothing from each other: it does not matter whether one takes its inputs before
 * or after another has stepped. */
#include "crew.h"

#ifdef _WIN32
__declspec(dllimport) int SwitchToThread(void);
#define YIELD() SwitchToThread()
#else
#include <sched.h>
#define YIELD() sched_yield()
#endif

#define SPINS 2000 /* looks before a thread lets others have its processor: some microseconds */
#define ROUND 8    /* points in a row that are gone through alone, or together, while trying */
#define ROUNDS 6
#define LASTING 4096 /* points after which it is tried anew: others may want the processors now */
#define GAIN 0.9   /* what together may take of the time alone */

static uint64_t now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return 0; /* nothing is known of time here: alone */
#endif
}

/* Wait until a number is no longer, or is at last, what it is compared with. */
#define WAIT_WHILE(condition)                          \
    for (int looks = 0; (condition);)                  \
        if (++looks > SPINS) YIELD()

static void note(Crew *crew, const GroupFailure *failure)
{
    while (atomic_exchange(&crew->noting, 1)) YIELD();
    if (!crew->failed || failure->member < crew->failure.member) crew->failure = *failure;
    crew->failed = 1;
    atomic_store(&crew->noting, 0);
}

/* Step members of a level until none is left; each thread notes a failure in a group of its own. */
static void share(Crew *crew)
{
    Group own = *crew->group;
    for (;;) {
        uint64_t place = atomic_fetch_add(&crew->next, 1);
        if (place >= crew->end) return;
        crew->group->stepping = &own.members[place];
        if (step_one(&own, &own.members[place], crew->span, crew->all)) continue;
        note(crew, &own.failure);
        atomic_store(&crew->next, crew->end); /* those before it have all been taken */
    }
}

static bool step_together(Crew *crew, uint64_t begin, uint64_t end)
{
    crew->failed = 0;
    crew->end = end;
    atomic_store(&crew->next, begin);
    atomic_store(&crew->arrived, 0);
    atomic_fetch_add(&crew->point, 1);
    share(crew);
    WAIT_WHILE(atomic_load(&crew->arrived) < crew->helpers);
    if (crew->failed) crew->group->failure = crew->failure;
    return !crew->failed;
}

static bool step_alone(Crew *crew, uint64_t begin, uint64_t end)
{
    for (uint64_t place = begin; place < end; place++)
        if (!step_one(crew->group, &crew->group->members[place], crew->span, crew->all))
            return false;
    return true;
}

/* Step a level; in the order Jacobi its members have taken their inputs. */
static bool step_level(Crew *crew, uint64_t begin, uint64_t end, bool together)
{
    Group *group = crew->group;
    uint64_t ready = group->jacobi ? end : begin;
    while (ready < end && take_one(group, &group->members[ready], crew->span, crew->all)) ready++;
    GroupFailure taking = group->failure;
    bool shared = together && ready - begin > 1;
    if (!(shared ? step_together(crew, begin, ready) : step_alone(crew, begin, ready))) return false;
    if (ready < end) group->failure = taking; /* those before it have stepped well */
    return ready == end;
}

static bool step_levels(Crew *crew, bool together)
{
    Group *group = crew->group;
    for (uint64_t begin = 0, end; begin < group->count; begin = end) {
        end = group->members[begin].level;
        if (!step_level(crew, begin, end, together)) return false;
    }
    return true;
}

/* Choose what was quicker; alone, the helpers go home. */
static void choose(Crew *crew)
{
    bool pays = crew->together && (double)crew->together < GAIN * (double)crew->alone;
    crew->choice = pays ? TOGETHER : ALONE;
    crew->tried = crew->alone = crew->together = 0;
    if (!pays) atomic_store(&crew->over, 1);
}

bool step_all(Group *group, const Span *span, bool all)
{
    Crew *crew = group->crew;
    crew->group = group;
    crew->span = span;
    crew->all = all;
    if (crew->choice == ALONE) return step_levels(crew, false);
    if (crew->choice == TOGETHER) {
        if (++crew->tried == LASTING) crew->choice = crew->tried = UNDECIDED;
        return step_levels(crew, true);
    }
    bool together = crew->tried / ROUND % 2;
    uint64_t begin = now();
    bool done = step_levels(crew, together);
    *(together ? &crew->together : &crew->alone) += now() - begin;
    if (++crew->tried == ROUND * ROUNDS) choose(crew);
    return done;
}

/* Do as linetwin_group_advance, with the helpers of `group->crew`, which go home at the end. */
EXPORTED int32_t linetwin_group_lead(Group *group, int64_t end)
{
    int32_t done = linetwin_group_advance(group, end);
    atomic_store(&((Crew *)group->crew)->over, 1);
    return done;
}

/* Help with every point of one call of linetwin_group_lead. */
EXPORTED void linetwin_group_help(Crew *crew)
{
    uint64_t seen = 0;
    for (;;) {
        WAIT_WHILE(atomic_load(&crew->point) == seen && !atomic_load(&crew->over));
        if (atomic_load(&crew->point) == seen) return;
        seen = atomic_load(&crew->point);
        share(crew);
        atomic_fetch_add(&crew->arrived, 1);
    }
}
