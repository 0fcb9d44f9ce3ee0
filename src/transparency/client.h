/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The user's side: checking answers against what was seen before. A kt_view is what a user retains of a log,
 * a kt_watch what it retains of one label, its own or a contact's. Both are plain bytes to the caller, to be
 * kept in the same transaction as what the answer was used for: a rejected answer changes neither.
 *
 * Errors of every check: MALFORMED, the answer does not parse. REJECTED, it parses and proves nothing; also
 * a head from outside the configured distance to the clock. Either way the log, or somebody in between,
 * misbehaves or is broken: ask again, and alarm when it stays.
 */
#ifndef KITH_TRANSPARENCY_CLIENT_H
#define KITH_TRANSPARENCY_CLIENT_H

#include "transparency/request.h"

/* Who asks: borrowed during calls. */
typedef struct kt_client {
    crypto *crypto;
    kt_config config;
} kt_client;

/* The encoded view. LIMIT or MALFORMED (decode) as usual; an empty view decodes from its encoding. */
KITH_API KITH_MUST_USE kith_err kt_view_encode(const kt_view *view, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kt_view_decode(kith_reader *r, kt_view *out);
/* The root of the tree that was seen. NOT_FOUND: nothing was seen. */
KITH_API KITH_MUST_USE kith_err kt_view_root(crypto *c, const kt_view *view, kt_hash *out);

/* When the newest entry was added, in milliseconds since 1970. NOT_FOUND: nothing was seen. */
KITH_API KITH_MUST_USE kith_err kt_view_newest(const kt_view *view, uint64_t *out);
/* The rightmost distinguished entry: where an owner starts (KT_OWNER_INIT). NOT_FOUND: there is none. */
KITH_API KITH_MUST_USE kith_err kt_view_start(const kt_client *client, const kt_view *view,
                                              uint64_t *out);

/* What is known of a version of a label. */
typedef struct kt_known {
    uint32_t version;
    kt_hash key;
    bool has_commitment;
    kt_hash commitment;
} kt_known;

/* What a user retains of a label. All zero is a label without anything known. */
typedef struct kt_watch {
    kith_buf label;
    kt_monitor_map map; /* empty: nothing to monitor */
    bool is_owner;
    kt_owner owner;
    kt_known *known; /* sorted by version */
    size_t known_count;
    size_t known_cap;
} kt_watch;
KITH_API KITH_MUST_USE kith_err kt_watch_init(kt_watch *watch, kith_bytes label);
KITH_API void kt_watch_done(kt_watch *watch);
KITH_API KITH_MUST_USE kith_err kt_watch_encode(const kt_watch *watch, kith_buf *out);
/* `out` must be zeroed or done. */
KITH_API KITH_MUST_USE kith_err kt_watch_decode(kith_reader *r, kt_watch *out);

/* Fills in what the user's state says of a request: last size, label, map, start, version. */
KITH_API void kt_request_prepare(const kt_view *view, const kt_watch *watch, kt_request *request);

/* A question and its answer. */
typedef struct kt_exchange {
    const kt_request *request;
    kith_bytes response; /* borrowed */
    uint64_t now_ms; /* since 1970 */
} kt_exchange;

typedef struct kt_found {
    bool
        is_absent; /* the label has no version: the rest is zero. Only without a version in the request */
    uint32_t version;
    kith_bytes value; /* in the response */
    kt_terminal terminal;
} kt_found;
/* Checks the answer to a search. Unless it is settled (or the mode has a third party), the version is put
 * into the `watch` of its label, which is to be monitored until its map is empty. `watch` may be NULL for a
 * user who does not monitor. */
KITH_API KITH_MUST_USE kith_err kt_client_search(const kt_client *client,
                                                 const kt_exchange *exchange, kt_view *view,
                                                 kt_watch *watch, kt_found *out);
/* Checks the answer to KT_CONTACT_MONITOR. */
KITH_API KITH_MUST_USE kith_err kt_client_contact(const kt_client *client,
                                                  const kt_exchange *exchange, kt_view *view,
                                                  kt_watch *watch);
/* Checks the answer to KT_OWNER_INIT: the watch becomes that of an owner. */
KITH_API KITH_MUST_USE kith_err kt_client_owner_init(const kt_client *client,
                                                     const kt_exchange *exchange, kt_view *view,
                                                     kt_watch *watch);
/* Checks the answer to KT_OWNER_MONITOR. To be repeated until `*is_done`. */
KITH_API KITH_MUST_USE kith_err kt_client_owner_monitor(const kt_client *client,
                                                        const kt_exchange *exchange, kt_view *view,
                                                        kt_watch *watch, bool *is_done);

/* New versions of one's own label. */
typedef struct kt_news {
    uint64_t position;
    uint32_t first;
    size_t count;
    kith_bytes values[KT_LABEL_UPDATES_MAX]; /* in the response */
} kt_news;
/* Checks the answer to KT_UPDATE: versions that the owner did not know of. Whether they are wanted is for the
 * caller to say, who knows what the account's devices sent. */
KITH_API KITH_MUST_USE kith_err kt_client_update(const kt_client *client,
                                                 const kt_exchange *exchange, kt_view *view,
                                                 kt_watch *watch, kt_news *out);

/* A distinguished head. */
typedef struct kt_head_entry {
    uint64_t position;
    kt_entry entry;
} kt_head_entry;
typedef struct kt_heads {
    kt_head_entry items[KT_RECENT_HEADS]; /* from right to left */
    size_t count;
} kt_heads;
/* Checks the answer to KT_DISTINGUISHED. */
KITH_API KITH_MUST_USE kith_err kt_client_distinguished(const kt_client *client,
                                                        const kt_exchange *exchange, kt_view *view,
                                                        kt_heads *out);

#endif
