/* SPDX-License-Identifier: MPL-2.0 */
/* The front header of the stores: each fulfils a port that core or relay declares. */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H

#include "store/core_store.h"
#include "store/relay_store.h"
#include "store/writer.h"

#endif
