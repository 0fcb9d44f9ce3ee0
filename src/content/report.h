/* SPDX-License-Identifier: MPL-2.0 */
/* Delivered, read, and so on: the body of a CONTENT_REPORT [MIMI-STATUS §3]. */
#ifndef KITH_CONTENT_REPORT_H
#define KITH_CONTENT_REPORT_H

#include "content/message.h"

typedef enum content_status {
    CONTENT_STATUS_UNREAD = 0,
    CONTENT_STATUS_DELIVERED = 1,
    CONTENT_STATUS_READ = 2,
    CONTENT_STATUS_EXPIRED = 3,
    CONTENT_STATUS_DELETED = 4,
    CONTENT_STATUS_HIDDEN = 5,
    CONTENT_STATUS_ERROR = 6,
} content_status;

/* What the sender of a report says of one message. */
typedef struct content_mark {
    uint8_t message_id[CONTENT_ID_LEN];
    uint8_t status; /* a content_status; others are kept as they are: skip them */
} content_mark;

/* LIMIT: no mark, or more than CONTENT_REPORT_MAX. NO_MEMORY. The buffer is unchanged on error. */
KITH_API KITH_MUST_USE kith_err content_report_encode(kith_buf *out, const content_mark *marks,
                                                      size_t count);

/* A report being read; borrows from the body. */
typedef struct content_report {
    kith_bytes marks;
    size_t count; /* of marks not read yet, 1..CONTENT_REPORT_MAX at first */
} content_report;

/* Checks a whole report. MALFORMED: not one. LIMIT: more than CONTENT_REPORT_MAX marks. */
KITH_API KITH_MUST_USE kith_err content_report_decode(kith_bytes body, content_report *out);
/* The next mark; false: no more. */
KITH_API bool content_report_next(content_report *report, content_mark *out);

#endif
