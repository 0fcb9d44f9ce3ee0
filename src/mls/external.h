/* SPDX-License-Identifier: MPL-2.0 */
/* External initialisation [RFC9420 §8.3]: the init secret that somebody who joins sends to the group. */
#ifndef KITH_MLS_EXTERNAL_H
#define KITH_MLS_EXTERNAL_H

#include "mls/group.h"

/* For the members. REJECTED, MALFORMED: `kem_output` is not for this epoch's external key. */
KITH_MUST_USE kith_err mls_external_init_open(const mls_epoch *epoch, kith_bytes kem_output,
                                              kith_secret *out);
/* For who joins: appends the KEM output. */
KITH_MUST_USE kith_err mls_external_init_make(mls_tools tools, const kith_rng *rng,
                                              kith_bytes external_pub, kith_buf *kem_output,
                                              kith_secret *out);

#endif
