/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one error type. Every function that can fail returns a kith_err; values leave through the
 * last parameter. A name says what the caller can do, not where it happened.
 */
#ifndef KITH_BASE_ERR_H
#define KITH_BASE_ERR_H

#define KITH_ERRORS(X)                                                                             \
    X(MALFORMED, "does not parse; drop it, blame the sender")                                      \
    X(REJECTED, "parses, but must not be accepted; drop it, tell the user")                        \
    X(UNSUPPORTED, "a version, suite or type this build does not know; update, or skip it")        \
    X(LIMIT, "larger or more than a named limit; make it smaller, nothing was changed")            \
    X(NOT_FOUND, "there is no such thing; ask for something else")                                 \
    X(EXISTS, "it is there already; harmless, treat as done")                                      \
    X(CONFLICT, "someone else was first; fetch what is new and try again")                         \
    X(OUT_OF_STEP, "from an epoch or position not held here; catch up, then try again")            \
    X(DENIED, "the caller may not do this; log in or ask for access")                              \
    X(BUSY, "too much at once; try again later")                                                   \
    X(OFFLINE, "no connection; it is kept and tried again")                                        \
    X(STORE, "the store could not make it durable; free space, nothing was changed")               \
    X(NO_MEMORY, "out of memory; state is unchanged, may be retried")                              \
    X(NO_RANDOM, "no randomness to be had; state is unchanged, may be retried")                    \
    X(CRYPTO, "the crypto library could not do it; state is unchanged, report it")                 \
    X(INVALID, "the call itself is wrong; fix the caller")

typedef enum kith_err {
    KITH_OK = 0,
#define KITH_ERR_ENUM(name, text) KITH_ERR_##name,
    KITH_ERRORS(KITH_ERR_ENUM)
#undef KITH_ERR_ENUM
        KITH_ERR_COUNT
} kith_err;

#define KITH_MUST_USE __attribute__((warn_unused_result))

/* Exported from a shared library; everything else is hidden. */
#define KITH_API __attribute__((visibility("default")))

/* Returns early with the error of `call`. One of the two macros that may hide a return. */
#define KITH_TRY(call)                                                                             \
    do {                                                                                           \
        const kith_err kith_try_err_ = (call);                                                     \
        if (kith_try_err_ != KITH_OK) {                                                            \
            return kith_try_err_;                                                                  \
        }                                                                                          \
    } while (0)

/* Returns `error` unless `condition` holds. The other macro that may hide a return. */
#define KITH_ENSURE(condition, error)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return (error);                                                                        \
        }                                                                                          \
    } while (0)

/* The short name ("MALFORMED") and the sentence of an error; static strings, never NULL. */
KITH_API const char *kith_err_name(kith_err err);
KITH_API const char *kith_err_text(kith_err err);

/* Says that an error is ignored on purpose; a comment beside the call gives the reason. */
static inline void
kith_ignore(kith_err err)
{
    (void)err;
}

#endif
