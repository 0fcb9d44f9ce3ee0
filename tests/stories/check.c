/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What must hold. At every moment: the server gets no text, and no account or device in what concerns
 * conversations. At the end: everything that was said is on every device that was a member when it was said, once
 * and in its sender's order; all members agree on the epoch and on who they are; nothing was undecryptable.
 */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stories/world.h"

#define MARKER "zq7w-"
#define MEMBERS_LOOKED_AT 8u /* one world in so many searches uploads for ids: that is slow */

void
check_text_of(uint64_t seed, uint64_t number, char text[64])
{
    (void)snprintf(text, 64, MARKER "%llu-%llu;", (unsigned long long)seed,
                   (unsigned long long)number);
}

static void *
grow(void *items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 64 : *cap * 2;
    items = realloc(items, *cap * size);
    if (items == NULL) {
        abort();
    }
    return items;
}

void
check_note_sent(world *w, size_t device, const core_text *text, uint64_t n, kith_err err)
{
    world_saying *s;

    w->sayings = grow(w->sayings, &w->saying_cap, w->saying_count, sizeof(*w->sayings));
    s = &w->sayings[w->saying_count++];
    *s = (world_saying){.device = device,
                        .number = w->saying_count - 1,
                        .at_ms = w->now_ms,
                        .local_n = n,
                        .is_uncertain = err != KITH_OK};
    memcpy(s->conv, text->conv, CORE_CONV_LEN);
}

/* ---- What the server gets ---- */

static bool
contains(kith_bytes bytes, const void *what, size_t len)
{
    return bytes.len >= len && memmem(bytes.data, bytes.len, what, len) != NULL;
}

static void
check_no_members(world *w, const proto_frame *frame)
{
    if (frame->type < 0x20 || frame->type > 0x2f) {
        return;
    }
    for (size_t i = 0; i < w->device_count; i++) {
        const world_device *d = &w->devices[i];
        core_account account;
        if (!d->is_up || !d->has_account) {
            continue;
        }
        account = core_account_get(d->core);
        if (contains(frame->body, account.account, CORE_ACCOUNT_LEN) ||
            contains(frame->body, account.device, CORE_DEVICE_LEN)) {
            world_fail(w, "request %#x tells the server of %s", frame->type, d->name);
        }
    }
}

void
check_upload(world *w, core_link link, kith_bytes bytes)
{
    proto_frame frame;
    size_t used = 0;

    if (contains(bytes, MARKER, sizeof(MARKER) - 1)) {
        world_fail(w, "the server gets a text");
    }
    if (link != CORE_LINK_ANON || w->seed % MEMBERS_LOOKED_AT != 0) {
        return;
    }
    while (proto_frame_take(bytes, PROTO_FRAME_MAX, &frame, &used) == KITH_OK && used > 0) {
        check_no_members(w, &frame);
        bytes = kith_bytes_of(bytes.data + used, bytes.len - used);
    }
}

/* ---- Who sits where ---- */

static world_seat *
find_seat(world *w, size_t device, const uint8_t *conv)
{
    for (size_t i = 0; i < w->seat_count; i++) {
        if (w->seats[i].device == device && memcmp(w->seats[i].conv, conv, CORE_CONV_LEN) == 0) {
            return &w->seats[i];
        }
    }
    return NULL;
}

static void
note_seat(world *w, size_t device, const core_chat *chat)
{
    world_seat *s = find_seat(w, device, chat->conv);
    const bool is_member = chat->state == CORE_CHAT_ACTIVE || chat->state == CORE_CHAT_REQUEST;

    if (s == NULL && is_member && chat->epoch > 0) {
        w->seats = grow(w->seats, &w->seat_cap, w->seat_count, sizeof(*w->seats));
        s = &w->seats[w->seat_count++];
        *s = (world_seat){.device = device, .since_ms = w->now_ms, .until_ms = UINT64_MAX};
        memcpy(s->conv, chat->conv, CORE_CONV_LEN);
        world_say(w, "%s sits in %02x%02x, epoch %llu", w->devices[device].name, s->conv[0],
                  s->conv[1], (unsigned long long)chat->epoch);
    } else if (s != NULL && !is_member && s->until_ms == UINT64_MAX) {
        s->until_ms = w->now_ms;
        world_say(w, "%s is out of %02x%02x, state %d", w->devices[device].name, s->conv[0],
                  s->conv[1], (int)chat->state);
    }
}

void
check_seats(world *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        world_device *d = &w->devices[i];
        KITH_AUTO(kith_buf) cursor = {0};
        core_chat chat;
        if (d->is_up && d->has_account) {
            const core_account account = core_account_get(d->core);
            memcpy(d->account, account.account, sizeof d->account);
        }
        while (d->is_up && core_chat_next(d->core, &cursor, &chat) == KITH_OK) {
            note_seat(w, i, &chat);
        }
    }
}

void
check_note_leaving(world *w, const uint8_t conv[CORE_CONV_LEN], size_t device)
{
    world_seat *s = find_seat(w, device, conv);

    if (s != NULL && s->until_ms == UINT64_MAX) {
        s->until_ms = w->now_ms;
    }
}

/* ---- The end ---- */

/* What one device has of one conversation. */
typedef struct world_reading {
    size_t device;
    const uint8_t *conv;
    uint64_t since_ms;
    uint8_t *copies; /* of each saying */
    uint64_t last_of[WORLD_DEVICES]; /* newest number seen of each sender */
} world_reading;

static void
read_text(world *w, world_reading *r, const core_message *m)
{
    char wanted[64];
    unsigned long long seed = 0;
    unsigned long long number = 0;
    const world_device *d = &w->devices[r->device];
    size_t sender;

    if (m->text.len >= sizeof(wanted)) {
        return;
    }
    if (m->text.len > 0) {
        memcpy(wanted, m->text.data, m->text.len);
    }
    wanted[m->text.len] = '\0';
    if (sscanf(wanted, MARKER "%llu-%llu;", &seed, &number) != 2) {
        return; /* what was said with an invite */
    }
    if (seed != w->seed || number >= w->saying_count) {
        world_fail(w, "%s has a text that nobody wrote: %s", d->name, wanted);
        return;
    }
    sender = w->sayings[number].device;
    if (memcmp(w->sayings[number].conv, r->conv, CORE_CONV_LEN) != 0) {
        world_fail(w, "%s has text %llu in the wrong conversation", d->name, number);
    }
    if (r->copies[number]++ != 0) {
        world_fail(w, "%s has text %llu twice", d->name, number);
    }
    if (w->sayings[number].at_ms < r->since_ms) {
        return; /* history, which comes when it comes */
    }
    if (r->last_of[sender] > number) {
        world_fail(w, "%s has text %llu of %s after %llu", d->name, number, w->devices[sender].name,
                   (unsigned long long)r->last_of[sender]);
    }
    r->last_of[sender] = number;
}

static void
check_own_state(world *w, const world_device *d, const core_message *m)
{
    if (m->is_own && m->kind == CORE_MESSAGE_TEXT && m->state == CORE_MESSAGE_QUEUED) {
        world_fail(w, "%s: message %llu never left", d->name, (unsigned long long)m->n);
    }
    if (m->kind == CORE_MESSAGE_GAP) {
        world_fail(w, "%s: a gap in conversation %02x%02x", d->name, m->conv[0], m->conv[1]);
    }
}

static bool
failed_to_send(world *w, const world_saying *s)
{
    world_device *d = &w->devices[s->device];
    core_message m = {0};
    bool failed = false;

    if (core_message_get(d->core, s->conv, s->local_n, &m) == KITH_OK) {
        failed = m.state == CORE_MESSAGE_FAILED;
    }
    core_message_done(&m);
    return failed;
}

static void
check_reading(world *w, const world_seat *seat)
{
    world_device *d = &w->devices[seat->device];
    world_reading r = {.device = seat->device, .conv = seat->conv, .since_ms = seat->since_ms};
    core_message m = {0};
    uint64_t n = 0;

    r.copies = calloc(w->saying_count + 1, 1);
    while (core_message_next(d->core, seat->conv, &n, &m) == KITH_OK) {
        read_text(w, &r, &m);
        check_own_state(w, d, &m);
        core_message_done(&m);
    }
    for (size_t i = 0; i < w->saying_count; i++) {
        const world_saying *s = &w->sayings[i];
        if (memcmp(s->conv, seat->conv, CORE_CONV_LEN) == 0 && seat->since_ms <= s->at_ms &&
            seat->until_ms == UINT64_MAX && r.copies[i] != 1 && !s->is_uncertain &&
            !failed_to_send(w, s)) {
            world_fail(w, "%s lacks text %zu of %s, said at %.3f s", d->name, i,
                       w->devices[s->device].name, (double)(s->at_ms - WORLD_START_MS) / 1000.0);
        }
    }
    free(r.copies);
}

static void
say_states(world *w, const uint8_t *conv)
{
    for (size_t i = 0; i < w->device_count; i++) {
        core_chat chat;
        if (core_chat_get(w->devices[i].core, conv, &chat) == KITH_OK) {
            world_say(w, "%s: %02x%02x is in state %d, epoch %llu, %u devices of %u accounts",
                      w->devices[i].name, conv[0], conv[1], (int)chat.state,
                      (unsigned long long)chat.epoch, chat.devices, chat.accounts);
        }
    }
}

/* All that are in a conversation agree about it, and they are exactly those who are counted. */
static void
check_conversation(world *w, const world_seat *first, const core_chat *wanted)
{
    uint32_t devices = 0;

    for (size_t i = 0; i < w->device_count; i++) {
        world_device *d = &w->devices[i];
        core_chat chat;
        if (core_chat_get(d->core, first->conv, &chat) != KITH_OK || chat.state == CORE_CHAT_LEFT ||
            chat.state == CORE_CHAT_DECLINED) {
            continue;
        }
        devices++;
        if (chat.state == CORE_CHAT_BROKEN) {
            world_fail(w, "%s: a conversation is out of step", d->name);
        }
        if (chat.epoch != wanted->epoch || chat.devices != wanted->devices ||
            chat.accounts != wanted->accounts) {
            world_fail(w, "%s is in epoch %llu with %u devices, %s in %llu with %u", d->name,
                       (unsigned long long)chat.epoch, chat.devices, w->devices[first->device].name,
                       (unsigned long long)wanted->epoch, wanted->devices);
        }
        if (chat.busy) {
            world_fail(w, "%s: a change never came through", d->name);
        }
    }
    if (devices != wanted->devices) {
        say_states(w, first->conv);
        world_fail(w, "%u devices are counted in a conversation of %u", wanted->devices, devices);
    }
}

static void
check_server_disk(world *w)
{
    static const char *const files[] = {"kith.db", "kith.db-wal"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (contains(fake_disk_peek(w->server.disk, files[i]), MARKER, sizeof(MARKER) - 1)) {
            world_fail(w, "a text is on the server's disk");
        }
    }
}

void
check_end(world *w)
{
    check_seats(w);
    check_server_disk(w);
    for (size_t i = 0; i < w->seat_count && w->failure == NULL; i++) {
        const world_seat *s = &w->seats[i];
        core_chat chat;
        check_reading(w, s);
        if (s->until_ms == UINT64_MAX &&
            core_chat_get(w->devices[s->device].core, s->conv, &chat) == KITH_OK) {
            check_conversation(w, s, &chat);
        }
    }
}
