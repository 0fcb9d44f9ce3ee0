/* SPDX-License-Identifier: MPL-2.0 */
/* The log of log.h. Its file: eight bytes that say what it is, both seeds, `seen`, and the SignedLog. */
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "notify.h"

static const uint8_t magic[8] = {'k', 'i', 't', 'h', 'l', 'o', 'g', '1'};

/* ---- The file ---- */

/* The keys of the seeds. */
static kith_err
set_keys(kithd_log *log)
{
    KITH_TRY(crypto_sign_key_import(log->crypto, CRYPTO_ED25519,
                                    kith_bytes_of(log->seeds, KITHD_SEED_LEN), &log->sign));
    return crypto_vrf_key_import(
        log->crypto, kith_bytes_of(log->seeds + KITHD_SEED_LEN, KITHD_SEED_LEN), &log->vrf);
}

/* What the SignedLog says, which must be of this server and of these keys. */
static kith_err
adopt(const net_identity *identity, kithd_log *log)
{
    proto_log signed_log;

    KITH_TRY(proto_log_check(log->crypto, kith_bytes_of_buf(&log->signed_log),
                             net_identity_public(identity), &signed_log));
    kith_reader r = kith_reader_of(signed_log.config);
    KITH_TRY(kt_config_decode(&r, &log->log.config));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(
        kith_bytes_equal(kt_config_signature_key(&log->log.config),
                         crypto_sign_key_public(log->sign)) &&
            kith_bytes_equal(kt_config_vrf_key(&log->log.config), crypto_vrf_key_public(log->vrf)),
        KITH_ERR_MALFORMED);
    log->log.signed_log = kith_bytes_of_buf(&log->signed_log);
    log->log.vrf = log->vrf;
    return proto_log_hash(log->crypto, log->log.signed_log, log->log.hash);
}

static kith_err
parse(kith_bytes file, const net_identity *identity, kithd_log *log)
{
    kith_reader r = kith_reader_of(file);
    kith_bytes head;
    kith_bytes signed_log;

    KITH_TRY(kith_read_bytes(&r, sizeof magic, &head));
    KITH_ENSURE(kith_bytes_equal(head, KITH_BYTES(magic)), KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_copy(&r, log->seeds, sizeof log->seeds));
    KITH_TRY(kith_read_u64(&r, &log->seen));
    KITH_TRY(kith_read_vec16(&r, &signed_log));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(kith_buf_set(&log->signed_log, signed_log));
    KITH_TRY(set_keys(log));
    const kith_err err = adopt(identity, log);
    return err == KITH_ERR_REJECTED ? KITH_ERR_DENIED : err;
}

/* NOT_FOUND: there is no file. MALFORMED: it is damaged. DENIED: it is another server's. */
static kith_err
load(const kithd_folder *folder, kithd_log *log)
{
    KITH_AUTO(kith_buf) file = {0};

    const kith_err err = net_file_load(folder->log, &file);
    KITH_ENSURE(err != KITH_ERR_LIMIT, KITH_ERR_MALFORMED);
    KITH_ENSURE(err != KITH_ERR_DENIED, KITH_ERR_STORE);
    KITH_TRY(err);
    const kith_err parsed = parse(kith_bytes_of_buf(&file), folder->identity, log);
    kith_wipe(file.data, file.len);
    return parsed;
}

static kith_err
write_file(const kithd_log *log, kith_buf *file)
{
    kith_writer w = kith_writer_of(file);

    /* One allocation, so that no copy of the seeds stays behind. */
    KITH_TRY(kith_buf_reserve(file, sizeof magic + sizeof log->seeds + 2 * sizeof(uint64_t) +
                                        log->signed_log.len));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(magic)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(log->seeds)));
    KITH_TRY(kith_write_u64(&w, log->seen));
    return kith_write_vec16(&w, kith_bytes_of_buf(&log->signed_log));
}

static kith_err
save(const kithd_folder *folder, const kithd_log *log)
{
    KITH_AUTO(kith_buf) file = {0};

    kith_err err = write_file(log, &file);
    if (err == KITH_OK) {
        err = net_file_save(folder->log, kith_bytes_of_buf(&file));
    }
    kith_wipe(file.data, file.len);
    return err;
}

/* ---- A new log ---- */

static kith_err
sign_log(const kithd_folder *folder, kithd_log *log, kith_bytes previous, kith_bytes reason)
{
    KITH_AUTO(kith_buf) config = {0};
    const kt_config made = relay_log_config(crypto_sign_key_public(log->sign).data,
                                            crypto_vrf_key_public(log->vrf).data);
    crypto_sign_key *identity = NULL;

    KITH_TRY(kt_config_encode(&made, &config));
    KITH_TRY(net_identity_key(folder->identity, log->crypto, &identity));
    const proto_log_draft draft = {.identity = identity,
                                   .config = kith_bytes_of_buf(&config),
                                   .previous = previous,
                                   .reason = reason};
    const kith_err err = proto_log_make(log->crypto, &draft, &log->signed_log);
    crypto_sign_key_free(identity);
    KITH_TRY(err);
    return adopt(folder->identity, log);
}

static kith_err
make(const kithd_folder *folder, kith_bytes previous, kith_bytes reason, kithd_log *log)
{
    KITH_TRY(kith_rng_fill(crypto_rng(), log->seeds, sizeof log->seeds));
    KITH_TRY(set_keys(log));
    KITH_TRY(sign_log(folder, log, previous, reason));
    return save(folder, log);
}

/* ---- What the database has ---- */

static kith_err
read_head(store_relay *store, relay_head *out, kith_buf *signed_log)
{
    const relay_store *port = store_relay_port(store);

    KITH_TRY(port->view_begin(port->ctx));
    kith_err err = port->head_get(port->ctx, out);
    if (err == KITH_OK && signed_log != NULL) {
        err = port->signed_log_get(port->ctx, signed_log);
    }
    port->view_end(port->ctx);
    if (err == KITH_ERR_NOT_FOUND) {
        *out = (relay_head){0};
        return KITH_OK;
    }
    return err;
}

static bool
complain_store(const kithd_folder *folder, kith_err err)
{
    kithd_complain("cannot use %s: %s", folder->database, kith_err_text(err));
    return false;
}

static bool
complain_file(const kithd_folder *folder, kith_err err)
{
    if (err == KITH_ERR_MALFORMED) {
        kithd_complain("cannot use %s: it is damaged or not kithd's; put back a copy, or begin a "
                       "new log with --renew-log",
                       folder->log);
    } else if (err == KITH_ERR_DENIED) {
        kithd_complain("%s is another server's; put back the one that belongs to this folder, or "
                       "begin a new log with --renew-log",
                       folder->log);
    } else {
        kithd_complain("cannot use %s: %s; check the disk, its free space and this user's rights",
                       folder->log, kith_err_text(err));
    }
    return false;
}

/* Whether the file, which is there, and the database belong together. */
static bool
check_together(const kithd_folder *folder, const relay_head *head, const kithd_log *log)
{
    if (head->size != 0 && memcmp(head->log_hash, log->log.hash, PROTO_ID_LEN) != 0) {
        kithd_complain("%s and %s are not of the same log; put back those that belong together, or "
                       "begin a new log with --renew-log",
                       folder->log, folder->database);
        return false;
    }
    if (head->size < log->seen) {
        kithd_complain("%s is older than what devices have been shown, as if an old copy had been "
                       "put back; put back the newest one, or begin a new log with --renew-log",
                       folder->database);
        return false;
    }
    return true;
}

static bool
make_first(const kithd_folder *folder, const relay_head *head, kithd_log *log)
{
    if (head->size != 0) {
        kithd_complain("%s is missing, and %s needs it; put back a copy, or begin a new log with "
                       "--renew-log",
                       folder->log, folder->database);
        return false;
    }
    const kith_err err = make(folder, (kith_bytes){0}, (kith_bytes){0}, log);
    return err == KITH_OK || complain_file(folder, err);
}

bool
kithd_log_open(const kithd_folder *folder, store_relay *store, kithd_log *out)
{
    relay_head head = {0};

    kith_err err = read_head(store, &head, NULL);
    if (err == KITH_OK) {
        err = crypto_new(NULL, &out->crypto);
    }
    if (err != KITH_OK) {
        return complain_store(folder, err);
    }
    err = load(folder, out);
    if (err == KITH_ERR_NOT_FOUND) {
        return make_first(folder, &head, out);
    }
    if (err != KITH_OK) {
        return complain_file(folder, err);
    }
    return check_together(folder, &head, out);
}

bool
kithd_log_catch_up(store_writer *writer)
{
    bool left = true;

    for (unsigned round = 0; left; round++) {
        const kith_err err = store_writer_catch_up(writer, &left);
        if (err != KITH_OK) {
            kithd_complain("the device lists cannot be put into the log: %s", kith_err_text(err));
            return false;
        }
        if (round == 0 && left) {
            kithd_complain("putting the device lists into the log, this once; it may take a while");
        }
        kithd_notify("EXTEND_TIMEOUT_USEC=120000000");
    }
    return true;
}

void
kithd_log_note(const kithd_folder *folder, store_relay *store, kithd_log *log)
{
    relay_head head = {0};

    if (read_head(store, &head, NULL) != KITH_OK || head.size <= log->seen) {
        return;
    }
    log->seen = head.size;
    if (save(folder, log) != KITH_OK) {
        kithd_complain("cannot write %s; check the disk and its free space", folder->log);
    }
}

void
kithd_log_done(kithd_log *log)
{
    crypto_sign_key_free(log->sign);
    crypto_vrf_key_free(log->vrf);
    kith_buf_done(&log->signed_log);
    crypto_free(log->crypto);
    kith_wipe(log->seeds, sizeof log->seeds);
    *log = (kithd_log){0};
}

/* ---- Taking the place of a log ---- */

static uint32_t
generation_of(kith_bytes signed_log)
{
    proto_log log = {0};

    return proto_log_decode(signed_log, &log) == KITH_OK ? log.generation : 0;
}

/* The log of the file or of the database, whichever is the later one; empty when there is none. */
static kith_err
find_previous(const kithd_folder *folder, store_relay *store, kith_buf *out)
{
    KITH_AUTO(kith_buf) stored = {0};
    kithd_log old = {0};
    relay_head head = {0};

    KITH_TRY(crypto_new(NULL, &old.crypto));
    kith_err err = read_head(store, &head, &stored);
    if (err == KITH_OK) {
        /* A file that is missing or broken is why somebody asks for a new log. */
        kith_ignore(load(folder, &old));
        const bool is_stored = generation_of(kith_bytes_of_buf(&stored)) >
                               generation_of(kith_bytes_of_buf(&old.signed_log));
        err = kith_buf_set(out, kith_bytes_of_buf(is_stored ? &stored : &old.signed_log));
    }
    kithd_log_done(&old);
    return err;
}

static kith_err
renew(const kithd_folder *folder, store_relay *store, kith_bytes reason, uint32_t *generation)
{
    KITH_AUTO(kith_buf) previous = {0};
    kithd_log log = {0};

    KITH_TRY(find_previous(folder, store, &previous));
    KITH_ENSURE(previous.len > 0, KITH_ERR_NOT_FOUND);
    /* Should the power go between the two, the file and the database do not belong together, and this is done again. */
    KITH_TRY(store_relay_forget_log(store));
    KITH_TRY(crypto_new(NULL, &log.crypto));
    const kith_err err = make(folder, kith_bytes_of_buf(&previous), reason, &log);
    *generation = generation_of(kith_bytes_of_buf(&log.signed_log));
    kithd_log_done(&log);
    return err;
}

int
kithd_log_renew(const kithd_folder *folder, const char *reason)
{
    static const store_relay_options options = {0};
    store_relay *store = NULL;
    uint32_t generation = 0;

    kith_err err = store_relay_open(folder->database, &options, &store);
    if (err == KITH_OK) {
        err = renew(folder, store, kith_bytes_of_text(reason), &generation);
    }
    store_relay_free(store);
    if (err == KITH_ERR_NOT_FOUND) {
        kithd_complain("there is no log that another could take the place of");
    } else if (err != KITH_OK) {
        kithd_complain("no new log could be made in %s: %s", folder->database, kith_err_text(err));
    }
    if (err != KITH_OK) {
        return EXIT_FAILED;
    }
    printf("log %u takes the place of the one before; now start kithd as usual\n", generation);
    return 0;
}
