/* SPDX-License-Identifier: MPL-2.0 */
/* What is asked about the directory's log (docs/wire.md §10). */
#include "relay/internal.h"

kith_err
relay_read_log_config(relay_call *call)
{
    KITH_TRY(proto_empty_decode(call->frame->body));
    return KITH_ERR_UNSUPPORTED;
}

kith_err
relay_read_log_ask(relay_call *call)
{
    proto_log_ask in = {0};

    KITH_TRY(proto_log_ask_decode(call->frame->body, &in));
    return KITH_ERR_UNSUPPORTED;
}

kith_err
relay_read_log_checkpoint(relay_call *call)
{
    proto_log_checkpoint in = {0};

    KITH_TRY(proto_log_checkpoint_decode(call->frame->body, &in));
    return KITH_ERR_UNSUPPORTED;
}

kith_err
relay_read_list_find(relay_call *call)
{
    proto_find in = {0};

    KITH_TRY(proto_find_decode(call->frame->body, &in));
    return KITH_ERR_UNSUPPORTED;
}
