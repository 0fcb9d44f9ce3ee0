/* SPDX-License-Identifier: MPL-2.0 */
/* The table of vector formats. */
#include "mls/check.h"

static const vector_kind kinds[] = {
    {"tree-math", {"n_leaves", "n_nodes"}, false, check_tree_math},
    {"deserialization", {"vlbytes_header", NULL}, false, check_deserialization},
    {"messages", {"mls_welcome", "mls_group_info"}, false, check_messages},
    {"crypto-basics", {"ref_hash", "expand_with_label"}, true, check_crypto_basics},
    {"secret-tree", {"sender_data", "leaves"}, true, check_secret_tree},
    {"message-protection", {"proposal_priv", "membership_key"}, true, check_protection},
    {"key-schedule", {"initial_init_secret", "epochs"}, true, check_key_schedule},
    {"psk_secret", {"psks", "psk_secret"}, true, check_psk_secret},
    {"transcript-hashes", {"interim_transcript_hash_before", NULL}, true, check_transcript},
    {"tree-operations", {"tree_before", "proposal"}, true, check_tree_operation},
    {"tree-validation", {"resolutions", "tree"}, true, check_tree_validation},
    {"treekem", {"leaves_private", "update_paths"}, true, check_treekem},
    {"welcome", {"signer_pub", "welcome"}, true, check_welcome},
    {"passive-client", {"initial_epoch_authenticator", "epochs"}, true, check_passive},
};

const vector_kind *
vector_kind_of(yyjson_val *item)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const vector_kind *kind = &kinds[i];
        if (yyjson_obj_get(item, kind->fields[0]) != NULL &&
            (kind->fields[1] == NULL || yyjson_obj_get(item, kind->fields[1]) != NULL)) {
            return kind;
        }
    }
    return NULL;
}
