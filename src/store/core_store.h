/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The client's store: the port of core/store_port.h over one encrypted SQLite file.
 *
 * What was erased or replaced: the database overwrites it at once (secure_delete). Encrypted copies remain in
 * the file `path`-wal until it is emptied (store_core_checkpoint, every STORE_CORE_CHECKPOINT_PAGES pages, and
 * store_core_free), and after that in blocks that the file system or the drive has set free but not
 * overwritten. Whoever has both those blocks and the key can read them: only a new key for the file ends that.
 */
#ifndef KITH_STORE_CORE_STORE_H
#define KITH_STORE_CORE_STORE_H

#include "base/base.h"
#include "core/core.h"

/* Bytes of the key that the file is encrypted with; random, never derived from a password. */
#define STORE_CORE_KEY_LEN 32u

typedef struct store_core_options {
    const char *vfs; /* name of a registered SQLite VFS; NULL: the operating system's files */
} store_core_options;

typedef struct store_core store_core;

/* Opens the file at `path`, or makes it (readable by its owner only; its folder must exist). Until
 * store_core_free nobody else can open it. `options` may be NULL. `key` is not kept here, but SQLite keeps a copy.
 * BUSY: it is open already, here or in another process. DENIED: made with another key, or its start is destroyed.
 * MALFORMED: damaged. UNSUPPORTED: made by a later version. STORE: cannot be made, read or written. NO_MEMORY. */
KITH_MUST_USE kith_err store_core_open(const char *path, const uint8_t key[STORE_CORE_KEY_LEN],
                                       const store_core_options *options, store_core **out);
/* Rolls an open transaction back, empties the WAL and closes. NULL is accepted. */
void store_core_free(store_core *store);
/* Borrows `store`. Beyond the port's errors: MALFORMED, the file is damaged. */
core_store store_core_port(store_core *store);
/* Empties the WAL, so that no old record is left in it; for idle moments. INVALID: in a transaction. STORE. */
KITH_MUST_USE kith_err store_core_checkpoint(store_core *store);

#endif
