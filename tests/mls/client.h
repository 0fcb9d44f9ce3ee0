/* SPDX-License-Identifier: MPL-2.0 */
/* The inside of mls-client: members by number, and reading and writing of one request. mls_client.c says what
 * it is for. */
#ifndef KITH_TESTS_MLS_CLIENT_H
#define KITH_TESTS_MLS_CLIENT_H

#include <yyjson.h>

#include "mls/mls.h"

#define CLIENT_MEMBERS_MAX 65536u
#define CLIENT_PSKS_MAX 64u
#define CLIENT_LIST_MAX 1024u

typedef struct client_psk {
    kith_buf id;
    kith_secret secret;
} client_psk;

/* Somebody with a key pair: in a group, about to join one, or signing from outside. */
typedef struct client_member {
    mls_env env;
    uint16_t suite;
    kith_buf identity;
    kith_secret signature_private;
    kith_buf signature_public;
    kith_buf package; /* of create_key_package, with its private blob */
    kith_buf blob;
    mls_group *group;
    client_psk psks[CLIENT_PSKS_MAX];
    size_t psk_count;
} client_member;

typedef struct client {
    crypto *crypto;
    const mls_suite_alias *aliases;
    size_t alias_count;
    client_member *members[CLIENT_MEMBERS_MAX]; /* by number - 1; NULL: freed or not yet made */
    size_t count;
} client;

void client_done(client *cl);

/* One request on its way to being answered. */
typedef struct client_call {
    client *cl;
    const char *op;
    yyjson_val *in;
    yyjson_mut_doc *doc;
    yyjson_mut_val *out;
    uint64_t now_s;
} client_call;

/* Somebody new, with a fresh signature key. LIMIT: CLIENT_MEMBERS_MAX. */
KITH_MUST_USE kith_err client_member_new(client_call *c, uint16_t suite, kith_bytes identity,
                                         client_member **out, uint64_t *number);
mls_leaf_params client_leaf_of(const client_member *m);
/* A fresh key package for a suite, signed with the member's key. */
KITH_MUST_USE kith_err client_publish(client_call *c, client_member *m);
void client_member_free(client *cl, uint64_t number);

/* Fields of the request. INVALID: missing, or of the wrong kind. NOT_FOUND: no such member. */
KITH_MUST_USE kith_err client_read_member(client_call *c, const char *key, client_member **out);
/* The same; INVALID: it is in no group. */
KITH_MUST_USE kith_err client_read_group(client_call *c, client_member **out);
KITH_MUST_USE kith_err client_read_hex(yyjson_val *in, const char *key, kith_buf *out);
/* Empty when it is not there. */
KITH_MUST_USE kith_err client_read_optional(yyjson_val *in, const char *key, kith_buf *out);
KITH_MUST_USE kith_err client_read_uint(yyjson_val *in, const char *key, uint64_t *out);
bool client_read_flag(yyjson_val *in, const char *key);

/* A list of byte strings. */
typedef struct client_list {
    kith_buf items[CLIENT_LIST_MAX];
    kith_bytes bytes[CLIENT_LIST_MAX];
    size_t count;
} client_list;
KITH_MUST_USE kith_err client_list_read(yyjson_val *in, const char *key, client_list **out);
void client_list_free(client_list **list);
#define CLIENT_AUTO_LIST __attribute__((cleanup(client_list_free))) client_list *

/* Fields of the answer. */
void client_put_hex(client_call *c, const char *key, kith_bytes bytes);
void client_put_uint(client_call *c, const char *key, uint64_t value);
/* Number and epoch authenticator of a member that is in a group. */
void client_put_state(client_call *c, const client_member *m, uint64_t number);
uint64_t client_number_of(const client *cl, const client_member *m);

typedef kith_err (*client_op)(client_call *c);
/* NULL: there is no such operation. */
client_op client_find_group_op(const char *name); /* client_group.c */
client_op client_find_change_op(const char *name); /* client_change.c */
client_op client_find_link_op(const char *name); /* client_link.c */

/* ---- client_change.c, for client_link.c ---- */

/* Extensions of a request: a list of {"type": N, "data": hex}. */
typedef struct client_extensions {
    mls_ext items[16];
    kith_buf data[16];
    size_t count;
} client_extensions;
KITH_MUST_USE kith_err client_extensions_read(yyjson_val *in, client_extensions *out);
void client_extensions_done(client_extensions *extensions);
/* Takes in the proposals and the commit of a request. */
KITH_MUST_USE kith_err client_take_commit(client_call *c, client_member *m);

#endif
