/* SPDX-License-Identifier: MPL-2.0 */
/* Questions on the terminal, and text from stdin. */
#include <string.h>
#include <unistd.h>

#include "cli.h"

bool
cli_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

kith_err
cli_ask(const char *question, kith_buf *out)
{
    int c = 0;

    KITH_ENSURE(cli_is_terminal(), KITH_ERR_NOT_FOUND);
    fputs(question, stderr);
    fflush(stderr);
    while ((c = getchar()) != EOF && c != '\n') {
        const uint8_t byte = (uint8_t)c;
        KITH_ENSURE(out->len < RPC_TEXT_MAX, KITH_ERR_LIMIT);
        KITH_TRY(kith_buf_append(out, kith_bytes_of(&byte, 1)));
    }
    return c == EOF && out->len == 0 ? KITH_ERR_NOT_FOUND : KITH_OK;
}

bool
cli_ask_yes(const char *question)
{
    KITH_AUTO(kith_buf) answer = {0};

    return cli_ask(question, &answer) == KITH_OK && answer.len > 0 &&
           (answer.data[0] == 'y' || answer.data[0] == 'Y');
}

kith_err
cli_read_stdin(size_t max, kith_buf *out)
{
    uint8_t piece[4096];
    size_t got = 0;

    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0) {
        KITH_TRY(kith_buf_append(out, kith_bytes_of(piece, got)));
        KITH_ENSURE(out->len <= max + 1, KITH_ERR_LIMIT);
    }
    if (out->len > 0 && out->data[out->len - 1] == '\n') {
        out->len--;
    }
    return out->len <= max ? KITH_OK : KITH_ERR_LIMIT;
}
