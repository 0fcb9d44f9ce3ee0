/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the client share: changing a watch only as a whole. */
#ifndef KITH_TRANSPARENCY_CLIENT_PARTS_H
#define KITH_TRANSPARENCY_CLIENT_PARTS_H

#include "transparency/algorithm.h"
#include "transparency/client.h"

/* A copy to change; `out` is zeroed or done. */
KITH_MUST_USE kith_err kt_watch_copy(const kt_watch *watch, kt_watch *out);
/* Moves `draft` into `watch`, whose old content is freed. */
void kt_watch_replace(kt_watch *watch, kt_watch *draft);
/* Remembers a version; REJECTED if it has another search key or commitment than what is known. */
KITH_MUST_USE kith_err kt_watch_learn(kt_watch *watch, const kt_known *known);
/* NULL: nothing is known of the version. */
kt_known *kt_watch_find(const kt_watch *watch, uint32_t version);
/* Drops what is known of versions that no later check looks up. */
void kt_watch_forget(kt_watch *watch);

#endif
