/* SPDX-License-Identifier: MPL-2.0 */
/* Proposals that this client makes, by value or by reference, and choosing which pending ones go into a
 * commit [RFC9420 §12.1, §12.2]. */
#ifndef KITH_MLS_DRAFT_H
#define KITH_MLS_DRAFT_H

#include "mls/proposal.h"

/* Appends one encoded Proposal of any type but Update. INVALID: no such type. */
KITH_MUST_USE kith_err mls_proposal_write(const mls_env *env, mls_tools tools,
                                          const mls_proposal_params *params, kith_buf *out);
/* Appends the proposals of a commit, and makes the list of them and of the pending ones that fit with them.
 * The list borrows `values` and the group's pending proposals. */
KITH_MUST_USE kith_err mls_items_collect(const mls_group *group, const mls_commit_params *params,
                                         kith_buf *values, mls_item_list *out);
/* Encrypts and appends an own content of the current epoch as MLSMessage(PrivateMessage), then consumes the
 * key. On error nothing was appended or consumed. */
typedef struct mls_private_params {
    const mls_framed_content *content;
    const mls_auth_data *auth;
    size_t pad_to;
    uint32_t *generation; /* gets the sender's counter; may be NULL */
    mls_hash *hash; /* gets the hash of the message; may be NULL */
} mls_private_params;
KITH_MUST_USE kith_err mls_group_seal(mls_group *group, const mls_private_params *params,
                                      kith_buf *out);

#endif
