/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory's log in the server's store: its arrays in chunks, what it knows of labels, and the head that was
 * signed last, all in the transaction of the lists. Chunks are written at once and read through a memory of those used
 * last. A record that is committed never changes; only the last chunk of an array grows.
 */
#include <stdlib.h>
#include <string.h>

#include "store/relay_parts.h"

/* Places that a chunk may be in. */
#define WAYS 4u

static const size_t get_texts[KT_ARRAYS] = {[KT_NODES] = RELAY_SQL_KT_NODE_GET,
                                            [KT_HASHES] = RELAY_SQL_KT_HASH_GET,
                                            [KT_ENTRIES] = RELAY_SQL_KT_ENTRY_GET,
                                            [KT_BRIDGE] = RELAY_SQL_KT_BRIDGE_GET};
static const size_t put_texts[KT_ARRAYS] = {[KT_NODES] = RELAY_SQL_KT_NODE_PUT,
                                            [KT_HASHES] = RELAY_SQL_KT_HASH_PUT,
                                            [KT_ENTRIES] = RELAY_SQL_KT_ENTRY_PUT,
                                            [KT_BRIDGE] = RELAY_SQL_KT_BRIDGE_PUT};

/* ---- Chunks in memory ---- */

void
store_relay_log_drop(store_relay *store)
{
    for (size_t i = 0; i < STORE_LOG_CHUNKS_MAX; i++) {
        free(store->log.places[i].bytes);
        store->log.places[i] = (store_log_chunk){0};
    }
}

/* The chunk's place, or the one that it may take. */
static store_log_chunk *
place_of(store_log_cache *cache, kt_array array, uint64_t number)
{
    const size_t group = (number * KT_ARRAYS + array) % (STORE_LOG_CHUNKS_MAX / WAYS) * WAYS;
    store_log_chunk *oldest = &cache->places[group];

    for (size_t i = 0; i < WAYS; i++) {
        store_log_chunk *place = &cache->places[group + i];
        if (place->bytes != NULL && place->array == array && place->number == number) {
            return place;
        }
        if (place->used_at < oldest->used_at) {
            oldest = place;
        }
    }
    return oldest;
}

static bool
is_at(const store_log_chunk *place, kt_array array, uint64_t number)
{
    return place->bytes != NULL && place->array == array && place->number == number;
}

/* Reads the chunk anew; one that is not there is empty. */
static kith_err
load_chunk(store_relay *store, kt_array array, uint64_t number, store_log_chunk *place)
{
    KITH_AUTO(store_run) run = {0};
    kith_bytes body = {0};

    if (place->bytes == NULL) {
        place->bytes = malloc(STORE_LOG_CHUNK_BYTES);
        KITH_ENSURE(place->bytes != NULL, KITH_ERR_NO_MEMORY);
    }
    place->array = KT_ARRAYS; /* nobody's, until it was read */
    const kith_err err = STORE_RELAY_FIRST(store->db, get_texts[array], &run, number);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    if (err == KITH_OK) {
        KITH_TRY(store_column_bytes(&run, 0, &body));
        KITH_ENSURE(body.len > 0 && body.len <= STORE_LOG_CHUNK_BYTES, KITH_ERR_MALFORMED);
        memcpy(place->bytes, body.data, body.len);
    }
    place->len = body.len;
    place->array = array;
    place->number = number;
    return KITH_OK;
}

/* The chunk with at least `len` bytes, as far as it has them. */
static kith_err
get_chunk(store_relay *store, kt_array array, uint64_t number, size_t len, store_log_chunk **out)
{
    store_log_chunk *place = place_of(&store->log, array, number);

    if (!is_at(place, array, number) || place->len < len) {
        KITH_TRY(load_chunk(store, array, number, place));
    }
    place->used_at = ++store->log.turn;
    *out = place;
    return KITH_OK;
}

/* ---- Records ---- */

static size_t
records_per_chunk(kt_array array)
{
    return STORE_LOG_CHUNK_BYTES / kt_array_record_len(array);
}

static kith_err
log_read(void *ctx, kt_array array, uint64_t index, uint8_t *out)
{
    const size_t len = kt_array_record_len(array);
    const size_t per_chunk = records_per_chunk(array);
    const size_t at = (size_t)(index % per_chunk) * len;
    store_log_chunk *chunk = NULL;

    KITH_TRY(get_chunk(ctx, array, index / per_chunk, at + len, &chunk));
    KITH_ENSURE(at + len <= chunk->len, KITH_ERR_STORE);
    memcpy(out, chunk->bytes + at, len);
    return KITH_OK;
}

static kith_err
put_chunk(store_relay *store, const store_log_chunk *chunk)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store->db, put_texts[chunk->array], &run));
    store_bind_u64(&run, 1, chunk->number);
    store_bind_bytes(&run, 2, kith_bytes_of(chunk->bytes, chunk->len));
    return store_run_exec(&run);
}

/* As much as goes into the chunk that `index` is in. */
static kith_err
write_part(store_relay *store, kt_array array, uint64_t index, kith_reader *records)
{
    const size_t len = kt_array_record_len(array);
    const size_t per_chunk = records_per_chunk(array);
    const size_t at = (size_t)(index % per_chunk) * len;
    const size_t room = per_chunk * len - at;
    const kith_bytes left = kith_reader_peek(records);
    store_log_chunk *chunk = NULL;
    kith_bytes part;

    KITH_TRY(kith_read_bytes(records, left.len < room ? left.len : room, &part));
    KITH_TRY(get_chunk(store, array, index / per_chunk, at, &chunk));
    KITH_ENSURE(at <= chunk->len, KITH_ERR_STORE);
    memcpy(chunk->bytes + at, part.data, part.len);
    chunk->len = at + part.len > chunk->len ? at + part.len : chunk->len;
    return put_chunk(store, chunk);
}

static kith_err
log_write(void *ctx, kt_array array, uint64_t index, kith_bytes records)
{
    const size_t per_chunk = records_per_chunk(array);
    kith_reader r = kith_reader_of(records);

    while (!kith_reader_done(&r)) {
        KITH_TRY(write_part(ctx, array, index, &r));
        index += per_chunk - index % per_chunk;
    }
    return KITH_OK;
}

/* ---- The head, and one moment ---- */

/* A transaction is a moment already. */
static kith_err
view_begin(void *ctx)
{
    store_relay *store = ctx;

    if (store_db_in_transaction(store->db)) {
        return KITH_OK;
    }
    KITH_TRY(store_db_begin_read(store->db));
    store->is_viewing = true;
    return KITH_OK;
}

static void
view_end(void *ctx)
{
    store_relay *store = ctx;

    if (store->is_viewing) {
        store->is_viewing = false;
        store_db_rollback(store->db);
    }
}

static kith_err
head_get(void *ctx, relay_head *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_head head = {0};
    uint64_t is_complete = 0;

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_HEAD_GET, &run));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_relay_id(&run, 0, head.log_hash, sizeof head.log_hash));
    KITH_TRY(store_column_u64(&run, 1, &head.size));
    KITH_TRY(store_column_u64(&run, 2, &head.time_ms));
    KITH_TRY(store_relay_id(&run, 3, head.signature, sizeof head.signature));
    KITH_TRY(store_column_u64(&run, 4, &is_complete));
    head.is_complete = is_complete != 0;
    *out = head;
    return KITH_OK;
}

static kith_err
head_put(void *ctx, const relay_head *head)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_HEAD_PUT, &run));
    store_bind_bytes(&run, 1, KITH_BYTES(head->log_hash));
    store_bind_u64(&run, 2, head->size);
    store_bind_u64(&run, 3, head->time_ms);
    store_bind_bytes(&run, 4, KITH_BYTES(head->signature));
    store_bind_u64(&run, 5, head->is_complete);
    return store_run_exec(&run);
}

static kith_err
signed_log_get(void *ctx, kith_buf *out)
{
    KITH_AUTO(store_run) run = {0};
    kith_bytes signed_log = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_LOG_GET, &run));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_bytes(&run, 0, &signed_log));
    return kith_buf_append(out, signed_log);
}

static kith_err
signed_log_put(void *ctx, kith_bytes signed_log)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_LOG_PUT, &run));
    store_bind_bytes(&run, 1, signed_log);
    return store_run_exec(&run);
}

/* ---- Checkpoints ---- */

static kith_err
checkpoint_find(void *ctx, uint64_t size, relay_checkpoint *out, kith_buf *note)
{
    KITH_AUTO(store_run) run = {0};
    relay_checkpoint found = {0};
    kith_bytes body = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_KT_CHECKPOINT_FIND, &run, size));
    KITH_TRY(store_column_u64(&run, 0, &found.size));
    KITH_TRY(store_column_u64(&run, 1, &found.time_ms));
    KITH_TRY(store_column_bytes(&run, 2, &body));
    KITH_TRY(kith_buf_append(note, body));
    *out = found;
    return KITH_OK;
}

static kith_err
checkpoint_put(void *ctx, const relay_checkpoint *checkpoint, kith_bytes note)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_CHECKPOINT_PUT, &run));
    store_bind_u64(&run, 1, checkpoint->size);
    store_bind_u64(&run, 2, checkpoint->time_ms);
    store_bind_bytes(&run, 3, note);
    return store_run_exec(&run);
}

static kith_err
checkpoint_trim(void *ctx, uint32_t count)
{
    return STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_KT_CHECKPOINT_TRIM, count);
}

/* ---- Labels ---- */

/* Starts a statement about a version of an account. */
static kith_err
start_version(void *ctx, size_t text, const uint8_t *account_id, uint64_t version, store_run *run)
{
    KITH_TRY(store_run_start(store_relay_db(ctx), text, run));
    store_bind_bytes(run, 1, kith_bytes_of(account_id, PROTO_ID_LEN));
    store_bind_u64(run, 2, version);
    return KITH_OK;
}

static kith_err
logged_count(void *ctx, const uint8_t *account_id, uint64_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_KT_COUNT, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(account_id, PROTO_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    return store_column_u64(&run, 0, out);
}

static kith_err
logged_find(void *ctx, const uint8_t *account_id, uint64_t version, kt_record *out, kith_buf *list)
{
    KITH_AUTO(store_run) run = {0};
    kt_record record = {0};
    uint64_t account = 0;

    KITH_TRY(start_version(ctx, RELAY_SQL_KT_FIND, account_id, version, &run));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_u64(&run, 0, &record.position));
    KITH_TRY(store_relay_id(&run, 1, record.opening, sizeof record.opening));
    KITH_TRY(store_column_u64(&run, 2, &account));
    if (list != NULL) {
        const relay_store *port = &((store_relay *)ctx)->port;
        KITH_TRY(port->list_get(ctx, account, version, list));
    }
    *out = record;
    return KITH_OK;
}

static kith_err
logged_add(void *ctx, const uint8_t *account_id, uint64_t version, const kt_record *record)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(start_version(ctx, RELAY_SQL_KT_ADD, account_id, version, &run));
    store_bind_u64(&run, 3, record->position);
    store_bind_bytes(&run, 4, KITH_BYTES(record->opening));
    KITH_TRY(store_run_exec(&run));
    return store_db_changes(store_relay_db(ctx)) == 1 ? KITH_OK : KITH_ERR_NOT_FOUND;
}

static kith_err
unlogged_next(void *ctx, uint64_t after_row, relay_logged *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_logged found = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_KT_UNLOGGED, &run, after_row));
    KITH_TRY(store_column_u64(&run, 0, &found.row));
    KITH_TRY(store_relay_id(&run, 1, found.id, sizeof found.id));
    KITH_TRY(store_column_u64(&run, 2, &found.version));
    KITH_TRY(store_column_u64(&run, 3, &found.logged));
    *out = found;
    return KITH_OK;
}

static kith_err
evaluation_find(void *ctx, const uint8_t *account_id, uint64_t version, kt_evaluation *out)
{
    KITH_AUTO(store_run) run = {0};
    kt_evaluation found = {0};

    KITH_TRY(start_version(ctx, RELAY_SQL_KT_VRF_FIND, account_id, version, &run));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_relay_id(&run, 0, found.key.bytes, sizeof found.key.bytes));
    KITH_TRY(store_relay_id(&run, 1, found.proof, KT_PROOF_LEN));
    *out = found;
    return KITH_OK;
}

static kith_err
evaluation_keep(void *ctx, const uint8_t *account_id, uint64_t version,
                const kt_evaluation *evaluation)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(start_version(ctx, RELAY_SQL_KT_VRF_KEEP, account_id, version, &run));
    store_bind_bytes(&run, 3, KITH_BYTES(evaluation->key.bytes));
    store_bind_bytes(&run, 4, kith_bytes_of(evaluation->proof, KT_PROOF_LEN));
    return store_run_exec(&run);
}

void
store_relay_add_log(relay_store *port)
{
    port->view_begin = view_begin;
    port->view_end = view_end;
    port->head_get = head_get;
    port->head_put = head_put;
    port->signed_log_get = signed_log_get;
    port->signed_log_put = signed_log_put;
    port->checkpoint_find = checkpoint_find;
    port->checkpoint_put = checkpoint_put;
    port->checkpoint_trim = checkpoint_trim;
    port->log_read = log_read;
    port->log_write = log_write;
    port->logged_count = logged_count;
    port->logged_find = logged_find;
    port->logged_add = logged_add;
    port->unlogged_next = unlogged_next;
    port->evaluation_find = evaluation_find;
    port->evaluation_keep = evaluation_keep;
}
