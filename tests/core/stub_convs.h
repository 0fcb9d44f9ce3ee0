/* SPDX-License-Identifier: MPL-2.0 */
/* The conversations half of core as far as the tests of the identity half need it: it remembers what it was asked. */
#ifndef KITH_TESTS_CORE_STUB_CONVS_H
#define KITH_TESTS_CORE_STUB_CONVS_H

#include "core/internal.h"

#define STUB_MAX 64u
/* Bytes of history: more pieces of a linking than may be on the wire at once. */
#define STUB_HISTORY ((CORE_PAIR_IN_FLIGHT + 3) * CORE_PAIR_CHUNK)

typedef struct stub_said {
    uint8_t conv[CORE_CONV_LEN];
    bool to_own;
    content_control control; /* borrows from `payload` */
    uint8_t payload[512];
    size_t len;
} stub_said;

typedef struct stub_text {
    uint8_t conv[CORE_CONV_LEN];
    char text[64];
} stub_text;

typedef struct stub_list {
    uint8_t account[CORE_ACCOUNT_LEN];
    kith_err err;
} stub_list;

typedef struct stub_package {
    core_device_ref device;
    size_t len;
    kith_err err;
} stub_package;

typedef struct stub_answered {
    uint8_t account[CORE_ACCOUNT_LEN];
    bool yes;
} stub_answered;

struct core_convs {
    stub_said said[STUB_MAX];
    size_t said_count;
    stub_text texts[STUB_MAX];
    size_t text_count;
    stub_list lists[STUB_MAX];
    size_t list_count;
    stub_package packages[STUB_MAX];
    size_t package_count;
    stub_answered answered[STUB_MAX];
    size_t answered_count;
    size_t link_changes[CORE_LINKS];
    size_t pushes;
    kith_err create_err; /* what core_conv_create returns */
    kith_err push_err; /* what core_convs_push returns */
};

/* The direct conversation with an account, as the store has it. */
bool stub_has_direct(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);

#endif
