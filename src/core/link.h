/* SPDX-License-Identifier: MPL-2.0 */
/* The two connections, as the identity half sees them. Private to core. */
#ifndef KITH_CORE_LINK_H
#define KITH_CORE_LINK_H

#include "core/internal.h"

KITH_MUST_USE kith_err core_links_new(core *c, core_links **out);
void core_links_free(core *c, core_links *links);

/* Hangs both up without telling anybody: the memory that waited for answers is gone. */
void core_links_stop(core *c);
/* Dials, logs in and hangs up as the account's state wants it. */
KITH_MUST_USE kith_err core_links_pump(core *c);
/* Pings, and gives up on connections that went silent. */
KITH_MUST_USE kith_err core_links_tick(core *c);
uint64_t core_links_deadline(const core *c);
bool core_links_online(const core *c);
/* Adds an ONLINE event when that has changed. */
KITH_MUST_USE kith_err core_links_report(core *c);

/* HELLO is done: before a login, requests that need none can be sent (ACCOUNT_CREATE, LIST_FIND, RDV_*). */
bool core_link_is_open(const core *c, core_link link);
/* Gives the connection up once the handler that runs is through; it is dialled again after a pause. */
void core_link_give_up(core *c, core_link link);

#endif
