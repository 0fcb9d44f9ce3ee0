/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A commit in the making [RFC9420 §12.4.1], by a member (commit.c) or by somebody who joins (external.c), and
 * what goes with it: GroupInfo and Welcome (welcome.c).
 */
#ifndef KITH_MLS_COMMIT_H
#define KITH_MLS_COMMIT_H

#include "mls/proposal.h"

/* Filled step by step; wiped by done. Nothing outside of it changes until the caller takes the results. */
typedef struct mls_job {
    const mls_env *env;
    mls_tools tools;
    const mls_epoch *old; /* borrowed */
    crypto_sign_key *signer; /* borrowed: signs the commit */
    crypto_sign_key
        *new_signer; /* borrowed: the new leaf and the GroupInfo; the same unless changed */
    uint32_t sender; /* leaf in the new tree */
    uint8_t sender_type;
    uint16_t wire;
    kith_bytes authenticated_data;

    mls_plan plan;
    bool has_path;
    mls_new_path path;
    kith_buf update_path;
    kith_buf body; /* Commit */
    kith_buf content; /* FramedContent */
    kith_buf signature;
    kith_secret joiner;
    mls_epoch *next;
} mls_job;
void mls_job_done(mls_job *job);

/* Puts a path into the new tree, checks what can be checked of the whole tree, encrypts the path. */
KITH_MUST_USE kith_err mls_job_add_path(mls_job *job, const mls_leaf_draft *draft);
/* The checks alone, for a commit without path. */
KITH_MUST_USE kith_err mls_job_check_tree(mls_job *job);
/* Writes and signs the commit, and derives the next epoch from the previous init secret. */
KITH_MUST_USE kith_err mls_job_finish(mls_job *job, const mls_item_list *items, kith_bytes init);
/* Appends the commit as MLSMessage(PublicMessage); `membership_key` is empty for a joiner. */
KITH_MUST_USE kith_err mls_job_frame_public(const mls_job *job, kith_bytes membership_key,
                                            kith_buf *out);
/* Moves the next epoch and the changes out of the job into a staged commit. */
void mls_job_stage(mls_job *job, mls_staged *staged);

/* ProposalRef [RFC9420 §5.2] of a proposal as it was sent; `auth` is its encoded FramedContentAuthData. */
KITH_MUST_USE kith_err mls_proposal_ref(mls_tools tools, uint16_t wire, kith_bytes content,
                                        kith_bytes auth, mls_hash *out);

/* Both keys of changed leaves once, credential types that all can read [RFC9420 §7.3]. Sorts `changed`. */
KITH_MUST_USE kith_err mls_check_new_tree(const mls_tree *tree, mls_index_list *changed);

/* ---- welcome.c ---- */

/* What a GroupInfo carries beside the context. */
typedef struct mls_info_parts {
    bool with_tree;
    bool with_external_pub;
    const mls_ext *extensions;
    size_t extension_count;
} mls_info_parts;
/* Appends the GroupInfo (without MLSMessage around it) of an epoch, signed by its leaf `signer_leaf`. */
KITH_MUST_USE kith_err mls_group_info_write(const mls_epoch *epoch, uint32_t signer_leaf,
                                            crypto_sign_key *signer, const mls_info_parts *parts,
                                            kith_buf *out);
/* Appends the MLSMessage(Welcome) for all members that the job adds. */
KITH_MUST_USE kith_err mls_welcome_write(const mls_job *job, const mls_item_list *items,
                                         const mls_info_parts *parts, kith_buf *out);

/* ---- commit_open.c ---- */

/* A commit as it was received: opened, the signature verified. */
typedef struct mls_commit_in {
    uint16_t wire;
    mls_framed_content content;
    kith_bytes content_bytes;
    mls_auth_data auth;
    uint64_t now_s;
} mls_commit_in;
KITH_MUST_USE kith_err mls_commit_stage(const mls_group *group, const mls_commit_in *in,
                                        mls_staged **out);

#endif
