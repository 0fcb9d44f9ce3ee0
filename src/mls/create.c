/* SPDX-License-Identifier: MPL-2.0 */
/* A new group with one member [RFC9420 §11]. */
#include "mls/group.h"

/* A group in the making; wiped by done. */
typedef struct founding {
    const mls_group_params *params;
    mls_tools tools;
    mls_group *group;
    crypto_kem_pair pair;
    kith_buf extensions;
    mls_leaf *leaf;
    mls_tree tree;
} founding;

static void
founding_done(founding *job)
{
    mls_group_free(job->group);
    crypto_kem_pair_done(&job->pair);
    kith_buf_done(&job->extensions);
    mls_leaf_drop(job->leaf);
    if (job->tree.root != NULL) {
        mls_tree_done(&job->tree);
    }
}

/* The founder's leaf: bound to the group, as one that came by an Update. */
static kith_err
make_tree(founding *job, const mls_env *env)
{
    KITH_TRY(
        crypto_kem_generate(job->tools.crypto, job->tools.suite->hpke.kem, &env->rng, &job->pair));
    const mls_leaf_draft draft = {.env = env,
                                  .signer = job->group->signer,
                                  .identity = job->params->leaf.identity,
                                  .extensions = job->params->leaf.extensions,
                                  .extension_count = job->params->leaf.extension_count,
                                  .encryption_key = kith_bytes_of_buf(&job->pair.public_key),
                                  .source = MLS_LEAF_SOURCE_UPDATE,
                                  .group_id = job->params->group_id,
                                  .leaf_index = 0};
    KITH_TRY(mls_leaf_make(job->tools, &draft, &job->leaf));
    KITH_TRY(mls_leaf_check_capabilities(job->leaf, kith_bytes_of_buf(&job->extensions)));
    return mls_tree_new(job->tools, job->leaf, &job->tree);
}

static kith_err
write_context(const founding *job, kith_buf *out)
{
    mls_hash tree_hash = {.len = mls_suite_hash_len(job->tools.suite)};
    kith_writer w = kith_writer_of(out);

    KITH_TRY(mls_tree_hash(&job->tree, tree_hash.bytes));
    const mls_group_context context = {.suite = job->tools.suite_id,
                                       .group_id = job->params->group_id,
                                       .tree_hash = mls_hash_bytes(&tree_hash),
                                       .extensions = kith_bytes_of_buf(&job->extensions)};
    return mls_group_context_encode(&w, &context);
}

static kith_err
make_epoch(founding *job, const mls_env *env)
{
    KITH_AUTO(kith_buf) context = {.alloc = job->tools.alloc};
    KITH_AUTO(kith_secret) epoch_secret = {0};

    KITH_TRY(write_context(job, &context));
    KITH_TRY(kith_rng_secret(&env->rng, mls_suite_hash_len(job->tools.suite), &epoch_secret));
    KITH_TRY(mls_epoch_start(job->tools, kith_bytes_of_buf(&context), &job->tree,
                             kith_bytes_of_secret(&epoch_secret), &job->group->now));
    job->group->now->own_leaf = 0;
    return mls_private_new(job->tools.alloc, 0, kith_bytes_of_secret(&job->pair.private_key),
                           &job->group->now->keys);
}

kith_err
mls_group_new(const mls_env *env, const mls_group_params *params, mls_group **out)
{
    const mls_suite *suite = mls_suite_of(env, params->suite);
    KITH_AUTO(founding) job = {.params = params, .extensions = {.alloc = env->alloc}};

    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(params->group_id.len > 0 && params->group_id.len <= MLS_GROUP_ID_MAX,
                KITH_ERR_INVALID);
    job.tools = mls_tools_of(env, suite);
    KITH_TRY(mls_ext_list_write(params->extensions, params->extension_count, &job.extensions));
    KITH_TRY(
        mls_group_alloc(env, suite, params->settings, params->leaf.signature_private, &job.group));
    KITH_TRY(make_tree(&job, env));
    KITH_TRY(make_epoch(&job, env));
    *out = job.group;
    job.group = NULL;
    return KITH_OK;
}
