/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The encodings of the structures of types.h [KEYTRANS §11] [KEYTRANS §13]. Decoders: MALFORMED unless the bytes are one
 * encoding; `*out` is written only on success and borrows from them.
 */
#ifndef KITH_TRANSPARENCY_ENCODING_H
#define KITH_TRANSPARENCY_ENCODING_H

#include "transparency/types.h"

bool kt_hash_equal(const kt_hash *a, const kt_hash *b);
KITH_MUST_USE kith_err kt_hash_read(kith_reader *r, kt_hash *out);
KITH_MUST_USE kith_err kt_hash_write(kith_writer *w, const kt_hash *hash);
kith_bytes kt_hash_bytes(const kt_hash *hash);
KITH_MUST_USE kith_err kt_full_head_write(kith_writer *w, kt_mode mode, const kt_full_head *head);
KITH_MUST_USE kith_err kt_full_head_read(kith_reader *r, kt_mode mode, kt_full_head *out);
KITH_MUST_USE kith_err kt_result_write(kith_writer *w, const kt_result *result);
KITH_MUST_USE kith_err kt_result_read(kith_reader *r, kt_result *out);
KITH_MUST_USE kith_err kt_prefix_proof_write(kith_writer *w, const kt_prefix_proof *proof);
KITH_MUST_USE kith_err kt_prefix_proof_read(kith_reader *r, kt_prefix_proof *out);
KITH_MUST_USE kith_err kt_combined_proof_write(kith_writer *w, const kt_combined_proof *proof);
KITH_MUST_USE kith_err kt_combined_proof_read(kith_reader *r, kt_combined_proof *out);
KITH_MUST_USE kith_err kt_step_write(kith_writer *w, const kt_step *step);
/* `proof_len` is VRF.Np. */
KITH_MUST_USE kith_err kt_step_read(kith_reader *r, size_t proof_len, kt_step *out);
KITH_MUST_USE kith_err kt_optional_u64_write(kith_writer *w, bool is_present, uint64_t value);
KITH_MUST_USE kith_err kt_optional_u64_read(kith_reader *r, bool *is_present, uint64_t *value);
KITH_MUST_USE kith_err kt_optional_u32_write(kith_writer *w, bool is_present, uint32_t value);
KITH_MUST_USE kith_err kt_optional_u32_read(kith_reader *r, bool *is_present, uint32_t *value);

#endif
