/* A crash in C code, or its exit() or quick_exit(): told to a thread of Python before the process ends.
 *
 * The thread that crashed stays where it is until that one knows whose call it was. A crash that was
 * none of an FMU happens as it would have without us: FMUs are called without Python's lock, so a
 * thread that holds it was in Python. Windows has none of this. */
#define _XOPEN_SOURCE 700
#define _ISOC11_SOURCE /* quick_exit, which macOS lacks */
#define _DARWIN_C_SOURCE
#include "kernel.h"

#ifndef _WIN32
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOSED 255
#define QUICK 254
#define STACK 65536 /* bytes: a stack that is full is a crash as well */
#define ANSWER_MS 10000 /* in which the other thread has an answer, unless it is held up as well */
#define ENDING_MS 60000 /* in which it has written what is to be written */
#define FAILED 3        /* exit code: a model failed */

enum { OPEN, LET, ENDING };

static const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
#define COUNT (sizeof SIGNALS / sizeof *SIGNALS)

static struct sigaction before[COUNT];
static char stack[STACK];
static int ends[2] = {-1, -1};
static int (*in_python)(void);
static pthread_t listener;
static atomic_int listening, answer;
static const char *_Atomic told;

static void end(void)
{
    const char *text = atomic_load(&told);
    if (write(2, text, strlen(text)) < 0) _exit(FAILED);
    _exit(FAILED);
}

/* Tell the other thread, and wait for what it makes of it; returns if that is nothing. */
static void tell(int number)
{
    unsigned char byte = (unsigned char)number;
    struct timespec moment = {0, 1000000};
    if (!atomic_load(&listening)) return;
    if (pthread_self() == listener) { /* nobody else is left to write anything */
        if (atomic_load(&answer) == ENDING) end();
        return;
    }
    if (in_python() || write(ends[1], &byte, 1) != 1) return;
    for (int passed = 0;; passed++) {
        int now = atomic_load(&answer);
        if (now == LET || (now == OPEN && passed > ANSWER_MS)) return;
        if (now == ENDING && passed > ENDING_MS) end();
        nanosleep(&moment, 0);
    }
}

static void restore(void)
{
    for (size_t place = 0; place < COUNT; place++) sigaction(SIGNALS[place], &before[place], 0);
}

static void crashed(int number)
{
    int error = errno;
    tell(number);
    restore();
    raise(number); /* served on return, as if we had not been there */
    errno = error;
}

static void left(void) { tell(0); }

#ifdef __linux__
static void left_quickly(void) { tell(QUICK); }
#endif

/* Look out for crashes; false where that is not possible. `holds` tells whether the calling thread
 * holds Python's lock. */
EXPORTED int32_t linetwin_guard_open(int (*holds)(void))
{
    struct sigaction action = {0};
    stack_t old;
    if (pipe(ends)) return false;
    in_python = holds;
    if (!sigaltstack(0, &old) && (old.ss_flags & SS_DISABLE)) {
        stack_t own = {0};
        own.ss_sp = stack;
        own.ss_size = STACK;
        sigaltstack(&own, 0);
    }
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t place = 0; place < COUNT; place++)
        sigaction(SIGNALS[place], &action, &before[place]);
#ifdef __linux__
    if (at_quick_exit(left_quickly)) return false;
#endif
    atomic_store(&listening, 1);
    return true;
}

/* Look out for exit(), before anything that was asked for earlier is done at the exit. */
EXPORTED int32_t linetwin_guard_exit(void) { return atexit(left) == 0; }

/* Wait for a crash and return its signal, 0 for exit(), 254 for quick_exit(); -1 when the guard is
 * closed. */
EXPORTED int32_t linetwin_guard_wait(void)
{
    unsigned char byte = CLOSED;
    listener = pthread_self();
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {}
    return byte == CLOSED ? -1 : byte;
}

/* Without a text: let it happen. Else the process is about to end, and the text is what is written
 * where that fails; it has to stay. */
EXPORTED void linetwin_guard_answer(const char *text)
{
    atomic_store(&told, text);
    atomic_store(&answer, text ? ENDING : LET);
}

/* Look out no longer: Python itself is about to end. */
EXPORTED void linetwin_guard_close(void)
{
    unsigned char byte = CLOSED;
    if (!atomic_exchange(&listening, 0)) return;
    restore();
    if (write(ends[1], &byte, 1) != 1) return;
}
#endif
