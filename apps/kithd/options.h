/* SPDX-License-Identifier: MPL-2.0 */
/* What the command line of kithd says, and how kithd says what is wrong. */
#ifndef KITHD_OPTIONS_H
#define KITHD_OPTIONS_H

#include "net/net.h"
#include "proto/proto.h"
#include "relay/relay.h"

/* Exit statuses, as the manual page has them. */
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_IN_USE 3

#define KITHD_PATH_MAX 4096u

typedef struct kithd_options {
    char data[KITHD_PATH_MAX]; /* the data folder, without a slash at its end */
    proto_address listen[NET_LISTENERS_MAX]; /* port 0: any */
    size_t listen_count; /* 0: every address of this machine */
    bool has_address;
    proto_address address; /* what the invite says */
    uint16_t loops;
    uint32_t source_conns; /* 0: the default */
    uint16_t metrics; /* port; 0: none */
    const char *user; /* to become; NULL: stay */
    const char
        *renew_log; /* why a new log is to take the place of the present one; NULL: it is not */
    kt_note_key witnesses[RELAY_WITNESSES_MAX]; /* whose cosignatures are taken */
    size_t witness_count;
    bool shows_qr;
    bool has_rations;
} kithd_options;

typedef enum kithd_parsed { KITHD_RUN, KITHD_EXIT, KITHD_WRONG } kithd_parsed;

/* Prints what --help and --version ask for, or one line to stderr about what is wrong. */
kithd_parsed kithd_options_parse(int argc, char **argv, kithd_options *out);

/* One line on stderr, "kithd: " before it. */
void kithd_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
