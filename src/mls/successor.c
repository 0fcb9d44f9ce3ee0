/* SPDX-License-Identifier: MPL-2.0 */
/* Groups that follow another one: after re-initialisation [RFC9420 §11.2], and branches [RFC9420 §11.3]. */
#include <stdlib.h>

#include "mls/join.h"

static kith_err
read_reinit(const mls_group *group, mls_reinit *out)
{
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&group->reinit));
    mls_proposal proposal;

    KITH_ENSURE(group->reinit.len > 0, KITH_ERR_NOT_FOUND);
    KITH_TRY(mls_proposal_decode(&r, &proposal));
    *out = proposal.reinit;
    return KITH_OK;
}

kith_err
mls_group_reinit(const mls_group *group, mls_reinit_info *out)
{
    mls_reinit reinit;

    KITH_TRY(read_reinit(group, &reinit));
    *out = (mls_reinit_info){.group_id = reinit.group_id, .suite = reinit.suite};
    return KITH_OK;
}

/* ---- Making one ---- */

/* A successor in the making; wiped by done. */
typedef struct succession {
    const mls_group *from;
    const mls_successor_params *params;
    mls_ext extensions[MLS_EXTENSIONS_MAX];
    mls_proposal_params *proposals;
    size_t proposal_count;
    mls_group *group;
} succession;

static void
succession_done(succession *job)
{
    kith_mem_free(job->from->tools.alloc, job->proposals,
                  job->proposal_count * sizeof *job->proposals);
    mls_group_free(job->group);
}

/* Id, suite and extensions that the members agreed on. */
static kith_err
take_reinit(succession *job, mls_group_params *out)
{
    mls_reinit reinit;

    KITH_ENSURE(read_reinit(job->from, &reinit) == KITH_OK, KITH_ERR_INVALID);
    kith_reader r = kith_reader_of(reinit.extensions);
    out->extension_count = 0;
    while (!kith_reader_done(&r)) {
        KITH_ENSURE(out->extension_count < MLS_EXTENSIONS_MAX, KITH_ERR_LIMIT);
        KITH_TRY(mls_ext_read(&r, &job->extensions[out->extension_count++]));
    }
    out->extensions = job->extensions;
    out->group_id = reinit.group_id;
    out->suite = reinit.suite;
    return KITH_OK;
}

static kith_err
found(succession *job)
{
    const mls_successor_params *params = job->params;
    mls_group_params group = {.suite = job->from->tools.suite_id,
                              .group_id = params->group_id,
                              .leaf = params->leaf,
                              .extensions = params->extensions,
                              .extension_count = params->extension_count,
                              .settings = params->settings};

    if (params->link == MLS_LINK_REINIT) {
        KITH_TRY(take_reinit(job, &group));
    }
    const mls_env *env = params->env != NULL ? params->env : job->from->env;
    KITH_TRY(mls_group_new(env, &group, &job->group));
    job->group->predecessor = job->from;
    return KITH_OK;
}

/* The Adds, and the resumption PSK of the old group's present epoch. */
static kith_err
list_proposals(succession *job)
{
    const mls_successor_params *params = job->params;
    const mls_epoch *epoch = job->from->now;

    job->proposals = kith_mem_zalloc(job->from->tools.alloc, params->key_package_count + 1,
                                     sizeof *job->proposals);
    KITH_ENSURE(job->proposals != NULL, KITH_ERR_NO_MEMORY);
    job->proposal_count = params->key_package_count + 1;
    for (size_t i = 0; i < params->key_package_count; i++) {
        job->proposals[i] =
            (mls_proposal_params){.type = MLS_PROPOSAL_ADD, .key_package = params->key_packages[i]};
    }
    job->proposals[params->key_package_count] =
        (mls_proposal_params){.type = MLS_PROPOSAL_PSK,
                              .psk = {.is_resumption = true,
                                      .group_id = epoch->context.group_id,
                                      .epoch = epoch->context.epoch,
                                      .link = params->link}};
    return KITH_OK;
}

kith_err
mls_group_succeed(const mls_group *from, const mls_successor_params *params, kith_buf *welcome,
                  mls_group **out)
{
    KITH_AUTO(succession) job = {.from = from, .params = params};
    KITH_AUTO(kith_buf) commit = {.alloc = from->tools.alloc};

    KITH_ENSURE(params->link != MLS_LINK_NONE && params->key_package_count > 0 &&
                    params->key_package_count < MLS_PROPOSALS_MAX,
                KITH_ERR_INVALID);
    KITH_TRY(found(&job));
    KITH_TRY(list_proposals(&job));
    const mls_commit_params change = {.proposals = job.proposals,
                                      .proposal_count = job.proposal_count,
                                      .force_path = true,
                                      .welcome_without_tree = params->welcome_without_tree,
                                      .now_s = params->now_s};
    KITH_TRY(mls_group_commit(job.group, &change, &commit, welcome));
    mls_group_apply_own(job.group);
    job.group->predecessor = NULL;
    *out = job.group;
    job.group = NULL;
    return KITH_OK;
}

/* ---- Joining one ---- */

/* The PSK that ties the new group to the old one's present epoch. */
static kith_err
find_tie(const mls_group *from, kith_bytes psks, mls_psk_id *out)
{
    kith_reader r = kith_reader_of(psks);

    while (!kith_reader_done(&r)) {
        mls_psk_id id;
        KITH_TRY(mls_psk_id_decode(&r, &id));
        if (id.type == MLS_PSK_RESUMPTION && id.usage != MLS_PSK_USAGE_APPLICATION) {
            KITH_ENSURE(kith_bytes_equal(id.group_id, from->now->context.group_id),
                        KITH_ERR_REJECTED);
            *out = id;
            return KITH_OK;
        }
    }
    return KITH_ERR_REJECTED;
}

/* [RFC9420 §11.2] */
static kith_err
check_reinit(const mls_group *from, const mls_group_info_view *info, const mls_psk_id *tie)
{
    mls_reinit reinit;

    KITH_ENSURE(read_reinit(from, &reinit) == KITH_OK, KITH_ERR_REJECTED);
    KITH_ENSURE(tie->epoch == from->now->context.epoch, KITH_ERR_REJECTED);
    KITH_ENSURE(info->context.suite == reinit.suite, KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(info->context.group_id, reinit.group_id), KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(info->context.extensions, reinit.extensions), KITH_ERR_REJECTED);
    return KITH_OK;
}

static int
compare_identities(const void *a, const void *b)
{
    const mls_identity *x = a;
    const mls_identity *y = b;

    return x->type != y->type ? (x->type > y->type) - (x->type < y->type)
                              : kith_bytes_compare(x->data, y->data);
}

/* Borrowed credentials of a group's members, sorted. */
typedef struct identity_list {
    const kith_alloc *alloc;
    mls_identity *items;
    size_t count;
} identity_list;

static void
identity_list_done(identity_list *list)
{
    kith_mem_free(list->alloc, list->items, list->count * sizeof *list->items);
}

static kith_err
list_identities(const mls_tree *tree, identity_list *out)
{
    size_t at = 0;

    out->items = kith_mem_zalloc(out->alloc, mls_tree_member_count(tree), sizeof *out->items);
    KITH_ENSURE(out->items != NULL, KITH_ERR_NO_MEMORY);
    out->count = mls_tree_member_count(tree);
    for (uint32_t index = mls_tree_next_member(tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(tree, index + 1)) {
        out->items[at++] = mls_tree_leaf(tree, index)->node.credential;
    }
    qsort(out->items, out->count, sizeof *out->items, compare_identities);
    return KITH_OK;
}

/* Same suite, and nobody who is not in the old group [RFC9420 §11.3]. */
static kith_err
check_branch(const mls_group *from, const mls_group_info_view *info, const mls_tree *tree)
{
    KITH_AUTO(identity_list) known = {.alloc = from->tools.alloc};

    KITH_ENSURE(info->context.suite == from->now->context.suite, KITH_ERR_REJECTED);
    KITH_TRY(list_identities(&from->now->tree, &known));
    for (uint32_t index = mls_tree_next_member(tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(tree, index + 1)) {
        const mls_identity *member = &mls_tree_leaf(tree, index)->node.credential;
        KITH_ENSURE(bsearch(member, known.items, known.count, sizeof *known.items,
                            compare_identities) != NULL,
                    KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

kith_err
mls_successor_check(const mls_group *from, const mls_group_info_view *info, kith_bytes psks,
                    const mls_tree *tree)
{
    mls_psk_id tie;

    KITH_TRY(find_tie(from, psks, &tie));
    return tie.usage == MLS_PSK_USAGE_REINIT ? check_reinit(from, info, &tie)
                                             : check_branch(from, info, tree);
}
