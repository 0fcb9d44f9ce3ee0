/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A group as the delivery service sees it: an mls_group that belongs to nobody. The files that receive and save know
 * `is_public`; the type is another one so that nobody asks such a group for what it does not have.
 */
#include "mls/join.h"

static mls_group *
group_of(mls_public *group)
{
    return (mls_group *)group;
}

static const mls_group *
peek_group(const mls_public *group)
{
    return (const mls_group *)group;
}

kith_err
mls_public_new(const mls_env *env, const mls_public_params *params, mls_public **out)
{
    mls_group_info_view info;
    mls_tools tools;
    mls_group *group = NULL;

    KITH_TRY(mls_group_info_open(env, params->group_info, &info, &tools));
    KITH_TRY(mls_group_alloc_public(env, tools.suite, &group));
    const mls_join_scope scope = {
        .env = env, .tools = tools, .now_s = params->now_s, .given_tree = params->ratchet_tree};
    const kith_err err = mls_epoch_outside(&scope, &info, &group->now);
    if (err != KITH_OK) {
        mls_group_free(group);
        return err;
    }
    *out = (mls_public *)group;
    return KITH_OK;
}

void
mls_public_free(mls_public *group)
{
    mls_group_free(group_of(group));
}

const mls_epoch *
mls_public_epoch(const mls_public *group)
{
    return peek_group(group)->now;
}

kith_err
mls_public_receive(mls_public *group, kith_bytes message, uint64_t now_s, mls_received *out)
{
    return mls_group_receive(group_of(group), message, now_s, out);
}

void
mls_public_apply(mls_public *group, mls_staged **staged)
{
    mls_group_apply(group_of(group), staged);
}

bool
mls_public_is_active(const mls_public *group)
{
    return mls_group_is_active(peek_group(group));
}

size_t
mls_public_pending_count(const mls_public *group)
{
    return mls_group_pending_count(peek_group(group));
}

kith_err
mls_public_pending_at(const mls_public *group, size_t index, mls_pending *out)
{
    return mls_group_pending_at(peek_group(group), index, out);
}

kith_err
mls_public_check_info(const mls_public *group, kith_bytes group_info)
{
    const mls_epoch *epoch = peek_group(group)->now;
    mls_group_info_view info;
    mls_tools tools;

    KITH_TRY(mls_group_info_open(peek_group(group)->env, group_info, &info, &tools));
    KITH_ENSURE(kith_bytes_equal(info.context.group_id, epoch->context.group_id),
                KITH_ERR_NOT_FOUND);
    KITH_ENSURE(info.context.epoch == epoch->context.epoch, KITH_ERR_OUT_OF_STEP);
    KITH_ENSURE(
        kith_bytes_equal(info.context_bytes, kith_bytes_of_buf(&epoch->context_bytes)) &&
            kith_bytes_equal(info.confirmation_tag, mls_hash_bytes(&epoch->confirmation_tag)),
        KITH_ERR_REJECTED);
    const mls_leaf *signer = mls_tree_leaf(&epoch->tree, info.signer);
    KITH_ENSURE(signer != NULL, KITH_ERR_REJECTED);
    return mls_verify_with_label(epoch->tools, signer->node.signature_key, "GroupInfoTBS",
                                 CRYPTO_PARTS(info.tbs), info.signature);
}

kith_err
mls_public_save(const mls_public *group, kith_buf *out)
{
    return mls_group_save(peek_group(group), out);
}
