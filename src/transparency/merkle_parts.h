/* SPDX-License-Identifier: MPL-2.0 */
/* What the two files of the Merkle tree share. */
#ifndef KITH_TRANSPARENCY_MERKLE_PARTS_H
#define KITH_TRANSPARENCY_MERKLE_PARTS_H

#include "transparency/merkle.h"

/* `out` may be one of the children. */
KITH_MUST_USE kith_err kt_merkle_parent(crypto *c, const kt_hash *left, const kt_hash *right,
                                        kt_hash *out);
/* The hash of the complete subtree of 2^level leaves from `start` on, which the store holds. */
KITH_MUST_USE kith_err kt_merkle_read(const kt_store *store, uint64_t start, unsigned level,
                                      kt_hash *out);
/* How many of `count` > 1 leaves are to the left: the largest power of two that is smaller. */
uint64_t kt_merkle_split(uint64_t count);

#endif
