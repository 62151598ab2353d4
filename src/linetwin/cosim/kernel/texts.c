/* Setting and reading text and bytes: each function takes what a numeric one of FMI does, so that
 * the kernel calls both alike. */
#include <string.h>

#include "kernel.h"
#include "texts.h"

typedef int Binary3(void *, const uint32_t *, size_t, size_t *, void *, size_t);

bool store_text(Text *target, const char *content, uint64_t size)
{
    if (target->most && size > target->most) return false;
    if (size > target->room) target->grow(target, size);
    if (size) memcpy(target->content, content, size);
    target->content[size] = 0;
    target->size = size;
    return true;
}

/* Note where the contents lie, for the FMU to take. */
static void lay_out(Texts *self)
{
    for (uint64_t place = 0; place < self->count; place++) {
        self->places[place] = self->texts[place].content;
        self->sizes[place] = self->texts[place].size;
    }
}

/* Copy what the FMU has shown, which holds until its next call. */
static int take_over(Texts *self, int status)
{
    for (uint64_t place = 0; status <= WARNING && place < self->count; place++) {
        const char *found = self->places[place];
        uint64_t size = self->binary ? self->sizes[place] : found ? strlen(found) : 0;
        Text *text = &self->texts[place];
        uint64_t most = text->most;
        text->most = 0; /* what an FMU shows itself is not measured */
        store_text(text, found, size);
        text->most = most;
    }
    return status;
}

EXPORTED int linetwin_text_set2(void *handle, const uint32_t *reference, size_t count, void *values)
{
    Texts *self = values;
    lay_out(self);
    return ((Access2 *)self->set)(handle, reference, count, self->places);
}

EXPORTED int linetwin_text_get2(void *handle, const uint32_t *reference, size_t count, void *values)
{
    Texts *self = values;
    return take_over(self, ((Access2 *)self->get)(handle, reference, count, self->places));
}

EXPORTED int linetwin_text_set3(
    void *handle, const uint32_t *reference, size_t count, void *values, size_t size)
{
    Texts *self = values;
    lay_out(self);
    if (self->binary)
        return ((Binary3 *)self->set)(handle, reference, count, self->sizes, self->places, size);
    return ((Access3 *)self->set)(handle, reference, count, self->places, size);
}

EXPORTED int linetwin_text_get3(
    void *handle, const uint32_t *reference, size_t count, void *values, size_t size)
{
    Texts *self = values;
    int status = self->binary
        ? ((Binary3 *)self->get)(handle, reference, count, self->sizes, self->places, size)
        : ((Access3 *)self->get)(handle, reference, count, self->places, size);
    return take_over(self, status);
}
