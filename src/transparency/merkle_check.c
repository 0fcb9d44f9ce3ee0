/* SPDX-License-Identifier: MPL-2.0 */
/* Checking proofs of the Merkle tree of RFC 6962, from the leaf or the smaller tree up to the root. */
#include "transparency/encoding.h"
#include "transparency/merkle.h"
#include "transparency/merkle_parts.h"

static kith_err
next_hash(kith_reader *proof, kt_hash *out)
{
    KITH_ENSURE(kt_hash_read(proof, out) == KITH_OK, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The hash at the end of the proof must be the root, and the proof all used up. */
static kith_err
check_end(const kith_reader *proof, const kt_hash *hash, const kt_hash *root)
{
    KITH_ENSURE(kith_reader_done(proof) && kt_hash_equal(hash, root), KITH_ERR_REJECTED);
    return KITH_OK;
}

static bool
is_proof_len(kith_bytes proof)
{
    return proof.len % KT_HASH_LEN == 0 && proof.len / KT_HASH_LEN <= KT_MERKLE_PATH_MAX;
}

/* Goes up from a node: `node` is its index and `last` that of the rightmost node, on its level. A node without a
 * right sibling goes up unchanged. */
kith_err
kt_merkle_check_leaf(crypto *c, kt_merkle_span span, const kt_hash *leaf, kith_bytes proof,
                     const kt_hash *root)
{
    kith_reader r = kith_reader_of(proof);
    kt_hash hash = *leaf;
    uint64_t node = span.at;

    KITH_ENSURE(span.at < span.size && is_proof_len(proof), KITH_ERR_REJECTED);
    for (uint64_t last = span.size - 1; last > 0; node >>= 1, last >>= 1) {
        kt_hash sibling;
        if (node == last && (node & 1) == 0) {
            continue;
        }
        KITH_TRY(next_hash(&r, &sibling));
        const bool is_right = (node & 1) == 1;
        KITH_TRY(
            kt_merkle_parent(c, is_right ? &sibling : &hash, is_right ? &hash : &sibling, &hash));
    }
    return check_end(&r, &hash, root);
}

/* From the last complete subtree of the smaller tree, `node` of `last` on its level, up in both trees at once: what
 * stands to the left is in both, what stands to the right only in the larger one. */
static kith_err
climb_both(crypto *c, kith_reader *r, uint64_t node, uint64_t last, kt_merkle_roots *hashes)
{
    for (; last > 0; node >>= 1, last >>= 1) {
        kt_hash sibling;
        if (node == last && (node & 1) == 0) {
            continue;
        }
        KITH_TRY(next_hash(r, &sibling));
        if ((node & 1) == 1) {
            KITH_TRY(kt_merkle_parent(c, &sibling, &hashes->smaller, &hashes->smaller));
            KITH_TRY(kt_merkle_parent(c, &sibling, &hashes->larger, &hashes->larger));
        } else {
            KITH_TRY(kt_merkle_parent(c, &hashes->larger, &sibling, &hashes->larger));
        }
    }
    return KITH_OK;
}

kith_err
kt_merkle_check_growth(crypto *c, kt_merkle_span span, const kt_merkle_roots *roots,
                       kith_bytes proof)
{
    kith_reader r = kith_reader_of(proof);
    uint64_t node = span.at - 1;
    uint64_t last = span.size - 1;
    kt_hash first = roots->smaller;

    KITH_ENSURE(span.at <= span.size && is_proof_len(proof), KITH_ERR_REJECTED);
    if (span.at == 0 || span.at == span.size) {
        return check_end(&r, span.at == 0 ? &roots->larger : &roots->smaller, &roots->larger);
    }
    while ((node & 1) == 1) {
        node >>= 1;
        last >>= 1;
    }
    if (node > 0) {
        KITH_TRY(next_hash(&r, &first));
    }
    kt_merkle_roots hashes = {first, first};
    KITH_TRY(climb_both(c, &r, node, last, &hashes));
    KITH_ENSURE(kt_hash_equal(&hashes.smaller, &roots->smaller), KITH_ERR_REJECTED);
    return check_end(&r, &hashes.larger, &roots->larger);
}

/* ---- The right edge ---- */

kith_err
kt_merkle_edge_add(crypto *c, kt_merkle_edge *edge, const kt_hash *leaf)
{
    kt_hash top = *leaf;
    size_t count = edge->count;

    KITH_ENSURE(edge->size < KT_SIZE_MAX, KITH_ERR_LIMIT);
    for (unsigned level = 0; (edge->size >> level & 1) == 1; level++) {
        KITH_TRY(kt_merkle_parent(c, &edge->hashes[--count], &top, &top));
    }
    edge->hashes[count] = top;
    edge->count = count + 1;
    edge->size++;
    return KITH_OK;
}

kith_err
kt_merkle_edge_root(crypto *c, const kt_merkle_edge *edge, kt_hash *out)
{
    kt_hash root;

    if (edge->size == 0) {
        return kt_merkle_empty(c, out);
    }
    root = edge->hashes[edge->count - 1];
    for (size_t i = edge->count - 1; i > 0; i--) {
        KITH_TRY(kt_merkle_parent(c, &edge->hashes[i - 1], &root, &root));
    }
    *out = root;
    return KITH_OK;
}
