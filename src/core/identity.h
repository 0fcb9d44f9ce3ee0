/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the identity half know of each other. Private to core. */
#ifndef KITH_CORE_IDENTITY_H
#define KITH_CORE_IDENTITY_H

#include "core/internal.h"
#include "core/link.h"

/* Where to dial, and with which pin: of the account, or of a linking that is under way. */
bool core_account_server(const core *c, core_dial *out);
/* Appends the signature that logs this device in on the named connection. */
KITH_MUST_USE kith_err core_account_login(core *c, const uint8_t exporter[32], kith_buf *out);
/* The server did not let this device in: finds out why. */
KITH_MUST_USE kith_err core_account_refused(core *c);
/* A connection is ready, or was lost. */
KITH_MUST_USE kith_err core_identity_link_changed(core *c, core_link link);
/* What must happen by then, other than on connections. */
uint64_t core_identity_deadline(const core *c);

#endif
