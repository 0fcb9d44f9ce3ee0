/* SPDX-License-Identifier: MPL-2.0 */
/* A look at a message without a group: where to take it. Nothing of it is authenticated. */
#include "mls/types.h"

static kith_err
peek_public(kith_reader *r, mls_peek *out)
{
    mls_public_message message;

    KITH_TRY(mls_public_message_decode(r, &message));
    out->group_id = message.content.group_id;
    out->epoch = message.content.epoch;
    out->content = (mls_content)message.content.content_type;
    return KITH_OK;
}

static kith_err
peek_private(kith_reader *r, mls_peek *out)
{
    mls_private_message message;

    KITH_TRY(mls_private_message_decode(r, &message));
    out->group_id = message.group_id;
    out->epoch = message.epoch;
    out->content = (mls_content)message.content_type;
    return KITH_OK;
}

static kith_err
peek_welcome(kith_reader *r, mls_peek *out)
{
    mls_welcome welcome;

    KITH_TRY(mls_welcome_decode(r, &welcome));
    out->suite = welcome.suite;
    kith_reader list = kith_reader_of(welcome.secrets);
    while (!kith_reader_done(&list)) {
        mls_encrypted_secrets entry;
        KITH_TRY(mls_encrypted_secrets_decode(&list, &entry));
        out->welcome_count++;
    }
    return KITH_OK;
}

static kith_err
peek_info(kith_reader *r, mls_peek *out)
{
    mls_group_info_view info;

    KITH_TRY(mls_group_info_decode(r, &info));
    out->suite = info.context.suite;
    out->group_id = info.context.group_id;
    out->epoch = info.context.epoch;
    return KITH_OK;
}

static kith_err
peek_package(kith_reader *r, mls_peek *out)
{
    mls_key_package package;

    KITH_TRY(mls_key_package_decode(r, &package));
    out->suite = package.suite;
    return KITH_OK;
}

static kith_err
peek_targeted(kith_reader *r, mls_peek *out)
{
    mls_targeted_message message;

    KITH_TRY(mls_targeted_message_decode(r, &message));
    out->group_id = message.group_id;
    out->epoch = message.epoch;
    return KITH_OK;
}

static kith_err
peek_body(uint16_t wire, kith_reader *r, mls_peek *out)
{
    switch (wire) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        return peek_public(r, out);
    case MLS_WIRE_PRIVATE_MESSAGE:
        return peek_private(r, out);
    case MLS_WIRE_WELCOME:
        return peek_welcome(r, out);
    case MLS_WIRE_GROUP_INFO:
        return peek_info(r, out);
    case MLS_WIRE_TARGETED_MESSAGE:
        return peek_targeted(r, out);
    default:
        return peek_package(r, out);
    }
}

kith_err
mls_message_peek(kith_bytes bytes, mls_peek *out)
{
    mls_message message;
    mls_peek peek = {0};

    KITH_TRY(mls_message_decode(bytes, &message));
    peek.wire = (mls_wire)message.wire;
    kith_reader r = kith_reader_of(message.body);
    KITH_TRY(peek_body(message.wire, &r, &peek));
    KITH_TRY(kith_reader_finish(&r));
    *out = peek;
    return KITH_OK;
}

kith_err
mls_welcome_ref(kith_bytes bytes, size_t index, kith_bytes *out)
{
    kith_bytes body;
    mls_welcome welcome;

    KITH_TRY(mls_message_open(bytes, MLS_WIRE_WELCOME, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_welcome_decode(&r, &welcome));
    kith_reader list = kith_reader_of(welcome.secrets);
    for (size_t i = 0; !kith_reader_done(&list); i++) {
        mls_encrypted_secrets entry;
        KITH_TRY(mls_encrypted_secrets_decode(&list, &entry));
        if (i == index) {
            *out = entry.new_member;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}
