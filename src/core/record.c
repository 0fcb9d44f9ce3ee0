/* SPDX-License-Identifier: MPL-2.0 */
/* The stored forms of conversations, wishes and changes that wait; encode stands next to decode. */
#include "core/record.h"

#include <string.h>

#define FORMAT 1u
/* account id, version, devices */
#define PARTY_LEN 44u

static kith_err
read_format(kith_reader *r)
{
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(r, &format));
    KITH_ENSURE(format == FORMAT, KITH_ERR_UNSUPPORTED);
    return KITH_OK;
}

/* ---- Rosters ---- */

static kith_err
write_roster(kith_writer *w, const core_roster *roster)
{
    size_t mark = 0;

    KITH_TRY(kith_write_u8(w, (uint8_t)roster->kind));
    KITH_TRY(kith_write_vec8(w, kith_bytes_of_text(roster->title)));
    KITH_TRY(kith_write_open(w, KITH_VEC_32, &mark));
    for (size_t i = 0; i < roster->count; i++) {
        KITH_TRY(kith_write_bytes(w, KITH_BYTES(roster->items[i].account)));
        KITH_TRY(kith_write_u64(w, roster->items[i].version));
        KITH_TRY(kith_write_u32(w, roster->items[i].devices));
    }
    return kith_write_close(w, KITH_VEC_32, mark);
}

static kith_err
read_party(kith_reader *r, core_party *out)
{
    KITH_TRY(kith_read_copy(r, out->account, sizeof out->account));
    KITH_TRY(kith_read_u64(r, &out->version));
    return kith_read_u32(r, &out->devices);
}

static kith_err
read_roster(kith_reader *r, core_roster *roster)
{
    uint8_t kind = 0;
    kith_bytes title = {0};
    kith_bytes parties = {0};

    KITH_TRY(kith_read_u8(r, &kind));
    KITH_ENSURE(kind <= CORE_CHAT_OWN, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_vec8(r, &title));
    KITH_TRY(kith_read_vec32(r, &parties));
    const size_t count = parties.len / PARTY_LEN;
    KITH_TRY(kith_mem_grow(roster->alloc, (void **)&roster->items, &roster->cap, count,
                           sizeof *roster->items));
    kith_reader list = kith_reader_of(parties);
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(read_party(&list, &roster->items[i]));
    }
    KITH_TRY(kith_reader_finish(&list));
    roster->kind = (core_chat_kind)kind;
    roster->count = count;
    if (title.len > 0) {
        memcpy(roster->title, title.data, title.len);
    }
    roster->title[title.len] = 0;
    return KITH_OK;
}

/* ---- Conversations ---- */

/* The numbers of a record, in stored order. */
#define NUMBERS(X)                                                                                 \
    X(leave_op)                                                                                    \
    X(epoch)                                                                                       \
    X(next_seq)                                                                                    \
    X(commit_seq)                                                                                  \
    X(acked_seq)                                                                                   \
    X(last_n)                                                                                      \
    X(last_ms)                                                                                     \
    X(read_n)                                                                                      \
    X(read_told_n)                                                                                 \
    X(got_told_n)                                                                                  \
    X(mark_seq)                                                                                    \
    X(heard_ms)                                                                                    \
    X(broken_ms)

kith_err
core_record_encode(kith_buf *out, const core_conv *conv)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, FORMAT));
    KITH_TRY(kith_write_u8(&w, (uint8_t)conv->state));
    KITH_TRY(kith_write_bool(&w, conv->is_open));
    KITH_TRY(kith_write_bool(&w, conv->is_reader));
    KITH_TRY(kith_write_bool(&w, conv->is_due));
    KITH_TRY(kith_write_bool(&w, conv->is_leaving));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(conv->peer)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(conv->reader)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(conv->token)));
#define WRITE_NUMBER(name) KITH_TRY(kith_write_u64(&w, conv->name));
    NUMBERS(WRITE_NUMBER)
#undef WRITE_NUMBER
    KITH_TRY(kith_write_u32(&w, conv->unread));
    return write_roster(&w, &conv->roster);
}

kith_err
core_record_decode(kith_bytes bytes, core_conv *conv)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t state = 0;

    KITH_TRY(read_format(&r));
    KITH_TRY(kith_read_u8(&r, &state));
    KITH_ENSURE(state <= CORE_CHAT_BROKEN, KITH_ERR_MALFORMED);
    conv->state = (core_chat_state)state;
    KITH_TRY(kith_read_bool(&r, &conv->is_open));
    KITH_TRY(kith_read_bool(&r, &conv->is_reader));
    KITH_TRY(kith_read_bool(&r, &conv->is_due));
    KITH_TRY(kith_read_bool(&r, &conv->is_leaving));
    KITH_TRY(kith_read_copy(&r, conv->peer, sizeof conv->peer));
    KITH_TRY(kith_read_copy(&r, conv->reader, sizeof conv->reader));
    KITH_TRY(kith_read_copy(&r, conv->token, sizeof conv->token));
#define READ_NUMBER(name) KITH_TRY(kith_read_u64(&r, &conv->name));
    NUMBERS(READ_NUMBER)
#undef READ_NUMBER
    KITH_TRY(kith_read_u32(&r, &conv->unread));
    KITH_TRY(read_roster(&r, &conv->roster));
    return kith_reader_finish(&r);
}

/* ---- Wishes ---- */

kith_err
core_wish_encode(kith_buf *out, const core_wish *wish)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, FORMAT));
    KITH_TRY(kith_write_u8(&w, (uint8_t)wish->change));
    return kith_write_u64(&w, wish->op);
}

kith_err
core_wish_decode(kith_bytes bytes, core_wish *out)
{
    kith_reader r = kith_reader_of(bytes);
    core_wish wish = {0};
    uint8_t change = 0;

    KITH_TRY(read_format(&r));
    KITH_TRY(kith_read_u8(&r, &change));
    KITH_ENSURE(change == CORE_MEMBER_ADD || change == CORE_MEMBER_REMOVE, KITH_ERR_MALFORMED);
    wish.change = (core_member_change)change;
    KITH_TRY(kith_read_u64(&r, &wish.op));
    KITH_TRY(kith_reader_finish(&r));
    *out = wish;
    return KITH_OK;
}

/* ---- Changes that wait ---- */

kith_err
core_change_encode(kith_buf *out, const core_change_record *change)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, FORMAT));
    KITH_TRY(kith_write_bool(&w, change->is_proposal));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(change->append_id)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(change->token)));
    KITH_TRY(kith_write_u64(&w, change->parent));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(change->next_token_hash)));
    KITH_TRY(kith_write_u16(&w, change->readers));
    KITH_TRY(kith_write_vec32(&w, change->message));
    KITH_TRY(kith_write_vec32(&w, change->welcome));
    return kith_write_vec32(&w, change->joiners);
}

kith_err
core_change_decode(kith_bytes bytes, core_change_record *out)
{
    kith_reader r = kith_reader_of(bytes);
    core_change_record change = {0};

    KITH_TRY(read_format(&r));
    KITH_TRY(kith_read_bool(&r, &change.is_proposal));
    KITH_TRY(kith_read_copy(&r, change.append_id, sizeof change.append_id));
    KITH_TRY(kith_read_copy(&r, change.token, sizeof change.token));
    KITH_TRY(kith_read_u64(&r, &change.parent));
    KITH_TRY(kith_read_copy(&r, change.next_token_hash, sizeof change.next_token_hash));
    KITH_TRY(kith_read_u16(&r, &change.readers));
    KITH_TRY(kith_read_vec32(&r, &change.message));
    KITH_TRY(kith_read_vec32(&r, &change.welcome));
    KITH_TRY(kith_read_vec32(&r, &change.joiners));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(change.joiners.len % (CORE_ACCOUNT_LEN + CORE_DEVICE_LEN) == 0, KITH_ERR_MALFORMED);
    *out = change;
    return KITH_OK;
}
