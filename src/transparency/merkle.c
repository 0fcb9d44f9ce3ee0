/* SPDX-License-Identifier: MPL-2.0 */
/* The Merkle tree of RFC 6962 in a store. Checking is in merkle_check.c. */
#include "transparency/merkle.h"

#include "transparency/log_tree.h"
#include "transparency/math.h"
#include "transparency/merkle_parts.h"

kith_err
kt_merkle_leaf(crypto *c, kith_bytes entry, kt_hash *out)
{
    static const uint8_t tag = 0x00;

    return crypto_digest(c, CRYPTO_SHA256, CRYPTO_PARTS(kith_bytes_of(&tag, 1), entry), out->bytes);
}

kith_err
kt_merkle_parent(crypto *c, const kt_hash *left, const kt_hash *right, kt_hash *out)
{
    static const uint8_t tag = 0x01;
    kt_hash hash;

    KITH_TRY(crypto_digest(
        c, CRYPTO_SHA256,
        CRYPTO_PARTS(kith_bytes_of(&tag, 1), kt_hash_bytes(left), kt_hash_bytes(right)),
        hash.bytes));
    *out = hash;
    return KITH_OK;
}

kith_err
kt_merkle_empty(crypto *c, kt_hash *out)
{
    return crypto_sha256(c, (kith_bytes){0}, out->bytes);
}

uint64_t
kt_merkle_split(uint64_t count)
{
    uint64_t width = 1;

    while (width * 2 < count) {
        width *= 2;
    }
    return width;
}

/* ---- A tree in a store ---- */

kith_err
kt_merkle_read(const kt_store *store, uint64_t start, unsigned level, kt_hash *out)
{
    const uint64_t last = start + (UINT64_C(1) << level) - 1;

    return store->read(store->ctx, KT_BRIDGE, kt_log_hash_index(last, level), out->bytes);
}

kith_err
kt_merkle_append(crypto *c, const kt_store *store, uint64_t size, const kt_hash *leaf)
{
    KITH_AUTO(kith_buf) hashes = {0};
    kt_hash top = *leaf;

    KITH_ENSURE(size < KT_SIZE_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_append(&hashes, kt_hash_bytes(leaf)));
    for (unsigned level = 0; (size >> level & 1) == 1; level++) {
        kt_hash left;
        KITH_TRY(kt_merkle_read(store, size + 1 - (UINT64_C(2) << level), level, &left));
        KITH_TRY(kt_merkle_parent(c, &left, &top, &top));
        KITH_TRY(kith_buf_append(&hashes, kt_hash_bytes(&top)));
    }
    return store->write(store->ctx, KT_BRIDGE, kt_log_hash_index(size, 0),
                        kith_bytes_of_buf(&hashes));
}

/* The hash of the leaves from `start` to before `end`; `start` is where a subtree of that many leaves begins. The
 * complete subtrees in it become smaller to the right and are joined from there. */
static kith_err
hash_range(crypto *c, const kt_store *store, uint64_t start, uint64_t end, kt_hash *out)
{
    kt_hash parts[KT_PATH_MAX];
    size_t count = 0;

    while (start < end) {
        const unsigned level = kt_math_subtree_level(start, end);
        KITH_TRY(kt_merkle_read(store, start, level, &parts[count++]));
        start += UINT64_C(1) << level;
    }
    for (; count > 1; count--) {
        KITH_TRY(kt_merkle_parent(c, &parts[count - 2], &parts[count - 1], &parts[count - 2]));
    }
    *out = parts[0];
    return KITH_OK;
}

kith_err
kt_merkle_root(crypto *c, const kt_store *store, uint64_t size, kt_hash *out)
{
    KITH_ENSURE(size <= KT_SIZE_MAX, KITH_ERR_INVALID);
    return size == 0 ? kt_merkle_empty(c, out) : hash_range(c, store, 0, size, out);
}

/* What a proof is made of, from the root down; it is written from the bottom up. */
typedef struct proof_draft {
    crypto *crypto;
    const kt_store *store;
    kt_hash hashes[KT_MERKLE_PATH_MAX];
    size_t count;
} proof_draft;

static kith_err
take_range(proof_draft *draft, uint64_t start, uint64_t end)
{
    KITH_ENSURE(draft->count < KT_MERKLE_PATH_MAX, KITH_ERR_INVALID);
    KITH_TRY(hash_range(draft->crypto, draft->store, start, end, &draft->hashes[draft->count]));
    draft->count++;
    return KITH_OK;
}

static kith_err
write_upwards(const proof_draft *draft, kith_buf *out)
{
    KITH_TRY(kith_buf_reserve(out, draft->count * KT_HASH_LEN));
    for (size_t i = draft->count; i > 0; i--) {
        KITH_TRY(kith_buf_append(out, kt_hash_bytes(&draft->hashes[i - 1])));
    }
    return KITH_OK;
}

kith_err
kt_merkle_prove_leaf(crypto *c, const kt_store *store, kt_merkle_span span, kith_buf *out)
{
    proof_draft draft = {.crypto = c, .store = store};
    uint64_t start = 0;
    uint64_t end = span.size;

    KITH_ENSURE(span.at < span.size && span.size <= KT_SIZE_MAX, KITH_ERR_INVALID);
    while (end - start > 1) {
        const uint64_t middle = start + kt_merkle_split(end - start);
        const bool is_left = span.at < middle;
        KITH_TRY(take_range(&draft, is_left ? middle : start, is_left ? end : middle));
        start = is_left ? start : middle;
        end = is_left ? middle : end;
    }
    return write_upwards(&draft, out);
}

/* SUBPROOF(m, D[n], b), without recursion: `start` moves only to the right, and as long as it has not moved the
 * smaller tree's root is what the verifier knows. */
kith_err
kt_merkle_prove_growth(crypto *c, const kt_store *store, kt_merkle_span span, kith_buf *out)
{
    proof_draft draft = {.crypto = c, .store = store};
    uint64_t start = 0;
    uint64_t end = span.size;

    KITH_ENSURE(span.at <= span.size && span.size <= KT_SIZE_MAX, KITH_ERR_INVALID);
    if (span.at == 0) {
        return KITH_OK;
    }
    while (span.at != end) {
        const uint64_t middle = start + kt_merkle_split(end - start);
        const bool is_left = span.at <= middle;
        KITH_TRY(take_range(&draft, is_left ? middle : start, is_left ? end : middle));
        start = is_left ? start : middle;
        end = is_left ? middle : end;
    }
    if (start > 0) {
        KITH_TRY(take_range(&draft, start, end));
    }
    return write_upwards(&draft, out);
}
