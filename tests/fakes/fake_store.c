/* SPDX-License-Identifier: MPL-2.0 */
/* One array sorted by table and key, and a log of what the open transaction replaced. */
#include "fakes/fake_store.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    kith_buf key; /* the table's number, then the key */
    kith_buf value;
    bool absent; /* in the undo log: there was no such entry */
} entry;

typedef struct entry_list {
    entry *items;
    size_t len;
    size_t cap;
} entry_list;

struct fake_store {
    entry_list entries; /* sorted by key */
    entry_list undo; /* what was there before, oldest first */
    bool in_transaction;
    uint64_t calls;
    uint64_t commits;
    uint64_t fail_after; /* in `calls` */
    kith_err fail_with;
};

static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static kith_buf
copy_of(kith_bytes bytes)
{
    kith_buf copy = {0};

    must(kith_buf_set(&copy, bytes) == KITH_OK);
    return copy;
}

static kith_buf
full_key(uint8_t table, kith_bytes key)
{
    kith_buf full = {0};

    must(kith_buf_append(&full, kith_bytes_of(&table, 1)) == KITH_OK);
    must(kith_buf_append(&full, key) == KITH_OK);
    return full;
}

static void
entry_done(entry *item)
{
    kith_buf_done(&item->key);
    kith_buf_done(&item->value);
}

static void
list_insert(entry_list *list, size_t at, entry item)
{
    if (list->len == list->cap) {
        list->cap = list->cap == 0 ? 16 : list->cap * 2;
        list->items = realloc(list->items, list->cap * sizeof item);
        must(list->items != NULL);
    }
    memmove(&list->items[at + 1], &list->items[at], (list->len - at) * sizeof item);
    list->items[at] = item;
    list->len++;
}

static entry
list_remove(entry_list *list, size_t at)
{
    const entry item = list->items[at];

    list->len--;
    memmove(&list->items[at], &list->items[at + 1], (list->len - at) * sizeof item);
    return item;
}

static void
list_done(entry_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        entry_done(&list->items[i]);
    }
    free(list->items);
    *list = (entry_list){0};
}

/* Position of the first entry that is not before `key`. */
static size_t
find_position(const entry_list *list, kith_bytes key)
{
    size_t low = 0;
    size_t high = list->len;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (kith_bytes_compare(kith_bytes_of_buf(&list->items[middle].key), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool
is_at(const entry_list *list, size_t at, kith_bytes key)
{
    return at < list->len && kith_bytes_equal(kith_bytes_of_buf(&list->items[at].key), key);
}

/* Puts `item` in place of what has its key, and hands that out (`absent` when there was nothing). */
static entry
replace(entry_list *list, entry item)
{
    const kith_bytes key = kith_bytes_of_buf(&item.key);
    const size_t at = find_position(list, key);
    entry before = {.absent = true};

    if (is_at(list, at, key)) {
        before = list_remove(list, at);
    } else {
        before.key = copy_of(key);
    }
    if (item.absent) {
        entry_done(&item);
    } else {
        list_insert(list, at, item);
    }
    return before;
}

static void
undo_all(fake_store *fake)
{
    while (fake->undo.len > 0) {
        entry changed = replace(&fake->entries, list_remove(&fake->undo, fake->undo.len - 1));
        entry_done(&changed);
    }
    fake->in_transaction = false;
}

static kith_err
count_call(fake_store *fake)
{
    KITH_ENSURE(fake->calls < fake->fail_after, fake->fail_with);
    fake->calls++;
    return KITH_OK;
}

static kith_err
check_bounds(uint8_t table, kith_bytes key)
{
    KITH_ENSURE(table < CORE_STORE_TABLES, KITH_ERR_INVALID);
    KITH_ENSURE(key.len >= 1 && key.len <= CORE_STORE_KEY_MAX, KITH_ERR_INVALID);
    return KITH_OK;
}

static kith_err
begin(void *ctx)
{
    fake_store *fake = ctx;

    KITH_TRY(count_call(fake));
    KITH_ENSURE(!fake->in_transaction, KITH_ERR_INVALID);
    fake->in_transaction = true;
    return KITH_OK;
}

static kith_err
commit(void *ctx)
{
    fake_store *fake = ctx;
    const kith_err err = count_call(fake);

    KITH_ENSURE(fake->in_transaction, KITH_ERR_INVALID);
    if (err != KITH_OK) {
        undo_all(fake);
        return err;
    }
    fake->in_transaction = false;
    list_done(&fake->undo);
    fake->commits++;
    return KITH_OK;
}

static void
rollback(void *ctx)
{
    undo_all(ctx);
}

static kith_err
get(void *ctx, uint8_t table, kith_bytes key, kith_buf *out)
{
    fake_store *fake = ctx;

    KITH_TRY(count_call(fake));
    KITH_TRY(check_bounds(table, key));
    KITH_AUTO(kith_buf) full = full_key(table, key);
    const size_t at = find_position(&fake->entries, kith_bytes_of_buf(&full));
    KITH_ENSURE(is_at(&fake->entries, at, kith_bytes_of_buf(&full)), KITH_ERR_NOT_FOUND);
    return kith_buf_append(out, kith_bytes_of_buf(&fake->entries.items[at].value));
}

static kith_err
change(fake_store *fake, uint8_t table, kith_bytes key, entry item)
{
    item.key = full_key(table, key);
    list_insert(&fake->undo, fake->undo.len, replace(&fake->entries, item));
    return KITH_OK;
}

static kith_err
put(void *ctx, uint8_t table, kith_bytes key, kith_bytes value)
{
    fake_store *fake = ctx;

    KITH_TRY(count_call(fake));
    KITH_ENSURE(fake->in_transaction, KITH_ERR_INVALID);
    KITH_TRY(check_bounds(table, key));
    KITH_ENSURE(value.len <= CORE_STORE_VALUE_MAX, KITH_ERR_INVALID);
    return change(fake, table, key, (entry){.value = copy_of(value)});
}

static kith_err
erase(void *ctx, uint8_t table, kith_bytes key)
{
    fake_store *fake = ctx;

    KITH_TRY(count_call(fake));
    KITH_ENSURE(fake->in_transaction, KITH_ERR_INVALID);
    KITH_TRY(check_bounds(table, key));
    return change(fake, table, key, (entry){.absent = true});
}

/* Position of the first entry after all that start with `prefix` (which has the table in front). */
static size_t
find_end(const entry_list *list, kith_bytes prefix)
{
    size_t low = 0;
    size_t high = list->len;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const kith_buf *key = &list->items[middle].key;
        const kith_bytes start =
            kith_bytes_of(key->data, key->len < prefix.len ? key->len : prefix.len);
        if (kith_bytes_compare(start, prefix) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Position of the next entry of the walk, or list->len. The walk is over the positions [first, end). */
static size_t
find_next(const entry_list *list, const core_scan *scan, kith_bytes prefix, kith_bytes key)
{
    const size_t first = find_position(list, prefix);
    const size_t end = find_end(list, prefix);
    size_t at = scan->backwards ? end : first;

    if (key.len > 1) {
        at = find_position(list, key);
        at += !scan->backwards && is_at(list, at, key) ? 1 : 0;
    }
    if (scan->backwards) {
        at = at < end ? at : end;
        return at > first ? at - 1 : list->len;
    }
    at = at > first ? at : first;
    return at < end ? at : list->len;
}

static kith_err
next(void *ctx, const core_scan *scan, kith_buf *key, kith_buf *value)
{
    fake_store *fake = ctx;
    const entry_list *list = &fake->entries;

    KITH_TRY(count_call(fake));
    KITH_ENSURE(scan->table < CORE_STORE_TABLES && scan->prefix.len <= CORE_STORE_KEY_MAX &&
                    key->len <= CORE_STORE_KEY_MAX,
                KITH_ERR_INVALID);
    KITH_AUTO(kith_buf) prefix = full_key(scan->table, scan->prefix);
    KITH_AUTO(kith_buf) from = full_key(scan->table, kith_bytes_of_buf(key));
    const size_t at = find_next(list, scan, kith_bytes_of_buf(&prefix), kith_bytes_of_buf(&from));
    KITH_ENSURE(at < list->len, KITH_ERR_NOT_FOUND);

    const entry *found = &list->items[at];
    KITH_TRY(
        kith_buf_reserve(key, found->key.len)); /* so that nothing fails after the value changed */
    if (value != NULL) {
        KITH_TRY(kith_buf_set(value, kith_bytes_of_buf(&found->value)));
    }
    return kith_buf_set(key, kith_bytes_of(found->key.data + 1, found->key.len - 1));
}

fake_store *
fake_store_new(void)
{
    fake_store *fake = calloc(1, sizeof *fake);

    must(fake != NULL);
    fake->fail_after = UINT64_MAX;
    return fake;
}

void
fake_store_free(fake_store *fake)
{
    if (fake == NULL) {
        return;
    }
    must(!fake->in_transaction);
    list_done(&fake->entries);
    list_done(&fake->undo);
    free(fake);
}

core_store
fake_store_port(fake_store *fake)
{
    return (core_store){.begin = begin,
                        .commit = commit,
                        .rollback = rollback,
                        .get = get,
                        .put = put,
                        .erase = erase,
                        .next = next,
                        .ctx = fake};
}

void
fake_store_crash(fake_store *fake)
{
    undo_all(fake);
}

uint64_t
fake_store_calls(const fake_store *fake)
{
    return fake->calls;
}

void
fake_store_fail_after(fake_store *fake, uint64_t calls, kith_err err)
{
    fake->fail_after = calls > UINT64_MAX - fake->calls ? UINT64_MAX : fake->calls + calls;
    fake->fail_with = err;
}

uint64_t
fake_store_commits(const fake_store *fake)
{
    return fake->commits;
}

size_t
fake_store_count(const fake_store *fake)
{
    return fake->entries.len;
}

bool
fake_store_in_transaction(const fake_store *fake)
{
    return fake->in_transaction;
}
