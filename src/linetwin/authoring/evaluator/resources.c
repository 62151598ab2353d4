/* Opening a file of resources/, which FMI 3.0 names by a path and FMI 2.0 by a URI (RFC 8089). */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

#ifdef _WIN32
#include <wchar.h>
#include <windows.h>
#endif

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo %20 and the like; false for %00 and what is none. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++, to++) {
        if (*from != '%') {
            *to = *from;
            continue;
        }
        int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
        if (low < 0 || high + low == 0) return false;
        *to = (char)(high * 16 + low);
        from += 2;
    }
    *to = 0;
    return true;
}

/* The path that a URI such as file:///tmp/a%20b means, in its own memory; a path is itself. */
static char *path_of(char *text)
{
    if (strncmp(text, "file:", 5) != 0) return text;
    text += 5;
    if (strncmp(text, "//", 2) == 0) text += strncmp(text + 2, "localhost/", 10) == 0 ? 11 : 2;
    if (!decode(text)) return NULL;
#ifdef _WIN32
    if (text[0] == '/' && text[1] && text[2] == ':') text++; /* /C:/... */
#endif
    return text;
}

static FILE *opened(const char *path)
{
#ifdef _WIN32
    int size = MultiByteToWideChar(CP_UTF8, 0, path, -1, NULL, 0);
    wchar_t *wide = size > 0 ? malloc(sizeof(wchar_t) * (size_t)size) : NULL;
    FILE *file = NULL;
    if (wide && MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, size)) file = _wfopen(wide, L"rb");
    free(wide);
    return file;
#else
    return fopen(path, "rb");
#endif
}

FILE *open_resource(const char *resources, const char *name)
{
    if (!resources || !*resources) return NULL;
    const size_t size = strlen(resources);
    char *text = malloc(size + 1);
    if (!text) return NULL;
    memcpy(text, resources, size + 1);
    const char *folder = path_of(text);
    FILE *file = NULL;
    char *path = folder ? malloc(strlen(folder) + strlen(name) + 2) : NULL;
    if (path) {
        strcpy(path, folder);
        strcat(path, "/"); /* a second one at the end means the same */
        strcat(path, name);
        file = opened(path);
    }
    free(path);
    free(text);
    return file;
}
