/* SPDX-License-Identifier: MPL-2.0 */
/* Who is known, what they call themselves, what was decided about them; and what own devices share of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"
#include "core/identity.h"

static home *h;
static party *p;
static ghost rose;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    ghost_make(h, &rose, 5);
    home_join(p, "Anna");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    ghost_done(&rose);
    home_free(h);
    return 0;
}

/* In a transaction of its own. */
#define DO(call)                                                                                   \
    do {                                                                                           \
        assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);                             \
        assert_int_equal(core_txn_end(p->core, (call)), KITH_OK);                                  \
    } while (0)

static core_person
person_of(const uint8_t account[CORE_ACCOUNT_LEN])
{
    core_person person = {0};

    assert_int_equal(core_person_get(p->core, account, &person), KITH_OK);
    return person;
}

/* Rose has begun a direct conversation. */
static void
rose_writes(uint8_t conv[CORE_CONV_LEN])
{
    const ghost her = rose;
    const core_conv_new direct = {.kind = CORE_CHAT_DIRECT, .accounts = &her.id, .count = 1};

    DO(core_conv_create(p->core, &direct, conv));
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    DO(core_person_wrote_first(p->core, rose.id));
}

static void
somebody_who_was_seen_is_known_by_a_pinned_key(void **state)
{
    ghost other;
    core_person person = {0};
    (void)state;

    assert_int_equal(core_person_get(p->core, rose.id, &person), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_person_state_of(p->core, rose.id), CORE_PERSON_UNKNOWN);
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_UNKNOWN);

    ghost_make(h, &other, 6);
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_person_seen(p->core, rose.id, crypto_sign_key_public(other.key)),
                     KITH_ERR_REJECTED);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    ghost_done(&other);
}

static void
the_own_account_is_no_stranger(void **state)
{
    char name[CORE_NAME_MAX + 1];
    core_person person = {0};
    const core_account own = core_account_get(p->core);
    (void)state;

    DO(core_person_seen(p->core, own.account, crypto_sign_key_public(p->core->account_key)));
    DO(core_person_wrote_first(p->core, own.account));
    assert_int_equal(core_person_state_of(p->core, own.account), CORE_PERSON_CONTACT);
    core_person_name(p->core, own.account, name);
    assert_string_equal(name, "Anna");
    assert_int_equal(core_person_get(p->core, own.account, &person), KITH_ERR_NOT_FOUND);
}

static void
a_stranger_who_writes_first_is_a_request(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    rose_writes(conv);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
    assert_memory_equal(party_event(p, CORE_EVENT_PERSON)->account, rose.id, sizeof rose.id);
}

static void
requests_are_bounded(void **state)
{
    (void)state;

    for (uint64_t i = 0; i < CORE_REQUESTS_MAX; i++) {
        ghost stranger;
        ghost_make(h, &stranger, 100 + i);
        DO(core_person_seen(p->core, stranger.id, crypto_sign_key_public(stranger.key)));
        DO(core_person_wrote_first(p->core, stranger.id));
        ghost_done(&stranger);
    }
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_person_wrote_first(p->core, rose.id), KITH_ERR_DENIED);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_UNKNOWN);
}

static const stub_said *
last_said(content_control_type type)
{
    const core_convs *convs = p->core->convs;

    for (size_t i = convs->said_count; i > 0; i--) {
        if (convs->said[i - 1].control.type == type) {
            return &convs->said[i - 1];
        }
    }
    return NULL;
}

static const stub_said *
must_hear(content_control_type type)
{
    static const stub_said nothing;
    const stub_said *said = last_said(type);

    assert_non_null(said);
    return said == NULL ? &nothing : said;
}

static void
yes_makes_a_contact_and_says_hello(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    rose_writes(conv);
    assert_int_equal(core_person_answer(p->core, rose.id, true, h->now_ms), KITH_OK);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    assert_int_equal(p->core->convs->answered_count, 1);
    assert_true(p->core->convs->answered[0].yes);
    assert_memory_equal(p->core->convs->answered[0].account, rose.id, sizeof rose.id);
    const stub_said *contact = must_hear(CONTENT_CONTROL_CONTACT);
    assert_true(contact->to_own);
    assert_memory_equal(contact->control.as.contact.conv_id, conv, sizeof conv);
    const stub_said *hello = must_hear(CONTENT_CONTROL_HELLO);
    assert_memory_equal(hello->conv, conv, sizeof conv);
    assert_int_equal(hello->control.as.hello.role, CONTENT_ROLE_NONE);
}

static void
no_declines_and_further_conversations_are_left_at_once(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    rose_writes(conv);
    assert_int_equal(core_person_answer(p->core, rose.id, false, h->now_ms), KITH_OK);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_DECLINED);
    assert_false(p->core->convs->answered[0].yes);
    assert_null(last_said(CONTENT_CONTROL_HELLO));
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_person_wrote_first(p->core, rose.id), KITH_ERR_DENIED);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    assert_int_equal(core_person_answer(p->core, rose.id, true, h->now_ms), KITH_OK);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
}

static void
an_answer_for_nobody_is_not_found(void **state)
{
    (void)state;

    assert_int_equal(core_person_answer(p->core, rose.id, true, h->now_ms), KITH_ERR_NOT_FOUND);
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    assert_int_equal(core_person_answer(p->core, rose.id, true, h->now_ms), KITH_ERR_NOT_FOUND);
    party *other = home_party(h);
    assert_int_equal(core_person_answer(other->core, rose.id, true, h->now_ms), KITH_ERR_DENIED);
}

/* Rose's list is looked up. */
static void
learn_rose(void)
{
    DO(core_list_want(p->core, rose.id, 0));
    home_run(h);
}

static kith_err
see_rose(kith_bytes key)
{
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    return core_txn_end(p->core, core_person_seen(p->core, rose.id, key));
}

static void
assert_pinned(kith_bytes key)
{
    core_person_record record = {0};

    assert_int_equal(core_person_read(p->core, rose.id, &record), KITH_OK);
    assert_true(kith_bytes_equal(KITH_BYTES(record.key), key));
    core_person_record_done(&record);
}

static void
the_pin_moves_with_a_list_that_the_pinned_key_signed_and_never_back(void **state)
{
    uint8_t first[CORE_ACCOUNT_KEY_LEN];
    ghost other;
    (void)state;

    memcpy(first, crypto_sign_key_public(rose.key).data, sizeof first);
    ghost_list(h, &rose);
    learn_rose();
    assert_int_equal(see_rose(KITH_BYTES(first)), KITH_OK);
    ghost_rotate(h, &rose, 77);
    assert_int_equal(see_rose(crypto_sign_key_public(rose.key)), KITH_ERR_REJECTED);
    home_run(h);
    learn_rose();

    assert_int_equal(see_rose(crypto_sign_key_public(rose.key)), KITH_OK);
    assert_pinned(crypto_sign_key_public(rose.key));
    assert_int_equal(see_rose(KITH_BYTES(first)), KITH_OK);
    assert_pinned(crypto_sign_key_public(rose.key));
    ghost_make(h, &other, 6);
    assert_int_equal(see_rose(crypto_sign_key_public(other.key)), KITH_ERR_REJECTED);
    assert_pinned(crypto_sign_key_public(rose.key));
    ghost_done(&other);
}

static void
people_come_in_order_of_their_ids(void **state)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_person first = {0};
    core_person second = {0};
    ghost other;
    (void)state;

    ghost_make(h, &other, 6);
    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    DO(core_person_seen(p->core, other.id, crypto_sign_key_public(other.key)));
    assert_int_equal(core_person_next(p->core, &cursor, &first), KITH_OK);
    assert_int_equal(core_person_next(p->core, &cursor, &second), KITH_OK);
    assert_int_equal(core_person_next(p->core, &cursor, &second), KITH_ERR_NOT_FOUND);
    assert_true(memcmp(first.account, second.account, sizeof first.account) < 0);
    ghost_done(&other);
}

static void
control_from(const core_from *from, const content_control *control)
{
    KITH_AUTO(kith_buf) payload = {0};

    assert_int_equal(content_control_encode(&payload, control), KITH_OK);
    DO(core_identity_control(p->core, from, kith_bytes_of_buf(&payload)));
}

static core_from
from_rose(const uint8_t conv[CORE_CONV_LEN])
{
    core_from from = {.kind = CORE_CHAT_DIRECT};

    memcpy(from.conv, conv, sizeof from.conv);
    memcpy(from.account, rose.id, sizeof from.account);
    return from;
}

static core_from
from_own(const uint8_t *conv)
{
    core_from from = {.kind = CORE_CHAT_OWN, .is_own = true};
    const core_account own = core_account_get(p->core);

    if (conv != NULL) {
        memcpy(from.conv, conv, sizeof from.conv);
        from.kind = CORE_CHAT_DIRECT;
    }
    memcpy(from.account, own.account, sizeof from.account);
    return from;
}

static void
a_person_can_change_their_name(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    content_control control = {.type = CONTENT_CONTROL_HELLO};
    (void)state;

    rose_writes(conv);
    const core_from from = from_rose(conv);
    control.as.hello.name = kith_bytes_of_text("Rose");
    control_from(&from, &control);
    assert_string_equal(person_of(rose.id).name, "Rose");
    control = (content_control){.type = CONTENT_CONTROL_PROFILE};
    control.as.profile.name = kith_bytes_of_text("Rosa");
    control_from(&from, &control);
    assert_string_equal(person_of(rose.id).name, "Rosa");
    control.as.profile.name = (kith_bytes){0};
    control_from(&from, &control);
    control.as.profile.name = kith_bytes_of_text("a\x1b[2J");
    control_from(&from, &control);
    assert_string_equal(person_of(rose.id).name, "Rosa");
}

static void
a_name_from_somebody_never_seen_is_dropped(void **state)
{
    const uint8_t conv[CORE_CONV_LEN] = {1};
    content_control control = {.type = CONTENT_CONTROL_PROFILE};
    core_person person = {0};
    (void)state;

    const core_from from = from_rose(conv);
    control.as.profile.name = kith_bytes_of_text("Rose");
    control_from(&from, &control);
    assert_int_equal(core_person_get(p->core, rose.id, &person), KITH_ERR_NOT_FOUND);
}

static void
junk_is_dropped(void **state)
{
    const uint8_t conv[CORE_CONV_LEN] = {1};
    const uint8_t junk[] = {1};
    (void)state;

    const core_from from = from_rose(conv);
    DO(core_identity_control(p->core, &from, KITH_BYTES(junk)));
    DO(core_identity_control(p->core, &from, (kith_bytes){0}));
}

/* ---- Invites ---- */

/* An own invite: its secret. */
static void
make_invite(uint8_t secret[PROTO_LINK_SECRET_LEN])
{
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(proto_link) link = {0};

    assert_int_equal(core_invite_create(p->core, h->now_ms, &text), KITH_OK);
    assert_int_equal(proto_link_decode(kith_bytes_of_buf(&text), &link), KITH_OK);
    memcpy(secret, link.secret, PROTO_LINK_SECRET_LEN);
}

static void
say_hello_as(const char *name, const uint8_t conv[CORE_CONV_LEN],
             const uint8_t secret[PROTO_LINK_SECRET_LEN])
{
    const core_account own = core_account_get(p->core);
    content_control control = {.type = CONTENT_CONTROL_HELLO};
    const proto_proof proof = {.role = PROTO_ROLE_JOINER,
                               .group_id = kith_bytes_of(conv, CORE_CONV_LEN),
                               .joiner = rose.id,
                               .inviter = own.account};

    control.as.hello.name = kith_bytes_of_text(name);
    control.as.hello.role = CONTENT_ROLE_JOINER;
    assert_int_equal(proto_proof_make(h->crypto, secret, &proof, control.as.hello.proof), KITH_OK);
    const core_from from = from_rose(conv);
    control_from(&from, &control);
}

static void
say_hello(const uint8_t conv[CORE_CONV_LEN], const uint8_t secret[PROTO_LINK_SECRET_LEN])
{
    say_hello_as("Rose", conv, secret);
}

static void
a_right_proof_makes_a_contact_without_a_question_and_is_answered(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    const core_account own = core_account_get(p->core);
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    say_hello(conv, secret);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    assert_true(p->core->convs->answered[0].yes);

    home_pass(h, 1000);
    const stub_said *hello = must_hear(CONTENT_CONTROL_HELLO);
    assert_int_equal(hello->control.as.hello.role, CONTENT_ROLE_INVITER);
    const proto_proof proof = {.role = PROTO_ROLE_INVITER,
                               .group_id = KITH_BYTES(conv),
                               .joiner = rose.id,
                               .inviter = own.account};
    assert_int_equal(
        proto_proof_check(h->crypto, secret, &proof, KITH_BYTES(hello->control.as.hello.proof)),
        KITH_OK);
}

static void
somebody_with_the_name_of_a_contact_and_another_account_is_asked_about(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    const ghost first = rose;
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    say_hello(conv, secret);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    ghost_make(h, &rose, 8);
    rose_writes(conv);
    say_hello(conv, secret);
    say_hello(conv, secret);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
    assert_true(party_alarm(p, "account"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_memory_equal(party_event(p, CORE_EVENT_ALARM)->account, rose.id, sizeof rose.id);
    home_pass(h, 5000);
    const size_t said = p->core->convs->said_count;
    assert_int_equal(core_person_answer(p->core, rose.id, true, h->now_ms), KITH_OK);
    home_pass(h, 5000);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    assert_int_equal(person_of(first.id).state, CORE_PERSON_CONTACT);
    assert_true(p->core->convs->said_count > said);
    ghost_done(&rose);
    rose = first;
}

static void
the_answer_survives_a_restart(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    say_hello(conv, secret);
    party_restart(p);
    home_run(h);

    assert_non_null(last_said(CONTENT_CONTROL_HELLO));
    home_pass(h, 5000);
    assert_int_equal(p->core->convs->said_count, 1);
}

static void
an_own_device_that_answered_first_is_enough(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    content_control control = {.type = CONTENT_CONTROL_HELLO};
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    p->rng.fail_after = UINT64_MAX;
    say_hello(conv, secret);
    if (last_said(CONTENT_CONTROL_HELLO) != NULL) {
        skip();
    }
    const core_from from = from_own(conv);
    control_from(&from, &control);
    home_pass(h, 2000);

    assert_null(last_said(CONTENT_CONTROL_HELLO));
}

static void
a_wrong_proof_stays_a_request(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    secret[0] ^= 1;
    say_hello(conv, secret);
    home_pass(h, 2000);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
    assert_int_equal(p->core->convs->answered_count, 0);
    assert_null(last_said(CONTENT_CONTROL_HELLO));
}

static void
an_expired_invite_opens_nothing(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    h->now_ms += CORE_INVITE_MS;
    say_hello(conv, secret);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
}

static void
a_declined_person_is_not_let_in_by_an_invite(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    (void)state;

    make_invite(secret);
    rose_writes(conv);
    assert_int_equal(core_person_answer(p->core, rose.id, false, h->now_ms), KITH_OK);
    say_hello(conv, secret);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_DECLINED);
}

static void
an_invite_serves_so_many_joiners(void **state)
{
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    (void)state;

    make_invite(secret);
    for (uint64_t i = 0; i <= PROTO_TICKET_USES; i++) {
        uint8_t conv[CORE_CONV_LEN];
        const char name[] = {(char)('A' + i), 0};
        ghost_done(&rose);
        ghost_make(h, &rose, 200 + i);
        rose_writes(conv);
        say_hello_as(name, conv, secret);
        say_hello_as(name, conv, secret);
        assert_int_equal(person_of(rose.id).state,
                         i < PROTO_TICKET_USES ? CORE_PERSON_CONTACT : CORE_PERSON_REQUEST);
    }
}

static void
an_invite_of_another_own_device_counts_as_well(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    content_control control = {.type = CONTENT_CONTROL_INVITE_MADE};
    (void)state;

    memset(control.as.invite_made.secret, 3, sizeof control.as.invite_made.secret);
    control.as.invite_made.expires_ms = h->now_ms + 1000;
    const core_from from = from_own(NULL);
    control_from(&from, &control);
    rose_writes(conv);
    say_hello(conv, control.as.invite_made.secret);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    home_run(h);
    assert_int_equal(p->seen[PROTO_INVITE_PUT], 0);
}

static void
nobody_else_can_say_that_an_invite_was_made(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    content_control control = {.type = CONTENT_CONTROL_INVITE_MADE};
    (void)state;

    memset(control.as.invite_made.secret, 3, sizeof control.as.invite_made.secret);
    control.as.invite_made.expires_ms = h->now_ms + 1000;
    rose_writes(conv);
    const core_from from = from_rose(conv);
    control_from(&from, &control);
    say_hello(conv, control.as.invite_made.secret);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
}

static void
the_inviters_proof_is_checked(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    uint64_t op = 0;
    content_control control = {.type = CONTENT_CONTROL_HELLO};
    const core_account own = core_account_get(p->core);
    (void)state;

    ghost_list(h, &rose);
    ghost_link(h, &rose, &link);
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), "", &op), KITH_OK);
    home_run(h);
    assert_int_equal(core_conv_direct(p->core, rose.id, conv), KITH_OK);
    const core_from from = from_rose(conv);
    memset(secret, GHOST_SECRET, sizeof secret);
    const proto_proof proof = {.role = PROTO_ROLE_INVITER,
                               .group_id = KITH_BYTES(conv),
                               .joiner = own.account,
                               .inviter = rose.id};
    control.as.hello.role = CONTENT_ROLE_INVITER;
    assert_int_equal(proto_proof_make(h->crypto, secret, &proof, control.as.hello.proof), KITH_OK);
    control_from(&from, &control);
    assert_false(party_alarm(p, "hello"));

    control.as.hello.proof[0] ^= 1;
    control_from(&from, &control);
    assert_true(party_alarm(p, "hello"));
}

/* ---- Own devices ---- */

static void
tell_contact(const core_from *from, core_person_state told)
{
    content_control control = {.type = CONTENT_CONTROL_CONTACT};

    memcpy(control.as.contact.account_id, rose.id, sizeof rose.id);
    control.as.contact.account_key = crypto_sign_key_public(rose.key);
    control.as.contact.name = kith_bytes_of_text("Rose");
    control.as.contact.state = (uint8_t)told;
    control_from(from, &control);
}

static void
a_decision_of_another_own_device_counts_here(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    rose_writes(conv);
    const core_from from = from_own(NULL);
    tell_contact(&from, CORE_PERSON_CONTACT);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_CONTACT);
    assert_string_equal(person_of(rose.id).name, "Rose");
    assert_int_equal(p->core->convs->answered_count, 1);
    tell_contact(&from, CORE_PERSON_CONTACT);
    assert_int_equal(p->core->convs->answered_count, 1);
    tell_contact(&from, CORE_PERSON_DECLINED);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_DECLINED);
    tell_contact(&from, CORE_PERSON_REQUEST);
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_DECLINED);
}

static void
a_decision_from_anywhere_else_does_not(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    rose_writes(conv);
    const core_from from = from_rose(conv);
    tell_contact(&from, CORE_PERSON_CONTACT);
    const core_from own_elsewhere = from_own(conv);
    tell_contact(&own_elsewhere, CORE_PERSON_CONTACT);

    assert_int_equal(person_of(rose.id).state, CORE_PERSON_REQUEST);
}

static void
a_contact_with_another_key_is_an_alarm(void **state)
{
    ghost other;
    content_control control = {.type = CONTENT_CONTROL_CONTACT};
    (void)state;

    DO(core_person_seen(p->core, rose.id, crypto_sign_key_public(rose.key)));
    ghost_make(h, &other, 6);
    memcpy(control.as.contact.account_id, rose.id, sizeof rose.id);
    control.as.contact.account_key = crypto_sign_key_public(other.key);
    control.as.contact.state = CORE_PERSON_CONTACT;
    const core_from from = from_own(NULL);
    control_from(&from, &control);

    assert_true(party_alarm(p, "person"));
    assert_int_equal(person_of(rose.id).state, CORE_PERSON_UNKNOWN);
    ghost_done(&other);
}

static void
a_new_own_name_comes_from_own_devices_only(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    content_control control = {.type = CONTENT_CONTROL_PROFILE};
    (void)state;

    control.as.profile.name = kith_bytes_of_text("Bo");
    const core_from from = from_own(NULL);
    control_from(&from, &control);
    assert_string_equal(core_account_get(p->core).name, "Bo");
    assert_true(party_events(p, CORE_EVENT_ACCOUNT) >= 2);

    rose_writes(conv);
    control.as.profile.name = kith_bytes_of_text("Eve");
    const core_from other = from_rose(conv);
    control_from(&other, &control);
    assert_string_equal(core_account_get(p->core).name, "Bo");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(somebody_who_was_seen_is_known_by_a_pinned_key),
        TEST(the_own_account_is_no_stranger),
        TEST(a_stranger_who_writes_first_is_a_request),
        TEST(requests_are_bounded),
        TEST(yes_makes_a_contact_and_says_hello),
        TEST(no_declines_and_further_conversations_are_left_at_once),
        TEST(an_answer_for_nobody_is_not_found),
        TEST(the_pin_moves_with_a_list_that_the_pinned_key_signed_and_never_back),
        TEST(people_come_in_order_of_their_ids),
        TEST(a_person_can_change_their_name),
        TEST(a_name_from_somebody_never_seen_is_dropped),
        TEST(junk_is_dropped),
        TEST(a_right_proof_makes_a_contact_without_a_question_and_is_answered),
        TEST(somebody_with_the_name_of_a_contact_and_another_account_is_asked_about),
        TEST(the_answer_survives_a_restart),
        TEST(an_own_device_that_answered_first_is_enough),
        TEST(a_wrong_proof_stays_a_request),
        TEST(an_expired_invite_opens_nothing),
        TEST(a_declined_person_is_not_let_in_by_an_invite),
        TEST(an_invite_serves_so_many_joiners),
        TEST(an_invite_of_another_own_device_counts_as_well),
        TEST(nobody_else_can_say_that_an_invite_was_made),
        TEST(the_inviters_proof_is_checked),
        TEST(a_decision_of_another_own_device_counts_here),
        TEST(a_decision_from_anywhere_else_does_not),
        TEST(a_contact_with_another_key_is_an_alarm),
        TEST(a_new_own_name_comes_from_own_devices_only),
    };

    return cmocka_run_group_tests_name("core-people", tests, NULL, NULL);
}
