/* SPDX-License-Identifier: MPL-2.0 */
/* The one error type: names, sentences, and the two macros that return. */
#include <string.h>

#include "base/check.h"

static void
every_error_has_a_name_and_a_sentence_of_its_own(void **state)
{
    (void)state;

    for (int a = 0; a < KITH_ERR_COUNT; a++) {
        assert_true(strlen(kith_err_name((kith_err)a)) > 0);
        assert_true(strlen(kith_err_text((kith_err)a)) > 0);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(kith_err_name((kith_err)a), kith_err_name((kith_err)b));
            assert_string_not_equal(kith_err_text((kith_err)a), kith_err_text((kith_err)b));
        }
    }
}

static void
success_is_zero_and_called_ok(void **state)
{
    (void)state;

    assert_int_equal(KITH_OK, 0);
    assert_string_equal(kith_err_name(KITH_OK), "OK");
    assert_string_equal(kith_err_name(KITH_ERR_MALFORMED), "MALFORMED");
}

static void
a_number_outside_the_list_is_named_unknown(void **state)
{
    (void)state;

    assert_string_equal(kith_err_name(KITH_ERR_COUNT), "UNKNOWN");
    assert_string_equal(kith_err_name((kith_err)-1), "UNKNOWN");
    assert_non_null(kith_err_text(KITH_ERR_COUNT));
}

static kith_err
try_then_mark(kith_err err, bool *went_on)
{
    KITH_TRY(err);
    *went_on = true;
    return KITH_OK;
}

static void
try_returns_the_error_and_goes_on_without_one(void **state)
{
    bool went_on = false;
    (void)state;

    assert_err(try_then_mark(KITH_ERR_BUSY, &went_on), KITH_ERR_BUSY);
    assert_false(went_on);
    assert_ok(try_then_mark(KITH_OK, &went_on));
    assert_true(went_on);
}

static kith_err
ensure_then_mark(bool condition, bool *went_on)
{
    KITH_ENSURE(condition, KITH_ERR_DENIED);
    *went_on = true;
    return KITH_OK;
}

static void
ensure_returns_its_error_unless_the_condition_holds(void **state)
{
    bool went_on = false;
    (void)state;

    assert_err(ensure_then_mark(false, &went_on), KITH_ERR_DENIED);
    assert_false(went_on);
    assert_ok(ensure_then_mark(true, &went_on));
    assert_true(went_on);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_sentence_of_its_own),
        cmocka_unit_test(success_is_zero_and_called_ok),
        cmocka_unit_test(a_number_outside_the_list_is_named_unknown),
        cmocka_unit_test(try_returns_the_error_and_goes_on_without_one),
        cmocka_unit_test(ensure_returns_its_error_unless_the_condition_holds),
    };

    return cmocka_run_group_tests_name("base: errors", tests, NULL, NULL);
}
