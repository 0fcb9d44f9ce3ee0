/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What waits to be said. An item is in the store before it is on the wire; its ciphertext is made under the current
 * epoch, stored with it, and repeated byte for byte under one append id until the server has taken or refused it.
 * Only a refusal (another epoch has begun) makes it anew. So nothing is said twice and nothing overtakes.
 */
#include <string.h>

#include "core/conv.h"

#define ITEM_FORMAT 1u

/* An item as stored. Decoded, it borrows. */
typedef struct item_record {
    uint8_t conv[CORE_CONV_LEN];
    core_item_kind kind;
    uint8_t append_id[CORE_APPEND_LEN];
    uint64_t epoch;
    uint8_t
        token[CORE_TOKEN_LEN]; /* of that epoch: the server must not take it under another one */
    kith_bytes content; /* encoded, not padded */
    kith_bytes sealed; /* empty: not yet */
} item_record;

static kith_err
encode_item(kith_buf *out, const item_record *item)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, ITEM_FORMAT));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(item->conv)));
    KITH_TRY(kith_write_u8(&w, (uint8_t)item->kind));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(item->append_id)));
    KITH_TRY(kith_write_u64(&w, item->epoch));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(item->token)));
    KITH_TRY(kith_write_vec32(&w, item->content));
    return kith_write_vec32(&w, item->sealed);
}

static kith_err
decode_item(kith_bytes bytes, item_record *out)
{
    kith_reader r = kith_reader_of(bytes);
    item_record item = {0};
    uint8_t format = 0;
    uint8_t kind = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == ITEM_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_copy(&r, item.conv, sizeof item.conv));
    KITH_TRY(kith_read_u8(&r, &kind));
    KITH_ENSURE(kind >= CORE_ITEM_TEXT && kind <= CORE_ITEM_REPORT, KITH_ERR_MALFORMED);
    item.kind = (core_item_kind)kind;
    KITH_TRY(kith_read_copy(&r, item.append_id, sizeof item.append_id));
    KITH_TRY(kith_read_u64(&r, &item.epoch));
    KITH_TRY(kith_read_copy(&r, item.token, sizeof item.token));
    KITH_TRY(kith_read_vec32(&r, &item.content));
    KITH_TRY(kith_read_vec32(&r, &item.sealed));
    KITH_TRY(kith_reader_finish(&r));
    *out = item;
    return KITH_OK;
}

static kith_err
store_item(core *c, uint64_t n, const item_record *item)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = core_key_u64((kith_bytes){0}, n);

    KITH_TRY(encode_item(&value, item));
    return core_put(c, CORE_TABLE_OUTBOX, core_key_bytes(&key), kith_bytes_of_buf(&value));
}

static kith_err
read_item(core *c, uint64_t n, kith_buf *bytes, item_record *out)
{
    const core_key key = core_key_u64((kith_bytes){0}, n);

    KITH_TRY(core_get(c, CORE_TABLE_OUTBOX, core_key_bytes(&key), bytes));
    return decode_item(kith_bytes_of_buf(bytes), out);
}

/* ---- In memory ---- */

static kith_err
keep_item(core *c, core_conv *conv, uint64_t n, const item_record *record)
{
    KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&conv->items, &conv->item_cap,
                           conv->item_count + 1, sizeof *conv->items));
    conv->look_ms = 0; /* with something to say, a change waits for nobody */
    core_item *item = &conv->items[conv->item_count++];
    *item = (core_item){
        .n = n, .kind = record->kind, .epoch = record->epoch, .is_sealed = record->sealed.len > 0};
    memcpy(item->append_id, record->append_id, sizeof item->append_id);
    c->convs->texts += record->kind == CORE_ITEM_TEXT ? 1 : 0;
    return KITH_OK;
}

kith_err
core_outbox_load(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_OUTBOX};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    item_record record = {0};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&key));
        uint64_t n = 0;
        KITH_TRY(kith_read_u64(&r, &n));
        KITH_TRY(decode_item(kith_bytes_of_buf(&value), &record));
        core_conv *conv = core_conv_find(c, record.conv);
        KITH_ENSURE(conv != NULL, KITH_ERR_MALFORMED);
        KITH_TRY(keep_item(c, conv, n, &record));
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

kith_err
core_outbox_add(core *c, core_conv *conv, const core_outbound *in)
{
    item_record record = {.kind = in->kind, .content = in->content};
    const uint64_t n = in->n != 0 ? in->n : core_n_new(c);

    core_changed(c);
    memcpy(record.conv, conv->id, sizeof record.conv);
    KITH_TRY(store_item(c, n, &record));
    return keep_item(c, conv, n, &record);
}

/* Takes an item out of memory and store. */
static kith_err
drop_item(core *c, core_conv *conv, size_t at)
{
    const core_key key = core_key_u64((kith_bytes){0}, conv->items[at].n);

    KITH_TRY(core_erase(c, CORE_TABLE_OUTBOX, core_key_bytes(&key)));
    c->convs->texts -= conv->items[at].kind == CORE_ITEM_TEXT ? 1 : 0;
    memmove(&conv->items[at], &conv->items[at + 1],
            (conv->item_count - at - 1) * sizeof conv->items[0]);
    conv->item_count--;
    return KITH_OK;
}

static kith_err
finish_item(core *c, core_conv *conv, size_t at, core_message_state state, uint64_t seq)
{
    const core_item item = conv->items[at];

    KITH_TRY(drop_item(c, conv, at));
    return item.kind == CORE_ITEM_TEXT ? core_line_raise(c, conv, item.n, state, seq) : KITH_OK;
}

kith_err
core_outbox_fail(core *c, core_conv *conv)
{
    while (conv->item_count > 0) {
        KITH_TRY(finish_item(c, conv, 0, CORE_MESSAGE_FAILED, 0));
    }
    return KITH_OK;
}

kith_err
core_outbox_withdraw(core *c, core_conv *conv)
{
    for (size_t i = conv->item_count; i-- > 0;) {
        if (!conv->items[i].is_sealed) {
            KITH_TRY(finish_item(c, conv, i, CORE_MESSAGE_FAILED, 0));
        }
    }
    return KITH_OK;
}

/* ---- Seen in the log ---- */

static bool
is_recent(const core_conv *conv, const uint8_t *append_id)
{
    static const uint8_t none[CORE_APPEND_LEN] = {0};

    if (memcmp(append_id, none, sizeof none) == 0) {
        return false;
    }
    for (size_t i = 0; i < CORE_RECENT; i++) {
        if (memcmp(conv->recent[i], append_id, CORE_APPEND_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static void
note_recent(core_conv *conv, const uint8_t *append_id)
{
    memcpy(conv->recent[conv->recent_at], append_id, CORE_APPEND_LEN);
    conv->recent_at = (conv->recent_at + 1) % CORE_RECENT;
}

kith_err
core_outbox_seen(core *c, core_conv *conv, const proto_entry *entry, bool *is_ours)
{
    *is_ours = is_recent(conv, entry->append_id);
    for (size_t i = 0; i < conv->item_count && !*is_ours; i++) {
        if (conv->items[i].is_sealed &&
            memcmp(conv->items[i].append_id, entry->append_id, CORE_APPEND_LEN) == 0) {
            *is_ours = true;
            return finish_item(c, conv, i, CORE_MESSAGE_SENT, entry->seq);
        }
    }
    return KITH_OK;
}

/* ---- Appending ---- */

static kith_err
pause_item(core *c, core_conv *conv, core_item *item, const core_answer *answer)
{
    item->in_flight = false;
    core_conv_pause(c, conv, answer);
    return KITH_OK;
}

/* Another epoch has begun: the bytes are worthless, the words are not. */
static kith_err
unseal_item(core *c, core_conv *conv, core_item *item)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    item_record record = {0};

    KITH_TRY(read_item(c, item->n, &bytes, &record));
    record.sealed = (kith_bytes){0};
    KITH_TRY(store_item(c, item->n, &record));
    item->is_sealed = false;
    item->in_flight = false;
    conv->is_stale = conv->is_stale || item->epoch == conv->epoch;
    return KITH_OK;
}

/* The token of an earlier epoch is forgotten; or this device is out, which a subscription tells. */
static kith_err
take_denial(core *c, core_conv *conv, core_item *item, const core_answer *answer)
{
    const bool is_old = item->epoch != conv->epoch;

    KITH_TRY(unseal_item(c, conv, item));
    if (!is_old) {
        conv->is_stale = false;
        conv->sub = CORE_SUB_NONE;
        core_conv_pause(c, conv, answer);
    }
    return KITH_OK;
}

static kith_err
take_refusal(core *c, core_conv *conv, size_t at, const core_answer *answer)
{
    core_item *item = &conv->items[at];

    switch (answer->err) {
    case KITH_ERR_CONFLICT:
        return unseal_item(c, conv, item);
    case KITH_ERR_DENIED:
    case KITH_ERR_NOT_FOUND:
        return take_denial(c, conv, item, answer);
    case KITH_ERR_LIMIT:
    case KITH_ERR_MALFORMED:
    case KITH_ERR_REJECTED:
        return finish_item(c, conv, at, CORE_MESSAGE_FAILED, 0);
    default:
        return pause_item(c, conv, item, answer);
    }
}

static kith_err
on_append(core *c, const core_tag *tag, const core_answer *answer)
{
    core_conv *conv = core_conv_find(c, tag->id);
    proto_conv_append_answer done = {0};
    size_t at = 0;

    if (conv == NULL || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    while (at < conv->item_count && conv->items[at].n != tag->n) {
        at++;
    }
    /* It may have been seen in the log already. */
    if (at == conv->item_count || !conv->items[at].in_flight) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        return take_refusal(c, conv, at, answer);
    }
    KITH_TRY(proto_conv_append_answer_decode(answer->body, &done));
    note_recent(conv, conv->items[at].append_id);
    return finish_item(c, conv, at, CORE_MESSAGE_SENT, done.seq);
}

static kith_err
append_item(core *c, core_conv *conv, core_item *item, const item_record *record)
{
    proto_conv_append append = {.kind = PROTO_ENTRY_APPLICATION, .message = record->sealed};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    core_request out = {.link = CORE_LINK_ANON,
                        .type = PROTO_CONV_APPEND,
                        .tag = {.n = item->n},
                        .answer = on_append};

    memcpy(append.conv_id, conv->id, sizeof append.conv_id);
    memcpy(append.token, record->token, sizeof append.token);
    memcpy(append.append_id, record->append_id, sizeof append.append_id);
    KITH_TRY(proto_conv_append_encode(&body, &append));
    memcpy(out.tag.id, conv->id, sizeof out.tag.id);
    out.body = kith_bytes_of_buf(&body);
    KITH_TRY(core_link_request(c, &out));
    item->in_flight = true;
    return KITH_OK;
}

/* ---- Sealing ---- */

static kith_err
seal(core *c, core_conv *conv, core_item *item, item_record *record, kith_buf *sealed)
{
    KITH_AUTO(kith_buf) padded = {.alloc = c->env.alloc};

    KITH_TRY(kith_buf_set(&padded, record->content));
    KITH_TRY(content_pad(&padded));
    KITH_TRY(core_conv_use(c, conv));
    KITH_TRY(core_append_id(c, record->append_id));
    const mls_protect_params params = {.plaintext = kith_bytes_of_buf(&padded)};
    KITH_TRY(mls_group_protect(conv->group, &params, NULL, sealed));
    record->sealed = kith_bytes_of_buf(sealed);
    record->epoch = conv->epoch;
    memcpy(record->token, conv->token, sizeof record->token);
    KITH_TRY(store_item(c, item->n, record));
    item->is_sealed = true;
    item->epoch = conv->epoch;
    memcpy(item->append_id, record->append_id, sizeof item->append_id);
    return KITH_OK;
}

static kith_err
send_item(core *c, core_conv *conv, core_item *item)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) sealed = {.alloc = c->env.alloc};
    item_record record = {0};

    KITH_TRY(read_item(c, item->n, &bytes, &record));
    if (!item->is_sealed) {
        const kith_err err = seal(c, conv, item, &record, &sealed);
        if (err == KITH_ERR_CONFLICT || err == KITH_ERR_DENIED) {
            core_conv_due(conv); /* members must change first */
            return KITH_OK;
        }
        KITH_TRY(err);
    }
    return append_item(c, conv, item, &record);
}

/* Whether an earlier one is being decided under another epoch: what comes after it must not be quicker. */
static bool
must_wait(const core_conv *conv, const core_item *item, bool old_in_flight)
{
    if (item->is_sealed && item->epoch != conv->epoch) {
        return false; /* repeated as it is */
    }
    return old_in_flight;
}

kith_err
core_outbox_pump(core *c, core_conv *conv)
{
    bool old_in_flight = false;

    if (!conv->is_open || conv->is_stale || !core_log_is_read(conv)) {
        return KITH_OK;
    }
    for (size_t i = 0; i < conv->item_count && i < CORE_APPENDS_IN_FLIGHT; i++) {
        core_item *item = &conv->items[i];
        const bool is_old = item->is_sealed && item->epoch != conv->epoch;
        if (!item->in_flight) {
            if (must_wait(conv, item, old_in_flight) || !core_link_has_room(c, CORE_LINK_ANON)) {
                break;
            }
            KITH_TRY(send_item(c, conv, item));
            if (!item->in_flight) {
                break;
            }
        }
        old_in_flight = old_in_flight || is_old;
    }
    return KITH_OK;
}
