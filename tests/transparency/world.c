/* SPDX-License-Identifier: MPL-2.0 */
/* A log in memory and users of it. */
#include "transparency/world.h"

#include <stdio.h>

#define START_MS UINT64_C(1800000000000)

static void
make_log(world *w)
{
    const kt_log_setup setup = {.crypto = w->c,
                                .sign = w->sign,
                                .vrf = w->vrf,
                                .vrf_p256 = w->vrf_p256,
                                .rng = fake_rng_port(&w->random),
                                .store = kt_memory_port(w->memory),
                                .labels = kt_label_memory_port(w->labels),
                                .config = w->client.config};

    assert_ok(kt_log_new(NULL, &setup, &w->log));
}

static void
make_keys(world *w, uint8_t seed)
{
    uint8_t bytes[32];

    memset(bytes, seed, sizeof bytes);
    assert_ok(crypto_sign_key_import(w->c, CRYPTO_ED25519, KITH_BYTES(bytes), &w->sign));
    assert_ok(crypto_vrf_key_import(w->c, KITH_BYTES(bytes), &w->vrf));
    bytes[0]++;
    assert_ok(crypto_sign_key_import(w->c, CRYPTO_ED25519, KITH_BYTES(bytes), &w->auditor));
}

static void
put_key(uint8_t out[KT_KEY_MAX], kith_bytes key)
{
    memset(out, 0, KT_KEY_MAX);
    memcpy(out, key.data, key.len);
}

void
world_open_p256(world *w, crypto *c, uint64_t window)
{
    uint8_t bytes[32];

    world_open(w, c, window, 0);
    kt_log_free(w->log);
    crypto_sign_key_free(w->sign);
    memset(bytes, 9, sizeof bytes);
    assert_ok(crypto_sign_key_import(w->c, CRYPTO_ECDSA_P256_SHA256, KITH_BYTES(bytes), &w->sign));
    assert_ok(crypto_vrf_p256_key_import(w->c, KITH_BYTES(bytes), &w->vrf_p256));
    w->client.config.suite = KT_128_SHA256_P256;
    put_key(w->client.config.signature_key, crypto_sign_key_public(w->sign));
    put_key(w->client.config.vrf_key, crypto_vrf_p256_key_public(w->vrf_p256));
    make_log(w);
}

void
world_open(world *w, crypto *c, uint64_t window, uint64_t lifetime)
{
    *w = (world){.c = c, .now_ms = START_MS};
    fake_rng_init(&w->random, 1);
    make_keys(w, 7);
    assert_ok(kt_memory_new(NULL, &w->memory));
    assert_ok(kt_label_memory_new(NULL, &w->labels));
    w->client = (kt_client){.crypto = c,
                            .config = {.mode = KT_CONTACT_MONITORING,
                                       .max_ahead = 1000,
                                       .max_behind = 1000,
                                       .window = window,
                                       .has_lifetime = lifetime > 0,
                                       .lifetime = lifetime}};
    memcpy(w->client.config.signature_key, crypto_sign_key_public(w->sign).data, KT_KEY_LEN);
    memcpy(w->client.config.vrf_key, crypto_vrf_key_public(w->vrf).data, KT_KEY_LEN);
    memcpy(w->client.config.auditor_key, crypto_sign_key_public(w->auditor).data, KT_KEY_LEN);
    make_log(w);
}

void
world_open_audited(world *w, crypto *c, uint64_t window, uint64_t lag)
{
    world_open(w, c, window, 0);
    w->client.config.mode = KT_THIRD_PARTY_AUDITING;
    w->client.config.max_auditor_lag = lag;
    kt_log_free(w->log);
    make_log(w);
}

void
world_open_twin(world *twin, const world *w)
{
    world_open(twin, w->c, w->client.config.window,
               w->client.config.has_lifetime ? w->client.config.lifetime : 0);
    fake_rng_init(&twin->random, 1);
}

void
world_close(world *w)
{
    kt_log_free(w->log);
    kt_label_memory_free(w->labels);
    kt_memory_free(w->memory);
    crypto_sign_key_free(w->sign);
    crypto_sign_key_free(w->auditor);
    crypto_vrf_key_free(w->vrf);
    crypto_vrf_p256_key_free(w->vrf_p256);
}

void
world_append(world *w, uint64_t ms, const char *label, unsigned value)
{
    char text[64];

    w->now_ms += ms;
    if (label == NULL) {
        assert_ok(kt_log_append(w->log, w->now_ms, NULL, 0));
        return;
    }
    (void)snprintf(text, sizeof text, "%s %u", label, value);
    const kith_bytes values[] = {kith_bytes_of_text(text)};
    const kt_change change = {.label = kith_bytes_of_text(label), .values = values, .count = 1};
    assert_ok(kt_log_append(w->log, w->now_ms, &change, 1));
}

void
world_append_many(world *w, uint64_t ms, const char *label, size_t count)
{
    kith_bytes values[KT_LABEL_UPDATES_MAX];
    const kt_change change = {.label = kith_bytes_of_text(label), .values = values, .count = count};

    for (size_t i = 0; i < count; i++) {
        values[i] = kith_bytes_of_text(label);
    }
    w->now_ms += ms;
    assert_ok(kt_log_append(w->log, w->now_ms, &change, 1));
}

uint64_t
world_versions(const world *w, const char *label)
{
    const kt_labels labels = kt_label_memory_port(w->labels);
    uint64_t count = 0;

    assert_ok(labels.count(labels.ctx, kith_bytes_of_text(label), &count));
    return count;
}

kith_err
world_ask(world *w, const kt_view *view, const kt_watch *watch, kt_request *request,
          kith_buf *answer)
{
    KITH_AUTO(kith_buf) bytes = {0};

    kt_request_prepare(view, watch, request);
    assert_ok(kt_request_encode(request, &bytes));
    kith_buf_clear(answer);
    return kt_log_answer(w->log, request->question, kith_bytes_of_buf(&bytes), answer);
}

static kt_exchange
exchange_of(const world *w, const kt_request *request, const kith_buf *answer)
{
    return (kt_exchange){
        .request = request, .response = kith_bytes_of_buf(answer), .now_ms = w->now_ms};
}

void
world_result_done(world_result *result)
{
    kith_buf_done(&result->answer);
}

kith_err
world_search(world *w, kt_view *view, kt_watch *watch, const uint32_t *version, world_result *out)
{
    kt_request request = {.question = KT_SEARCH, .has_version = version != NULL};

    request.version = version != NULL ? *version : 0;
    KITH_TRY(world_ask(w, view, watch, &request, &out->answer));
    const kt_exchange exchange = exchange_of(w, &request, &out->answer);
    return kt_client_search(&w->client, &exchange, view, watch, &out->found);
}

kith_err
world_monitor(world *w, kt_view *view, kt_watch *watch)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_CONTACT_MONITOR};

    KITH_TRY(world_ask(w, view, watch, &request, &answer));
    const kt_exchange exchange = exchange_of(w, &request, &answer);
    return kt_client_contact(&w->client, &exchange, view, watch);
}

kith_err
world_own(world *w, kt_view *view, kt_watch *watch, uint64_t start)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_OWNER_INIT, .start = start};

    KITH_TRY(world_ask(w, view, watch, &request, &answer));
    const kt_exchange exchange = exchange_of(w, &request, &answer);
    return kt_client_owner_init(&w->client, &exchange, view, watch);
}

kith_err
world_owner_monitor(world *w, kt_view *view, kt_watch *watch)
{
    KITH_AUTO(kith_buf) answer = {0};
    bool is_done = false;

    for (int i = 0; i < 64 && !is_done; i++) {
        kt_request request = {.question = KT_OWNER_MONITOR};
        const uint64_t before = watch->owner.start;
        KITH_TRY(world_ask(w, view, watch, &request, &answer));
        const kt_exchange exchange = exchange_of(w, &request, &answer);
        KITH_TRY(kt_client_owner_monitor(&w->client, &exchange, view, watch, &is_done));
        KITH_ENSURE(is_done || watch->owner.start > before, KITH_ERR_BUSY); /* no progress */
    }
    return is_done ? KITH_OK : KITH_ERR_BUSY;
}

kith_err
world_update(world *w, kt_view *view, kt_watch *watch, kt_news *out)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_UPDATE};

    KITH_TRY(world_ask(w, view, watch, &request, &answer));
    const kt_exchange exchange = exchange_of(w, &request, &answer);
    return kt_client_update(&w->client, &exchange, view, watch, out);
}

kith_err
world_heads(world *w, kt_view *view, kt_heads *out)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_DISTINGUISHED};

    KITH_TRY(world_ask(w, view, NULL, &request, &answer));
    const kt_exchange exchange = exchange_of(w, &request, &answer);
    return kt_client_distinguished(&w->client, &exchange, view, out);
}

kt_watch
watch_of(const char *label)
{
    kt_watch watch = {0};

    assert_ok(kt_watch_init(&watch, kith_bytes_of_text(label)));
    return watch;
}
