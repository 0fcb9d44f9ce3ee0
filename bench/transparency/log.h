/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A log of many labels for measuring: labels are numbers, of which the first SUBJECTS are kept with all that
 * belongs to them and the rest are only counted. While `is_quick`, the rest get made-up outputs of the VRF,
 * so that a large log is there in seconds; the shape of its tree is the same.
 */
#ifndef KITH_BENCH_TRANSPARENCY_LOG_H
#define KITH_BENCH_TRANSPARENCY_LOG_H

#include "transparency/transparency.h"
#include "workers.h"

#define SUBJECTS 512u
#define VALUE_LEN 600u
/* Most new versions in one entry. */
#define BATCH_MAX 10000u

typedef struct bench_log {
    crypto *crypto;
    crypto_sign_key *sign;
    crypto_vrf_key *vrf;
    kt_memory *memory;
    kt_label_memory *subjects;
    uint8_t *counts; /* versions of each label that is only counted */
    size_t labels_max;
    int files[KT_ARRAYS]; /* -1: in memory only */
    bool is_quick;
    kt_client client;
    kt_log *log;
    uint64_t now_ms;
    uint64_t step_ms; /* between two entries */
} bench_log;

/* Ends the program: a benchmark has nothing better to do with an error. */
void must(kith_err err, const char *what);

/* `folder` NULL: the trees are kept in memory only; else they are also written to files there. */
void bench_log_open(bench_log *l, size_t labels_max, const char *folder, workers *w);
void bench_log_close(bench_log *l);
/* The same log with other habits: NULL for one thread. `keeps` evaluations with their proofs. */
void bench_log_reopen(bench_log *l, workers *w, bool keeps);
/* One entry with a new version of each of the `count` labels from `first` on. */
void bench_log_add(bench_log *l, const size_t *numbers, size_t count);
/* Waits until all that was written is on the disk; at once if there are no files. */
void bench_log_sync(const bench_log *l);
/* The label's name in `text`. */
kith_bytes bench_label(size_t number, char text[32]);
/* Bytes of the nodes that the newest state of the prefix tree consists of. */
uint64_t bench_log_live(const bench_log *l);

#endif
