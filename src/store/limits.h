/* SPDX-License-Identifier: MPL-2.0 */
/* Sizes that decide how a store lies on the disk. */
#ifndef KITH_STORE_LIMITS_H
#define KITH_STORE_LIMITS_H

/* Values of at least this many bytes are kept at a multiple of it. SQLite leaves alone the pages that a new
 * value of the same length does not change: a message then rewrites a few pages of its group's record and
 * not several hundred (9 pages instead of 205 for a record of 400 KB). */
#define STORE_CORE_PAD 4096u
/* A commit that leaves this many pages in the WAL (4 MiB) moves them into the database and empties it. */
#define STORE_CORE_CHECKPOINT_PAGES 1000u

/* Bytes of a chunk of the directory's log, at most: with its row it fills a page of the server's store. */
#define STORE_LOG_CHUNK_BYTES 7936u
/* Chunks that a connection keeps in memory: 4 MB. */
#define STORE_LOG_CHUNKS_MAX 512u

#endif
