/* SPDX-License-Identifier: MPL-2.0 */
/* Making leaf nodes [RFC9420 §7.2]: what this client says of itself, signed. */
#include "mls/leaf.h"

#include "mls/label.h"

/* A vector of 16-bit values: those of `items`, one more, and one that others must ignore. */
typedef struct value_list {
    const uint16_t *items;
    size_t count;
    const uint16_t *more;
    size_t more_count;
    uint16_t grease;
} value_list;

static kith_err
write_values(kith_writer *w, const value_list *list)
{
    size_t mark = 0;

    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < list->count; i++) {
        KITH_TRY(kith_write_u16(w, list->items[i]));
    }
    for (size_t i = 0; i < list->more_count; i++) {
        KITH_TRY(kith_write_u16(w, list->more[i]));
    }
    KITH_TRY(kith_write_u16(w, list->grease));
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

static bool
holds(const uint16_t *items, size_t count, uint16_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i] == value) {
            return true;
        }
    }
    return false;
}

/* One of the values that are reserved for nobody to know [RFC9420 §13.5]: 0x0A0A, 0x1A1A ... 0xEAEA. */
static kith_err
pick_grease(const kith_rng *rng, uint16_t *out)
{
    uint8_t byte = 0;

    KITH_TRY(kith_rng_fill(rng, &byte, 1));
    *out = (uint16_t)(0x0a0a + 0x1010 * (byte % 15));
    return KITH_OK;
}

/* Extension types that this leaf and its key package use, without default ones and those of the env. */
typedef struct type_list {
    uint16_t items[MLS_LEAF_EXTENSIONS_MAX];
    size_t count;
} type_list;

static kith_err
add_type(const mls_env *env, uint16_t type, type_list *list)
{
    if (mls_ext_is_default(type) || holds(env->extension_types, env->extension_type_count, type) ||
        holds(list->items, list->count, type)) {
        return KITH_OK;
    }
    KITH_ENSURE(list->count < MLS_LEAF_EXTENSIONS_MAX, KITH_ERR_LIMIT);
    list->items[list->count++] = type;
    return KITH_OK;
}

static kith_err
list_own_types(const mls_leaf_draft *draft, type_list *out)
{
    for (size_t i = 0; i < draft->extension_count; i++) {
        KITH_TRY(add_type(draft->env, draft->extensions[i].type, out));
    }
    for (size_t i = 0; i < draft->package_type_count; i++) {
        KITH_TRY(add_type(draft->env, draft->package_types[i], out));
    }
    return KITH_OK;
}

static kith_err
write_suites(const mls_env *env, kith_writer *w, uint16_t grease)
{
    size_t mark = 0;

    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < mls_suite_count(); i++) {
        KITH_TRY(kith_write_u16(w, mls_suite_id_of(env, mls_suite_find(mls_suite_at(i)))));
    }
    KITH_TRY(kith_write_u16(w, grease));
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

static kith_err
write_capabilities(const mls_leaf_draft *draft, kith_writer *w)
{
    const mls_env *env = draft->env;
    uint16_t grease = 0;
    type_list own = {.count = 0};
    uint16_t credentials[2] = {MLS_CREDENTIAL_BASIC, draft->identity.type};

    KITH_TRY(pick_grease(&env->rng, &grease));
    KITH_TRY(list_own_types(draft, &own));
    KITH_TRY(kith_write_varvec(w, kith_bytes_of((const uint8_t[]){0, MLS_VERSION_MLS10}, 2)));
    KITH_TRY(write_suites(env, w, grease));
    KITH_TRY(write_values(w, &(value_list){.items = env->extension_types,
                                           .count = env->extension_type_count,
                                           .more = own.items,
                                           .more_count = own.count,
                                           .grease = grease}));
    KITH_TRY(write_values(w, &(value_list){.items = env->proposal_types,
                                           .count = env->proposal_type_count,
                                           .grease = grease}));
    size_t more = 0;
    for (size_t i = 0; i < 2; i++) {
        if (!holds(env->credential_types, env->credential_type_count, credentials[i]) &&
            !holds(credentials, more, credentials[i])) {
            credentials[more++] = credentials[i];
        }
    }
    return write_values(w, &(value_list){.items = env->credential_types,
                                         .count = env->credential_type_count,
                                         .more = credentials,
                                         .more_count = more,
                                         .grease = grease});
}

/* Credential and capabilities of an existing leaf, as it has them encoded. */
static kith_err
copy_self(const mls_leaf *like, kith_writer *w)
{
    kith_reader r = kith_reader_of(mls_leaf_bytes(like));
    kith_bytes skipped;
    uint16_t type = 0;

    KITH_TRY(kith_read_varvec(&r, &skipped)); /* encryption_key */
    KITH_TRY(kith_read_varvec(&r, &skipped)); /* signature_key */
    const kith_reader from = r;
    KITH_TRY(kith_read_u16(&r, &type)); /* credential */
    KITH_TRY(kith_read_varvec(&r, &skipped));
    for (size_t i = 0; i < 5; i++) { /* capabilities */
        KITH_TRY(kith_read_varvec(&r, &skipped));
    }
    return kith_write_bytes(w, kith_reader_since(&from, &r));
}

static kith_err
write_self(const mls_leaf_draft *draft, kith_writer *w)
{
    if (draft->like != NULL) {
        return copy_self(draft->like, w);
    }
    KITH_TRY(kith_write_u16(w, draft->identity.type));
    KITH_TRY(kith_write_varvec(w, draft->identity.data));
    return write_capabilities(draft, w);
}

static kith_err
write_source(const mls_leaf_draft *draft, kith_writer *w)
{
    KITH_TRY(kith_write_u8(w, draft->source));
    if (draft->source == MLS_LEAF_SOURCE_KEY_PACKAGE) {
        KITH_TRY(kith_write_u64(w, draft->not_before_s));
        return kith_write_u64(w, draft->not_after_s);
    }
    return draft->source == MLS_LEAF_SOURCE_COMMIT ? kith_write_varvec(w, draft->parent_hash)
                                                   : KITH_OK;
}

static kith_err
write_extensions(const mls_leaf_draft *draft, kith_writer *w)
{
    KITH_AUTO(kith_buf) list = {.alloc = w->buf->alloc};

    if (draft->like != NULL) {
        return kith_write_varvec(w, draft->like->node.extensions);
    }
    KITH_TRY(mls_ext_list_write(draft->extensions, draft->extension_count, &list));
    return kith_write_varvec(w, kith_bytes_of_buf(&list));
}

kith_err
mls_leaf_make(mls_tools tools, const mls_leaf_draft *draft, mls_leaf **out)
{
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) tail = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) signature = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&text);
    kith_writer tail_w = kith_writer_of(&tail);

    KITH_TRY(kith_write_varvec(&w, draft->encryption_key));
    KITH_TRY(kith_write_varvec(&w, crypto_sign_key_public(draft->signer)));
    KITH_TRY(write_self(draft, &w));
    KITH_TRY(write_source(draft, &w));
    KITH_TRY(write_extensions(draft, &w));
    if (draft->source != MLS_LEAF_SOURCE_KEY_PACKAGE) {
        KITH_TRY(kith_write_varvec(&tail_w, draft->group_id));
        KITH_TRY(kith_write_u32(&tail_w, draft->leaf_index));
    }
    KITH_TRY(mls_sign_with_label(tools, draft->signer, "LeafNodeTBS",
                                 CRYPTO_PARTS(kith_bytes_of_buf(&text), kith_bytes_of_buf(&tail)),
                                 &signature));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&signature)));
    return mls_leaf_new(tools.alloc, kith_bytes_of_buf(&text), out);
}
