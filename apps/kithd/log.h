/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory's log of a kithd: its keys and what devices are told of it, in one file of the data folder, and whether
 * that file and the database belong together. A log that was lost, or set back by a backup, is not mended in silence:
 * devices would see it as one that lies. Its operator begins a new one, and says why.
 */
#ifndef KITHD_LOG_H
#define KITHD_LOG_H

#include "folder.h"
#include "store/store.h"

#define KITHD_SEED_LEN 32u

typedef struct kithd_log {
    crypto *crypto;
    uint8_t seeds[2 * KITHD_SEED_LEN]; /* of both keys */
    crypto_sign_key *sign;
    crypto_vrf_key *vrf;
    kith_buf signed_log;
    uint64_t seen; /* a size of the log that devices may have been shown */
    relay_log log; /* borrows from the rest */
} kithd_log;

/* Loads the log of the folder and its database, or makes the first one. False after a complaint. */
bool kithd_log_open(const kithd_folder *folder, store_relay *store, kithd_log *out);
/* Puts every list that is not in the log yet into it, before the writer is started. False after a complaint. */
bool kithd_log_catch_up(store_writer *writer);
/* Notes how much of the log is stored, for the next start. Nothing is lost when that fails. */
void kithd_log_note(const kithd_folder *folder, store_relay *store, kithd_log *log);
void kithd_log_done(kithd_log *log);

/* Makes another log take the place of the present one. An exit status. */
int kithd_log_renew(const kithd_folder *folder, const char *reason);

#endif
