/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of what people say to each other: MIMI content in CBOR, padding, reports, and what devices
 * tell each other beside it. Bytes in, bytes out. Inputs are borrowed during the call; an output is written only
 * on success. The CBOR is read and written by libcbor's streaming calls: one item at a time, nothing allocated.
 */
#ifndef KITH_CONTENT_CONTENT_H
#define KITH_CONTENT_CONTENT_H

#include "content/control.h"
#include "content/limits.h"
#include "content/message.h"
#include "content/report.h"

#endif
