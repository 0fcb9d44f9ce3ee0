/* SPDX-License-Identifier: MPL-2.0 */
/* What both suites of the VRF share [RFC9381 §5]. */
#ifndef KITH_CRYPTO_VRF_PARTS_H
#define KITH_CRYPTO_VRF_PARTS_H

#include "crypto/internal.h"

#define VRF_CHALLENGE_LEN 16
/* What is hashed begins with the suite and a byte that tells the uses apart, and ends with another. */
#define VRF_FRONT_ENCODE 0x01
#define VRF_FRONT_CHALLENGE 0x02
#define VRF_FRONT_OUTPUT 0x03
#define VRF_BACK 0x00

/* The concatenation. LIMIT: longer than CRYPTO_VRF_INPUT_MAX. */
KITH_MUST_USE kith_err vrf_join_input(crypto *c, crypto_parts input, kith_buf *out);

#endif
