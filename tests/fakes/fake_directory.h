/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A server's directory log in memory, with the keys of a server of its own. Everything comes from the seed: two of the
 * same seed that were told the same things at the same times are the same log, and from the first difference on they
 * are what a lying server shows to two people.
 */
#ifndef KITH_TESTS_FAKE_DIRECTORY_H
#define KITH_TESTS_FAKE_DIRECTORY_H

#include "proto/proto.h"
#include "transparency/transparency.h"

#define FAKE_DIRECTORY_WINDOW_MS (24ull * 3600000ull)
#define FAKE_DIRECTORY_BEAT_MS (10ull * 60000ull)
#define FAKE_DIRECTORY_AHEAD_MS (10ull * 60000ull)
#define FAKE_DIRECTORY_BEHIND_MS (3600000ull)

typedef struct fake_directory fake_directory;

/* `generation` 1, or of a log that took the place of the one before. */
fake_directory *fake_directory_new(crypto *c, uint64_t seed, uint32_t generation);
void fake_directory_free(fake_directory *log);
/* The server's identity key, the same for all generations of a seed. */
const uint8_t *fake_directory_identity(const fake_directory *log);
/* Other keys than those of the seed: what a server shows that has made itself another log. */
fake_directory *fake_directory_other(crypto *c, uint64_t seed);
kith_bytes fake_directory_signed(const fake_directory *log);
/* One entry with the next version of an account. */
void fake_directory_put(fake_directory *log, uint64_t now_ms, const uint8_t account[PROTO_ID_LEN],
                        kith_bytes list);
/* An entry without anything if the newest one is FAKE_DIRECTORY_BEAT_MS old. */
void fake_directory_beat(fake_directory *log, uint64_t now_ms);
/* How many versions of an account stand in it. */
uint64_t fake_directory_count(const fake_directory *log, const uint8_t account[PROTO_ID_LEN]);
/* Entries without anything, until it has `size`. */
void fake_directory_fill(fake_directory *log, uint64_t now_ms, uint64_t size);
/* All that was told to `from`, told to a new one of the same seed: it is the same log then. */
void fake_directory_repeat(fake_directory *log, fake_directory *from);
kt_head fake_directory_head(fake_directory *log);
/* Appends the SignedLog of the next generation of this one. */
void fake_directory_succeed(fake_directory *log, kith_buf *out);
uint64_t fake_directory_size(const fake_directory *log);
kith_err fake_directory_answer(fake_directory *log, kt_question question, kith_bytes request,
                               kith_buf *out);

#endif
