/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One followed server: dial, hello, configuration, entries until the checkpoint, cosign, rest. Whatever is not as it should be
 * ends the round without a cosignature, and the next one begins from what was cosigned last.
 */
#include "follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "follower.h"
#include "witness.h"

/* ---- Words ---- */

static void
say(const follower *f, const char *words)
{
    witness_complain("%s port %u: %s", f->server->address.host, f->server->address.port, words);
}

void
follower_complain(follower *f, const char *words)
{
    if (f->last_words != words) {
        f->last_words = words;
        say(f, words);
    }
}

/* ---- The round ---- */

void
follower_rest(follower *f, uint64_t ms)
{
    f->step = FOLLOW_IDLE;
    net_timer_set(f->timer, ms);
}

static void
hang_up(follower *f)
{
    net_client_close(f->client);
    f->is_up = false;
    f->is_behind = false;
    kith_buf_clear(&f->in);
}

static void
give_up(follower *f, const char *words)
{
    follower_complain(f, words);
    hang_up(f);
    follower_rest(f, FOLLOW_RETRY_MS);
}

/* What it showed is kept for whoever wants to look at it; the next round begins from what was cosigned. */
static void
refuse(follower *f, const char *words)
{
    char path[CONFIG_PATH_MAX + 64];

    if (f->last_words != words && f->note.len > 0) {
        snprintf(path, sizeof path, "%s/refused-%08x-%llu", f->all->config->data, f->key.id,
                 (unsigned long long)f->size);
        /* The words below are said in any case. */
        kith_ignore(net_file_save(path, kith_bytes_of_buf(&f->note)));
    }
    follower_complain(f, words);
    hang_up(f);
    follower_rest(f, FOLLOW_REFUSED_MS);
}

void
follower_ask(follower *f, follow_step step, uint8_t type, const kith_buf *body, kith_err body_err)
{
    KITH_AUTO(kith_buf) frame = {0};
    kith_err err = body_err;

    f->request++;
    if (err == KITH_OK) {
        err = proto_frame_encode(&frame, type, f->request, kith_bytes_of_buf(body));
    }
    if (err == KITH_OK) {
        err = net_client_send(f->client, kith_bytes_of_buf(&frame));
    }
    if (err != KITH_OK) {
        give_up(f, "no request can be sent");
        return;
    }
    f->step = step;
    net_timer_set(f->timer, FOLLOW_ANSWER_MS);
}

static void
ask_hello(follower *f)
{
    static const proto_hello hello = {.version_min = PROTO_VERSION, .version_max = PROTO_VERSION};
    KITH_AUTO(kith_buf) body = {0};
    const kith_err err = proto_hello_encode(&body, &hello);

    follower_ask(f, FOLLOW_HELLO, PROTO_HELLO, &body, err);
}

static void
ask_config(follower *f)
{
    const kith_buf empty = {0};

    follower_ask(f, FOLLOW_CONFIG, PROTO_LOG_CONFIG, &empty, KITH_OK);
}

static void
ask_entries(follower *f)
{
    const proto_log_entries in = {.from = f->view.bridge.size, .count = PROTO_LOG_ENTRIES_MAX};
    KITH_AUTO(kith_buf) body = {0};
    const kith_err err = proto_log_entries_encode(&body, &in);

    follower_ask(f, FOLLOW_ENTRIES, PROTO_LOG_ENTRIES, &body, err);
}

/* ---- The configuration ---- */

static void
write_pin_path(const follower *f, char out[CONFIG_PATH_MAX + 80])
{
    int len = snprintf(out, CONFIG_PATH_MAX + 80, "%s/server-", f->all->config->data);

    for (size_t i = 0; i < sizeof f->server->identity; i++) {
        len +=
            snprintf(out + len, CONFIG_PATH_MAX + 80 - (size_t)len, "%02x", f->server->identity[i]);
    }
}

static kith_err
load_pin(follower *f)
{
    char path[CONFIG_PATH_MAX + 80];

    write_pin_path(f, path);
    const kith_err err = net_file_load(path, &f->signed_log);
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* The words are the operator's: what could move a terminal's cursor is left out. */
static void
say_new_log(const follower *f, const proto_log *log)
{
    char reason[PROTO_LOG_REASON_MAX + 1];

    for (size_t i = 0; i < log->reason.len; i++) {
        const uint8_t byte = log->reason.data[i];
        reason[i] = byte < ' ' || byte == 0x7f ? '?' : (char)byte;
    }
    reason[log->reason.len] = 0;
    witness_complain("%s port %u: has begun a new log, number %u: \"%s\"", f->server->address.host,
                     f->server->address.port, log->generation, reason);
}

/* Another log of the server takes the place of the known one only if it says that it does. */
static kith_err
check_pin(follower *f, kith_bytes signed_log, const proto_log *log)
{
    uint8_t hash[PROTO_ID_LEN];
    proto_log known;

    if (f->signed_log.len == 0 || kith_bytes_equal(signed_log, kith_bytes_of_buf(&f->signed_log))) {
        return KITH_OK;
    }
    KITH_TRY(proto_log_decode(kith_bytes_of_buf(&f->signed_log), &known));
    KITH_TRY(proto_log_hash(f->all->crypto, kith_bytes_of_buf(&f->signed_log), hash));
    KITH_ENSURE(log->generation > known.generation, KITH_ERR_REJECTED);
    KITH_ENSURE(log->generation > known.generation + 1 ||
                    memcmp(hash, log->previous_hash, sizeof hash) == 0,
                KITH_ERR_REJECTED);
    say_new_log(f, log);
    return KITH_OK;
}

/* Which log it is is durable before its first checkpoint is cosigned. */
static kith_err
adopt_log(follower *f, kith_bytes signed_log)
{
    crypto *c = f->all->crypto;
    char path[CONFIG_PATH_MAX + 80];
    uint8_t hash[PROTO_ID_LEN];
    kt_config config;
    proto_log log;

    KITH_TRY(proto_log_check(c, signed_log, KITH_BYTES(f->server->identity), &log));
    KITH_TRY(check_pin(f, signed_log, &log));
    kith_reader r = kith_reader_of(log.config);
    KITH_TRY(kt_config_decode(&r, &config));
    KITH_TRY(proto_log_hash(c, signed_log, hash));
    KITH_TRY(kt_bridge_key(c, hash, &config, &f->key));
    if (!kith_bytes_equal(signed_log, kith_bytes_of_buf(&f->signed_log))) {
        write_pin_path(f, path);
        KITH_TRY(net_file_save(path, signed_log));
        KITH_TRY(kith_buf_set(&f->signed_log, signed_log));
        f->done_size = 0;
        memset(f->push_old, 0, sizeof f->push_old);
    }
    return cosigner_begin(f->all->cosigner, &f->key, &f->view);
}

static void
handle_config(follower *f, kith_bytes body)
{
    proto_log_config_answer answer = {0};

    kith_err err = proto_log_config_answer_decode(body, &answer);
    if (err == KITH_OK) {
        err = adopt_log(f, answer.log);
    }
    if (err == KITH_ERR_REJECTED) {
        refuse(f, "REFUSED: says of its log something else than before, or did not sign it");
    } else if (err != KITH_OK) {
        give_up(f, "what it says of its log cannot be used");
    } else {
        ask_entries(f);
    }
}

/* ---- Entries ---- */

static kith_err
add_entries(follower *f, kith_bytes entries)
{
    kith_reader r = kith_reader_of(entries);

    while (!kith_reader_done(&r)) {
        kt_entry entry;
        KITH_TRY(kt_log_entry_read(&r, &entry));
        KITH_TRY(kt_bridge_view_add(f->all->crypto, &f->view, &entry));
    }
    return KITH_OK;
}

static void
ask_cosign(follower *f)
{
    KITH_AUTO(kith_buf) lines = {0};
    KITH_AUTO(kith_buf) body = {0};

    kith_err err =
        cosigner_follow(f->all->cosigner, &f->key, &f->view, kith_bytes_of_buf(&f->note), &lines);
    if (err == KITH_ERR_REJECTED) {
        refuse(f, "REFUSED: its checkpoint is not the tree of the entries that it has shown");
        return;
    }
    if (err != KITH_OK) {
        give_up(f, "what would be cosigned cannot be kept; is the disk full?");
        return;
    }
    const proto_log_cosign in = {.size = f->size, .lines = kith_bytes_of_buf(&lines)};
    err = proto_log_cosign_encode(&body, &in);
    follower_ask(f, FOLLOW_COSIGN, PROTO_LOG_COSIGN, &body, err);
}

/* Nothing is new: what there is must be what was cosigned. */
static void
check_same(follower *f)
{
    kt_checkpoint checkpoint;
    kt_hash root;

    if (kt_checkpoint_decode(kith_bytes_of_buf(&f->note), &checkpoint) != KITH_OK ||
        kt_merkle_edge_root(f->all->crypto, &f->view.bridge, &root) != KITH_OK) {
        give_up(f, "its checkpoint cannot be read");
    } else if (memcmp(root.bytes, checkpoint.root.bytes, sizeof root.bytes) != 0) {
        refuse(f, "REFUSED: its checkpoint is not the tree of the entries that it has shown");
    } else {
        follower_push_begin(f);
    }
}

static kith_err
take_entries(follower *f, const proto_log_entries_answer *answer)
{
    kt_checkpoint checkpoint;

    KITH_TRY(kith_buf_set(&f->note, answer->checkpoint));
    KITH_TRY(kt_checkpoint_decode(kith_bytes_of_buf(&f->note), &checkpoint));
    f->size = checkpoint.size;
    KITH_TRY(add_entries(f, answer->entries));
    KITH_ENSURE(f->view.bridge.size <= checkpoint.size, KITH_ERR_REJECTED);
    /* An answer without entries before the end would be asked for again and again. */
    KITH_ENSURE(answer->entries.len > 0 || f->view.bridge.size == checkpoint.size,
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static void
handle_entries(follower *f, kith_bytes body)
{
    proto_log_entries_answer answer = {0};

    kith_err err = proto_log_entries_answer_decode(body, &answer);
    if (err == KITH_OK) {
        err = take_entries(f, &answer);
    }
    if (err == KITH_ERR_REJECTED) {
        refuse(f, "REFUSED: its entries do not follow from each other");
    } else if (err != KITH_OK) {
        give_up(f, "its entries cannot be read");
    } else if (f->view.bridge.size < f->size) {
        ask_entries(f);
    } else if (f->done_size == f->size) {
        check_same(f);
    } else {
        ask_cosign(f);
    }
}

/* ---- Answers ---- */

static void
handle_error(follower *f, const proto_frame *frame)
{
    proto_error error = {0};

    if (proto_error_decode(frame->body, &error) != KITH_OK) {
        give_up(f, "its answer cannot be read");
    } else if (f->step == FOLLOW_ENTRIES && error.code == KITH_ERR_OUT_OF_STEP) {
        refuse(f, "REFUSED: its log has become shorter");
    } else if (f->step == FOLLOW_COSIGN && error.code == KITH_ERR_DENIED) {
        follower_complain(
            f, "does not take cosignatures of this witness; its operator can name it with "
               "kithd --witness");
        f->done_size = f->size;
        follower_push_begin(f);
    } else if (f->step == FOLLOW_PROOF || f->step == FOLLOW_PUSH_COSIGN) {
        follower_push_answer(f, frame);
    } else if (error.code == KITH_ERR_UNSUPPORTED) {
        give_up(f, "has no log that could be followed");
    } else {
        /* It has too much to do: what was read so far is kept. */
        f->is_behind = f->step == FOLLOW_ENTRIES;
        follower_rest(f, FOLLOW_RETRY_MS);
    }
}

static void
handle_answer(follower *f, const proto_frame *frame)
{
    switch (f->step) {
    case FOLLOW_HELLO:
        ask_config(f);
        return;
    case FOLLOW_CONFIG:
        handle_config(f, frame->body);
        return;
    case FOLLOW_ENTRIES:
        handle_entries(f, frame->body);
        return;
    case FOLLOW_COSIGN:
        if (f->done_size != f->size) {
            f->last_words = NULL;
        }
        f->done_size = f->size;
        follower_push_begin(f);
        return;
    case FOLLOW_PROOF:
    case FOLLOW_PUSH_COSIGN:
        follower_push_answer(f, frame);
        return;
    case FOLLOW_IDLE:
    case FOLLOW_DIAL:
    case FOLLOW_PUSH:
    default:
        return;
    }
}

static void
handle_frame(follower *f, const proto_frame *frame)
{
    /* Pushes, and answers to what is no longer waited for, are passed over. */
    if (frame->request != f->request || frame->request == 0) {
        return;
    }
    if (frame->type == PROTO_ERROR) {
        handle_error(f, frame);
    } else {
        handle_answer(f, frame);
    }
}

/* ---- The connection ---- */

static void
handle_up(void *ctx, const uint8_t exporter[NET_EXPORTER_LEN])
{
    follower *f = ctx;

    (void)exporter;
    f->is_up = true;
    ask_hello(f);
}

/* False: there is no whole frame. */
static bool
take_frame(follower *f)
{
    KITH_AUTO(kith_buf) whole = {0};
    proto_frame frame;
    size_t used = 0;

    if (proto_frame_take(kith_bytes_of_buf(&f->in), PROTO_FRAME_MAX, &frame, &used) != KITH_OK) {
        give_up(f, "sends what is no frame");
        return false;
    }
    if (used == 0) {
        return false;
    }
    /* Handling it may end the connection and what has arrived with it. */
    if (kith_buf_set(&whole, frame.body) != KITH_OK) {
        give_up(f, "out of memory");
        return false;
    }
    frame.body = kith_bytes_of_buf(&whole);
    kith_buf_drop_front(&f->in, used);
    handle_frame(f, &frame);
    return f->is_up;
}

static void
handle_bytes(void *ctx, kith_bytes bytes)
{
    follower *f = ctx;

    if (kith_buf_append(&f->in, bytes) != KITH_OK) {
        give_up(f, "out of memory");
        return;
    }
    while (take_frame(f)) {
    }
}

static void
handle_lost(void *ctx, net_lost reason)
{
    follower *f = ctx;

    f->is_up = false;
    f->is_behind = false;
    kith_buf_clear(&f->in);
    if (reason == NET_LOST_WRONG_PIN) {
        follower_complain(f, "somebody else answers there");
    } else if (f->step != FOLLOW_IDLE) {
        follower_complain(f, "cannot be reached");
    }
    /* A push that is under way ends the round itself. */
    if (f->step != FOLLOW_PUSH) {
        follower_rest(f, FOLLOW_RETRY_MS);
    }
}

static void
begin_round(follower *f)
{
    const config_server *server = f->server;

    if (f->is_up && f->is_behind) {
        f->is_behind = false;
        ask_entries(f);
        return;
    }
    if (f->is_up) {
        /* What was added beyond the last cosigned tree is asked for again. */
        if (cosigner_begin(f->all->cosigner, &f->key, &f->view) == KITH_OK) {
            ask_entries(f);
        } else {
            give_up(f, "what was cosigned of it cannot be used");
        }
        return;
    }
    f->step = FOLLOW_DIAL;
    net_client_close(f->client);
    net_timer_set(f->timer, FOLLOW_ANSWER_MS);
    if (net_client_dial(f->client, server->address.host, server->address.port, server->identity) !=
        KITH_OK) {
        give_up(f, "cannot be dialled");
    }
}

static void
handle_timer(void *ctx)
{
    follower *f = ctx;

    if (f->step == FOLLOW_IDLE) {
        begin_round(f);
    } else if (f->step != FOLLOW_PUSH) {
        give_up(f, "does not answer");
    }
}

/* ---- All of them ---- */

static kith_err
start_one(followers *all, size_t i)
{
    follower *f = &all->items[i];
    const net_client_events events = {
        .up = handle_up, .bytes = handle_bytes, .lost = handle_lost, .ctx = f};

    *f = (follower){.all = all, .server = &all->config->servers[i]};
    all->count = i + 1;
    KITH_TRY(net_client_new(all->loop, &events, &f->client));
    KITH_TRY(net_timer_new(all->loop, handle_timer, f, &f->timer));
    KITH_TRY(load_pin(f));
    follower_rest(f, 0);
    return KITH_OK;
}

followers *
followers_start(net_loop *loop, const witness_config *config, cosigner *w)
{
    followers *all = calloc(1, sizeof *all);
    kith_err err = KITH_ERR_NO_MEMORY;

    if (all != NULL && push_global_open()) {
        all->loop = loop;
        all->config = config;
        all->cosigner = w;
        err = crypto_new(NULL, &all->crypto);
    }
    for (size_t i = 0; err == KITH_OK && i < config->server_count; i++) {
        err = start_one(all, i);
    }
    if (err != KITH_OK) {
        witness_complain("cannot start: %s", kith_err_text(err));
        followers_stop(all);
        return NULL;
    }
    return all;
}

void
followers_check_end(const followers *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].is_pushing) {
            return;
        }
    }
    all->ended(all->ended_ctx);
}

void
followers_end(followers *all, net_fn done, void *ctx)
{
    all->ended = done;
    all->ended_ctx = ctx;
    for (size_t i = 0; i < all->count; i++) {
        follower *f = &all->items[i];
        net_client_close(f->client);
        net_timer_off(f->timer);
        f->is_up = false;
        atomic_store(&f->push.is_over, true);
    }
    followers_check_end(all);
}

static void
stop_one(follower *f)
{
    net_client_free(f->client);
    net_timer_free(f->timer);
    kith_buf_done(&f->in);
    kith_buf_done(&f->signed_log);
    kith_buf_done(&f->note);
    kith_buf_done(&f->push.body);
    kith_buf_done(&f->push.answer);
}

void
followers_stop(followers *all)
{
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        stop_one(&all->items[i]);
    }
    crypto_free(all->crypto);
    push_global_close();
    free(all);
}
