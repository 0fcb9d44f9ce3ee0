/* SPDX-License-Identifier: MPL-2.0 */
/* Names and sentences of the errors, made from the one list in err.h. */
#include "base/err.h"

/* The formatter cannot tell where a list made by a macro ends. */
/* clang-format off */
static const char *const names[KITH_ERR_COUNT] = {
    [KITH_OK] = "OK",
#define KITH_ERR_NAME(name, text) [KITH_ERR_##name] = #name,
    KITH_ERRORS(KITH_ERR_NAME)
#undef KITH_ERR_NAME
};

static const char *const texts[KITH_ERR_COUNT] = {
    [KITH_OK] = "done",
#define KITH_ERR_TEXT(name, text) [KITH_ERR_##name] = text,
    KITH_ERRORS(KITH_ERR_TEXT)
#undef KITH_ERR_TEXT
};
/* clang-format on */

const char *
kith_err_name(kith_err err)
{
    return (unsigned)err < KITH_ERR_COUNT ? names[err] : "UNKNOWN";
}

const char *
kith_err_text(kith_err err)
{
    return (unsigned)err < KITH_ERR_COUNT ? texts[err] : "an error this build has no name for";
}
