/* SPDX-License-Identifier: MPL-2.0 */
/* What a witness is asked and how it judges [C2SP-WITNESS]. */
#include "transparency/note_lab.h"

#define ORIGIN "log.example/w"
#define SIZES 12

/* The request of the specification's example. */
static const char EXAMPLE[] =
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\xe2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\xe2\x80\x94 example.com/behind-the-sofa "
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

static void
the_example_of_the_specification_is_read_and_written(void **state)
{
    KITH_AUTO(kith_buf) again = {0};
    kt_add_request request;
    (void)state;

    assert_ok(kt_add_request_decode(kith_bytes_of_text(EXAMPLE), &request));
    assert_int_equal(request.old_size, 20852014);
    assert_int_equal(request.proof_count, 4);
    assert_int_equal(request.checkpoint.size, 20852163);
    assert_text(request.checkpoint.origin, "example.com/behind-the-sofa");
    const kt_add_draft draft = {.old_size = request.old_size,
                                .proof = kith_bytes_of(request.proof, 4 * KT_HASH_LEN),
                                .checkpoint = request.bytes};
    assert_ok(kt_add_request_encode(&draft, &again));
    assert_text(kith_bytes_of_buf(&again), EXAMPLE);
}

static void
a_request_that_is_cut_anywhere_is_refused(void **state)
{
    /* Behind the first signature the rest is a whole request again. */
    const size_t whole =
        strlen(EXAMPLE) - strlen(strstr(EXAMPLE, "\xe2\x80\x94 example.com/behind-the-sofa opLq"));
    kt_add_request request;
    (void)state;

    for (size_t len = 0; len < strlen(EXAMPLE); len++) {
        assert_int_equal(kt_add_request_decode(kith_bytes_of(EXAMPLE, len), &request),
                         len == whole ? KITH_OK : KITH_ERR_MALFORMED);
    }
}

static void
a_proof_of_63_lines_is_read_and_one_of_64_is_not(void **state)
{
    static uint8_t proof[64 * KT_HASH_LEN];
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) longer = {0};
    kt_add_request request;
    const kith_bytes checkpoint = kith_bytes_of_text(strstr(EXAMPLE, "\n\n") + 2);
    kt_add_draft draft = {.proof = kith_bytes_of(proof, 63 * KT_HASH_LEN),
                          .checkpoint = checkpoint};
    (void)state;

    assert_ok(kt_add_request_encode(&draft, &text));
    assert_ok(kt_add_request_decode(kith_bytes_of_buf(&text), &request));
    assert_int_equal(request.proof_count, 63);
    assert_ok(kith_buf_append(&longer, kith_bytes_of(text.data, 6 + 45)));
    assert_ok(kith_buf_append(&longer, kith_bytes_of(text.data + 6, text.len - 6)));
    assert_int_equal(kt_add_request_decode(kith_bytes_of_buf(&longer), &request),
                     KITH_ERR_MALFORMED);
    draft.proof = KITH_BYTES(proof);
    kith_buf_clear(&text);
    assert_int_equal(kt_add_request_encode(&draft, &text), KITH_ERR_INVALID);
    draft.proof = kith_bytes_of(proof, 5);
    assert_int_equal(kt_add_request_encode(&draft, &text), KITH_ERR_INVALID);
    assert_int_equal(text.len, 0);
}

static void
a_request_beyond_the_limit_is_not_looked_at(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_add_request request;
    uint8_t *filled = NULL;
    (void)state;

    assert_ok(kith_buf_extend(&bytes, KT_ADD_REQUEST_MAX + 1, &filled));
    assert_int_equal(kt_add_request_decode(kith_bytes_of_buf(&bytes), &request), KITH_ERR_LIMIT);
    assert_int_equal(kt_add_request_decode(kith_bytes_of(bytes.data, KT_ADD_REQUEST_MAX), &request),
                     KITH_ERR_MALFORMED);
}

/* ---- Judgement ---- */

/* A log of SIZES leaves and a twin with the same key that differs from leaf 3 on. */
typedef struct court {
    crypto *c;
    named_signer log;
    kt_memory *memory[2];
    kt_store store[2];
    kt_hash roots[2][SIZES + 1];
    kt_known_log known;
} court;

static void
court_open(court *a, crypto *c)
{
    *a = (court){.c = c, .log = signer_open(c, KT_NOTE_ED25519, ORIGIN, 1)};
    for (size_t twin = 0; twin < 2; twin++) {
        assert_ok(kt_memory_new(NULL, &a->memory[twin]));
        a->store[twin] = kt_memory_port(a->memory[twin]);
        assert_ok(kt_merkle_empty(c, &a->roots[twin][0]));
        for (uint64_t i = 0; i < SIZES; i++) {
            const kt_hash leaf = hash_of_number(c, i < 3 || twin == 0 ? i : i + 100);
            assert_ok(kt_merkle_append(c, &a->store[twin], i, &leaf));
            assert_ok(kt_merkle_root(c, &a->store[twin], i + 1, &a->roots[twin][i + 1]));
        }
    }
    a->known =
        (kt_known_log){.origin = kith_bytes_of_text(ORIGIN), .keys = &a->log.key, .key_count = 1};
}

static void
court_close(court *a)
{
    signer_close(&a->log);
    kt_memory_free(a->memory[0]);
    kt_memory_free(a->memory[1]);
}

/* The request of a twin that has grown from `old` to `size`. */
static void
make_request(court *a, size_t twin, kt_merkle_span span, kith_buf *out)
{
    KITH_AUTO(kith_buf) proof = {0};
    KITH_AUTO(kith_buf) checkpoint = {0};

    if (span.at <= span.size) {
        assert_ok(kt_merkle_prove_growth(a->c, &a->store[twin], span, &proof));
    }
    write_checkpoint(a->c, &a->log, span.size, &a->roots[twin][span.size], &checkpoint);
    const kt_add_draft draft = {.old_size = span.at,
                                .proof = kith_bytes_of_buf(&proof),
                                .checkpoint = kith_bytes_of_buf(&checkpoint)};
    assert_ok(kt_add_request_encode(&draft, out));
}

static kt_verdict
judge_bytes(court *a, const kith_buf *bytes)
{
    kt_add_request request;
    kt_verdict verdict = 0;

    assert_ok(kt_add_request_decode(kith_bytes_of_buf(bytes), &request));
    assert_ok(kt_witness_judge(a->c, &a->known, &request, &verdict));
    return verdict;
}

static kt_verdict
judge(court *a, size_t twin, uint64_t old, uint64_t size)
{
    KITH_AUTO(kith_buf) bytes = {0};

    make_request(a, twin, (kt_merkle_span){old, size}, &bytes);
    return judge_bytes(a, &bytes);
}

/* What the witness does after KT_VERDICT_COSIGN. */
static void
remember(court *a, size_t twin, uint64_t size)
{
    a->known.size = size;
    a->known.root = a->roots[twin][size];
}

static void
growth_from_every_size_to_every_size_is_cosigned(void **state)
{
    court a;

    court_open(&a, *state);
    for (uint64_t old = 0; old <= SIZES; old++) {
        remember(&a, 0, old);
        for (uint64_t size = old; size <= SIZES; size++) {
            assert_int_equal(judge(&a, 0, old, size), KT_VERDICT_COSIGN);
        }
    }
    court_close(&a);
}

static void
a_fork_is_refused_at_every_pair_of_sizes(void **state)
{
    court a;

    court_open(&a, *state);
    for (uint64_t old = 4; old <= SIZES; old++) {
        remember(&a, 0, old);
        for (uint64_t size = old; size <= SIZES; size++) {
            assert_int_equal(judge(&a, 1, old, size), KT_VERDICT_INCONSISTENT);
        }
    }
    court_close(&a);
}

static void
a_smaller_tree_and_another_old_size_are_conflicts(void **state)
{
    court a;

    court_open(&a, *state);
    remember(&a, 0, 7);
    assert_int_equal(judge(&a, 0, 0, 5), KT_VERDICT_CONFLICT);
    assert_int_equal(judge(&a, 0, 5, 5), KT_VERDICT_CONFLICT);
    assert_int_equal(judge(&a, 0, 6, 9), KT_VERDICT_CONFLICT);
    assert_int_equal(judge(&a, 0, 8, 9), KT_VERDICT_CONFLICT);
    assert_int_equal(judge(&a, 1, 0, 9), KT_VERDICT_CONFLICT);
    assert_int_equal(judge(&a, 0, 0, 0), KT_VERDICT_CONFLICT);
    court_close(&a);
}

static void
an_old_size_above_the_new_one_is_a_wrong_request(void **state)
{
    court a;

    court_open(&a, *state);
    remember(&a, 0, 7);
    assert_int_equal(judge(&a, 0, 7, 5), KT_VERDICT_MALFORMED);
    court_close(&a);
}

static void
an_unknown_origin_is_told_apart_from_a_missing_signature(void **state)
{
    named_signer stranger = signer_open(*state, KT_NOTE_ED25519, ORIGIN, 50);
    KITH_AUTO(kith_buf) bytes = {0};
    kt_add_request request;
    kt_verdict verdict = 0;
    court a;

    court_open(&a, *state);
    make_request(&a, 0, (kt_merkle_span){0, 5}, &bytes);
    assert_ok(kt_add_request_decode(kith_bytes_of_buf(&bytes), &request));
    assert_ok(kt_witness_judge(*state, NULL, &request, &verdict));
    assert_int_equal(verdict, KT_VERDICT_UNKNOWN);
    a.known.origin = kith_bytes_of_text("log.example/other");
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_UNKNOWN);
    a.known.origin = kith_bytes_of_text(ORIGIN);
    a.known.keys = &stranger.key;
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_UNSIGNED);
    a.known.key_count = 0;
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_UNSIGNED);
    signer_close(&stranger);
    court_close(&a);
}

static void
a_bad_signature_of_one_key_outweighs_a_good_one_of_another(void **state)
{
    named_signer second = signer_open(*state, KT_NOTE_ED25519, ORIGIN, 50);
    KITH_AUTO(kith_buf) bytes = {0};
    kt_note_key keys[2];
    court a;

    court_open(&a, *state);
    keys[0] = a.log.key;
    keys[1] = second.key;
    a.known.keys = keys;
    a.known.key_count = 2;
    make_request(&a, 0, (kt_merkle_span){0, 5}, &bytes);
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_COSIGN);
    /* The second key's line, over something else. */
    KITH_AUTO(kith_buf) other = {0};
    kt_checkpoint checkpoint;
    write_checkpoint(*state, &second, 6, &a.roots[0][6], &other);
    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&other), &checkpoint));
    assert_ok(kith_buf_append(&bytes, checkpoint.note.lines));
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_UNSIGNED);
    signer_close(&second);
    court_close(&a);
}

static void
the_first_checkpoint_needs_no_proof_and_may_have_none(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) with_proof = {0};
    court a;

    court_open(&a, *state);
    assert_int_equal(judge(&a, 0, 0, 9), KT_VERDICT_COSIGN);
    make_request(&a, 0, (kt_merkle_span){0, 9}, &bytes);
    assert_ok(kt_text_write(&with_proof, "old 0\n"));
    assert_ok(kt_hash_line_write(&with_proof, &a.roots[0][1]));
    assert_ok(kith_buf_append(&with_proof, kith_bytes_of(bytes.data + 6, bytes.len - 6)));
    assert_int_equal(judge_bytes(&a, &with_proof), KT_VERDICT_INCONSISTENT);
    court_close(&a);
}

static void
a_log_without_leaves_has_the_root_of_none(void **state)
{
    court a;

    court_open(&a, *state);
    assert_int_equal(judge(&a, 0, 0, 0), KT_VERDICT_COSIGN);
    a.roots[0][0].bytes[5] ^= 1;
    assert_int_equal(judge(&a, 0, 0, 0), KT_VERDICT_INCONSISTENT);
    court_close(&a);
}

static void
no_flipped_bit_makes_a_request_cosigned(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    court a;

    court_open(&a, *state);
    remember(&a, 0, 6);
    make_request(&a, 0, (kt_merkle_span){6, 11}, &bytes);
    assert_int_equal(judge_bytes(&a, &bytes), KT_VERDICT_COSIGN);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        kt_add_request request;
        kt_verdict verdict = KT_VERDICT_MALFORMED;
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (kt_add_request_decode(kith_bytes_of_buf(&bytes), &request) == KITH_OK) {
            assert_ok(kt_witness_judge(*state, &a.known, &request, &verdict));
        }
        assert_int_not_equal(verdict, KT_VERDICT_COSIGN);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    court_close(&a);
}

static void
a_conflict_names_the_size_in_a_line(void **state)
{
    static const char *const wrong[] = {"", "5", "\n", "05\n", "5\n\n", "5 \n", "x\n"};
    KITH_AUTO(kith_buf) body = {0};
    uint64_t size = 0;
    (void)state;

    assert_ok(kt_conflict_encode(20852163, &body));
    assert_text(kith_bytes_of_buf(&body), "20852163\n");
    assert_ok(kt_conflict_decode(kith_bytes_of_buf(&body), &size));
    assert_int_equal(size, 20852163);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(kt_conflict_decode(kith_bytes_of_text(wrong[i]), &size),
                         KITH_ERR_MALFORMED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_is_read_and_written),
        cmocka_unit_test(a_request_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(a_proof_of_63_lines_is_read_and_one_of_64_is_not),
        cmocka_unit_test(a_request_beyond_the_limit_is_not_looked_at),
        cmocka_unit_test(growth_from_every_size_to_every_size_is_cosigned),
        cmocka_unit_test(a_fork_is_refused_at_every_pair_of_sizes),
        cmocka_unit_test(a_smaller_tree_and_another_old_size_are_conflicts),
        cmocka_unit_test(an_old_size_above_the_new_one_is_a_wrong_request),
        cmocka_unit_test(an_unknown_origin_is_told_apart_from_a_missing_signature),
        cmocka_unit_test(a_bad_signature_of_one_key_outweighs_a_good_one_of_another),
        cmocka_unit_test(the_first_checkpoint_needs_no_proof_and_may_have_none),
        cmocka_unit_test(a_log_without_leaves_has_the_root_of_none),
        cmocka_unit_test(no_flipped_bit_makes_a_request_cosigned),
        cmocka_unit_test(a_conflict_names_the_size_in_a_line),
    };

    return cmocka_run_group_tests_name("witness", tests, lab_open, lab_close);
}
