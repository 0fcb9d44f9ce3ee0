/* SPDX-License-Identifier: MPL-2.0 */
/* Joining by a Welcome [RFC9420 §12.4.3.1], and the checks that an external joiner makes too. */
#include "mls/join.h"

/* ---- GroupInfo and tree ---- */

static kith_err
read_tree(const mls_join_scope *scope, const mls_group_info_view *info, mls_tree *out)
{
    kith_bytes encoded = scope->given_tree;

    if (encoded.len == 0) {
        KITH_ENSURE(mls_ext_find(info->extensions, MLS_EXT_RATCHET_TREE, &encoded) == KITH_OK,
                    KITH_ERR_INVALID);
    }
    return mls_tree_decode(scope->tools, encoded, out);
}

/* [RFC9420 §12.4.3.1] */
static kith_err
check_tree_hash(const mls_tree *tree, kith_bytes expected)
{
    mls_hash hash = {.len = mls_suite_hash_len(tree->tools.suite)};

    KITH_TRY(mls_tree_hash(tree, hash.bytes));
    KITH_ENSURE(kith_bytes_equal(mls_hash_bytes(&hash), expected), KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
show_member(const mls_join_scope *scope, const mls_group_info_view *info, const mls_leaf *leaf)
{
    const mls_check check = {.purpose = MLS_CHECK_JOINED,
                             .group_id = info->context.group_id,
                             .suite = scope->tools.suite_id,
                             .identity = leaf->node.credential,
                             .signature_key = leaf->node.signature_key,
                             .now_s = scope->now_s};

    return kith_bytes_equal(mls_leaf_bytes(leaf), scope->own_leaf)
               ? KITH_OK
               : mls_credential_check(scope->tools, scope->env, &check);
}

/* The leaves of a tree on their way to being checked, in parts of so many positions. */
typedef struct leaf_job {
    const mls_join_scope *scope;
    const mls_group_info_view *info;
    const mls_tree *tree;
    uint32_t part_len;
    kith_err errs[MLS_SPREAD_MAX];
} leaf_job;

/* Every leaf of a part by itself [RFC9420 §7.3]. */
static kith_err
check_part(const leaf_job *job, mls_tools tools, size_t part)
{
    mls_leaf_rules rules = {.group_id = job->info->context.group_id,
                            .group_extensions = job->info->context.extensions,
                            .lifetime_max_s = mls_lifetime_max(job->scope->env)};
    const uint32_t from = (uint32_t)part * job->part_len;

    for (uint32_t index = mls_tree_next_member(job->tree, from);
         index != MLS_LEAF_NONE && index - from < job->part_len;
         index = mls_tree_next_member(job->tree, index + 1)) {
        rules.leaf_index = index;
        KITH_TRY(mls_leaf_check(tools, mls_tree_leaf(job->tree, index), &rules));
    }
    return KITH_OK;
}

/* One part, in a thread of its own perhaps. */
static void
run_part(void *ctx, size_t part)
{
    leaf_job *job = ctx;
    mls_tools tools = job->scope->tools;

    tools.crypto = job->scope->env->spread->cryptos[part];
    job->errs[part] = check_part(job, tools, part);
}

/* The first error in the order of the leaves, however the parts ran. */
static kith_err
check_spread(leaf_job *job, const mls_spread *spread)
{
    KITH_ENSURE(spread->count > 0 && spread->count <= MLS_SPREAD_MAX, KITH_ERR_INVALID);
    const uint32_t count = (uint32_t)spread->count;
    job->part_len = (mls_tree_leaf_count(job->tree) + count - 1) / count;
    spread->run(spread->ctx, run_part, job, spread->count);
    for (size_t i = 0; i < spread->count; i++) {
        KITH_TRY(job->errs[i]);
    }
    return KITH_OK;
}

static kith_err
check_leaves(const mls_join_scope *scope, const mls_group_info_view *info, const mls_tree *tree)
{
    leaf_job job = {
        .scope = scope, .info = info, .tree = tree, .part_len = mls_tree_leaf_count(tree)};

    KITH_TRY(scope->env->spread == NULL ? check_part(&job, scope->tools, 0)
                                        : check_spread(&job, scope->env->spread));
    for (uint32_t index = mls_tree_next_member(tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(tree, index + 1)) {
        KITH_TRY(show_member(scope, info, mls_tree_leaf(tree, index)));
    }
    KITH_TRY(mls_tree_check_credentials(tree));
    /* Whoever may propose from outside is new to this client as well [RFC9420 §5.3.1]. */
    const mls_check like = {
        .group_id = info->context.group_id, .suite = scope->tools.suite_id, .now_s = scope->now_s};
    return mls_show_senders(scope->tools, scope->env, info->context.extensions, &like);
}

/* Signed by a member [RFC9420 §12.4.3]. */
static kith_err
check_signature(const mls_join_scope *scope, const mls_group_info_view *info, const mls_tree *tree)
{
    const mls_leaf *signer = mls_tree_leaf(tree, info->signer);

    KITH_ENSURE(signer != NULL, KITH_ERR_REJECTED);
    return mls_verify_with_label(scope->tools, signer->node.signature_key, "GroupInfoTBS",
                                 CRYPTO_PARTS(info->tbs), info->signature);
}

static kith_err
check_all(const mls_join_scope *scope, const mls_group_info_view *info, const mls_tree *tree)
{
    KITH_ENSURE(info->context.group_id.len > 0 && info->context.group_id.len <= MLS_GROUP_ID_MAX,
                KITH_ERR_LIMIT);
    KITH_TRY(check_tree_hash(tree, info->context.tree_hash));
    KITH_TRY(check_signature(scope, info, tree));
    KITH_TRY(mls_tree_check(tree));
    return check_leaves(scope, info, tree);
}

kith_err
mls_join_check(const mls_join_scope *scope, const mls_group_info_view *info, mls_tree *out)
{
    mls_tree tree = {0};

    /* That of the key package [RFC9420 §12.4.3.1]. */
    KITH_ENSURE(info->context.suite == scope->tools.suite_id, KITH_ERR_REJECTED);
    KITH_TRY(read_tree(scope, info, &tree));
    const kith_err err = check_all(scope, info, &tree);
    if (err != KITH_OK) {
        mls_tree_done(&tree);
        return err;
    }
    *out = tree;
    return KITH_OK;
}

/* ---- The Welcome ---- */

/* A join on its way; wiped by done. */
typedef struct joining {
    const mls_env *env;
    const mls_join_params *params;
    mls_tools tools;
    mls_welcome welcome;
    mls_private_package own;
    mls_key_package package;
    kith_buf secrets_text;
    mls_group_secrets secrets;
    kith_secret psk_secret;
    kith_buf info_text;
    mls_group_info_view info;
    mls_tree tree;
    mls_group *group;
} joining;

static void
joining_done(joining *job)
{
    kith_buf_done(&job->secrets_text);
    kith_secret_done(&job->psk_secret);
    kith_buf_done(&job->info_text);
    if (job->tree.root != NULL) {
        mls_tree_done(&job->tree);
    }
    mls_group_free(job->group);
}

/* The entry of the Welcome for one of the candidates. */
static kith_err
find_entry(const joining *job, kith_bytes ref, mls_encrypted_secrets *out)
{
    kith_reader r = kith_reader_of(job->welcome.secrets);

    while (!kith_reader_done(&r)) {
        mls_encrypted_secrets entry;
        KITH_TRY(mls_encrypted_secrets_decode(&r, &entry));
        if (kith_bytes_equal(entry.new_member, ref)) {
            *out = entry;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
find_package(joining *job, mls_encrypted_secrets *entry, size_t *used)
{
    for (size_t i = 0; i < job->params->private_blob_count; i++) {
        KITH_TRY(mls_private_package_decode(job->params->private_blobs[i], &job->own));
        if (job->own.suite == job->welcome.suite &&
            find_entry(job, job->own.ref, entry) == KITH_OK) {
            kith_reader r = kith_reader_of(job->own.package);
            KITH_TRY(mls_key_package_decode(&r, &job->package));
            *used = i;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
open_secrets(joining *job, const mls_encrypted_secrets *entry)
{
    const mls_seal seal = {.key = job->own.init_private,
                           .label = "Welcome",
                           .context = job->welcome.encrypted_group_info,
                           .kem_output = entry->sealed.kem_output,
                           .text = entry->sealed.ciphertext};

    KITH_TRY(mls_decrypt_with_label(job->tools, &seal, &job->secrets_text));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&job->secrets_text));
    KITH_TRY(mls_group_secrets_decode(&r, &job->secrets));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(job->secrets.joiner_secret.len == mls_suite_hash_len(job->tools.suite),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

/* PSKs of the Welcome, wiped by done. */
typedef struct psk_table {
    mls_psk_id ids[MLS_PSKS_MAX];
    kith_secret secrets[MLS_PSKS_MAX];
    size_t count;
} psk_table;

static void
psk_table_done(psk_table *table)
{
    kith_wipe(table, sizeof *table);
}

static kith_err
find_psks(joining *job)
{
    kith_reader r = kith_reader_of(job->secrets.psks);
    KITH_AUTO(psk_table) table = {.count = 0};
    size_t links = 0;

    while (!kith_reader_done(&r)) {
        KITH_ENSURE(table.count < MLS_PSKS_MAX, KITH_ERR_LIMIT);
        mls_psk_id *id = &table.ids[table.count];
        KITH_TRY(mls_psk_id_decode(&r, id));
        KITH_ENSURE(id->nonce.len == mls_suite_hash_len(job->tools.suite), KITH_ERR_REJECTED);
        const bool is_link =
            id->type == MLS_PSK_RESUMPTION && id->usage != MLS_PSK_USAGE_APPLICATION;
        KITH_TRY(mls_psk_find(job->env, is_link ? job->params->predecessor : NULL, id,
                              &table.secrets[table.count]));
        links += is_link ? 1 : 0;
        table.count++;
    }
    /* At most one that links to a group before this one [RFC9420 §12.4.3.1]. */
    KITH_ENSURE(links <= 1, KITH_ERR_REJECTED);
    return mls_psk_secret(job->tools, table.ids, table.secrets, table.count, &job->psk_secret);
}

/* A group that follows another begins with epoch 1 [RFC9420 §12.4.3.1]. */
static kith_err
check_links(const joining *job)
{
    kith_reader r = kith_reader_of(job->secrets.psks);

    while (!kith_reader_done(&r)) {
        mls_psk_id id;
        KITH_TRY(mls_psk_id_decode(&r, &id));
        const bool links = id.type == MLS_PSK_RESUMPTION && id.usage != MLS_PSK_USAGE_APPLICATION;
        KITH_ENSURE(!links || job->info.context.epoch == 1, KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

static kith_err
open_info(joining *job)
{
    KITH_AUTO(kith_secret) secret = {0};
    KITH_AUTO(kith_secret) key = {0};
    KITH_AUTO(kith_secret) nonce = {0};

    KITH_TRY(mls_welcome_secret(job->tools, job->secrets.joiner_secret,
                                kith_bytes_of_secret(&job->psk_secret), &secret));
    KITH_TRY(mls_welcome_key(job->tools, kith_bytes_of_secret(&secret), &key, &nonce));
    const crypto_aead aead = {.id = job->tools.suite->aead,
                              .key = kith_bytes_of_secret(&key),
                              .nonce = kith_bytes_of_secret(&nonce)};
    KITH_TRY(crypto_aead_open(job->tools.crypto, &aead, job->welcome.encrypted_group_info,
                              &job->info_text));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&job->info_text));
    KITH_TRY(mls_group_info_decode(&r, &job->info));
    KITH_TRY(kith_reader_finish(&r));
    return check_links(job);
}

/* The leaf that is exactly the one of the key package [RFC9420 §12.4.3.1]. */
static kith_err
find_own_leaf(const joining *job, uint32_t *out)
{
    for (uint32_t index = mls_tree_next_member(&job->tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(&job->tree, index + 1)) {
        if (kith_bytes_equal(mls_leaf_bytes(mls_tree_leaf(&job->tree, index)),
                             job->package.leaf_bytes)) {
            *out = index;
            return KITH_OK;
        }
    }
    return KITH_ERR_REJECTED;
}

/* Own private keys: of the leaf, and with a path secret of what the committer's path and ours share; they belong to the
 * tree's public ones [RFC9420 §12.4.3.1]. */
static kith_err
make_keys(const joining *job, uint32_t own_leaf, mls_private *keys)
{
    const uint8_t level = mls_tree_meeting_level(own_leaf, job->info.signer);
    KITH_AUTO(kith_secret) unused = {0};

    KITH_TRY(mls_private_new(job->tools.alloc, own_leaf, job->own.leaf_private, keys));
    if (!job->secrets.has_path_secret) {
        return KITH_OK;
    }
    KITH_ENSURE(level > 0 && mls_tree_parent(&job->tree, own_leaf, level) != NULL,
                KITH_ERR_REJECTED);
    KITH_ENSURE(job->secrets.path_secret.len == mls_suite_hash_len(job->tools.suite),
                KITH_ERR_REJECTED);
    return mls_private_derive(keys, &job->tree, level, job->secrets.path_secret, &unused);
}

static kith_err
make_group(joining *job)
{
    const mls_epoch_input in = {.context = job->info.context_bytes,
                                .tree = &job->tree,
                                .joiner_secret = job->secrets.joiner_secret,
                                .psk_secret = kith_bytes_of_secret(&job->psk_secret)};
    uint32_t own_leaf = 0;

    KITH_TRY(find_own_leaf(job, &own_leaf));
    KITH_TRY(mls_group_alloc(job->env, job->tools.suite, job->params->settings,
                             job->own.signature_private, &job->group));
    KITH_TRY(mls_epoch_derive(job->tools, &in, &job->group->now));
    mls_epoch *epoch = job->group->now;
    /* [RFC9420 §12.4.3.1] */
    KITH_ENSURE(kith_equal_ct(mls_hash_bytes(&epoch->confirmation_tag), job->info.confirmation_tag),
                KITH_ERR_REJECTED);
    epoch->own_leaf = own_leaf;
    return make_keys(job, own_leaf, &epoch->keys);
}

static kith_err
open_welcome(joining *job, size_t *used)
{
    kith_bytes body;
    mls_encrypted_secrets entry;

    KITH_TRY(mls_message_open(job->params->welcome, MLS_WIRE_WELCOME, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_welcome_decode(&r, &job->welcome));
    KITH_TRY(kith_reader_finish(&r));
    const mls_suite *suite = mls_suite_of(job->env, job->welcome.suite);
    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    job->tools = mls_tools_of(job->env, suite);
    KITH_TRY(find_package(job, &entry, used));
    KITH_TRY(open_secrets(job, &entry));
    KITH_TRY(find_psks(job));
    return open_info(job);
}

kith_err
mls_welcome_inspect(const mls_env *env, const mls_join_params *params, mls_welcome_info *out)
{
    KITH_AUTO(joining) job = {.env = env,
                              .params = params,
                              .secrets_text = {.alloc = env->alloc},
                              .info_text = {.alloc = env->alloc}};
    size_t index = 0;
    kith_bytes unused;

    KITH_TRY(open_welcome(&job, &index));
    *out = (mls_welcome_info){
        .suite = job.info.context.suite,
        .group_id = job.info.context.group_id,
        .epoch = job.info.context.epoch,
        .tree_hash = job.info.context.tree_hash,
        .has_tree = mls_ext_find(job.info.extensions, MLS_EXT_RATCHET_TREE, &unused) == KITH_OK,
        .extensions = job.info.extensions};
    out->bytes = kith_buf_take(&job.info_text);
    return KITH_OK;
}

void
mls_welcome_info_done(mls_welcome_info *info)
{
    kith_buf_done(&info->bytes);
    *info = (mls_welcome_info){0};
}

kith_err
mls_welcome_info_extension(const mls_welcome_info *info, uint16_t type, kith_bytes *out)
{
    return mls_ext_find(info->extensions, type, out);
}

kith_err
mls_group_join(const mls_env *env, const mls_join_params *params, size_t *used, mls_group **out)
{
    KITH_AUTO(joining) job = {.env = env,
                              .params = params,
                              .secrets_text = {.alloc = env->alloc},
                              .info_text = {.alloc = env->alloc}};
    size_t index = 0;

    KITH_TRY(open_welcome(&job, &index));
    const mls_join_scope scope = {.env = env,
                                  .tools = job.tools,
                                  .now_s = params->now_s,
                                  .given_tree = params->ratchet_tree,
                                  .own_leaf = job.package.leaf_bytes};
    KITH_TRY(mls_join_check(&scope, &job.info, &job.tree));
    if (params->predecessor != NULL) {
        KITH_TRY(mls_successor_check(params->predecessor, &job.info, job.secrets.psks, &job.tree));
    }
    KITH_TRY(make_group(&job));
    if (used != NULL) {
        *used = index;
    }
    *out = job.group;
    job.group = NULL;
    return KITH_OK;
}
