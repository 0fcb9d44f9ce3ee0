/* SPDX-License-Identifier: MPL-2.0 */
/* Three members chat. In earnest each is on a machine of its own, keeps what mls_group_save gives before it
 * sends anything, and has an mls_env.check that says who may be in the group. */
#include <kith-mls.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OK(call) ((call) == KITH_OK ? (void)0 : (puts("failed: " #call), exit(1)))
#define TEXT kith_bytes_of_text
#define BYTES kith_bytes_of_buf

int
main(void)
{
    const char *names[3] = {"Anna", "Ben", "Rose"};
    const uint64_t now = (uint64_t)time(NULL);
    mls_env env = {.rng = *crypto_rng()};
    mls_leaf_params leaves[3] = {0};
    mls_proposal_params adds[3] = {0};
    mls_group *groups[3] = {0};
    kith_secret keys[3] = {0};
    kith_buf packages[3] = {0}, privates[3] = {0};
    KITH_AUTO(kith_buf) public_key = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) message = {0};

    /* Everybody has a signature key and publishes a package, by which others can add them. */
    OK(crypto_new(NULL, &env.crypto));
    for (int i = 0; i < 3; i++) {
        OK(mls_signature_key_new(&env, MLS_SUITE_PQ, &keys[i], &public_key));
        leaves[i].identity = (mls_identity){MLS_CREDENTIAL_BASIC, TEXT(names[i])};
        leaves[i].signature_private = kith_bytes_of_secret(&keys[i]);
        mls_key_package_params package = {MLS_SUITE_PQ, leaves[i], now, now + 86400};
        OK(mls_key_package_new(&env, &package, &packages[i], &privates[i]));
        adds[i] = (mls_proposal_params){MLS_PROPOSAL_ADD, BYTES(&packages[i])};
    }
    /* Anna founds a group and adds both. What she did counts when the server has taken the commit; then the
     * others get the welcome and join. */
    mls_group_params tea = {MLS_SUITE_PQ, TEXT("tea"), leaves[0]};
    mls_commit_params change = {.proposals = adds + 1, .proposal_count = 2, .now_s = now};
    OK(mls_group_new(&env, &tea, &groups[0]));
    OK(mls_group_commit(groups[0], &change, &commit, &welcome));
    mls_group_apply_own(groups[0]);
    for (int i = 1; i < 3; i++) {
        kith_bytes mine = BYTES(&privates[i]);
        mls_join_params join = {BYTES(&welcome), &mine, 1, .now_s = now};
        OK(mls_group_join(&env, &join, NULL, &groups[i]));
    }
    /* Each says something that both others hear. */
    for (int from = 0; from < 3; from++) {
        mls_protect_params hello = {.plaintext = TEXT("Hello!")};
        kith_buf_clear(&message);
        OK(mls_group_protect(groups[from], &hello, NULL, &message));
        for (int to = 0; to < 3; to++) {
            mls_received got = {0};
            if (to != from) {
                OK(mls_group_receive(groups[to], BYTES(&message), now, &got));
                printf("%s hears %s: %.*s\n", names[to], names[got.sender], (int)got.plaintext.len,
                       (const char *)got.plaintext.data);
            }
            mls_received_done(&got);
        }
    }
    for (int i = 0; i < 3; i++) {
        mls_group_free(groups[i]);
        kith_secret_done(&keys[i]);
        kith_buf_done(&packages[i]);
        kith_buf_done(&privates[i]);
    }
    crypto_free(env.crypto);
    return 0;
}
