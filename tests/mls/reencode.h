/* SPDX-License-Identifier: MPL-2.0 */
/* Encoders that the library has no use for, built field by field from the views: what they write must be what
 * was decoded. */
#ifndef KITH_TESTS_MLS_REENCODE_H
#define KITH_TESTS_MLS_REENCODE_H

#include "mls/types.h"

kith_err reencode_leaf(kith_writer *w, const mls_leaf_node *leaf);
kith_err reencode_key_package(kith_writer *w, const mls_key_package *package);
kith_err reencode_proposal(kith_writer *w, const mls_proposal *proposal);
kith_err reencode_commit(kith_writer *w, const mls_commit *commit);
kith_err reencode_group_info(kith_writer *w, const mls_group_info_view *info);
kith_err reencode_welcome(kith_writer *w, const mls_welcome *welcome);
kith_err reencode_public_message(kith_writer *w, const mls_public_message *message);

#endif
