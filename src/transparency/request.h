/* SPDX-License-Identifier: MPL-2.0 */
/* What users ask a log [KEYTRANS §13]. Nothing on the wire says which question it is: the caller's protocol
 * does. */
#ifndef KITH_TRANSPARENCY_REQUEST_H
#define KITH_TRANSPARENCY_REQUEST_H

#include "transparency/values.h"

typedef enum kt_question {
    KT_SEARCH = 1,
    KT_CONTACT_MONITOR,
    KT_OWNER_INIT,
    KT_OWNER_MONITOR,
    KT_UPDATE,
    KT_DISTINGUISHED,
    KT_CONSISTENCY, /* not of the draft: docs/transparency.md */
} kt_question;

/* The fields of all questions; those that a question does not have are ignored. */
typedef struct kt_request {
    kt_question question;
    bool has_last; /* else the user has seen nothing of the log */
    uint64_t last; /* the size that the user has seen */
    kith_bytes label; /* borrowed; all but KT_DISTINGUISHED and KT_CONSISTENCY */
    bool
        has_version; /* KT_SEARCH: of the version wanted, else the greatest one. KT_OWNER_MONITOR and */
    uint32_t version; /* KT_UPDATE: the greatest version that the user knows of */
    kt_monitor_map map; /* KT_CONTACT_MONITOR, KT_OWNER_MONITOR */
    uint64_t start; /* KT_OWNER_INIT, KT_OWNER_MONITOR */
    bool has_stop; /* KT_DISTINGUISHED */
    uint64_t stop;
    uint64_t other; /* KT_CONSISTENCY: the size of the tree that is asked about, above 0 */
} kt_request;

/* Appends the request. LIMIT: the label or the map. An update is written with no new values. */
KITH_API KITH_MUST_USE kith_err kt_request_encode(const kt_request *request, kith_buf *out);
/* The request in `bytes`, which it borrows. MALFORMED: not one of `question`, or a map that is not ascending
 * [KEYTRANS §13.2]. LIMIT: the map. UNSUPPORTED: an update with new values: append them first. */
KITH_API KITH_MUST_USE kith_err kt_request_decode(kt_question question, kith_bytes bytes,
                                                  kt_request *out);

#endif
