/* SPDX-License-Identifier: MPL-2.0 */
/* Reports of what was delivered and read. */
#include "content/report.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

static kith_err
again(kith_bytes in, kith_buf *out)
{
    content_mark marks[CONTENT_REPORT_MAX];
    content_report report;
    size_t count = 0;

    KITH_TRY(content_report_decode(in, &report));
    while (content_report_next(&report, &marks[count])) {
        count++;
    }
    return content_report_encode(out, marks, count);
}

static void
a_report_is_the_bytes_of_the_draft(void **state)
{
    static const content_mark marks[] = {{{R32(0x11)}, CONTENT_STATUS_DELIVERED},
                                         {{R32(0x22)}, CONTENT_STATUS_READ}};
    KITH_AUTO(kith_buf) expected = wire("82 82 5820 11*32 01 82 5820 22*32 02");
    KITH_AUTO(kith_buf) made = {0};
    (void)state;

    assert_ok(content_report_encode(&made, marks, 2));

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&made), kith_bytes_of_buf(&expected)));
    assert_codec("report", kith_bytes_of_buf(&expected), again);
}

/* The example of [MIMI-STATUS §4]. */
static void
the_example_of_the_draft_is_read(void **state)
{
    static const uint8_t statuses[] = {CONTENT_STATUS_READ, CONTENT_STATUS_READ,
                                       CONTENT_STATUS_UNREAD, CONTENT_STATUS_EXPIRED};
    KITH_AUTO(kith_buf)
    bytes = of_hex("84"
                   "825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402"
                   "825820015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b2702"
                   "825820018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af00"
                   "82582001e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303");
    content_report report;
    content_mark mark;
    (void)state;

    assert_ok(content_report_decode(kith_bytes_of_buf(&bytes), &report));
    assert_int_equal(report.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(content_report_next(&report, &mark));
        assert_int_equal(mark.status, statuses[i]);
        assert_int_equal(mark.message_id[0], 1);
    }
    assert_int_equal(mark.message_id[31], 0x03);
    assert_false(content_report_next(&report, &mark));
}

static void
what_is_no_report_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        kith_err expected;
    } cases[] = {
        {"81 82 5820 11*32 18ff", KITH_OK}, /* a status that is not known yet */
        {"81 82 5820 11*32 190100", KITH_ERR_MALFORMED},
        {"81 82 5820 11*32 20", KITH_ERR_MALFORMED},
        {"81 82 581f 11*31 01", KITH_ERR_MALFORMED},
        {"81 82 7820 61*32 01", KITH_ERR_MALFORMED},
        {"81 81 5820 11*32", KITH_ERR_MALFORMED},
        {"81 83 5820 11*32 01 01", KITH_ERR_MALFORMED},
        {"80", KITH_ERR_MALFORMED},
        {"a0", KITH_ERR_MALFORMED},
        {"190101", KITH_ERR_MALFORMED},
        {"990101", KITH_ERR_LIMIT},
        {"9bffffffffffffffff", KITH_ERR_LIMIT},
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        KITH_AUTO(kith_buf) bytes = wire(cases[i].bytes);
        content_report report;
        print_message("# %s\n", cases[i].bytes);
        assert_err(content_report_decode(kith_bytes_of_buf(&bytes), &report), cases[i].expected);
    }
}

static void
the_largest_report_is_written_and_one_mark_more_is_not(void **state)
{
    content_mark *marks = calloc(CONTENT_REPORT_MAX + 1, sizeof *marks);
    KITH_AUTO(kith_buf) out = {0};
    content_report report;
    (void)state;
    assert_non_null(marks);

    assert_ok(content_report_encode(&out, marks, CONTENT_REPORT_MAX));
    assert_ok(content_report_decode(kith_bytes_of_buf(&out), &report));
    assert_int_equal(report.count, CONTENT_REPORT_MAX);
    kith_buf_clear(&out);
    assert_err(content_report_encode(&out, marks, CONTENT_REPORT_MAX + 1), KITH_ERR_LIMIT);
    assert_err(content_report_encode(&out, marks, 0), KITH_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    free(marks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_the_bytes_of_the_draft),
        cmocka_unit_test(the_example_of_the_draft_is_read),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(the_largest_report_is_written_and_one_mark_more_is_not),
    };

    return cmocka_run_group_tests_name("content: reports", tests, NULL, NULL);
}
