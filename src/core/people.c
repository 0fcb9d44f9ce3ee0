/* SPDX-License-Identifier: MPL-2.0 */
/*
 * People: who is known, by which account key (pinned when it is first seen, and moved only with a list that the pinned
 * key has signed), how they call themselves, and what this account's person decided about them. Own devices hear of every decision.
 */
#include <string.h>

#include "core/identity.h"

#define PERSON_FORMAT 1u

void
core_person_record_done(core_person_record *record)
{
    kith_wipe(record, sizeof *record);
}

/* ---- Records ---- */

static kith_err
encode_person(const core_person_record *record, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, PERSON_FORMAT));
    KITH_TRY(kith_write_u8(&w, (uint8_t)record->state));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record->key)));
    KITH_TRY(kith_write_vec8(&w, kith_bytes_of_text(record->name)));
    KITH_TRY(kith_write_u64(&w, record->since_ms));
    KITH_TRY(kith_write_u8(&w, (uint8_t)record->hello));
    KITH_TRY(kith_write_u8(&w, record->role));
    return kith_write_bytes(&w, KITH_BYTES(record->secret));
}

static kith_err
decode_person(kith_bytes account, kith_bytes value, core_person_record *out)
{
    kith_reader r = kith_reader_of(value);
    KITH_AUTO(core_person_record) record = {0};
    uint8_t format = 0;
    uint8_t state = 0;
    uint8_t hello = 0;
    kith_bytes name = {0};

    KITH_ENSURE(account.len == sizeof record.account, KITH_ERR_MALFORMED);
    memcpy(record.account, account.data, sizeof record.account);
    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == PERSON_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(&r, &state));
    KITH_TRY(kith_read_copy(&r, record.key, sizeof record.key));
    KITH_TRY(kith_read_vec8(&r, &name));
    KITH_TRY(kith_read_u64(&r, &record.since_ms));
    KITH_TRY(kith_read_u8(&r, &hello));
    KITH_TRY(kith_read_u8(&r, &record.role));
    KITH_TRY(kith_read_copy(&r, record.secret, sizeof record.secret));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(state <= CORE_PERSON_DECLINED && hello <= CORE_HELLO_SAID &&
                    name.len <= CORE_NAME_MAX,
                KITH_ERR_MALFORMED);
    record.state = (core_person_state)state;
    record.hello = (core_hello_state)hello;
    core_name_set(record.name, name);
    *out = record;
    return KITH_OK;
}

kith_err
core_person_read(core *c, const uint8_t account[CORE_ACCOUNT_LEN], core_person_record *out)
{
    const kith_bytes key = kith_bytes_of(account, CORE_ACCOUNT_LEN);
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(core_get(c, CORE_TABLE_PERSON, key, &value));
    return decode_person(key, kith_bytes_of_buf(&value), out);
}

kith_err
core_person_write(core *c, const core_person_record *record)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(encode_person(record, &value));
    KITH_TRY(
        core_put(c, CORE_TABLE_PERSON, KITH_BYTES(record->account), kith_bytes_of_buf(&value)));
    return core_event_person(c, record->account);
}

/* The next person after `cursor`. NOT_FOUND: no more. */
static kith_err
next_person(core *c, kith_buf *cursor, core_person_record *out)
{
    const core_scan scan = {.table = CORE_TABLE_PERSON};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, cursor, &value));
    return decode_person(kith_bytes_of_buf(cursor), kith_bytes_of_buf(&value), out);
}

kith_err
core_people_load(core *c)
{
    KITH_AUTO(kith_buf) cursor = {.alloc = c->env.alloc};

    for (;;) {
        KITH_AUTO(core_person_record) record = {0};
        const kith_err err = next_person(c, &cursor, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(core_hello_load(c, &record));
    }
}

/* ---- What the conversations ask and tell ---- */

core_person_state
core_person_state_of(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(core_person_record) record = {0};

    if (core_account_is_own(c, account)) {
        return CORE_PERSON_CONTACT;
    }
    return core_person_read(c, account, &record) == KITH_OK ? record.state : CORE_PERSON_UNKNOWN;
}

void
core_person_name(core *c, const uint8_t account[CORE_ACCOUNT_LEN], char name[CORE_NAME_MAX + 1])
{
    KITH_AUTO(core_person_record) record = {0};

    if (core_account_is_own(c, account)) {
        memcpy(name, c->account.name, sizeof c->account.name);
        return;
    }
    /* Nobody known has no name. */
    kith_ignore(core_person_read(c, account, &record));
    memcpy(name, record.name, sizeof record.name);
}

/* The account key on the newest list, if a list is held. */
static kith_err
read_newest_key(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint8_t key[CORE_ACCOUNT_KEY_LEN])
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list = {0};

    KITH_TRY(core_list_get_newest(c, account, &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    memcpy(key, list.account_key.data, CORE_ACCOUNT_KEY_LEN);
    return KITH_OK;
}

static kith_err
is_on_chain(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes key)
{
    const kith_err err = core_list_find_key(c, account, key);

    return err == KITH_ERR_NOT_FOUND ? KITH_ERR_REJECTED : err;
}

/* The pin moves along the chain of lists, each of which the key before has signed: to nothing that is not on it, and
 * never back, since an older list, or an own device that was away, says what is known already. */
static kith_err
move_pin(core *c, core_person_record *record, kith_bytes shown)
{
    uint8_t newest[CORE_ACCOUNT_KEY_LEN];
    const kith_err err = read_newest_key(c, record->account, newest);

    if (err == KITH_ERR_NOT_FOUND) {
        return kith_bytes_equal(KITH_BYTES(record->key), shown) ? KITH_OK : KITH_ERR_REJECTED;
    }
    KITH_TRY(err);
    if (memcmp(record->key, newest, sizeof newest) == 0 &&
        kith_bytes_equal(KITH_BYTES(record->key), shown)) {
        return KITH_OK;
    }
    KITH_TRY(is_on_chain(c, record->account, KITH_BYTES(record->key)));
    KITH_TRY(is_on_chain(c, record->account, shown));
    memcpy(record->key, newest, sizeof newest);
    return KITH_OK;
}

kith_err
core_person_seen(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes account_key)
{
    KITH_AUTO(core_person_record) record = {.since_ms = c->now_ms};
    uint8_t before[CORE_ACCOUNT_KEY_LEN];

    if (core_account_is_own(c, account)) {
        return KITH_OK;
    }
    KITH_ENSURE(account_key.len == sizeof record.key, KITH_ERR_REJECTED);
    const kith_err err = core_person_read(c, account, &record);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    if (err == KITH_ERR_NOT_FOUND) {
        memcpy(record.account, account, sizeof record.account);
        memcpy(record.key, account_key.data, sizeof record.key);
    }
    memcpy(before, record.key, sizeof before);
    KITH_TRY(move_pin(c, &record, account_key));
    const bool is_same = memcmp(before, record.key, sizeof before) == 0;
    return err == KITH_OK && is_same ? KITH_OK : core_person_write(c, &record);
}

kith_err
core_person_follow(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(core_person_record) record = {0};
    const kith_err err = core_person_read(c, account, &record);

    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    const kith_err moved = move_pin(c, &record, KITH_BYTES(record.key));
    /* It was never a key of this account: an own device was told so, or was wrong. */
    if (moved == KITH_ERR_REJECTED) {
        return core_event_alarm(c, NULL, account, "person");
    }
    KITH_TRY(moved);
    return core_person_write(c, &record);
}

static kith_err
count_requests(core *c, size_t *out)
{
    KITH_AUTO(kith_buf) cursor = {.alloc = c->env.alloc};
    size_t count = 0;

    for (;;) {
        KITH_AUTO(core_person_record) record = {0};
        const kith_err err = next_person(c, &cursor, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            *out = count;
            return KITH_OK;
        }
        KITH_TRY(err);
        count += record.state == CORE_PERSON_REQUEST ? 1 : 0;
    }
}

kith_err
core_person_wrote_first(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(core_person_record) record = {0};
    size_t requests = 0;

    if (core_account_is_own(c, account)) {
        return KITH_OK;
    }
    KITH_TRY(core_person_read(c, account, &record));
    KITH_ENSURE(record.state != CORE_PERSON_DECLINED, KITH_ERR_DENIED);
    if (record.state != CORE_PERSON_UNKNOWN) {
        return KITH_OK;
    }
    KITH_TRY(count_requests(c, &requests));
    KITH_ENSURE(requests < CORE_REQUESTS_MAX, KITH_ERR_DENIED);
    record.state = CORE_PERSON_REQUEST;
    record.since_ms = c->now_ms;
    return core_person_write(c, &record);
}

static char
fold(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool
is_same_name(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

kith_err
core_person_has_namesake(core *c, const core_person_record *record, bool *out)
{
    KITH_AUTO(kith_buf) cursor = {.alloc = c->env.alloc};

    *out = false;
    while (record->name[0] != '\0' && !*out) {
        KITH_AUTO(core_person_record) other = {0};
        const kith_err err = next_person(c, &cursor, &other);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        *out = other.state == CORE_PERSON_CONTACT && is_same_name(other.name, record->name) &&
               memcmp(other.account, record->account, sizeof other.account) != 0;
    }
    return KITH_OK;
}

/* ---- Decisions ---- */

static kith_err
tell_own_devices(core *c, const core_person_record *record)
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};
    content_control control = {
        .type = CONTENT_CONTROL_CONTACT,
        .as.contact = {.account_key = KITH_BYTES(record->key),
                       .name = kith_bytes_of_text(record->name),
                       .state = (uint8_t)record->state},
    };

    memcpy(control.as.contact.account_id, record->account, sizeof record->account);
    const kith_err err = core_conv_direct(c, record->account, control.as.contact.conv_id);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    KITH_TRY(content_control_encode(&payload, &control));
    return core_own_send_control(c, kith_bytes_of_buf(&payload));
}

kith_err
core_person_decide(core *c, core_person_record *record, bool yes)
{
    record->state = yes ? CORE_PERSON_CONTACT : CORE_PERSON_DECLINED;
    KITH_TRY(core_person_write(c, record));
    KITH_TRY(tell_own_devices(c, record));
    const kith_err err = core_conv_answered(c, record->account, yes);
    /* There may be no conversation yet. */
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
answer_person(core *c, const uint8_t account[CORE_ACCOUNT_LEN], bool yes)
{
    KITH_AUTO(core_person_record) record = {0};

    KITH_TRY(core_person_read(c, account, &record));
    const core_person_state wanted = yes ? CORE_PERSON_CONTACT : CORE_PERSON_DECLINED;
    KITH_ENSURE(record.state != CORE_PERSON_UNKNOWN, KITH_ERR_NOT_FOUND);
    if (record.state == wanted) {
        return KITH_OK;
    }
    KITH_TRY(core_person_decide(c, &record, yes));
    return yes ? core_hello_plan(c, &record, 0) : KITH_OK;
}

kith_err
core_person_answer(core *c, const uint8_t account[CORE_ACCOUNT_LEN], bool yes, uint64_t now_ms)
{
    KITH_TRY(core_query(c));
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_TRY(core_txn_begin(c, now_ms));
    return core_txn_end(c, answer_person(c, account, yes));
}

/* ---- Queries ---- */

static void
count_devices(core *c, core_person *person)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list = {0};

    if (core_list_get_newest(c, person->account, &bytes) == KITH_OK &&
        proto_list_decode(kith_bytes_of_buf(&bytes), &list) == KITH_OK) {
        person->devices = (uint32_t)list.device_count;
        person->list_version = list.version;
    }
}

static void
show_person(core *c, const core_person_record *record, core_person *out)
{
    core_person person = {.state = record->state, .since_ms = record->since_ms};

    memcpy(person.account, record->account, sizeof person.account);
    memcpy(person.name, record->name, sizeof person.name);
    count_devices(c, &person);
    *out = person;
}

kith_err
core_person_next(core *c, kith_buf *cursor, core_person *out)
{
    KITH_AUTO(core_person_record) record = {0};

    KITH_TRY(core_query(c));
    KITH_TRY(next_person(c, cursor, &record));
    show_person(c, &record, out);
    return KITH_OK;
}

kith_err
core_person_get(core *c, const uint8_t account[CORE_ACCOUNT_LEN], core_person *out)
{
    KITH_AUTO(core_person_record) record = {0};

    KITH_TRY(core_query(c));
    KITH_TRY(core_person_read(c, account, &record));
    show_person(c, &record, out);
    return KITH_OK;
}

/* ---- For a device that is linked ---- */

kith_err
core_people_export(core *c, kith_buf *out)
{
    const core_scan scan = {.table = CORE_TABLE_PERSON};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(out);

    for (;;) {
        KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
        const kith_err err = c->env.store.next(c->env.store.ctx, &scan, &key, &value);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(kith_write_vec8(&w, kith_bytes_of_buf(&key)));
        KITH_TRY(kith_write_vec16(&w, kith_bytes_of_buf(&value)));
    }
}

kith_err
core_people_import(core *c, kith_bytes blob)
{
    kith_reader r = kith_reader_of(blob);

    while (!kith_reader_done(&r)) {
        KITH_AUTO(core_person_record) record = {0};
        kith_bytes key = {0};
        kith_bytes value = {0};
        KITH_TRY(kith_read_vec8(&r, &key));
        KITH_TRY(kith_read_vec16(&r, &value));
        KITH_TRY(decode_person(key, value, &record));
        /* What was to be said, the device that sent this says. */
        record.hello = record.hello == CORE_HELLO_DUE ? CORE_HELLO_SAID : record.hello;
        KITH_TRY(core_person_write(c, &record));
    }
    return KITH_OK;
}
