/* SPDX-License-Identifier: MPL-2.0 */
/* What kithd has of its directory's log, made from a number: the same number, the same keys. */
#ifndef KITH_TESTS_FAKES_FAKE_LOG_H
#define KITH_TESTS_FAKES_FAKE_LOG_H

#include "relay/relay.h"

typedef struct fake_log {
    crypto *crypto;
    crypto_sign_key *identity; /* the server's */
    crypto_sign_key *sign; /* the log's */
    crypto_vrf_key *vrf;
    kith_buf signed_log;
    relay_log log; /* borrows from all of it */
} fake_log;

/* The server's identity comes from `server`, the log's keys from both. Ends the process when it cannot be made. */
void fake_log_init(fake_log *l, uint64_t server, uint64_t keys);
/* Another log of the same server takes its place. */
void fake_log_renew(fake_log *l, uint64_t keys, const char *reason);
void fake_log_done(fake_log *l);

#endif
