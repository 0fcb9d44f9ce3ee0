/* SPDX-License-Identifier: MPL-2.0 */
/* Shared by the files of this folder. */
#ifndef KITH_CONTENT_INTERNAL_H
#define KITH_CONTENT_INTERNAL_H

#include "base/base.h"

/* Passes `err` on; unless it is KITH_OK, first wipes and takes off what was appended to `out` since it was
 * `mark` bytes long. */
KITH_MUST_USE kith_err content_settle(kith_buf *out, size_t mark, kith_err err);

#endif
