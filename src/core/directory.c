/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which log the server's directory has. The first one that the server shows is pinned; on each connection it is asked
 * again. Another log of the same generation is a directory in two forms: then nothing is sent any more. A later
 * generation that names the one that is pinned takes its place, which the person is told; the lists that are held stay,
 * and every list of the new log has to continue them.
 */
#include "core/directory.h"

#include <string.h>

#include "core/identity.h"

#define DIRECTORY_FORMAT 1u

static const char record_name[] = "directory";

/* ---- The record ---- */

static kith_err
write_directory(const core_directory *d, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, DIRECTORY_FORMAT));
    KITH_TRY(kith_write_vec16(&w, kith_bytes_of_buf(&d->log)));
    KITH_TRY(kith_write_u8(&w, (uint8_t)d->split));
    KITH_TRY(kith_write_u32(&w, d->told));
    KITH_TRY(kith_write_bool(&w, d->has_head));
    if (d->has_head) {
        KITH_TRY(kt_head_write(&w, &d->head));
    }
    return kt_view_encode(&d->view, out);
}

kith_err
core_directory_save(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(write_directory(c->identity->directory, &value));
    return core_put(c, CORE_TABLE_LOG, kith_bytes_of_text(record_name), kith_bytes_of_buf(&value));
}

/* What a SignedLog says; it is checked already, or comes from the own store. */
static kith_err
take_log(core *c, core_directory *d, kith_bytes bytes)
{
    proto_log log;

    KITH_TRY(proto_log_decode(bytes, &log));
    kith_reader r = kith_reader_of(log.config);
    kt_client client = {.crypto = c->env.crypto};
    KITH_TRY(kt_config_decode(&r, &client.config));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(kith_buf_set(&d->log, bytes));
    d->client = client;
    d->generation = log.generation;
    d->is_known = true;
    return KITH_OK;
}

static kith_err
read_directory(core *c, core_directory *d, kith_bytes bytes)
{
    kith_reader r = kith_reader_of(bytes);
    kith_bytes log = {0};
    uint8_t format = 0;
    uint8_t split = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == DIRECTORY_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_vec16(&r, &log));
    KITH_TRY(kith_read_u8(&r, &split));
    KITH_ENSURE(split < CORE_SPLITS, KITH_ERR_MALFORMED);
    d->split = (core_split)split;
    KITH_TRY(kith_read_u32(&r, &d->told));
    KITH_TRY(kith_read_bool(&r, &d->has_head));
    if (d->has_head) {
        KITH_TRY(kt_head_read(&r, &d->head));
    }
    KITH_TRY(kt_view_decode(&r, &d->view));
    KITH_TRY(kith_reader_finish(&r));
    return take_log(c, d, log);
}

kith_err
core_directory_load(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_directory *d = kith_mem_zalloc(c->env.alloc, 1, sizeof *d);

    KITH_ENSURE(d != NULL, KITH_ERR_NO_MEMORY);
    d->log.alloc = c->env.alloc;
    c->identity->directory = d;
    const kith_err err = core_get(c, CORE_TABLE_LOG, kith_bytes_of_text(record_name), &value);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(read_directory(c, d, kith_bytes_of_buf(&value)));
    return core_watches_load(c);
}

void
core_directory_free(core *c)
{
    core_directory *d = c->identity->directory;

    if (d == NULL) {
        return;
    }
    core_watches_free(c);
    kith_buf_done(&d->log);
    kith_mem_free(c->env.alloc, d, sizeof *d);
    c->identity->directory = NULL;
}

/* ---- What is said of it ---- */

kith_err
core_directory_tell(core *c, uint32_t bit, const char *what)
{
    core_directory *d = c->identity->directory;

    if ((d->told & bit) != 0) {
        return KITH_OK;
    }
    core_changed(c);
    d->told |= bit;
    KITH_TRY(core_directory_save(c));
    return core_event_alarm(c, NULL, NULL, what);
}

kith_err
core_directory_untell(core *c, uint32_t bits)
{
    core_directory *d = c->identity->directory;

    if ((d->told & bits) == 0) {
        return KITH_OK;
    }
    core_changed(c);
    d->told &= ~bits;
    return core_directory_save(c);
}

kith_err
core_directory_split(core *c, core_split why)
{
    core_directory *d = c->identity->directory;

    if (d->split != CORE_SPLIT_NONE) {
        return KITH_OK;
    }
    core_changed(c);
    d->split = why;
    KITH_TRY(core_directory_save(c));
    return core_event_alarm(c, NULL, NULL, why == CORE_SPLIT_FORK ? "fork" : "directory");
}

/* ---- What the server says of it ---- */

/* Whether `log` names the one that is pinned as the one whose place it takes. */
static kith_err
follows_pinned(core *c, const proto_log *log, bool *out)
{
    const core_directory *d = c->identity->directory;
    uint8_t hash[PROTO_ID_LEN];

    *out = false;
    if (log->generation <= d->generation) {
        return KITH_OK;
    }
    KITH_TRY(proto_log_hash(c->env.crypto, kith_bytes_of_buf(&d->log), hash));
    /* One that was missed in between cannot be checked: what this device holds of lists still is. */
    *out =
        log->generation > d->generation + 1 || memcmp(hash, log->previous_hash, sizeof hash) == 0;
    return KITH_OK;
}

/* The place of the old log was taken: what was seen of that one says nothing of this. */
static kith_err
begin_anew(core *c, kith_bytes bytes)
{
    core_directory *d = c->identity->directory;

    core_changed(c);
    KITH_TRY(take_log(c, d, bytes));
    d->view = (kt_view){0};
    d->has_head = false;
    d->told = 0;
    d->is_asking = false;
    d->heads = (core_heads){0};
    KITH_TRY(core_watches_forget(c));
    KITH_TRY(core_directory_save(c));
    return core_event_alarm(c, NULL, NULL, "renewed");
}

static kith_err
take_other(core *c, kith_bytes bytes, const proto_log *log)
{
    bool follows = false;

    KITH_TRY(follows_pinned(c, log, &follows));
    return follows ? begin_anew(c, bytes) : core_directory_split(c, CORE_SPLIT_OTHER);
}

static kith_err
take_config(core *c, kith_bytes bytes)
{
    core_directory *d = c->identity->directory;
    proto_log log;

    KITH_TRY(proto_log_check(c->env.crypto, bytes, KITH_BYTES(c->identity->server_key), &log));
    if (d->is_known) {
        return kith_bytes_equal(kith_bytes_of_buf(&d->log), bytes) ? KITH_OK
                                                                   : take_other(c, bytes, &log);
    }
    core_changed(c);
    KITH_TRY(take_log(c, d, bytes));
    return core_directory_save(c);
}

static kith_err
on_config(core *c, const core_tag *tag, const core_answer *answer)
{
    core_directory *d = c->identity->directory;
    proto_log_config_answer config = {0};

    d->config_in_flight[tag->n] = false;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        d->config_not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    }
    KITH_TRY(proto_log_config_answer_decode(answer->body, &config));
    KITH_TRY(take_config(c, config.log));
    d->config_seen[tag->n] = true;
    c->activity++;
    return KITH_OK;
}

/* ---- Asking ---- */

void
core_directory_link_changed(core *c, core_link link)
{
    core_directory *d = c->identity->directory;

    if (!core_link_is_open(c, link)) {
        d->config_seen[link] = false;
        d->config_not_before_ms = 0;
    }
}

static kith_err
ask_config(core *c, core_link link)
{
    core_directory *d = c->identity->directory;

    if (d->config_seen[link] || d->config_in_flight[link] || !core_link_is_open(c, link) ||
        !core_link_has_room(c, link)) {
        return KITH_OK;
    }
    if (!core_is_due(c, d->config_not_before_ms)) {
        core_wake_at(c, d->config_not_before_ms);
        return KITH_OK;
    }
    KITH_TRY(core_link_request(
        c, &(core_request){
               .link = link, .type = PROTO_LOG_CONFIG, .tag = {.n = link}, .answer = on_config}));
    d->config_in_flight[link] = true;
    return KITH_OK;
}

kith_err
core_directory_pump(core *c)
{
    if (c->account.state != CORE_ACCOUNT_READY && c->account.state != CORE_ACCOUNT_MAKING) {
        return KITH_OK;
    }
    KITH_TRY(ask_config(c, CORE_LINK_NAMED));
    return ask_config(c, CORE_LINK_ANON);
}

/* ---- What the person sees and decides ---- */

core_log
core_log_get(const core *c)
{
    core_log out = {0};

    if (c->identity == NULL || !c->identity->directory->is_known) {
        return out;
    }
    const core_directory *d = c->identity->directory;
    out = (core_log){.is_known = true,
                     .generation = d->generation,
                     .size = d->view.size,
                     .is_silent = d->split != CORE_SPLIT_NONE};
    /* Nothing was seen: nothing is newest. */
    kith_ignore(kt_view_newest(&d->view, &out.newest_ms));
    return out;
}

/* As a device that has never seen this server's log. */
static kith_err
forget_log(core *c)
{
    core_directory *d = c->identity->directory;

    core_changed(c);
    KITH_TRY(core_watches_forget(c));
    KITH_TRY(core_erase(c, CORE_TABLE_LOG, kith_bytes_of_text(record_name)));
    kith_buf_clear(&d->log);
    d->is_known = false;
    d->view = (kt_view){0};
    d->has_head = false;
    d->split = CORE_SPLIT_NONE;
    d->told = 0;
    d->heads = (core_heads){0};
    for (size_t i = 0; i < CORE_LINKS; i++) {
        d->config_seen[i] = false;
    }
    return core_list_want(c, c->account.account, 0);
}

kith_err
core_go_on(core *c, uint64_t now_ms)
{
    KITH_TRY(core_query(c));
    KITH_ENSURE(core_is_silent(c), KITH_ERR_INVALID);
    KITH_TRY(core_txn_begin(c, now_ms));
    return core_txn_end(c, forget_log(c));
}
