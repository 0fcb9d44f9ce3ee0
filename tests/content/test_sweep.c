/* SPDX-License-Identifier: MPL-2.0 */
/* Every public call that appends, with the N-th allocation failing, for all N: NO_MEMORY, nothing appended,
 * nothing leaked. Reading allocates nothing. */
#include <string.h>

#include "content/content.h"
#include "fakes/fake_rng.h"
#include "proto/wire.h"

#define TEXT {(const uint8_t *)"text", 4}

static kith_err
encode_message(kith_buf *out)
{
    const content_message message = {.kind = CONTENT_TEXT,
                                     .has_reply = true,
                                     .has_replaces = true,
                                     .expiry = CONTENT_EXPIRY_AT,
                                     .topic = TEXT,
                                     .language = TEXT,
                                     .head = {.size = 1},
                                     .body = TEXT};

    return content_message_encode(out, &message);
}

static kith_err
pad(kith_buf *out)
{
    return content_pad(out);
}

static kith_err
encode_report(kith_buf *out)
{
    static const content_mark marks[3];

    return content_report_encode(out, marks, CHECK_COUNT(marks));
}

static kith_err
append_entry(kith_buf *out)
{
    const content_history_entry entry = {.content = TEXT};

    return content_history_append(out, &entry);
}

static kith_err
encode_control(kith_buf *out)
{
    static const uint8_t entries[] = {R32(0x44), R32(0x55), 0, 0, 0, 0, 0,  0,
                                      0,         6,         0, 0, 0, 1, 'x'};
    const content_control controls[] = {
        {CONTENT_CONTROL_HELLO, .as.hello = {.name = TEXT}},
        {CONTENT_CONTROL_PROFILE, .as.profile = {TEXT}},
        {CONTENT_CONTROL_INVITE_MADE},
        {CONTENT_CONTROL_CONTACT, .as.contact = {.account_key = TEXT, .name = TEXT}},
        {CONTENT_CONTROL_READ_MARK},
        {CONTENT_CONTROL_CONV_STATE, .as.conv_state = {.state = CONTENT_CONV_ACCEPTED}},
        {CONTENT_CONTROL_REJOIN},
        {CONTENT_CONTROL_HISTORY_REQUEST},
        {CONTENT_CONTROL_HISTORY, .as.history = {.entries = KITH_BYTES(entries)}},
    };

    for (size_t i = 0; i < CHECK_COUNT(controls); i++) {
        const size_t mark = out->len;
        const kith_err err = content_control_encode(out, &controls[i]);
        if (err != KITH_OK) {
            assert_int_equal(out->len, mark);
            out->len = 0;
            return err;
        }
    }
    return KITH_OK;
}

static const struct {
    const char *name;
    kith_err (*run)(kith_buf *out);
} calls[] = {
    {"message", encode_message}, {"pad", pad}, {"report", encode_report}, {"entry", append_entry},
    {"control", encode_control},
};

static void
every_failing_allocation_is_said_and_leaves_nothing(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        kith_err err = KITH_ERR_NO_MEMORY;
        uint64_t n = 0;
        for (; err != KITH_OK; n++) {
            fake_alloc fake;
            fake_alloc_init(&fake);
            fake.fail_after = n;
            KITH_AUTO(kith_buf) out = {.alloc = &fake.port};
            err = calls[i].run(&out);
            assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
            assert_true(err == KITH_OK || out.len == 0);
            kith_buf_done(&out);
            assert_int_equal(fake.live_blocks, 0);
        }
        print_message("# %s: %u\n", calls[i].name, (unsigned)(n - 1));
        assert_true(n > 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_said_and_leaves_nothing),
    };

    return cmocka_run_group_tests_name("content: failing allocations", tests, NULL, NULL);
}
