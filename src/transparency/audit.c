/* SPDX-License-Identifier: MPL-2.0 */
/* Both sides of auditing [KEYTRANS §15.2]. An AuditorUpdate: timestamp, leaves added and removed, a PrefixProof of the
 * lookups of those added in the tree before. */
#include "transparency/audit.h"

#include <string.h>

#include "transparency/encoding.h"
#include "transparency/log_parts.h"
#include "transparency/suite.h"

#define AUDIT_FORM 1u

/* ---- The log's side. ---- */

typedef struct telling {
    kt_prefix_news added;
    kt_lookup lookups[KT_PROOF_ITEMS_MAX];
    kith_buf siblings;
    kith_buf results;
    kith_buf elements;
} telling;

static kith_err
prove_absent(const kt_log *log, const kt_stored_entry *before, telling *t)
{
    const kt_log_setup *setup = &log->setup;
    const kt_prefix_batch batch = {
        .lookups = t->lookups, .count = t->added.count, .root = before->entry.prefix_root};
    kith_writer results = kith_writer_of(&t->results);

    for (size_t i = 0; i < t->added.count; i++) {
        t->lookups[i].key = t->added.leaves[i].key;
        KITH_TRY(kt_prefix_search(setup->crypto, &setup->store, before->root, &t->lookups[i],
                                  &t->siblings));
        KITH_TRY(kt_result_write(&results, &t->lookups[i].result));
    }
    return kt_prefix_prove(setup->crypto, &batch, &t->siblings, &t->elements);
}

static kith_err
write_update(const kt_log *log, uint64_t position, telling *t, kith_buf *out)
{
    const kt_tree tree = kt_log_tree(log);
    kith_writer w = kith_writer_of(out);
    kt_stored_entry before = {0};
    kt_stored_entry entry;

    KITH_TRY(kt_tree_entry(&tree, position, &entry));
    if (position > 0) {
        KITH_TRY(kt_tree_entry(&tree, position - 1, &before));
    }
    t->added.root = entry.root;
    t->added.first = before.nodes;
    KITH_TRY(kt_prefix_added(&log->setup.store, &t->added));
    KITH_TRY(prove_absent(log, &before, t));
    KITH_TRY(kith_write_u64(&w, entry.entry.timestamp));
    KITH_TRY(kith_write_u16(&w, (uint16_t)t->added.count));
    for (size_t i = 0; i < t->added.count; i++) {
        KITH_TRY(kt_hash_write(&w, &t->added.leaves[i].key));
        KITH_TRY(kt_hash_write(&w, &t->added.leaves[i].commitment));
    }
    KITH_TRY(kith_write_u16(&w, 0));
    const kt_prefix_proof proof = {.result_count = t->added.count,
                                   .results = kith_bytes_of_buf(&t->results),
                                   .elements = kith_bytes_of_buf(&t->elements)};
    return kt_prefix_proof_write(&w, &proof);
}

kith_err
kt_log_audit(const kt_log *log, uint64_t position, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};

    KITH_ENSURE(position < log->size, KITH_ERR_REJECTED);
    telling *t = kith_mem_zalloc(log->alloc, 1, sizeof *t);
    KITH_ENSURE(t != NULL, KITH_ERR_NO_MEMORY);
    const kith_err err = write_update(log, position, t, &draft);
    kith_buf_done(&t->siblings);
    kith_buf_done(&t->results);
    kith_buf_done(&t->elements);
    kith_mem_free(log->alloc, t, sizeof *t);
    KITH_TRY(err);
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* ---- The auditor's side. ---- */

/* An update that is being read. */
typedef struct hearing {
    uint64_t timestamp;
    kt_lookup lookups[KT_PROOF_ITEMS_MAX];
    size_t count;
    kt_prefix_proof proof;
} hearing;

/* Step 2: ascending, none twice. */
static kith_err
read_added(kith_reader *r, hearing *h)
{
    uint16_t count = 0;
    uint16_t removed = 0;

    KITH_TRY(kith_read_u16(r, &count));
    KITH_ENSURE(count <= KT_PROOF_ITEMS_MAX, KITH_ERR_REJECTED);
    for (; h->count < count; h->count++) {
        kt_lookup *lookup = &h->lookups[h->count];
        KITH_TRY(kt_hash_read(r, &lookup->key));
        KITH_TRY(kt_hash_read(r, &lookup->commitment));
        KITH_ENSURE(h->count == 0 ||
                        memcmp(lookup[-1].key.bytes, lookup->key.bytes, KT_HASH_LEN) < 0,
                    KITH_ERR_REJECTED);
    }
    KITH_TRY(kith_read_u16(r, &removed));
    KITH_ENSURE(removed == 0, KITH_ERR_UNSUPPORTED);
    return KITH_OK;
}

static kith_err
read_update(kith_bytes update, hearing *h)
{
    kith_reader r = kith_reader_of(update);

    KITH_TRY(kith_read_u64(&r, &h->timestamp));
    KITH_TRY(read_added(&r, h));
    KITH_TRY(kt_prefix_proof_read(&r, &h->proof));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(h->proof.result_count == h->count, KITH_ERR_REJECTED);
    kith_reader results = kith_reader_of(h->proof.results);
    for (size_t i = 0; i < h->count; i++) {
        KITH_TRY(kt_result_read(&results, &h->lookups[i].result));
    }
    return KITH_OK;
}

static kith_err
add_leaf(crypto *c, const kt_hash *leaf, kt_audit *audit)
{
    size_t count = kt_math_subtree_count(audit->size);
    kt_log_node node = {.value = *leaf, .is_leaf = true};

    for (unsigned level = 0; (audit->size >> level & 1) == 1; level++) {
        const kt_log_node left = {.value = audit->subtrees[--count], .is_leaf = level == 0};
        KITH_TRY(kt_log_parent_hash(c, &left, &node, &node.value));
        node.is_leaf = false;
    }
    audit->subtrees[count] = node.value;
    audit->size++;
    return KITH_OK;
}

/* Steps 1, 3, 6 and 7. */
static kith_err
apply(crypto *c, hearing *h, kt_audit *audit)
{
    const kt_prefix_batch batch = {.lookups = h->lookups, .count = h->count};
    kt_prefix_growth growth;
    kt_hash leaf;

    KITH_ENSURE(h->timestamp >= audit->timestamp, KITH_ERR_REJECTED);
    KITH_TRY(kt_prefix_grow(c, &batch, h->proof.elements, &growth));
    KITH_ENSURE(kt_hash_equal(&growth.before, &audit->prefix_root), KITH_ERR_REJECTED);
    audit->timestamp = h->timestamp;
    audit->prefix_root = growth.after;
    const kt_entry entry = {.timestamp = h->timestamp, .prefix_root = growth.after};
    KITH_TRY(kt_entry_hash(c, &entry, &leaf));
    return add_leaf(c, &leaf, audit);
}

kith_err
kt_audit_apply(crypto *c, kith_bytes update, kt_audit *audit)
{
    kt_audit next = *audit;

    KITH_ENSURE(audit->size < KT_SIZE_MAX, KITH_ERR_LIMIT);
    hearing *h = kith_mem_zalloc(NULL, 1, sizeof *h);
    KITH_ENSURE(h != NULL, KITH_ERR_NO_MEMORY);
    kith_err err = read_update(update, h);
    if (err == KITH_OK) {
        err = apply(c, h, &next);
    }
    kith_mem_free(NULL, h, sizeof *h);
    KITH_TRY(err);
    *audit = next;
    return KITH_OK;
}

kith_err
kt_audit_root(crypto *c, const kt_audit *audit, kt_hash *out)
{
    KITH_ENSURE(audit->size > 0, KITH_ERR_NOT_FOUND);
    return kt_log_root_of(c, audit->size, audit->subtrees, out);
}

kith_err
kt_audit_sign(const kt_audit_signer *signer, const kt_audit *audit, kith_buf *signature,
              kt_auditor_head *out)
{
    const kt_config *config = signer->config;
    kt_auditor_head head = {.timestamp = audit->timestamp, .size = audit->size};
    KITH_AUTO(kith_buf) tbs = {0};
    const size_t start = signature->len;
    uint8_t made[KT_SIGNATURE_LEN];
    kt_hash root;

    KITH_ENSURE(
        config->mode == KT_THIRD_PARTY_AUDITING &&
            kith_bytes_equal(crypto_sign_key_public(signer->sign), kt_config_auditor_key(config)),
        KITH_ERR_INVALID);
    KITH_TRY(kt_audit_root(signer->crypto, audit, &root));
    KITH_TRY(kt_auditor_write_tbs(config, &head, &root, &tbs));
    KITH_TRY(kt_suite_sign(signer->crypto, config, signer->sign, kith_bytes_of_buf(&tbs), made));
    KITH_TRY(kith_buf_append(signature, KITH_BYTES(made)));
    head.signature = kith_bytes_of(signature->data + start, signature->len - start);
    *out = head;
    return KITH_OK;
}

/* ---- What is retained. ---- */

kith_err
kt_audit_encode(const kt_audit *audit, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(kith_write_u8(&w, AUDIT_FORM));
    KITH_TRY(kith_write_u64(&w, audit->size));
    KITH_TRY(kith_write_u64(&w, audit->timestamp));
    KITH_TRY(kt_hash_write(&w, &audit->prefix_root));
    for (size_t i = 0; i < kt_math_subtree_count(audit->size); i++) {
        KITH_TRY(kt_hash_write(&w, &audit->subtrees[i]));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
kt_audit_decode(kith_reader *r, kt_audit *out)
{
    kith_reader in = *r;
    kt_audit audit = {.size = 0};
    uint8_t form = 0;

    KITH_TRY(kith_read_u8(&in, &form));
    KITH_ENSURE(form == AUDIT_FORM, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u64(&in, &audit.size));
    KITH_ENSURE(audit.size <= KT_SIZE_MAX, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_u64(&in, &audit.timestamp));
    KITH_TRY(kt_hash_read(&in, &audit.prefix_root));
    for (size_t i = 0; i < kt_math_subtree_count(audit.size); i++) {
        KITH_TRY(kt_hash_read(&in, &audit.subtrees[i]));
    }
    *out = audit;
    *r = in;
    return KITH_OK;
}
