/* SPDX-License-Identifier: MPL-2.0 */
/* What people do: first the steps of stories, then whole lives at random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stories/world.h"

#define STEP_MS 200u
#define OP_WAIT_MS (10u * 60u * 1000u)

/* ---- Steps ---- */

static bool
wait_op(world *w, size_t device, uint64_t op)
{
    world_device *d = &w->devices[device];
    const uint64_t until = w->now_ms + OP_WAIT_MS;

    while (d->done_op != op && w->now_ms < until && w->failure == NULL) {
        world_run(w, STEP_MS);
    }
    return d->done_op == op && d->done_err == KITH_OK;
}

/* Calls that end in the store of a device; what follows a loss of power is no failure. */
static bool
is_fine(world *w, size_t device, const char *what, kith_err err)
{
    world_after_core(w, device);
    if (err != KITH_OK && err != KITH_ERR_STORE) {
        world_fail(w, "%s: %s: %s", w->devices[device].name, what, kith_err_name(err));
    }
    return err == KITH_OK;
}

static void
operator_link(world *w, kith_buf *out)
{
    proto_link link = {.address = {.host = "127.0.0.1", .port = PROTO_PORT},
                       .kind = PROTO_LINK_OPERATOR};

    memcpy(link.server_key, w->server.identity, sizeof(link.server_key));
    memcpy(link.secret, w->server.secret, sizeof(link.secret));
    if (proto_link_encode(out, &link) != KITH_OK) {
        abort();
    }
    proto_link_done(&link);
}

static void
join(world *w, size_t device, const core_join *in)
{
    world_device *d = &w->devices[device];
    uint64_t op = 0;

    if (!is_fine(w, device, "core_join_link",
                 core_join_link(d->core, in, world_device_now(w, d), &op))) {
        return;
    }
    d->has_account = true;
    if (!wait_op(w, device, op)) {
        d->has_account = false;
        /* An invite that the server has not heard of yet, because the inviter is cut off. */
        if (d->done_op != op || d->done_err != KITH_ERR_DENIED || w->weather.cut_per_mille == 0) {
            world_fail(w, "%s: joining ended with %s", d->name, kith_err_name(d->done_err));
        }
    }
}

void
plot_found(world *w, size_t device, const char *name)
{
    KITH_AUTO(kith_buf) link = {0};
    core_join in = {.name = kith_bytes_of_text(name), .device_name = kith_bytes_of_text("first")};

    operator_link(w, &link);
    in.link = kith_bytes_of_buf(&link);
    join(w, device, &in);
}

void
plot_meet(world *w, size_t inviter, size_t joiner, const char *name, const char *text)
{
    world_device *d = &w->devices[inviter];
    KITH_AUTO(kith_buf) link = {0};
    core_join in = {.name = kith_bytes_of_text(name),
                    .device_name = kith_bytes_of_text("first"),
                    .text = kith_bytes_of_text(text)};

    if (!is_fine(w, inviter, "core_invite_create",
                 core_invite_create(d->core, world_device_now(w, d), &link))) {
        return;
    }
    world_run(w, 3000); /* until the server knows of it */
    for (int i = 0; i < 600 && d->is_up && core_outbox_count(d->core) > 0; i++) {
        world_run(w, 500);
    }
    in.link = kith_bytes_of_buf(&link);
    while (!w->devices[joiner].is_up && w->failure == NULL) {
        world_run(w, 500);
    }
    join(w, joiner, &in);
}

static bool
wait_code(world *w, size_t device, kith_buf *code)
{
    for (int i = 0; i < 300 && w->failure == NULL && w->devices[device].is_up; i++) {
        if (core_pair_code(w->devices[device].core, code) == KITH_OK) {
            return true;
        }
        world_run(w, STEP_MS);
    }
    return false;
}

void
plot_pair(world *w, size_t old_device, size_t new_device)
{
    world_device *from = &w->devices[old_device];
    world_device *to = &w->devices[new_device];
    KITH_AUTO(kith_buf) code = {0};
    core_pair_join in = {.device_name = kith_bytes_of_text(to->name)};
    uint64_t offered = 0;
    uint64_t accepted = 0;

    core_pair_cancel(from->core, world_device_now(w, from));
    if (!is_fine(w, old_device, "core_pair_offer",
                 core_pair_offer(from->core, world_device_now(w, from), &offered)) ||
        !wait_code(w, old_device, &code)) {
        return;
    }
    in.code = kith_bytes_of_buf(&code);
    if (!to->is_up ||
        !is_fine(w, new_device, "core_pair_accept",
                 core_pair_accept(to->core, &in, world_device_now(w, to), &accepted))) {
        return;
    }
    from->pair_asked = false;
    for (int i = 0; i < 300 && !from->pair_asked && from->done_op != offered; i++) {
        world_run(w, STEP_MS);
    }
    if (!from->pair_asked || !from->is_up || from->done_op == offered ||
        !is_fine(w, old_device, "core_pair_approve",
                 core_pair_approve(from->core, true, world_device_now(w, from)))) {
        return;
    }
    to->has_account = wait_op(w, new_device, accepted);
}

bool
plot_direct(world *w, size_t device, size_t other, uint8_t conv[CORE_CONV_LEN])
{
    const core_account account = core_account_get(w->devices[other].core);

    return core_chat_with(w->devices[device].core, account.account, conv) == KITH_OK;
}

bool
plot_say(world *w, size_t device, const uint8_t conv[CORE_CONV_LEN])
{
    world_device *d = &w->devices[device];
    core_text in = {0};
    char text[64];
    uint64_t n = 0;
    kith_err err;

    memcpy(in.conv, conv, CORE_CONV_LEN);
    check_text_of(w->seed, w->saying_count, text);
    in.text = kith_bytes_of_text(text);
    err = core_send(d->core, &in, world_device_now(w, d), &n);
    world_say(w, "%s says %zu in %02x%02x: %s", d->name, w->saying_count, conv[0], conv[1],
              kith_err_name(err));
    if (err == KITH_OK || err == KITH_ERR_STORE) {
        check_note_sent(w, device, &in, n, err);
    } else if (err != KITH_ERR_DENIED) {
        world_fail(w, "%s: core_send: %s", d->name, kith_err_name(err));
    }
    world_after_core(w, device);
    return err == KITH_OK;
}

/* ---- Lives at random ---- */

static size_t
some_device(world *w)
{
    const size_t start = world_below(w, (uint32_t)w->device_count);

    for (size_t i = 0; i < w->device_count; i++) {
        const size_t k = (start + i) % w->device_count;
        if (w->devices[k].is_up && w->devices[k].has_account) {
            return k;
        }
    }
    return SIZE_MAX;
}

/* A conversation of the device, by chance. */
static bool
some_chat(world *w, size_t device, bool group, core_chat *out)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_chat chat;
    uint32_t seen = 0;

    while (core_chat_next(w->devices[device].core, &cursor, &chat) == KITH_OK) {
        const bool open = chat.state == CORE_CHAT_ACTIVE || chat.state == CORE_CHAT_OPENING;
        if (open && (!group || chat.kind == CORE_CHAT_GROUP) && world_below(w, ++seen) == 0) {
            *out = chat;
        }
    }
    return seen > 0;
}

static void
act_say(world *w, size_t device)
{
    core_chat chat;

    if (some_chat(w, device, false, &chat)) {
        plot_say(w, device, chat.conv);
    }
}

static void
act_read(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    core_chat chat;

    if (some_chat(w, device, false, &chat) && chat.last_n > 0) {
        (void)is_fine(w, device, "core_mark_read",
                      core_mark_read(d->core, chat.conv, chat.last_n, world_device_now(w, d)));
    }
}

static bool
some_contact(world *w, size_t device, core_person *out)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_person person;
    uint32_t seen = 0;

    while (core_person_next(w->devices[device].core, &cursor, &person) == KITH_OK) {
        if (person.state == CORE_PERSON_CONTACT && world_below(w, ++seen) == 0) {
            *out = person;
        }
    }
    return seen > 0;
}

static void
act_group(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    core_person person;
    core_group in = {.title = kith_bytes_of_text("club"), .count = 1};
    uint8_t conv[CORE_CONV_LEN];

    if (some_contact(w, device, &person)) {
        in.accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN]) & person.account;
        (void)is_fine(w, device, "core_group_create",
                      core_group_create(d->core, &in, world_device_now(w, d), conv));
    }
}

static void
act_add(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    core_chat chat;
    core_person person;
    core_member in = {.change = CORE_MEMBER_ADD};
    uint64_t op = 0;
    kith_err err;

    if (!some_chat(w, device, true, &chat) || !some_contact(w, device, &person)) {
        return;
    }
    memcpy(in.conv, chat.conv, CORE_CONV_LEN);
    memcpy(in.account, person.account, CORE_ACCOUNT_LEN);
    err = core_group_change(d->core, &in, world_device_now(w, d), &op);
    world_say(w, "%s adds somebody: %s", d->name, kith_err_name(err));
    if (err != KITH_ERR_EXISTS && err != KITH_ERR_DENIED && err != KITH_ERR_CONFLICT) {
        (void)is_fine(w, device, "core_group_change", err);
    }
    world_after_core(w, device);
}

static void
leaving(world *w, const uint8_t conv[CORE_CONV_LEN], const uint8_t account[CORE_ACCOUNT_LEN])
{
    for (size_t i = 0; i < w->device_count; i++) {
        if (memcmp(w->devices[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            check_note_leaving(w, conv, i);
        }
    }
}

static void
act_remove(world *w, size_t device, bool self)
{
    world_device *d = &w->devices[device];
    core_chat chat;
    core_person person;
    core_member in = {.change = CORE_MEMBER_REMOVE};
    uint64_t op = 0;
    kith_err err;

    if (!some_chat(w, device, true, &chat) || !some_contact(w, device, &person)) {
        return;
    }
    memcpy(in.conv, chat.conv, CORE_CONV_LEN);
    memcpy(in.account, self ? core_account_get(d->core).account : person.account, CORE_ACCOUNT_LEN);
    err = self ? core_group_leave(d->core, in.conv, world_device_now(w, d), &op)
               : core_group_change(d->core, &in, world_device_now(w, d), &op);
    world_say(w, "%s removes %s: %s", d->name, self ? "itself" : "somebody", kith_err_name(err));
    if (err == KITH_OK) {
        leaving(w, in.conv, in.account);
    }
    if (err != KITH_ERR_NOT_FOUND && err != KITH_ERR_DENIED && err != KITH_ERR_CONFLICT &&
        err != KITH_ERR_EXISTS) {
        (void)is_fine(w, device, "removing", err);
    }
    world_after_core(w, device);
}

static void
act_pair(world *w, size_t device)
{
    char name[24];
    size_t fresh;

    if (w->device_count == WORLD_DEVICES) {
        return;
    }
    (void)snprintf(name, sizeof(name), "d%zu-of-p%zu", w->device_count, w->devices[device].person);
    world_say(w, "%s links %s", w->devices[device].name, name);
    fresh = place_device_add(w, name, w->devices[device].person);
    plot_pair(w, device, fresh);
    if (!w->devices[fresh].has_account && w->devices[device].is_up) {
        core_pair_cancel(w->devices[device].core, world_device_now(w, &w->devices[device]));
        world_after_core(w, device);
    }
}

static void
act_meet(world *w, size_t device)
{
    char name[24];
    size_t fresh;

    if (w->device_count == WORLD_DEVICES || w->person_count >= 6) {
        return;
    }
    (void)snprintf(name, sizeof(name), "p%zu", w->person_count);
    world_say(w, "%s invites %s", w->devices[device].name, name);
    fresh = place_device_add(w, name, w->person_count++);
    plot_meet(w, device, fresh, name, "hello");
}

static void
act_trouble(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    const uint64_t away = 1 + world_below(w, 30000);

    switch (world_below(w, w->weather.crashes ? 5 : 2)) {
    case 0:
        wire_cut(w, &d->wires[world_below(w, CORE_LINKS)]);
        break;
    case 1:
        d->cut_until_ms = w->now_ms + away;
        break;
    case 2:
        place_device_crash(w, device, away);
        break;
    case 3: /* in the middle of something */
        fake_disk_power_at(d->disk, world_below(w, 40));
        break;
    default:
        if (world_below(w, 2) == 0) {
            place_server_crash(w, away);
        } else if (w->server.is_up) {
            fake_disk_power_at(w->server.disk, world_below(w, 60));
        }
        break;
    }
}

static void
act(world *w)
{
    const size_t device = some_device(w);
    const uint32_t what = world_below(w, 100);

    if (device == SIZE_MAX) {
        return;
    }
    if (what < 55) {
        act_say(w, device);
    } else if (what < 65) {
        act_read(w, device);
    } else if (what < 70) {
        act_group(w, device);
    } else if (what < 75) {
        act_add(w, device);
    } else if (what < 79) {
        act_remove(w, device, what == 78);
    } else if (what < 84) {
        act_pair(w, device);
    } else if (what < 88) {
        act_meet(w, device);
    } else if (w->weather.cut_per_mille > 0) {
        act_trouble(w, device);
    }
}

void
plot_run(world *w)
{
    const uint32_t acts = 15 + world_below(w, 40);

    (void)place_device_add(w, "p0", w->person_count++);
    plot_found(w, 0, "p0");
    act_meet(w, 0);
    for (uint32_t i = 0; i < acts && w->failure == NULL; i++) {
        act(w);
        world_run(w, world_below(w, 3) == 0 ? world_below(w, 5000) : world_below(w, 50));
    }
    world_settle(w, 60 * 60 * 1000);
    if (w->failure == NULL) {
        check_end(w);
    }
}
