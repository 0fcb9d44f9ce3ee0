/* SPDX-License-Identifier: MPL-2.0 */
/* Messages for one member [MLS-TARGETED]; the sending side is in mls.h. */
#ifndef KITH_MLS_TARGETED_H
#define KITH_MLS_TARGETED_H

#include "mls/group.h"

bool mls_message_is_targeted(kith_bytes message);
/* As mls_group_receive, which it serves. */
KITH_MUST_USE kith_err mls_targeted_open(const mls_group *group, kith_bytes message,
                                         mls_received *out);

#endif
