/* SPDX-License-Identifier: MPL-2.0 */
/* Anna's device, the directory's log of her server, and Rose, whom she looks up: what the tests of the log begin with.
 * Included once by each of them. */
#ifndef KITH_TESTS_CORE_READING_H
#define KITH_TESTS_CORE_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/directory.h"
#include "core/home.h"
#include "core/identity.h"

#define HOUR_MS 3600000ull
#define MAY_BE_UNUSED __attribute__((unused))

MAY_BE_UNUSED static home *h;
MAY_BE_UNUSED static party *p;
MAY_BE_UNUSED static ghost rose;

MAY_BE_UNUSED static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    ghost_make(h, &rose, 5);
    home_join(p, "Anna");
    return 0;
}

MAY_BE_UNUSED static int
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
        home_run(h);                                                                               \
    } while (0)

MAY_BE_UNUSED static core_directory *
directory(void)
{
    return p->core->identity->directory;
}

MAY_BE_UNUSED static void
assert_no_alarm(void)
{
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 0);
}

/* How the last thing that was said about Rose's list went; KITH_ERR_COUNT: nothing was. */
MAY_BE_UNUSED static kith_err
heard(void)
{
    const core_convs *convs = p->core->convs;
    kith_err err = KITH_ERR_COUNT;

    for (size_t i = 0; i < convs->list_count; i++) {
        if (memcmp(convs->lists[i].account, rose.id, sizeof rose.id) == 0) {
            err = convs->lists[i].err;
        }
    }
    return err;
}

MAY_BE_UNUSED static kith_err
want_rose(uint64_t version)
{
    p->core->convs->list_count = 0;
    DO(core_list_want(p->core, rose.id, version));
    return heard();
}

MAY_BE_UNUSED static void
reconnect(void)
{
    party_cut(p, CORE_LINK_NAMED);
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, 2000);
}

/* The same log up to now; what is told to it from now on is told to it alone. */
MAY_BE_UNUSED static fake_directory *
twin(void)
{
    fake_directory *other = fake_directory_new(h->crypto, 42, 1);

    fake_directory_repeat(other, h->log);
    return other;
}

MAY_BE_UNUSED static content_head
head_of(fake_directory *log)
{
    const kt_head head = fake_directory_head(log);
    content_head said = {.size = head.size};

    memcpy(said.root, head.root.bytes, sizeof said.root);
    memcpy(said.signature, head.signature, sizeof said.signature);
    return said;
}

MAY_BE_UNUSED static void
hear(const content_head *said)
{
    const uint8_t conv[CORE_CONV_LEN] = {9};

    DO(core_head_hear(p->core, conv, rose.id, said));
}

MAY_BE_UNUSED /* To the right of what the log cannot take back. */
    MAY_BE_UNUSED static void
    list_rose_late(void)
{
    fake_directory_fill(h->log, h->now_ms, 6);
    ghost_list(h, &rose);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
