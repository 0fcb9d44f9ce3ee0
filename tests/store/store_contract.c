/* SPDX-License-Identifier: MPL-2.0 */
/* The promises of core/store_port.h, one function each. */
#include "store/store_contract.h"

#include <string.h>

static kith_bytes
text(const char *words)
{
    return kith_bytes_of_text(words);
}

static void
put(core_store s, uint8_t table, kith_bytes key, const char *value)
{
    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, table, key, text(value)));
    assert_ok(s.commit(s.ctx));
}

static void
assert_value(core_store s, uint8_t table, kith_bytes key, const char *value)
{
    KITH_AUTO(kith_buf) out = {0};

    assert_ok(s.get(s.ctx, table, key, &out));
    assert_text(kith_bytes_of_buf(&out), value);
}

static void
assert_absent(core_store s, uint8_t table, kith_bytes key)
{
    KITH_AUTO(kith_buf) out = {0};

    assert_err(s.get(s.ctx, table, key, &out), KITH_ERR_NOT_FOUND);
    assert_int_equal(out.len, 0);
}

/* ---- single entries ---- */

static void
what_was_put_is_got(core_store s)
{
    KITH_AUTO(kith_buf) out = {0};

    put(s, 3, text("key"), "value");
    put(s, 3, text("other"), "");

    assert_ok(kith_buf_append(&out, text("before ")));
    assert_ok(s.get(s.ctx, 3, text("key"), &out));
    assert_text(kith_bytes_of_buf(&out), "before value");
    assert_value(s, 3, text("other"), "");
    assert_absent(s, 3, text("ke"));
    assert_absent(s, 4, text("key"));
}

static void
a_second_put_replaces(core_store s)
{
    put(s, 0, text("key"), "a longer first value");
    put(s, 0, text("key"), "second");

    assert_value(s, 0, text("key"), "second");
}

static void
erased_is_gone_and_absent_is_no_error(core_store s)
{
    put(s, 31, text("key"), "value");

    assert_ok(s.begin(s.ctx));
    assert_ok(s.erase(s.ctx, 31, text("key")));
    assert_ok(s.erase(s.ctx, 31, text("key")));
    assert_absent(s, 31, text("key"));
    assert_ok(s.commit(s.ctx));

    assert_absent(s, 31, text("key"));
}

static void
assert_size_is_kept(core_store s, size_t len)
{
    KITH_AUTO(kith_buf) value = {0};
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *bytes = NULL;

    assert_ok(kith_buf_extend(&value, len, &bytes));
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 + len);
    }
    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 1, text("large"), kith_bytes_of_buf(&value)));
    assert_ok(s.commit(s.ctx));
    assert_ok(s.get(s.ctx, 1, text("large"), &out));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&out), kith_bytes_of_buf(&value)));
}

static void
values_of_every_size_come_back_as_they_were(core_store s)
{
    static const size_t sizes[] = {1,     100,    4095,  4096,   4097,    8191,     8192,
                                   40000, 300000, 40001, 299999, 2000000, 64u << 20};

    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        assert_size_is_kept(s, sizes[i]);
    }
}

/* ---- bounds ---- */

static void
keys_have_1_to_256_bytes(core_store s)
{
    uint8_t long_key[CORE_STORE_KEY_MAX + 1] = {7};
    const kith_bytes longest = kith_bytes_of(long_key, CORE_STORE_KEY_MAX);
    KITH_AUTO(kith_buf) out = {0};

    put(s, 0, longest, "at the limit");
    assert_value(s, 0, longest, "at the limit");

    assert_ok(s.begin(s.ctx));
    assert_err(s.put(s.ctx, 0, KITH_BYTES(long_key), text("v")), KITH_ERR_INVALID);
    assert_err(s.put(s.ctx, 0, text(""), text("v")), KITH_ERR_INVALID);
    assert_err(s.erase(s.ctx, 0, KITH_BYTES(long_key)), KITH_ERR_INVALID);
    assert_err(s.erase(s.ctx, 0, text("")), KITH_ERR_INVALID);
    assert_err(s.get(s.ctx, 0, KITH_BYTES(long_key), &out), KITH_ERR_INVALID);
    assert_err(s.get(s.ctx, 0, text(""), &out), KITH_ERR_INVALID);
    s.rollback(s.ctx);
}

static void
tables_are_0_to_31(core_store s)
{
    const core_scan beyond = {.table = CORE_STORE_TABLES};
    KITH_AUTO(kith_buf) out = {0};

    put(s, CORE_STORE_TABLES - 1, text("k"), "v");
    assert_value(s, CORE_STORE_TABLES - 1, text("k"), "v");

    assert_ok(s.begin(s.ctx));
    assert_err(s.put(s.ctx, CORE_STORE_TABLES, text("k"), text("v")), KITH_ERR_INVALID);
    assert_err(s.erase(s.ctx, CORE_STORE_TABLES, text("k")), KITH_ERR_INVALID);
    s.rollback(s.ctx);
    assert_err(s.get(s.ctx, CORE_STORE_TABLES, text("k"), &out), KITH_ERR_INVALID);
    assert_err(s.next(s.ctx, &beyond, &out, NULL), KITH_ERR_INVALID);
}

static void
a_value_beyond_64_mib_is_refused(core_store s)
{
    static const uint8_t byte = 1;
    /* Refused by its length: not a byte of it is read. */
    const kith_bytes value = kith_bytes_of(&byte, (size_t)CORE_STORE_VALUE_MAX + 1);

    assert_ok(s.begin(s.ctx));
    assert_err(s.put(s.ctx, 0, text("k"), value), KITH_ERR_INVALID);
    s.rollback(s.ctx);
}

static void
scans_have_bounded_prefixes_and_keys(core_store s)
{
    uint8_t long_key[CORE_STORE_KEY_MAX + 1] = {7};
    const core_scan longest = {.prefix = kith_bytes_of(long_key, CORE_STORE_KEY_MAX)};
    const core_scan beyond = {.prefix = KITH_BYTES(long_key)};
    KITH_AUTO(kith_buf) key = {0};

    assert_err(s.next(s.ctx, &longest, &key, NULL), KITH_ERR_NOT_FOUND);
    assert_err(s.next(s.ctx, &beyond, &key, NULL), KITH_ERR_INVALID);
    assert_ok(kith_buf_append(&key, KITH_BYTES(long_key)));
    assert_err(s.next(s.ctx, &(core_scan){.table = 0}, &key, NULL), KITH_ERR_INVALID);
}

/* ---- transactions ---- */

static void
nothing_changes_outside_a_transaction(core_store s)
{
    put(s, 0, text("k"), "v");

    assert_err(s.put(s.ctx, 0, text("k"), text("w")), KITH_ERR_INVALID);
    assert_err(s.erase(s.ctx, 0, text("k")), KITH_ERR_INVALID);
    assert_err(s.commit(s.ctx), KITH_ERR_INVALID);
    s.rollback(s.ctx);

    assert_value(s, 0, text("k"), "v");
}

static void
transactions_do_not_nest(core_store s)
{
    assert_ok(s.begin(s.ctx));
    assert_err(s.begin(s.ctx), KITH_ERR_INVALID);
    assert_ok(s.put(s.ctx, 0, text("k"), text("v")));
    assert_ok(s.commit(s.ctx));

    assert_value(s, 0, text("k"), "v");
}

static void
an_open_transaction_reads_what_it_wrote(core_store s)
{
    put(s, 0, text("old"), "1");

    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 0, text("new"), text("2")));
    assert_ok(s.erase(s.ctx, 0, text("old")));
    assert_value(s, 0, text("new"), "2");
    assert_absent(s, 0, text("old"));
    assert_ok(s.commit(s.ctx));
}

static void
rollback_undoes_all_since_begin(core_store s)
{
    put(s, 0, text("kept"), "1");
    put(s, 0, text("erased"), "2");

    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 0, text("kept"), text("changed")));
    assert_ok(s.put(s.ctx, 0, text("kept"), text("changed twice")));
    assert_ok(s.put(s.ctx, 0, text("new"), text("3")));
    assert_ok(s.erase(s.ctx, 0, text("erased")));
    s.rollback(s.ctx);

    assert_value(s, 0, text("kept"), "1");
    assert_value(s, 0, text("erased"), "2");
    assert_absent(s, 0, text("new"));
    put(s, 0, text("kept"), "a transaction can be opened again");
}

/* ---- walking ---- */

/* The keys of the walk, each followed by a space. */
static void
assert_walk(core_store s, const core_scan *scan, const char *from, const char *expected)
{
    KITH_AUTO(kith_buf) key = {0};
    KITH_AUTO(kith_buf) value = {0};
    KITH_AUTO(kith_buf) all = {0};
    kith_err err = KITH_OK;

    assert_ok(kith_buf_append(&key, text(from)));
    while ((err = s.next(s.ctx, scan, &key, &value)) == KITH_OK) {
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&key), kith_bytes_of_buf(&value)));
        assert_ok(kith_buf_append(&all, kith_bytes_of_buf(&key)));
        assert_ok(kith_buf_append(&all, text(" ")));
    }
    assert_err(err, KITH_ERR_NOT_FOUND);
    assert_text(kith_bytes_of_buf(&all), expected);
}

/* Each key is its own value. */
static void
put_keys(core_store s)
{
    static const char *const keys[] = {"b", "a", "bz", "ba", "c", "b\xff", "bab"};

    for (size_t i = 0; i < CHECK_COUNT(keys); i++) {
        put(s, 2, text(keys[i]), keys[i]);
    }
    put(s, 1, text("zz"), "zz");
    put(s, 3, text("aa"), "aa");
}

static void
a_walk_gives_keys_in_the_order_of_their_bytes(core_store s)
{
    const core_scan up = {.table = 2};
    const core_scan down = {.table = 2, .backwards = true};

    put_keys(s);

    assert_walk(s, &up, "", "a b ba bab bz b\xff c ");
    assert_walk(s, &down, "", "c b\xff bz bab ba b a ");
}

static void
a_walk_starts_after_the_key_even_when_that_is_absent(core_store s)
{
    const core_scan up = {.table = 2};
    const core_scan down = {.table = 2, .backwards = true};

    put_keys(s);

    assert_walk(s, &up, "ba", "bab bz b\xff c ");
    assert_walk(s, &up, "baa", "bab bz b\xff c ");
    assert_walk(s, &up, "c", "");
    assert_walk(s, &down, "ba", "b a ");
    assert_walk(s, &down, "baa", "ba b a ");
    assert_walk(s, &down, "a", "");
}

static void
a_walk_stays_within_its_prefix(core_store s)
{
    const core_scan up = {.table = 2, .prefix = text("b")};
    const core_scan down = {.table = 2, .prefix = text("b"), .backwards = true};
    const core_scan ff = {.table = 2, .prefix = text("b\xff"), .backwards = true};
    const core_scan none = {.table = 2, .prefix = text("bc")};

    put_keys(s);

    assert_walk(s, &up, "", "b ba bab bz b\xff ");
    assert_walk(s, &down, "", "b\xff bz bab ba b ");
    assert_walk(s, &up, "a", "b ba bab bz b\xff ");
    assert_walk(s, &up, "c", "");
    assert_walk(s, &down, "c", "b\xff bz bab ba b ");
    assert_walk(s, &down, "a", "");
    assert_walk(s, &ff, "", "b\xff ");
    assert_walk(s, &none, "", "");
}

static void
a_walk_ends_behind_the_largest_key(core_store s)
{
    uint8_t largest[CORE_STORE_KEY_MAX] = {0};
    const core_scan up = {.table = 0, .prefix = kith_bytes_of(largest, 200)};
    const core_scan down = {.table = 0, .backwards = true};
    KITH_AUTO(kith_buf) key = {0};

    memset(largest, 0xff, sizeof largest);
    put(s, 0, KITH_BYTES(largest), "largest");

    assert_ok(s.next(s.ctx, &up, &key, NULL));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&key), KITH_BYTES(largest)));
    assert_err(s.next(s.ctx, &up, &key, NULL), KITH_ERR_NOT_FOUND);
    kith_buf_clear(&key);
    assert_ok(s.next(s.ctx, &down, &key, NULL));
    assert_err(s.next(s.ctx, &down, &key, NULL), KITH_ERR_NOT_FOUND);
}

static void
a_walk_that_ends_leaves_key_and_value_alone(core_store s)
{
    const core_scan up = {.table = 0};
    KITH_AUTO(kith_buf) key = {0};
    KITH_AUTO(kith_buf) value = {0};

    put(s, 0, text("only"), "one");
    assert_ok(s.next(s.ctx, &up, &key, &value));

    assert_err(s.next(s.ctx, &up, &key, &value), KITH_ERR_NOT_FOUND);

    assert_text(kith_bytes_of_buf(&key), "only");
    assert_text(kith_bytes_of_buf(&value), "one");
}

static void
a_walk_may_erase_where_it_stands(core_store s)
{
    const core_scan up = {.table = 2};
    KITH_AUTO(kith_buf) key = {0};
    size_t count = 0;

    put_keys(s);

    assert_ok(s.begin(s.ctx));
    while (s.next(s.ctx, &up, &key, NULL) == KITH_OK) {
        assert_ok(s.erase(s.ctx, 2, kith_bytes_of_buf(&key)));
        count++;
    }
    assert_ok(s.commit(s.ctx));

    assert_int_equal(count, 7);
    assert_walk(s, &up, "", "");
    assert_value(s, 1, text("zz"), "zz");
}

#define PROMISE(name) {#name, name}

const store_contract store_contracts[] = {
    PROMISE(what_was_put_is_got),
    PROMISE(a_second_put_replaces),
    PROMISE(erased_is_gone_and_absent_is_no_error),
    PROMISE(values_of_every_size_come_back_as_they_were),
    PROMISE(keys_have_1_to_256_bytes),
    PROMISE(tables_are_0_to_31),
    PROMISE(a_value_beyond_64_mib_is_refused),
    PROMISE(scans_have_bounded_prefixes_and_keys),
    PROMISE(nothing_changes_outside_a_transaction),
    PROMISE(transactions_do_not_nest),
    PROMISE(an_open_transaction_reads_what_it_wrote),
    PROMISE(rollback_undoes_all_since_begin),
    PROMISE(a_walk_gives_keys_in_the_order_of_their_bytes),
    PROMISE(a_walk_starts_after_the_key_even_when_that_is_absent),
    PROMISE(a_walk_stays_within_its_prefix),
    PROMISE(a_walk_ends_behind_the_largest_key),
    PROMISE(a_walk_that_ends_leaves_key_and_value_alone),
    PROMISE(a_walk_may_erase_where_it_stands),
};
const size_t store_contract_count = CHECK_COUNT(store_contracts);
