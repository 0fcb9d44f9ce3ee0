/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The known-answer driver: every operation of src/crypto behind standard input and output, so that
 * anyone's vectors can be run against it. It is `tests/kat` in a build folder: after `./test`,
 * build/dev/tests/kat.
 *
 * One line in, one line out:
 *
 *     OPERATION ARGUMENT...    fields are separated by spaces; bytes are hexadecimal, `-` is an empty
 *                              field; algorithms have names; lengths and counts are decimal
 *     a line of results        hexadecimal fields, `-` where one is empty; `ok` where there is nothing to
 *                              tell but success
 *     reject                   the operation refuses its input: wrong tag, signature, length or point,
 *                              an all-zero shared secret, a length above a limit
 *     error WHY                the line says nothing that could be run: unknown operation or name, wrong
 *                              number of arguments, not hexadecimal, too little randomness given, an
 *                              algorithm that the operation does not have
 *
 *     hash sha256 616263  ->  ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
 *
 * `help` prints every operation, and the names of algorithms. What would be random comes from the
 * argument `random`, from its front; what is left of it is not looked at.
 */
#include "crypto/kat.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest LENGTH, PASSES, KIB: bounded before anything is allocated. */
#define NUMBER_MAX (UINT64_C(1) << 26)
#define WORDS_MAX (1 + KAT_ARGUMENTS_MAX)
#define SPACE " \t\r\n"

typedef struct words {
    char *at[WORDS_MAX];
    size_t count;
} words;

kith_err
kat_put(kat_line *line, kith_bytes field)
{
    if (line->out.len > 0) {
        KITH_TRY(kith_buf_append(&line->out, kith_bytes_of_text(" ")));
    }
    return field.len == 0 ? kith_buf_append(&line->out, kith_bytes_of_text("-"))
                          : kith_hex_encode(field, &line->out);
}

kith_err
kat_put_ok(kat_line *line)
{
    return kith_buf_append(&line->out, kith_bytes_of_text("ok"));
}

static kith_err
fill_from_line(void *ctx, uint8_t *out, size_t len)
{
    kat_random *random = ctx;

    KITH_ENSURE(random->left.len >= len, KITH_ERR_NO_RANDOM);
    memcpy(out, random->left.data, len);
    random->left = kith_bytes_of(random->left.data + len, random->left.len - len);
    return KITH_OK;
}

kith_rng
kat_random_port(kat_random *random)
{
    return (kith_rng){.fill = fill_from_line, .ctx = random};
}

static const kat_operation *
find_in(const kat_operation *table, const char *name)
{
    for (const kat_operation *op = table; op->name != NULL; op++) {
        if (strcmp(op->name, name) == 0) {
            return op;
        }
    }
    return NULL;
}

static const kat_operation *
find_operation(const char *name)
{
    const kat_operation *op = find_in(kat_basic_operations, name);

    return op != NULL ? op : find_in(kat_kem_operations, name);
}

/* ---- Reading a line. Readers return why it cannot be read, or NULL. ---- */

static const char *
split(char *text, words *out)
{
    char *rest = NULL;

    for (char *w = strtok_r(text, SPACE, &rest); w != NULL; w = strtok_r(NULL, SPACE, &rest)) {
        if (out->count == WORDS_MAX) {
            return "too many arguments";
        }
        out->at[out->count++] = w;
    }
    return out->count == 0 ? "an empty line" : NULL;
}

static const char *
read_number(const char *word, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    const unsigned long long value = strtoull(word, &end, 10);
    if (!isdigit((unsigned char)word[0]) || *end != '\0' || errno != 0) {
        return "not a decimal number";
    }
    *out = value;
    return NULL;
}

static const char *
read_name(const kat_name *names, const char *word, uint64_t *out)
{
    for (const kat_name *n = names; n->name != NULL; n++) {
        if (strcmp(n->name, word) == 0) {
            *out = n->id;
            return NULL;
        }
    }
    return "an unknown name";
}

static const char *
read_bytes(const char *word, kith_buf *out)
{
    if (strcmp(word, "-") == 0) {
        return NULL;
    }
    switch (kith_hex_decode(kith_bytes_of_text(word), out)) {
    case KITH_OK:
        return NULL;
    case KITH_ERR_MALFORMED:
        return "not hexadecimal";
    default:
        return "out of memory";
    }
}

/* Reads the word for argument `i`, whose name says what it is. */
static const char *
read_argument(const char *name, const char *word, kat_line *line, size_t i)
{
    if (!isupper((unsigned char)name[0])) {
        return read_bytes(word, &line->bytes[i]);
    }
    const kat_name *names = kat_names_of(name);
    if (names != NULL) {
        return read_name(names, word, &line->number[i]);
    }
    const char *why = read_number(word, &line->number[i]);
    /* A sequence number is only counted with; the other numbers become memory or time. */
    if (why == NULL && strcmp(name, "SEQUENCE") != 0 && line->number[i] > NUMBER_MAX) {
        return "too large a number";
    }
    return why;
}

static const char *
read_arguments(const kat_operation *op, const words *given, kat_line *line)
{
    char names[256];
    words wanted = {0};

    (void)snprintf(names, sizeof names, "%s", op->arguments);
    const char *why = split(names, &wanted);
    if (why != NULL || wanted.count != given->count - 1) {
        return "a wrong number of arguments";
    }
    for (size_t i = 0; i < wanted.count; i++) {
        why = read_argument(wanted.at[i], given->at[i + 1], line, i);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

/* ---- Answers ---- */

static void
print_result(const kat_line *line, kith_err err)
{
    switch (err) {
    case KITH_OK:
        printf("%.*s\n", (int)line->out.len, (const char *)line->out.data);
        return;
    case KITH_ERR_MALFORMED:
    case KITH_ERR_REJECTED:
    case KITH_ERR_LIMIT:
    case KITH_ERR_INVALID:
        puts("reject");
        return;
    default:
        printf("error %s: %s\n", kith_err_name(err), kith_err_text(err));
    }
}

static void
run_operation(crypto *c, const kat_operation *op, const words *given)
{
    kat_line line = {.crypto = c};
    const char *why = read_arguments(op, given, &line);

    if (why == NULL) {
        print_result(&line, op->run(&line));
    } else {
        printf("error %s; it is: %s %s\n", why, op->name, op->arguments);
    }
    for (size_t i = 0; i < KAT_ARGUMENTS_MAX; i++) {
        kith_buf_done(&line.bytes[i]);
    }
    kith_buf_done(&line.out);
}

static void
print_table(const kat_operation *table)
{
    for (const kat_operation *op = table; op->name != NULL; op++) {
        printf("  %s %s -> %s\n", op->name, op->arguments, op->results);
    }
}

static void
print_help(void)
{
    puts("One operation a line: OPERATION ARGUMENT... -> RESULT..., or reject, or error WHY.");
    puts("Lower-case arguments and all results are hexadecimal, - stands for an empty one.");
    puts("Upper-case arguments are names of the lists below, or decimal numbers.");
    puts("random is used from its front; too little of it is an error.");
    puts("operations:");
    print_table(kat_basic_operations);
    print_table(kat_kem_operations);
    puts("names:");
    for (size_t i = 0; kat_kind_at(i) != NULL; i++) {
        printf("  %s:", kat_kind_at(i));
        for (const kat_name *n = kat_names_of(kat_kind_at(i)); n->name != NULL; n++) {
            printf(" %s", n->name);
        }
        putchar('\n');
    }
}

static void
answer(crypto *c, char *text, size_t len)
{
    words given = {0};
    const char *why = strlen(text) == len ? split(text, &given) : "a zero byte in the line";

    if (why != NULL) {
        printf("error %s\n", why);
        return;
    }
    if (strcmp(given.at[0], "help") == 0) {
        print_help();
        return;
    }
    const kat_operation *op = find_operation(given.at[0]);
    if (op == NULL) {
        puts("error an unknown operation; help lists them");
        return;
    }
    run_operation(c, op, &given);
}

int
main(void)
{
    crypto *c = NULL;
    char *text = NULL;
    size_t room = 0;
    const kith_err err = crypto_new(NULL, &c);

    if (err != KITH_OK) {
        fprintf(stderr, "kat: %s\n", kith_err_text(err));
        return 1;
    }
    /* Whoever drives this through a pipe waits for each answer. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (ssize_t len = getline(&text, &room, stdin); len >= 0; len = getline(&text, &room, stdin)) {
        answer(c, text, (size_t)len);
    }
    free(text);
    crypto_free(c);
    return ferror(stdout) != 0 || ferror(stdin) != 0;
}
