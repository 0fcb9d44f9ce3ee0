/* SPDX-License-Identifier: MPL-2.0 */
/* What a user retains, as plain values: of a log, of a label that it watches, of one that it owns. */
#ifndef KITH_TRANSPARENCY_VALUES_H
#define KITH_TRANSPARENCY_VALUES_H

#include "transparency/types.h"

/* What a client retains of a log [KEYTRANS §4.2]. All zero: nothing was seen. */
typedef struct kt_view {
    uint64_t size;
    kt_hash subtrees[KT_PATH_MAX]; /* full ones, from left to right */
    kt_entry frontier[KT_PATH_MAX];
} kt_view;

/* A search's result: the first entry inspected that has the version. */
typedef struct kt_terminal {
    uint64_t position;
    bool
        is_settled; /* not to the right of the rightmost distinguished entry: needs no monitoring */
} kt_terminal;

/* Where versions of a label were proven to exist; ascending in both. */
typedef struct kt_monitored {
    uint64_t position;
    uint32_t version;
} kt_monitored;
typedef struct kt_monitor_map {
    kt_monitored items[KT_MONITOR_MAX];
    size_t count;
} kt_monitor_map;

/* What an owner expects: the entry that was checked last, and what was added since. */
typedef struct kt_added {
    uint64_t position;
    uint32_t version; /* the greatest one that was added there */
} kt_added;
typedef struct kt_owner {
    uint64_t start; /* the rightmost distinguished entry that was checked */
    bool has_version; /* a version existed there */
    uint32_t version; /* the greatest one */
    kt_added added[KT_OWNER_ADDED_MAX]; /* to the right of `start`, ascending */
    size_t added_count;
} kt_owner;

#endif
