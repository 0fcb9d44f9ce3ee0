/* SPDX-License-Identifier: MPL-2.0 */
/* Checking leaf nodes [RFC9420 §7.3]. What needs the whole tree (unique keys) is in tree_check.c. */
#include <string.h>

#include "mls/label.h"
#include "mls/leaf.h"

/* Every type in the leaf's extensions is announced in its capabilities [RFC9420 §7.2, §7.3]. */
static kith_err
check_own_extensions(const mls_leaf_node *node)
{
    kith_reader r = kith_reader_of(node->extensions);

    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        KITH_ENSURE(mls_ext_is_default(extension.type) ||
                        mls_list_has(node->capabilities.extensions, extension.type),
                    KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

/* UNSUPPORTED: a value of `wanted` is neither in `have` nor one that everybody has. */
static kith_err
check_covers(kith_bytes have, kith_bytes wanted, bool (*is_default)(uint16_t))
{
    kith_reader r = kith_reader_of(wanted);

    while (!kith_reader_done(&r)) {
        uint16_t value = 0;
        KITH_TRY(kith_read_u16(&r, &value));
        KITH_ENSURE((is_default != NULL && is_default(value)) || mls_list_has(have, value),
                    KITH_ERR_UNSUPPORTED);
    }
    return KITH_OK;
}

/* Extensions, proposals and credential types that the group requires are announced [RFC9420 §7.3, §11.1]. */
static kith_err
check_required(const mls_capabilities *have, kith_bytes required)
{
    kith_reader r = kith_reader_of(required);
    kith_bytes list;

    KITH_TRY(kith_read_varvec(&r, &list));
    KITH_TRY(check_covers(have->extensions, list, mls_ext_is_default));
    KITH_TRY(kith_read_varvec(&r, &list));
    KITH_TRY(check_covers(have->proposals, list, mls_proposal_is_default));
    KITH_TRY(kith_read_varvec(&r, &list));
    KITH_TRY(check_covers(have->credentials, list, NULL));
    return kith_reader_finish(&r);
}

/* Components that the whole group must understand, and that use Safe AAD [MLS-EXT §5]. */
static kith_err
check_components(const mls_leaf *leaf, kith_bytes dictionary)
{
    static const uint16_t lists[] = {MLS_COMPONENT_APP_COMPONENTS, MLS_COMPONENT_SAFE_AAD};
    kith_bytes own = {0};

    kith_ignore(mls_ext_find(leaf->node.extensions, MLS_EXT_APP_DATA_DICTIONARY, &own)); /* or {} */
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        kith_bytes wanted;
        kith_bytes have = {0};
        if (mls_components_find(dictionary, lists[i], &wanted) != KITH_OK) {
            continue;
        }
        kith_reader r = kith_reader_of(wanted);
        KITH_TRY(kith_read_varvec(&r, &wanted));
        if (mls_components_find(own, lists[i], &have) == KITH_OK) {
            kith_reader own_r = kith_reader_of(have);
            KITH_TRY(kith_read_varvec(&own_r, &have));
        }
        KITH_TRY(check_covers(have, wanted, NULL));
    }
    return KITH_OK;
}

bool
mls_leaf_has_wire(const mls_leaf *leaf, uint16_t wire)
{
    kith_bytes formats;

    if (mls_ext_find(leaf->node.extensions, MLS_EXT_SUPPORTED_WIRE_FORMATS, &formats) != KITH_OK) {
        return false;
    }
    kith_reader r = kith_reader_of(formats);
    return kith_read_varvec(&r, &formats) == KITH_OK && mls_list_has(formats, wire);
}

/* [MLS-EXT §5] */
static kith_err
check_wire_formats(const mls_leaf *leaf, kith_bytes required)
{
    kith_reader outer = kith_reader_of(required);
    uint16_t wire = 0;

    KITH_TRY(kith_read_varvec(&outer, &required));
    kith_reader r = kith_reader_of(required);
    while (!kith_reader_done(&r)) {
        KITH_TRY(kith_read_u16(&r, &wire));
        KITH_ENSURE(wire <= MLS_WIRE_KEY_PACKAGE || mls_leaf_has_wire(leaf, wire),
                    KITH_ERR_UNSUPPORTED);
    }
    return KITH_OK;
}

kith_err
mls_leaf_check_capabilities(const mls_leaf *leaf, kith_bytes group_extensions)
{
    const mls_capabilities *have = &leaf->node.capabilities;
    kith_reader r = kith_reader_of(group_extensions);

    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        /* A member supports each extension of the GroupContext [RFC9420 §13.4]. */
        KITH_ENSURE(mls_ext_is_default(extension.type) ||
                        mls_list_has(have->extensions, extension.type),
                    KITH_ERR_UNSUPPORTED);
        if (extension.type == MLS_EXT_REQUIRED_CAPABILITIES) {
            KITH_TRY(check_required(have, extension.data));
        }
        if (extension.type == MLS_EXT_APP_DATA_DICTIONARY) {
            KITH_TRY(check_components(leaf, extension.data));
        }
        if (extension.type == MLS_EXT_REQUIRED_WIRE_FORMATS) {
            KITH_TRY(check_wire_formats(leaf, extension.data));
        }
    }
    return KITH_OK;
}

static kith_err
check_lifetime(const mls_leaf_node *node, const mls_leaf_rules *rules)
{
    const uint64_t from = node->not_before_s;
    const uint64_t to = node->not_after_s;

    if (node->source != MLS_LEAF_SOURCE_KEY_PACKAGE) {
        return KITH_OK;
    }
    /* No longer than the application allows [RFC9420 §7.2]. */
    KITH_ENSURE(to >= from && to - from <= rules->lifetime_max_s, KITH_ERR_REJECTED);
    /* Now, for whoever sends it; a receiver may be late [RFC9420 §7.3]. */
    KITH_ENSURE(!rules->check_time || (rules->now_s >= from && rules->now_s <= to),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

/* By the leaf's own key; bound to group and place unless it comes out of a key package [RFC9420 §7.2, §7.3]. */
static kith_err
check_signature(mls_tools tools, const mls_leaf *leaf, const mls_leaf_rules *rules)
{
    const mls_leaf_node *node = &leaf->node;
    KITH_AUTO(kith_buf) tail = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&tail);

    if (node->source != MLS_LEAF_SOURCE_KEY_PACKAGE) {
        KITH_TRY(kith_write_varvec(&w, rules->group_id));
        KITH_TRY(kith_write_u32(&w, rules->leaf_index));
    }
    return mls_verify_with_label(tools, node->signature_key, "LeafNodeTBS",
                                 CRYPTO_PARTS(node->tbs, kith_bytes_of_buf(&tail)),
                                 node->signature);
}

kith_err
mls_leaf_check(mls_tools tools, const mls_leaf *leaf, const mls_leaf_rules *rules)
{
    const mls_leaf_node *node = &leaf->node;

    /* key_package, update or commit, each in its place [RFC9420 §7.3]. */
    KITH_ENSURE(rules->source == 0 || node->source == rules->source, KITH_ERR_REJECTED);
    KITH_TRY(crypto_kem_public_check(tools.crypto, tools.suite->hpke.kem, node->encryption_key));
    /* "At a minimum, all members of the group need to support the cipher suite and protocol version" [RFC9420 §11.1]. */
    KITH_ENSURE(mls_list_has(node->capabilities.versions, MLS_VERSION_MLS10) &&
                    mls_list_has(node->capabilities.cipher_suites, tools.suite_id),
                KITH_ERR_UNSUPPORTED);
    /* [RFC9420 §7.2] */
    KITH_ENSURE(mls_list_has(node->capabilities.credentials, node->credential.type),
                KITH_ERR_REJECTED);
    KITH_TRY(check_own_extensions(node));
    KITH_TRY(check_lifetime(node, rules));
    KITH_TRY(mls_leaf_check_capabilities(leaf, rules->group_extensions));
    return rules->is_trusted ? KITH_OK : check_signature(tools, leaf, rules);
}

/* ---- Over all members ---- */

/* Credential types in use, each once. */
typedef struct type_set {
    uint16_t items[MLS_CREDENTIAL_TYPES_MAX];
    size_t count;
} type_set;

static kith_err
add_type(type_set *set, uint16_t type)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i] == type) {
            return KITH_OK;
        }
    }
    KITH_ENSURE(set->count < MLS_CREDENTIAL_TYPES_MAX, KITH_ERR_LIMIT);
    set->items[set->count++] = type;
    return KITH_OK;
}

/* Leaves one by one: start with `*index` = 0; NULL after the last. */
static const mls_leaf *
next_leaf(const mls_tree *tree, uint32_t *index)
{
    const uint32_t at = mls_tree_next_member(tree, *index);

    if (at == MLS_LEAF_NONE) {
        return NULL;
    }
    *index = at + 1;
    return mls_tree_leaf(tree, at);
}

/* "Verify that the credential type is supported by all members of the group" [RFC9420 §7.3]. */
kith_err
mls_tree_check_credentials(const mls_tree *tree)
{
    type_set used = {0};
    uint32_t index = 0;

    for (const mls_leaf *leaf = next_leaf(tree, &index); leaf != NULL;
         leaf = next_leaf(tree, &index)) {
        KITH_TRY(add_type(&used, leaf->node.credential.type));
    }
    if (used.count < 2) {
        return KITH_OK; /* each leaf lists its own type: checked with the leaf */
    }
    index = 0;
    for (const mls_leaf *leaf = next_leaf(tree, &index); leaf != NULL;
         leaf = next_leaf(tree, &index)) {
        for (size_t i = 0; i < used.count; i++) {
            KITH_ENSURE(mls_list_has(leaf->node.capabilities.credentials, used.items[i]),
                        KITH_ERR_REJECTED);
        }
    }
    return KITH_OK;
}

kith_err
mls_tree_check_proposal(const mls_tree *tree, uint16_t type, mls_leaf_set without)
{
    uint32_t index = 0;

    for (const mls_leaf *leaf = next_leaf(tree, &index); leaf != NULL;
         leaf = next_leaf(tree, &index)) {
        KITH_ENSURE(mls_list_has(leaf->node.capabilities.proposals, type) ||
                        mls_leaf_set_has(without, index - 1),
                    KITH_ERR_UNSUPPORTED);
    }
    return KITH_OK;
}

kith_err
mls_tree_check_capabilities(const mls_tree *tree, kith_bytes group_extensions)
{
    uint32_t index = 0;

    for (const mls_leaf *leaf = next_leaf(tree, &index); leaf != NULL;
         leaf = next_leaf(tree, &index)) {
        KITH_TRY(mls_leaf_check_capabilities(leaf, group_extensions));
    }
    return KITH_OK;
}
