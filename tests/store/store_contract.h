/* SPDX-License-Identifier: MPL-2.0 */
/* What every implementation of core's store port must do, as a list of checks on an empty store. */
#ifndef KITH_TESTS_STORE_STORE_CONTRACT_H
#define KITH_TESTS_STORE_STORE_CONTRACT_H

#include "base/check.h"
#include "core/core.h"

typedef struct store_contract {
    const char *promise;
    void (*check)(core_store store);
} store_contract;

extern const store_contract store_contracts[];
extern const size_t store_contract_count;

#endif
