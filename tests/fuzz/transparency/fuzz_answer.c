/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target: a client and a hostile log. The first byte chooses a question; then edits of the honest answer follow, four
 * bytes each: where (two), what to do, and with which byte. Whatever is no longer the honest answer is refused and changes
 * nothing of what the client retains.
 */
#include "transparency/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define EDIT_LEN 4u

typedef enum edit { EDIT_SET, EDIT_FLIP, EDIT_CUT, EDIT_DROP, EDIT_INSERT, EDIT_SWAP, EDITS } edit;

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static void
insert(kith_buf *answer, size_t at, uint8_t byte)
{
    must(kith_buf_append(answer, kith_bytes_of(&byte, 1)) == KITH_OK);
    memmove(answer->data + at + 1, answer->data + at, answer->len - at - 1);
    answer->data[at] = byte;
}

static void
drop(kith_buf *answer, size_t at, size_t count)
{
    const size_t gone = count < answer->len - at ? count : answer->len - at;

    memmove(answer->data + at, answer->data + at + gone, answer->len - at - gone);
    answer->len -= gone;
}

/* 32 bytes, as most that is in an answer, change places with the next 32. */
static void
swap(kith_buf *answer, size_t at)
{
    for (size_t i = at; i < at + 32 && i + 32 < answer->len; i++) {
        const uint8_t byte = answer->data[i];
        answer->data[i] = answer->data[i + 32];
        answer->data[i + 32] = byte;
    }
}

static void
apply(kith_buf *answer, const uint8_t bytes[EDIT_LEN])
{
    if (answer->len == 0) {
        return;
    }
    const size_t at = (size_t)(bytes[0] << 8 | bytes[1]) % answer->len;
    switch ((edit)(bytes[2] % EDITS)) {
    case EDIT_SET:
        answer->data[at] = bytes[3];
        break;
    case EDIT_FLIP:
        answer->data[at] ^= (uint8_t)(1u << (bytes[3] % 8));
        break;
    case EDIT_CUT:
        answer->len = at;
        break;
    case EDIT_DROP:
        drop(answer, at, bytes[3]);
        break;
    case EDIT_INSERT:
        insert(answer, at, bytes[3]);
        break;
    case EDIT_SWAP:
        swap(answer, at);
        break;
    case EDITS:
        break;
    }
}

/* The scenes are made once. */
static scene *
find_scene(uint8_t choice)
{
    static scene scenes[KT_DISTINGUISHED];
    static crypto *c;
    const size_t i = choice % KT_DISTINGUISHED;

    if (c == NULL) {
        must(crypto_new(NULL, &c) == KITH_OK);
    }
    if (scenes[i].answer.len == 0) {
        scene_open_asked(&scenes[i], c, (kt_question)(i + 1));
    }
    return &scenes[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    KITH_AUTO(kith_buf) answer = {0};
    bool is_changed = false;

    if (len == 0) {
        return 0;
    }
    scene *s = find_scene(data[0]);
    must(kith_buf_append(&answer, kith_bytes_of_buf(&s->answer)) == KITH_OK);
    for (size_t at = 1; at + EDIT_LEN <= len && at < 16 * EDIT_LEN; at += EDIT_LEN) {
        apply(&answer, data + at);
    }
    const bool is_honest =
        kith_bytes_equal(kith_bytes_of_buf(&answer), kith_bytes_of_buf(&s->answer));
    const kith_err err = scene_check(s, kith_bytes_of_buf(&answer), &is_changed);
    must(is_honest ? err == KITH_OK : is_refusal(err) && !is_changed);
    return 0;
}
