/* SPDX-License-Identifier: MPL-2.0 */
#include "fakes/fake_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fake_rng.h"

/* What an entry was made of. */
typedef struct told {
    uint64_t at_ms;
    uint8_t account[PROTO_ID_LEN];
    kith_buf list; /* empty: an entry without anything */
} told;

struct fake_directory {
    told *tolds;
    size_t told_count;
    crypto *crypto;
    fake_rng rng;
    crypto_sign_key *identity;
    crypto_sign_key *sign;
    crypto_vrf_key *vrf;
    kt_memory *memory;
    kt_label_memory *labels;
    kt_log *log;
    kith_buf signed_log;
    uint64_t newest_ms;
};

static void
make_keys(fake_directory *f, uint64_t seed, uint64_t salt)
{
    fake_rng rng;
    uint8_t vrf[32];

    fake_rng_init(&rng, seed);
    const kith_rng identity = fake_rng_port(&rng);
    assert_int_equal(crypto_sign_key_generate(f->crypto, CRYPTO_ED25519, &identity, &f->identity),
                     KITH_OK);
    fake_rng_init(&f->rng, seed ^ salt);
    const kith_rng port = fake_rng_port(&f->rng);
    assert_int_equal(crypto_sign_key_generate(f->crypto, CRYPTO_ED25519, &port, &f->sign), KITH_OK);
    assert_int_equal(kith_rng_fill(&port, vrf, sizeof vrf), KITH_OK);
    assert_int_equal(crypto_vrf_key_import(f->crypto, KITH_BYTES(vrf), &f->vrf), KITH_OK);
}

static kt_config
make_config(const fake_directory *f)
{
    kt_config config = {.mode = KT_CONTACT_MONITORING,
                        .max_ahead = FAKE_DIRECTORY_AHEAD_MS,
                        .max_behind = FAKE_DIRECTORY_BEHIND_MS,
                        .window = FAKE_DIRECTORY_WINDOW_MS,
                        .has_lifetime = true,
                        .lifetime = 90 * FAKE_DIRECTORY_WINDOW_MS};

    memcpy(config.signature_key, crypto_sign_key_public(f->sign).data, KT_KEY_LEN);
    memcpy(config.vrf_key, crypto_vrf_key_public(f->vrf).data, KT_KEY_LEN);
    return config;
}

static void
make_log(fake_directory *f)
{
    const kt_config config = make_config(f);

    assert_int_equal(kt_memory_new(NULL, &f->memory), KITH_OK);
    assert_int_equal(kt_label_memory_new(NULL, &f->labels), KITH_OK);
    const kt_log_setup setup = {.crypto = f->crypto,
                                .sign = f->sign,
                                .vrf = f->vrf,
                                .rng = fake_rng_port(&f->rng),
                                .store = kt_memory_port(f->memory),
                                .labels = kt_label_memory_port(f->labels),
                                .config = config};
    assert_int_equal(kt_log_new(NULL, &setup, &f->log), KITH_OK);
}

static void
sign_log(fake_directory *f, kith_bytes previous)
{
    const kt_config config = make_config(f);
    KITH_AUTO(kith_buf) encoded = {0};

    assert_int_equal(kt_config_encode(&config, &encoded), KITH_OK);
    const proto_log_draft draft = {
        .identity = f->identity,
        .config = kith_bytes_of_buf(&encoded),
        .previous = previous,
        .reason = previous.len > 0 ? kith_bytes_of_text("the disk was lost") : (kith_bytes){0}};
    assert_int_equal(proto_log_make(f->crypto, &draft, &f->signed_log), KITH_OK);
}

static fake_directory *
make(crypto *c, uint64_t seed, uint64_t salt)
{
    fake_directory *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->crypto = c;
    make_keys(f, seed, salt);
    make_log(f);
    return f;
}

fake_directory *
fake_directory_new(crypto *c, uint64_t seed, uint32_t generation)
{
    fake_directory *f = make(c, seed, generation);

    if (generation == 1) {
        sign_log(f, (kith_bytes){0});
        return f;
    }
    fake_directory *before = fake_directory_new(c, seed, generation - 1);
    sign_log(f, fake_directory_signed(before));
    fake_directory_free(before);
    return f;
}

fake_directory *
fake_directory_other(crypto *c, uint64_t seed)
{
    fake_directory *f = make(c, seed, 0x07e2);

    sign_log(f, (kith_bytes){0});
    return f;
}

void
fake_directory_free(fake_directory *f)
{
    if (f == NULL) {
        return;
    }
    kt_log_free(f->log);
    kt_label_memory_free(f->labels);
    kt_memory_free(f->memory);
    crypto_sign_key_free(f->identity);
    crypto_sign_key_free(f->sign);
    crypto_vrf_key_free(f->vrf);
    kith_buf_done(&f->signed_log);
    for (size_t i = 0; i < f->told_count; i++) {
        kith_buf_done(&f->tolds[i].list);
    }
    free(f->tolds);
    free(f);
}

const uint8_t *
fake_directory_identity(const fake_directory *f)
{
    return crypto_sign_key_public(f->identity).data;
}

kith_bytes
fake_directory_signed(const fake_directory *f)
{
    return kith_bytes_of_buf(&f->signed_log);
}

static told *
remember(fake_directory *f)
{
    f->tolds = realloc(f->tolds, (f->told_count + 1) * sizeof *f->tolds);
    assert_non_null(f->tolds);
    f->tolds[f->told_count] = (told){.at_ms = f->newest_ms};
    return &f->tolds[f->told_count++];
}

static told *
append(fake_directory *f, uint64_t now_ms, const kt_change *changes, size_t count)
{
    f->newest_ms = now_ms > f->newest_ms ? now_ms : f->newest_ms;
    assert_int_equal(kt_log_append(f->log, f->newest_ms, changes, count), KITH_OK);
    return remember(f);
}

/* One byte 1 and the account. */
static kith_bytes
label_of(const uint8_t account[PROTO_ID_LEN], uint8_t room[1 + PROTO_ID_LEN])
{
    room[0] = 1;
    memcpy(&room[1], account, PROTO_ID_LEN);
    return kith_bytes_of(room, 1 + PROTO_ID_LEN);
}

void
fake_directory_put(fake_directory *f, uint64_t now_ms, const uint8_t account[PROTO_ID_LEN],
                   kith_bytes list)
{
    uint8_t room[1 + PROTO_ID_LEN];
    const kt_change change = {.label = label_of(account, room), .values = &list, .count = 1};

    told *entry = append(f, now_ms, &change, 1);
    memcpy(entry->account, account, sizeof entry->account);
    assert_int_equal(kith_buf_set(&entry->list, list), KITH_OK);
}

void
fake_directory_beat(fake_directory *f, uint64_t now_ms)
{
    if (now_ms > f->newest_ms && now_ms - f->newest_ms >= FAKE_DIRECTORY_BEAT_MS) {
        append(f, now_ms, NULL, 0);
    }
}

void
fake_directory_fill(fake_directory *f, uint64_t now_ms, uint64_t size)
{
    while (kt_log_size(f->log) < size) {
        append(f, now_ms, NULL, 0);
    }
}

void
fake_directory_repeat(fake_directory *f, fake_directory *from)
{
    for (size_t i = 0; i < from->told_count; i++) {
        const told *entry = &from->tolds[i];
        if (entry->list.len > 0) {
            fake_directory_put(f, entry->at_ms, entry->account, kith_bytes_of_buf(&entry->list));
        } else {
            append(f, entry->at_ms, NULL, 0);
        }
    }
    if (from->told_count > 0) {
        const kt_head mine = fake_directory_head(f);
        const kt_head theirs = fake_directory_head(from);
        assert_memory_equal(mine.root.bytes, theirs.root.bytes, sizeof mine.root.bytes);
    }
}

kt_head
fake_directory_head(fake_directory *f)
{
    kt_log_tip tip;

    assert_int_equal(kt_log_head(f->log, &tip), KITH_OK);
    return tip.head;
}

void
fake_directory_succeed(fake_directory *f, kith_buf *out)
{
    const kt_config config = make_config(f);
    KITH_AUTO(kith_buf) encoded = {0};

    assert_int_equal(kt_config_encode(&config, &encoded), KITH_OK);
    const proto_log_draft draft = {.identity = f->identity,
                                   .config = kith_bytes_of_buf(&encoded),
                                   .previous = fake_directory_signed(f),
                                   .reason = kith_bytes_of_text("no reason")};
    assert_int_equal(proto_log_make(f->crypto, &draft, out), KITH_OK);
}

uint64_t
fake_directory_count(const fake_directory *f, const uint8_t account[PROTO_ID_LEN])
{
    const kt_labels labels = kt_label_memory_port(f->labels);
    uint8_t room[1 + PROTO_ID_LEN];
    uint64_t count = 0;

    assert_int_equal(labels.count(labels.ctx, label_of(account, room), &count), KITH_OK);
    return count;
}

uint64_t
fake_directory_size(const fake_directory *f)
{
    return kt_log_size(f->log);
}

kith_err
fake_directory_answer(fake_directory *f, kt_question question, kith_bytes request, kith_buf *out)
{
    return kt_log_answer(f->log, question, request, out);
}
