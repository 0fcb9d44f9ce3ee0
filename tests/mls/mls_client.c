/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Drives our MLS client from standard input: tests/mls-client in a build folder. With another implementation
 * behind the same lines, the two can be set against each other.
 *
 *     mls-client [--suite-map ID=OURS]...
 *
 * One JSON object a line in, one out. A request names its operation in "op"; the operations and their fields are those of
 * the working group's interop client, in snake case. Bytes are hexadecimal; messages are MLSMessages. The answer is an
 * object with the results, or {"error": NAME} with a name of base/err.h; then the member is as before.
 *
 *     {"op": "create_group", "suite": 1, "group_id": "01", "identity": "616c696365", "encrypt_handshake": true}
 *     {"state": 1, "epoch": 0, "epoch_authenticator": "..."}
 *
 * Members have numbers; "state" and "transaction" hold one. A "transaction" (create_key_package) becomes a state
 * by join_group, under the same number.
 *
 *   name | supported_suites
 *   create_group suite group_id identity          create_key_package suite identity
 *   join_group transaction welcome [ratchet_tree]
 *   external_join group_info identity [ratchet_tree] [remove_prior] [psks: {psk_id, psk_secret}]
 *   store_psk state psk_id psk_secret             group_info state [external_tree]
 *   state_auth state                              export state label context length
 *   protect state plaintext [authenticated_data]  unprotect state ciphertext
 *   add_proposal state key_package                update_proposal state
 *   remove_proposal state removed|removed_leaf    external_psk_proposal state psk_id
 *   resumption_psk_proposal state epoch_id        re_init_proposal state suite group_id extensions
 *   group_context_extensions_proposal state extensions: {type, data}
 *   commit state [by_reference] [by_value: {type, ...}] [force_path] [external_tree]
 *       `type` is the name of a proposal's operation without "_proposal"; all pending proposals are covered
 *   handle_commit state commit [proposals]        handle_pending_commit state
 *   discard_pending_commit state                  reload state: through a blob and back
 *   re_init_commit: as commit
 *   handle_pending_re_init_commit state           handle_re_init_commit state commit [proposals]
 *   re_init_welcome state transaction key_packages [external_tree]
 *   handle_re_init_welcome state transaction welcome [ratchet_tree]
 *   create_branch state group_id extensions key_packages
 *   handle_branch state transaction welcome [ratchet_tree]
 *   new_member_add_proposal group_info identity   create_external_signer suite identity
 *   add_external_signer state external_sender
 *   external_signer_proposal group_info signer sender_index key_package|removed_leaf
 *   free state
 *
 * What makes a group or member also takes "encrypt_handshake".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mls/client.h"

#define ALIASES_MAX 32u

static client_op
find_op(const char *name)
{
    client_op op = client_find_group_op(name);

    op = op == NULL ? client_find_change_op(name) : op;
    return op == NULL ? client_find_link_op(name) : op;
}

static kith_err
run(client_call *c)
{
    yyjson_val *name = yyjson_obj_get(c->in, "op");

    KITH_ENSURE(yyjson_is_str(name), KITH_ERR_INVALID);
    c->op = yyjson_get_str(name);
    const client_op op = find_op(c->op);
    KITH_ENSURE(op != NULL, KITH_ERR_UNSUPPORTED);
    return op(c);
}

/* Answers one line. */
static void
answer(client *cl, char *line, size_t len)
{
    yyjson_doc *request = yyjson_read(line, len, 0);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    client_call call = {.cl = cl,
                        .in = yyjson_doc_get_root(request),
                        .doc = doc,
                        .out = yyjson_mut_obj(doc),
                        .now_s = (uint64_t)time(NULL)};
    const kith_err err = request == NULL ? KITH_ERR_MALFORMED : run(&call);

    if (err != KITH_OK) {
        call.out = yyjson_mut_obj(doc);
        (void)yyjson_mut_obj_add_str(doc, call.out, "error", kith_err_name(err));
    }
    yyjson_mut_doc_set_root(doc, call.out);
    char *text = yyjson_mut_write(doc, 0, NULL);
    if (text == NULL) {
        abort();
    }
    (void)puts(text);
    (void)fflush(stdout);
    free(text);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(request);
}

static bool
read_alias(const char *text, mls_suite_alias *out)
{
    char *end = NULL;
    const unsigned long id = strtoul(text, &end, 0);

    if (*end != '=') {
        return false;
    }
    const unsigned long ours = strtoul(end + 1, &end, 0);
    if (*end != '\0' || id > UINT16_MAX || !mls_suite_is_supported((uint16_t)ours)) {
        return false;
    }
    *out = (mls_suite_alias){.suite = (uint16_t)ours, .id = (uint16_t)id};
    return true;
}

int
main(int argc, char **argv)
{
    static mls_suite_alias aliases[ALIASES_MAX];
    client *cl = calloc(1, sizeof *cl);
    char *line = NULL;
    size_t cap = 0;

    if (cl == NULL || crypto_new(NULL, &cl->crypto) != KITH_OK) {
        return 2;
    }
    cl->aliases = aliases;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--suite-map") != 0 || i + 1 == argc ||
            cl->alias_count == ALIASES_MAX ||
            !read_alias(argv[i + 1], &aliases[cl->alias_count++])) {
            (void)fprintf(stderr, "usage: mls-client [--suite-map ID=OURS]...\n");
            return 2;
        }
    }
    for (ssize_t len = getline(&line, &cap, stdin); len >= 0; len = getline(&line, &cap, stdin)) {
        answer(cl, line, (size_t)len);
    }
    free(line);
    client_done(cl);
    free(cl);
    return 0;
}
