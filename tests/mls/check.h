/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every kind of test vector of the working group: how a file of it is recognised, and the check of one of its
 * items. A check asserts with cmocka, so that it runs inside a test only. `tools` is all zero for kinds that
 * have no suite.
 */
#ifndef KITH_TESTS_MLS_CHECK_H
#define KITH_TESTS_MLS_CHECK_H

#include "mls/vectors.h"

typedef void (*vector_check)(vectors *v, mls_tools tools, yyjson_val *item);

typedef struct vector_kind {
    const char *name; /* as in the working group's description of the formats */
    const char *fields[2]; /* both are in each item of this kind; the second may be NULL */
    bool has_suite;
    vector_check check;
} vector_kind;

/* The kind of an item, or NULL. */
const vector_kind *vector_kind_of(yyjson_val *item);

void check_crypto_basics(vectors *v, mls_tools tools, yyjson_val *item);
void check_deserialization(vectors *v, mls_tools tools, yyjson_val *item);
void check_key_schedule(vectors *v, mls_tools tools, yyjson_val *item);
void check_messages(vectors *v, mls_tools tools, yyjson_val *item);
void check_passive(vectors *v, mls_tools tools, yyjson_val *item);
void check_protection(vectors *v, mls_tools tools, yyjson_val *item);
void check_psk_secret(vectors *v, mls_tools tools, yyjson_val *item);
void check_secret_tree(vectors *v, mls_tools tools, yyjson_val *item);
void check_transcript(vectors *v, mls_tools tools, yyjson_val *item);
void check_tree_math(vectors *v, mls_tools tools, yyjson_val *item);
void check_tree_operation(vectors *v, mls_tools tools, yyjson_val *item);
void check_tree_validation(vectors *v, mls_tools tools, yyjson_val *item);
void check_treekem(vectors *v, mls_tools tools, yyjson_val *item);
void check_welcome(vectors *v, mls_tools tools, yyjson_val *item);

/* What a test does with each message of a group's history before the client takes it in. Any may be NULL. */
typedef struct passive_probe {
    void (*package)(void *ctx, const mls_env *env, kith_bytes key_package);
    /* `epoch_authenticator` is that of the epoch that joining leads to. */
    void (*join)(void *ctx, const mls_env *env, const mls_join_params *params,
                 kith_bytes epoch_authenticator);
    void (*receive)(void *ctx, mls_group *group, kith_bytes message);
    void *ctx;
} passive_probe;
void check_passive_probed(vectors *v, mls_tools tools, yyjson_val *item,
                          const passive_probe *probe);

#endif
