/* SPDX-License-Identifier: MPL-2.0 */
/* What conversations call of the identity half and of the connections, answered from a crowd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crowd.h"
#include "core/link.h"

#define NO_ACCOUNT SIZE_MAX

member *
member_of(const core *c)
{
    return c->env.rng.ctx;
}

static size_t
account_of(const core *c, const uint8_t *id)
{
    const crowd *w = member_of(c)->crowd;

    for (size_t i = 0; i < w->account_count; i++) {
        if (memcmp(w->accounts[i].id, id, CORE_ACCOUNT_LEN) == 0) {
            return i;
        }
    }
    return NO_ACCOUNT;
}

/* ---- The directory's log: there is none ---- */

void
core_head_say(const core *c, content_head *out)
{
    (void)c;
    *out = (content_head){0};
}

kith_err
core_head_hear(core *c, const uint8_t conv[CORE_CONV_LEN], const uint8_t account[CORE_ACCOUNT_LEN],
               const content_head *head)
{
    (void)c;
    (void)conv;
    (void)account;
    (void)head;
    return KITH_OK;
}

bool
core_is_silent(const core *c)
{
    (void)c;
    return false;
}

/* ---- Connections ---- */

kith_err
core_links_new(core *c, core_links **out)
{
    (void)c;
    *out = NULL;
    return KITH_OK;
}

void
core_links_free(core *c, core_links *links)
{
    (void)c;
    (void)links;
}

void
core_links_stop(core *c)
{
    member *m = member_of(c);

    for (size_t i = 0; i < m->queued; i++) {
        kith_buf_done(&m->queue[i].body);
    }
    m->queued = 0;
    m->sub_count = 0;
    m->online = false;
}

kith_err
core_links_pump(core *c)
{
    (void)c;
    return KITH_OK;
}

kith_err
core_links_tick(core *c)
{
    (void)c;
    return KITH_OK;
}

uint64_t
core_links_deadline(const core *c)
{
    (void)c;
    return UINT64_MAX;
}

bool
core_links_online(const core *c)
{
    return member_of(c)->online;
}

kith_err
core_links_report(core *c)
{
    (void)c;
    return KITH_OK;
}

bool
core_link_ready(const core *c, core_link link)
{
    (void)link;
    return member_of(c)->online;
}

bool
core_link_has_room(const core *c, core_link link)
{
    (void)link;
    return member_of(c)->queued < CROWD_QUEUE;
}

kith_err
core_link_request(core *c, const core_request *request)
{
    member *m = member_of(c);

    KITH_ENSURE(m->online, KITH_ERR_OFFLINE);
    KITH_ENSURE(m->queued < CROWD_QUEUE, KITH_ERR_BUSY);
    crowd_request *out = &m->queue[m->queued];
    *out = (crowd_request){.link = request->link,
                           .type = request->type,
                           .tag = request->tag,
                           .answer = request->answer};
    KITH_TRY(kith_buf_set(&out->body, request->body));
    m->queued++;
    core_changed(c);
    return KITH_OK;
}

/* ---- The account ---- */

kith_err
core_identity_load(core *c)
{
    const member *m = member_of(c);
    const crowd_account *a = &m->crowd->accounts[m->account];

    c->account.state = CORE_ACCOUNT_READY;
    memcpy(c->account.account, a->id, sizeof c->account.account);
    memcpy(c->account.device, m->device, sizeof c->account.device);
    return KITH_OK;
}

void
core_identity_free(core *c)
{
    (void)c;
}

kith_err
core_identity_pump(core *c)
{
    (void)c;
    return KITH_OK;
}

bool
core_account_is_own(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    return memcmp(c->account.account, account, CORE_ACCOUNT_LEN) == 0;
}

kith_err
core_account_leaf(core *c, kith_buf *identity, mls_leaf_params *out)
{
    const member *m = member_of(c);
    const crowd_account *a = &m->crowd->accounts[m->account];

    KITH_TRY(proto_credential_make(m->crowd->crypto, a->key, a->id, crypto_sign_key_public(m->key),
                                   identity));
    *out = (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_buf(identity)},
        .signature_private = crypto_sign_key_private(m->key)};
    return KITH_OK;
}

kith_err
core_profile_encode(core *c, kith_buf *out)
{
    const content_control control = {.type = CONTENT_CONTROL_PROFILE,
                                     .as.profile.name = kith_bytes_of_text("somebody")};

    (void)c;
    return content_control_encode(out, &control);
}

/* ---- Lists ---- */

uint64_t
core_list_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const size_t at = account_of(c, account);

    return at == NO_ACCOUNT ? 0 : member_of(c)->known[at];
}

kith_err
core_list_get(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version, kith_buf *out)
{
    const member *m = member_of(c);
    const size_t at = account_of(c, account);

    KITH_ENSURE(at != NO_ACCOUNT && version > 0 && version <= m->known[at], KITH_ERR_NOT_FOUND);
    if (version == m->known[at] && m->forged[at].len > 0) {
        return kith_buf_append(out, kith_bytes_of_buf(&m->forged[at]));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&m->crowd->accounts[at].lists[version - 1]));
}

kith_err
core_list_want(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version)
{
    const size_t at = account_of(c, account);

    if (at != NO_ACCOUNT) {
        member_of(c)->wanted[at] = version + 1;
        c->activity++;
    }
    return KITH_OK;
}

static bool
serve_lists(member *m)
{
    bool some = false;

    for (size_t i = 0; i < m->crowd->account_count && !m->lists_withheld; i++) {
        if (m->wanted[i] == 0) {
            continue;
        }
        const uint64_t version = m->wanted[i] - 1;
        const uint64_t newest = m->crowd->accounts[i].version;
        m->wanted[i] = 0;
        m->known[i] = m->forged[i].len > 0 ? m->known[i] : newest;
        assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
        const kith_err err =
            core_conv_on_list(m->core, m->crowd->accounts[i].id,
                              version <= m->known[i] ? KITH_OK : KITH_ERR_NOT_FOUND);
        assert_int_equal(core_txn_end(m->core, err), KITH_OK);
        some = true;
    }
    return some;
}

/* ---- Key packages ---- */

kith_err
core_package_want(core *c, const core_device_ref *device)
{
    member *m = member_of(c);

    for (size_t i = 0; i < m->take_count; i++) {
        if (memcmp(&m->takes[i], device, sizeof *device) == 0) {
            return KITH_OK;
        }
    }
    assert_true(m->take_count < 64);
    m->takes[m->take_count++] = *device;
    c->activity++;
    return KITH_OK;
}

/* A fresh package of the device; empty: there is no such device, or it has none. */
static void
make_package(crowd *w, const uint8_t *device, kith_buf *out)
{
    for (size_t i = 0; i < w->member_count; i++) {
        member *m = w->members[i];
        KITH_AUTO(kith_buf) identity = {0};
        mls_key_package_params params = {.suite = MLS_SUITE_X25519_AES128_ED25519,
                                         .not_before_s = w->now_ms / 1000 - 60,
                                         .not_after_s = w->now_ms / 1000 + 86400};
        if (memcmp(m->device, device, CORE_DEVICE_LEN) != 0 || m->has_no_package) {
            continue;
        }
        assert_true(m->blob_count < 64);
        assert_int_equal(core_account_leaf(m->core, &identity, &params.leaf), KITH_OK);
        assert_int_equal(mls_key_package_new(&m->core->mls, &params, out, &m->blobs[m->blob_count]),
                         KITH_OK);
        assert_int_equal(
            mls_key_package_ref(&m->core->mls, kith_bytes_of_buf(out), &m->refs[m->blob_count]),
            KITH_OK);
        m->blob_count++;
    }
}

static bool
serve_package(member *m)
{
    KITH_AUTO(kith_buf) package = {0};

    if (m->take_count == 0 || !m->online) {
        return false;
    }
    const core_device_ref device = m->takes[0];
    m->take_count--;
    memmove(&m->takes[0], &m->takes[1], m->take_count * sizeof m->takes[0]);
    make_package(m->crowd, device.device, &package);
    assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
    const kith_err err =
        core_conv_on_package(m->core, &device, kith_bytes_of_buf(&package), KITH_OK);
    assert_int_equal(core_txn_end(m->core, err), KITH_OK);
    return true;
}

kith_err
core_package_find(core *c, kith_bytes ref, kith_buf *blob, bool *last_resort)
{
    const member *m = member_of(c);

    for (size_t i = 0; i < m->blob_count; i++) {
        if (m->blobs[i].len > 0 && kith_bytes_equal(kith_bytes_of_buf(&m->refs[i]), ref)) {
            *last_resort = false;
            return kith_buf_append(blob, kith_bytes_of_buf(&m->blobs[i]));
        }
    }
    return KITH_ERR_NOT_FOUND;
}

/* Kept all the same: what is here does not take part in transactions. */
kith_err
core_package_used(core *c, kith_bytes ref)
{
    (void)c;
    (void)ref;
    return KITH_OK;
}

bool
stub_identity_serve(member *m)
{
    const bool some = serve_lists(m);

    return serve_package(m) || some;
}

/* ---- People ---- */

core_person_state
core_person_state_of(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const size_t at = account_of(c, account);

    return at == NO_ACCOUNT ? CORE_PERSON_UNKNOWN : member_of(c)->people[at];
}

kith_err
core_person_seen(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes account_key)
{
    const size_t at = account_of(c, account);

    KITH_ENSURE(at != NO_ACCOUNT, KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(account_key,
                                 crypto_sign_key_public(member_of(c)->crowd->accounts[at].key)),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
core_person_wrote_first(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const size_t at = account_of(c, account);

    KITH_ENSURE(member_of(c)->people[at] != CORE_PERSON_DECLINED, KITH_ERR_DENIED);
    if (member_of(c)->people[at] == CORE_PERSON_UNKNOWN) {
        member_of(c)->people[at] = CORE_PERSON_REQUEST;
    }
    return KITH_OK;
}

kith_err
core_identity_control(core *c, const core_from *from, kith_bytes payload)
{
    (void)from;
    (void)payload;
    member_of(c)->controls++;
    return KITH_OK;
}

void
core_person_name(core *c, const uint8_t account[CORE_ACCOUNT_LEN], char name[CORE_NAME_MAX + 1])
{
    (void)c;
    (void)account;
    name[0] = '\0';
}
