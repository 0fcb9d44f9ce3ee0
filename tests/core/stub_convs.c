/* SPDX-License-Identifier: MPL-2.0 */
/* Conversations are entries of CORE_TABLE_CONV: kind, then the peer. Nothing of them reaches the wire. */
#include "core/stub_convs.h"

#include <stdlib.h>
#include <string.h>

kith_err
core_convs_load(core *c)
{
    c->convs = kith_mem_zalloc(c->env.alloc, 1, sizeof *c->convs);
    KITH_ENSURE(c->convs != NULL, KITH_ERR_NO_MEMORY);
    return KITH_OK;
}

void
core_convs_free(core *c)
{
    kith_mem_free(c->env.alloc, c->convs, sizeof *c->convs);
    c->convs = NULL;
}

kith_err
core_convs_pump(core *c)
{
    (void)c;
    return KITH_OK;
}

kith_err
core_convs_save(core *c)
{
    (void)c;
    return KITH_OK;
}

void
core_convs_link_changed(core *c, core_link link)
{
    c->convs->link_changes[link]++;
}

kith_err
core_convs_push(core *c, uint8_t type, kith_bytes body)
{
    (void)type;
    (void)body;
    c->convs->pushes++;
    return c->convs->push_err;
}

kith_err
core_conv_on_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_err err)
{
    stub_list *list = &c->convs->lists[c->convs->list_count++ % STUB_MAX];

    memcpy(list->account, account, CORE_ACCOUNT_LEN);
    list->err = err;
    return KITH_OK;
}

kith_err
core_conv_on_package(core *c, const core_device_ref *device, kith_bytes package, kith_err err)
{
    c->convs->packages[c->convs->package_count++ % STUB_MAX] =
        (stub_package){.device = *device, .len = package.len, .err = err};
    return KITH_OK;
}

kith_err
core_conv_create(core *c, const core_conv_new *in, uint8_t conv[CORE_CONV_LEN])
{
    uint8_t value[1 + CORE_ACCOUNT_LEN] = {(uint8_t)in->kind};

    KITH_TRY(c->convs->create_err);
    KITH_TRY(core_random(c, conv, CORE_CONV_LEN));
    if (in->count > 0) {
        memcpy(value + 1, in->accounts[0], CORE_ACCOUNT_LEN);
    }
    KITH_TRY(core_put(c, CORE_TABLE_CONV, kith_bytes_of(conv, CORE_CONV_LEN), KITH_BYTES(value)));
    return core_event_chat(c, conv);
}

/* The conversation after `key`. */
static kith_err
next_conv(core *c, kith_buf *key, core_chat *out)
{
    const core_scan scan = {.table = CORE_TABLE_CONV};
    KITH_AUTO(kith_buf) value = {0};

    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, key, &value));
    *out = (core_chat){.kind = (core_chat_kind)value.data[0], .state = CORE_CHAT_ACTIVE};
    memcpy(out->conv, key->data, CORE_CONV_LEN);
    memcpy(out->peer, value.data + 1, CORE_ACCOUNT_LEN);
    return KITH_OK;
}

static kith_err
find_conv(core *c, core_chat_kind kind, const uint8_t *peer, uint8_t conv[CORE_CONV_LEN])
{
    KITH_AUTO(kith_buf) key = {0};
    core_chat chat = {0};

    for (;;) {
        KITH_TRY(next_conv(c, &key, &chat));
        if (chat.kind == kind && (peer == NULL || memcmp(chat.peer, peer, CORE_ACCOUNT_LEN) == 0)) {
            memcpy(conv, chat.conv, CORE_CONV_LEN);
            return KITH_OK;
        }
    }
}

kith_err
core_conv_own(core *c, uint8_t conv[CORE_CONV_LEN])
{
    return find_conv(c, CORE_CHAT_OWN, NULL, conv);
}

kith_err
core_conv_direct(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint8_t conv[CORE_CONV_LEN])
{
    return find_conv(c, CORE_CHAT_DIRECT, account, conv);
}

bool
stub_has_direct(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    uint8_t conv[CORE_CONV_LEN];

    return core_conv_direct(c, account, conv) == KITH_OK;
}

kith_err
core_chat_next(core *c, kith_buf *cursor, core_chat *out)
{
    do {
        KITH_TRY(next_conv(c, cursor, out));
    } while (out->kind == CORE_CHAT_OWN);
    return KITH_OK;
}

kith_err
core_chat_get(core *c, const uint8_t conv[CORE_CONV_LEN], core_chat *out)
{
    KITH_AUTO(kith_buf) value = {0};

    KITH_TRY(core_get(c, CORE_TABLE_CONV, kith_bytes_of(conv, CORE_CONV_LEN), &value));
    *out = (core_chat){.kind = (core_chat_kind)value.data[0], .state = CORE_CHAT_ACTIVE};
    memcpy(out->conv, conv, CORE_CONV_LEN);
    memcpy(out->peer, value.data + 1, CORE_ACCOUNT_LEN);
    return KITH_OK;
}

static kith_err
note_said(core *c, const uint8_t *conv, kith_bytes payload)
{
    stub_said *said = &c->convs->said[c->convs->said_count++ % STUB_MAX];

    *said = (stub_said){.to_own = conv == NULL, .len = payload.len};
    if (payload.len > sizeof said->payload) {
        abort();
    }
    memcpy(said->payload, payload.data, payload.len);
    if (conv != NULL) {
        memcpy(said->conv, conv, CORE_CONV_LEN);
    }
    return content_control_decode(kith_bytes_of(said->payload, said->len), &said->control);
}

kith_err
core_conv_send_control(core *c, const uint8_t conv[CORE_CONV_LEN], kith_bytes payload)
{
    return note_said(c, conv, payload);
}

kith_err
core_own_send_control(core *c, kith_bytes payload)
{
    return note_said(c, NULL, payload);
}

kith_err
core_conv_send_text(core *c, const core_text *in, uint64_t *n)
{
    stub_text *text = &c->convs->texts[c->convs->text_count++ % STUB_MAX];

    *text = (stub_text){0};
    memcpy(text->conv, in->conv, CORE_CONV_LEN);
    memcpy(text->text, in->text.data,
           in->text.len < sizeof text->text ? in->text.len : sizeof text->text - 1);
    *n = c->next_n++;
    c->counters_dirty = true;
    return KITH_OK;
}

kith_err
core_conv_answered(core *c, const uint8_t account[CORE_ACCOUNT_LEN], bool yes)
{
    stub_answered *answered = &c->convs->answered[c->convs->answered_count++ % STUB_MAX];

    memcpy(answered->account, account, CORE_ACCOUNT_LEN);
    answered->yes = yes;
    return KITH_OK;
}

bool
core_convs_follow_own_list(core *c)
{
    (void)c;
    return true;
}

kith_err
core_history_export(core *c, size_t budget, kith_buf *out)
{
    (void)c;
    uint8_t *bytes = NULL;
    const size_t len = budget < STUB_HISTORY ? budget : STUB_HISTORY;
    KITH_TRY(kith_buf_extend(out, len, &bytes));
    memset(bytes, 0x5a, len);
    return KITH_OK;
}

kith_err
core_history_import(core *c, kith_bytes blob)
{
    return core_put(c, CORE_TABLE_MESSAGE, kith_bytes_of_text("history"), blob);
}
