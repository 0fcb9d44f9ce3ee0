/* SPDX-License-Identifier: MPL-2.0 */
/* The tree of a group that is kept apart from its secrets, as a whole and what changed since (save_tree.c). */
#ifndef KITH_MLS_SAVE_H
#define KITH_MLS_SAVE_H

#include "mls/group.h"

/* Appends what leads from one tree to the other; nothing when they are the same. */
KITH_MUST_USE kith_err mls_saved_tree_write(const mls_tree *from, const mls_tree *to,
                                            kith_buf *out);
/* The tree with that hash. REJECTED: they do not lead to it. MALFORMED: damaged. */
KITH_MUST_USE kith_err mls_saved_tree_read(mls_tools tools, const mls_saved_tree *saved,
                                           kith_bytes tree_hash, mls_tree *out);

#endif
