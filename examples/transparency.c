/* SPDX-License-Identifier: MPL-2.0 */
/* A directory that proves what it answers, and a user who checks. In earnest they are on two machines, the log's arrays
 * are in a database, and the user keeps view and watch from one day to the next. */
#include <kith-transparency.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OK(call) ((call) == KITH_OK ? (void)0 : (puts("failed: " #call), exit(1)))
#define TEXT kith_bytes_of_text
#define BYTES kith_bytes_of_buf

static void
append(kt_log *log, const char *label, const char *value, uint64_t now)
{
    kith_bytes values[] = {TEXT(value)};
    kt_change change = {.label = TEXT(label), .values = values, .count = 1};

    OK(kt_log_append(log, now, &change, 1));
}

int
main(void)
{
    const uint64_t now = (uint64_t)time(NULL) * 1000;
    const uint64_t minute = 60000;
    kt_client user = {.config = {.mode = KT_CONTACT_MONITORING,
                                 .max_ahead = 5 * minute,
                                 .max_behind = 60 * minute,
                                 .window = 24 * 60 * minute}};
    KITH_AUTO(kith_secret) seed = {0};
    KITH_AUTO(kith_buf) request = {0};
    KITH_AUTO(kith_buf) answer = {0};
    KITH_AUTO(kt_watch) watch = {0};
    kt_view view = {0};
    crypto_sign_key *sign = NULL;
    crypto_vrf_key *vrf = NULL;
    kt_memory *memory = NULL;
    kt_label_memory *labels = NULL;
    kt_log *log = NULL;

    /* The server: two keys, which users learn beforehand, and a log. */
    OK(crypto_new(NULL, &user.crypto));
    OK(crypto_sign_key_generate(user.crypto, CRYPTO_ED25519, crypto_rng(), &sign));
    OK(kith_rng_secret(crypto_rng(), CRYPTO_VRF_PRIVATE_LEN, &seed));
    OK(crypto_vrf_key_import(user.crypto, kith_bytes_of_secret(&seed), &vrf));
    memcpy(user.config.signature_key, crypto_sign_key_public(sign).data, KT_KEY_LEN);
    memcpy(user.config.vrf_key, crypto_vrf_key_public(vrf).data, KT_KEY_LEN);
    OK(kt_memory_new(NULL, &memory));
    OK(kt_label_memory_new(NULL, &labels));
    kt_log_setup setup = {.crypto = user.crypto,
                          .sign = sign,
                          .vrf = vrf,
                          .rng = *crypto_rng(),
                          .store = kt_memory_port(memory),
                          .labels = kt_label_memory_port(labels),
                          .config = user.config};
    OK(kt_log_new(NULL, &setup, &log));
    append(log, "anna", "a telephone", now - 30 * minute);
    append(log, "ben", "a tablet", now - 20 * minute);
    append(log, "anna", "a telephone and a laptop", now - 10 * minute);

    /* The user asks for the newest version of Anna's, and checks the answer. */
    kt_request ask = {.question = KT_SEARCH};
    kt_exchange exchange = {.request = &ask, .now_ms = now};
    kt_found found;
    OK(kt_watch_init(&watch, TEXT("anna")));
    kt_request_prepare(&view, &watch, &ask);
    OK(kt_request_encode(&ask, &request));
    OK(kt_log_answer(log, KT_SEARCH, BYTES(&request), &answer));
    exchange.response = BYTES(&answer);

    answer.data[answer.len / 2] ^= 1;
    if (kt_client_search(&user, &exchange, &view, &watch, &found) != KITH_OK) {
        puts("an answer that was changed is refused");
    }
    answer.data[answer.len / 2] ^= 1;
    OK(kt_client_search(&user, &exchange, &view, &watch, &found));
    printf("anna, version %u: %.*s\n", found.version, (int)found.value.len,
           (const char *)found.value.data);

    kt_log_free(log);
    kt_label_memory_free(labels);
    kt_memory_free(memory);
    crypto_vrf_key_free(vrf);
    crypto_sign_key_free(sign);
    crypto_free(user.crypto);
    return 0;
}
