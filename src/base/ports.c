/* SPDX-License-Identifier: MPL-2.0 */
/* Calls through the ports, with the checks that every caller would otherwise repeat. */
#include "base/ports.h"

kith_err
kith_rng_fill(const kith_rng *rng, uint8_t *out, size_t len)
{
    KITH_ENSURE(rng != NULL && rng->fill != NULL, KITH_ERR_INVALID);
    return rng->fill(rng->ctx, out, len);
}

kith_err
kith_rng_secret(const kith_rng *rng, size_t len, kith_secret *out)
{
    KITH_AUTO(kith_secret) fresh = {.len = len};

    KITH_ENSURE(len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_rng_fill(rng, fresh.data, len));
    *out = kith_secret_take(&fresh);
    return KITH_OK;
}
