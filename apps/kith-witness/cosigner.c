/* SPDX-License-Identifier: MPL-2.0 */
/* The state of a witness: judge, make durable, hand out. */
#include "cosigner.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "witness.h"

enum { FORMAT = 1 };

/* Longest text of a checkpoint that is kept, so that a file with its signatures stays below NET_FILE_MAX. */
#define TEXT_MAX 16384u

typedef struct watched {
    kt_note_key key; /* of the log; its name is the origin */
    uint8_t hash[CRYPTO_SHA256_LEN]; /* of the origin */
    uint64_t size; /* of the checkpoint that was cosigned last; 0: none, or an empty one */
    kt_hash root;
    kith_buf note; /* that checkpoint with the log's and our signatures; empty: none */
    bool is_followed;
    bool is_reported; /* a tree that did not extend this one was spoken of */
    kt_bridge_view view; /* of a followed log: exactly the tree that was cosigned last */
} watched;

struct cosigner {
    pthread_mutex_t lock;
    crypto *crypto;
    const witness_config *config;
    keys keys;
    watched *logs;
    size_t count;
    size_t cap;
};

/* ---- Files ---- */

static void
write_path(const cosigner *w, const watched *log, char out[CONFIG_PATH_MAX + 80])
{
    int len = snprintf(out, CONFIG_PATH_MAX + 80, "%s/log-", w->config->data);

    for (size_t i = 0; i < sizeof log->hash; i++) {
        len += snprintf(out + len, CONFIG_PATH_MAX + 80 - (size_t)len, "%02x", log->hash[i]);
    }
}

static kith_err
encode_state(const watched *log, kith_buf *out)
{
    KITH_AUTO(kith_buf) view = {0};
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kt_bridge_view_encode(&log->view, &view));
    KITH_TRY(kith_write_u8(&w, FORMAT));
    KITH_TRY(kith_write_vec8(&w, kt_note_key_name(&log->key)));
    KITH_TRY(kith_write_u64(&w, log->size));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(log->root.bytes)));
    KITH_TRY(kith_write_vec32(&w, kith_bytes_of_buf(&log->note)));
    return kith_write_vec32(&w, kith_bytes_of_buf(&view));
}

/* `*log` has its key. */
static kith_err
decode_state(kith_bytes bytes, watched *log)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t format = 0;
    kith_bytes origin = {0};
    kith_bytes note = {0};
    kith_bytes view = {0};

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_vec8(&r, &origin));
    KITH_ENSURE(kith_bytes_equal(origin, kt_note_key_name(&log->key)), KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_u64(&r, &log->size));
    KITH_TRY(kith_read_copy(&r, log->root.bytes, sizeof log->root.bytes));
    KITH_TRY(kith_read_vec32(&r, &note));
    KITH_TRY(kith_read_vec32(&r, &view));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(kt_bridge_view_decode(view, &log->view));
    return kith_buf_set(&log->note, note);
}

static kith_err
save_state(const cosigner *w, const watched *log)
{
    KITH_AUTO(kith_buf) file = {0};
    char path[CONFIG_PATH_MAX + 80];

    KITH_TRY(encode_state(log, &file));
    KITH_ENSURE(file.len <= NET_FILE_MAX, KITH_ERR_LIMIT);
    write_path(w, log, path);
    return net_file_save(path, kith_bytes_of_buf(&file));
}

static kith_err
load_state(const cosigner *w, watched *log)
{
    KITH_AUTO(kith_buf) file = {0};
    char path[CONFIG_PATH_MAX + 80];

    write_path(w, log, path);
    const kith_err err = net_file_load(path, &file);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    return decode_state(kith_bytes_of_buf(&file), log);
}

/* ---- Logs ---- */

static watched *
find_log(const cosigner *w, kith_bytes origin)
{
    for (size_t i = 0; i < w->count; i++) {
        if (kith_bytes_equal(kt_note_key_name(&w->logs[i].key), origin)) {
            return &w->logs[i];
        }
    }
    return NULL;
}

static kith_err
add_log(cosigner *w, const kt_note_key *key, bool is_followed)
{
    watched log = {.key = *key, .is_followed = is_followed};

    KITH_TRY(crypto_sha256(w->crypto, kt_note_key_name(key), log.hash));
    KITH_TRY(kith_mem_grow(NULL, (void **)&w->logs, &w->cap, w->count + 1, sizeof *w->logs));
    const kith_err err = load_state(w, &log);
    if (err != KITH_OK) {
        kith_buf_done(&log.note);
        return err;
    }
    w->logs[w->count++] = log;
    return KITH_OK;
}

static bool
add_logs(cosigner *w)
{
    for (size_t i = 0; i < w->config->log_count; i++) {
        const kt_note_key *key = &w->config->logs[i].key;
        const kith_bytes name = kt_note_key_name(key);
        if (find_log(w, name) != NULL) {
            witness_complain("witness.conf names the log %.*s twice", (int)name.len,
                             (const char *)name.data);
            return false;
        }
        const kith_err err = add_log(w, key, false);
        if (err != KITH_OK) {
            witness_complain(
                "what was cosigned of %.*s cannot be read (%s); put back the newest copy "
                "of its file in %s, and never an older one",
                (int)name.len, (const char *)name.data, kith_err_name(err), w->config->data);
            return false;
        }
    }
    return true;
}

cosigner *
cosigner_open(const witness_config *config)
{
    cosigner *w = calloc(1, sizeof *w);

    if (w == NULL || pthread_mutex_init(&w->lock, NULL) != 0) {
        free(w);
        witness_complain("out of memory");
        return NULL;
    }
    w->config = config;
    if (crypto_new(NULL, &w->crypto) != KITH_OK || !keys_open(w->crypto, config, &w->keys) ||
        !add_logs(w)) {
        cosigner_free(w);
        return NULL;
    }
    return w;
}

void
cosigner_free(cosigner *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->count; i++) {
        kith_buf_done(&w->logs[i].note);
    }
    kith_mem_free(NULL, w->logs, w->cap * sizeof *w->logs);
    keys_done(&w->keys);
    crypto_free(w->crypto);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

const keys *
cosigner_keys(const cosigner *w)
{
    return &w->keys;
}

/* ---- Cosigning ---- */

/* The signature lines of the log's key: other lines of a checkpoint are nobody's that is known here. */
static kith_err
keep_log_lines(const kt_checkpoint *checkpoint, const kt_note_key *key, kith_buf *out)
{
    kith_reader r = kith_reader_of(checkpoint->note.lines);

    while (!kith_reader_done(&r)) {
        kt_note_line line;
        KITH_TRY(kt_note_line_read(&r, &line));
        if (kt_note_line_is_of(&line, key)) {
            return kith_buf_append(out, line.whole);
        }
    }
    return KITH_OK;
}

static kith_err
sign_lines(cosigner *w, const kt_checkpoint *checkpoint, kith_buf *out)
{
    const uint64_t now_s = net_clock()->wall_ms(net_clock()->ctx) / 1000;

    for (size_t i = 0; i < KEYS_COUNT; i++) {
        const kt_signer signer = {.key = &w->keys.public_keys[i], .sign = w->keys.sign[i]};
        KITH_TRY(kt_checkpoint_sign(w->crypto, &signer, checkpoint, now_s, out));
    }
    return KITH_OK;
}

/* What the log's state is after the checkpoint is cosigned. `view` is NULL for a log that is not followed. */
static kith_err
make_next(const watched *log, const kt_checkpoint *checkpoint, kith_bytes lines, watched *next)
{
    KITH_ENSURE(checkpoint->note.text.len <= TEXT_MAX, KITH_ERR_LIMIT);
    next->size = checkpoint->size;
    next->root = checkpoint->root;
    KITH_TRY(kith_buf_append(&next->note, checkpoint->note.text));
    KITH_TRY(kith_buf_append(&next->note, kith_bytes_of_text("\n")));
    KITH_TRY(keep_log_lines(checkpoint, &log->key, &next->note));
    return kith_buf_append(&next->note, lines);
}

/* The order matters: made, durable, remembered, handed out. */
static kith_err
cosign(cosigner *w, watched *log, const kt_checkpoint *checkpoint, const kt_bridge_view *view,
       kith_buf *out)
{
    KITH_AUTO(kith_buf) lines = {0};
    watched next = *log;

    next.is_reported = false;
    next.note = (kith_buf){0};
    next.view = *view;
    kith_err err = sign_lines(w, checkpoint, &lines);
    if (err == KITH_OK) {
        err = make_next(log, checkpoint, kith_bytes_of_buf(&lines), &next);
    }
    if (err == KITH_OK) {
        err = kith_buf_reserve(out, lines.len);
    }
    if (err == KITH_OK) {
        err = save_state(w, &next);
    }
    if (err != KITH_OK) {
        kith_buf_done(&next.note);
        return err;
    }
    kith_buf_done(&log->note);
    *log = next;
    return kith_buf_append(out, kith_bytes_of_buf(&lines));
}

/* What may be proof of a fork is said once to the operator and kept; the other half of it is in the log's state. */
static void
report_fork(const cosigner *w, watched *log, const kt_add_request *request)
{
    const kt_checkpoint *checkpoint = &request->checkpoint;
    char path[CONFIG_PATH_MAX + 64];

    if (log->is_reported) {
        return;
    }
    log->is_reported = true;
    snprintf(path, sizeof path, "%s/refused-%08x-%llu", w->config->data, log->key.id,
             (unsigned long long)checkpoint->size);
    /* The words below are said in any case. */
    kith_ignore(net_file_save(path, request->bytes));
    witness_complain(
        "REFUSED: the log %.*s shows a tree of %llu entries that does not extend the %llu "
        "that this witness cosigned",
        (int)log->key.name_len, log->key.name, (unsigned long long)checkpoint->size,
        (unsigned long long)log->size);
}

static kith_err
add_locked(cosigner *w, const kt_add_request *request, kt_verdict *out, kith_buf *body)
{
    watched *log = find_log(w, request->checkpoint.origin);
    kt_verdict verdict = KT_VERDICT_UNKNOWN;

    /* One that is followed is asked for, and does not ask. */
    if (log == NULL || log->is_followed) {
        return kt_witness_judge(w->crypto, NULL, request, out);
    }
    const kt_known_log known = {.origin = kt_note_key_name(&log->key),
                                .keys = &log->key,
                                .key_count = 1,
                                .size = log->size,
                                .root = log->root};
    KITH_TRY(kt_witness_judge(w->crypto, &known, request, &verdict));
    if (verdict == KT_VERDICT_COSIGN) {
        KITH_TRY(cosign(w, log, &request->checkpoint, &log->view, body));
    } else if (verdict == KT_VERDICT_CONFLICT) {
        KITH_TRY(kt_conflict_encode(log->size, body));
    } else if (verdict == KT_VERDICT_INCONSISTENT) {
        report_fork(w, log, request);
    }
    *out = verdict;
    return KITH_OK;
}

kith_err
cosigner_add(cosigner *w, kith_bytes request, kt_verdict *out, kith_buf *body)
{
    kt_add_request parsed;

    if (kt_add_request_decode(request, &parsed) != KITH_OK ||
        parsed.checkpoint.note.text.len > TEXT_MAX) {
        *out = KT_VERDICT_MALFORMED;
        return KITH_OK;
    }
    (void)pthread_mutex_lock(&w->lock);
    const kith_err err = add_locked(w, &parsed, out, body);
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}

kith_err
cosigner_get(cosigner *w, const uint8_t hash[CRYPTO_SHA256_LEN], kith_buf *out)
{
    kith_err err = KITH_ERR_NOT_FOUND;

    (void)pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->count; i++) {
        const watched *log = &w->logs[i];
        if (memcmp(log->hash, hash, sizeof log->hash) == 0 && log->note.len > 0) {
            err = kith_buf_append(out, kith_bytes_of_buf(&log->note));
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}

/* ---- Followed logs ---- */

static kith_err
begin_locked(cosigner *w, const kt_note_key *key, kt_bridge_view *view)
{
    const watched *log = find_log(w, kt_note_key_name(key));

    if (log == NULL) {
        KITH_ENSURE(w->count <
                        CONFIG_LOGS_MAX + CONFIG_SERVERS_MAX * (size_t)COSIGNER_GENERATIONS_MAX,
                    KITH_ERR_LIMIT);
        KITH_TRY(add_log(w, key, true));
        log = find_log(w, kt_note_key_name(key));
    }
    KITH_ENSURE(log != NULL && kt_note_key_equal(&log->key, key), KITH_ERR_MALFORMED);
    /* What asks by HTTP is not followed: nobody has seen its entries. */
    KITH_ENSURE(log->is_followed && log->view.bridge.size == log->size, KITH_ERR_MALFORMED);
    *view = log->view;
    return KITH_OK;
}

kith_err
cosigner_begin(cosigner *w, const kt_note_key *key, kt_bridge_view *view)
{
    (void)pthread_mutex_lock(&w->lock);
    const kith_err err = begin_locked(w, key, view);
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}

/* Every entry was added to the view one by one, so a tree with the view's root extends all smaller views. */
static kith_err
check_followed(cosigner *w, const watched *log, const kt_bridge_view *view,
               const kt_checkpoint *checkpoint)
{
    kt_hash root;

    const kith_err err = kt_checkpoint_verify(w->crypto, checkpoint, &log->key, NULL);
    KITH_ENSURE(err != KITH_ERR_NOT_FOUND, KITH_ERR_REJECTED);
    KITH_TRY(err);
    KITH_TRY(kt_merkle_edge_root(w->crypto, &view->bridge, &root));
    KITH_ENSURE(kith_bytes_equal(checkpoint->origin, kt_note_key_name(&log->key)) &&
                    checkpoint->size == view->bridge.size && checkpoint->size >= log->size &&
                    memcmp(root.bytes, checkpoint->root.bytes, sizeof root.bytes) == 0,
                KITH_ERR_REJECTED);
    KITH_ENSURE(checkpoint->size != log->size || log->note.len == 0 ||
                    memcmp(root.bytes, log->root.bytes, sizeof root.bytes) == 0,
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
follow_locked(cosigner *w, const kt_note_key *key, const kt_bridge_view *view, kith_bytes note,
              kith_buf *lines)
{
    watched *log = find_log(w, kt_note_key_name(key));
    kt_checkpoint checkpoint;

    KITH_ENSURE(log != NULL, KITH_ERR_INVALID);
    KITH_ENSURE(kt_checkpoint_decode(note, &checkpoint) == KITH_OK, KITH_ERR_REJECTED);
    KITH_TRY(check_followed(w, log, view, &checkpoint));
    return cosign(w, log, &checkpoint, view, lines);
}

kith_err
cosigner_follow(cosigner *w, const kt_note_key *key, const kt_bridge_view *view,
                kith_bytes checkpoint, kith_buf *lines)
{
    (void)pthread_mutex_lock(&w->lock);
    const kith_err err = follow_locked(w, key, view, checkpoint, lines);
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}
