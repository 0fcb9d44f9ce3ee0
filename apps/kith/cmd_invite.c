/* SPDX-License-Identifier: MPL-2.0 */
/* kith invite [--qr] */
#include <qrencode.h>

#include "cli.h"
#include "words.h"

/* Two rows of squares in one line of half blocks; dark on light, with the light border that cameras need. */
static void
draw(const QRcode *code)
{
    enum { BORDER = 2 };
    const int side = code->width;

    for (int y = -BORDER; y < side + BORDER; y += 2) {
        fputs("\033[30;47m", stdout);
        for (int x = -BORDER; x < side + BORDER; x++) {
            const bool inside = x >= 0 && x < side;
            const bool top = inside && y >= 0 && y < side && (code->data[y * side + x] & 1) != 0;
            const bool bottom =
                inside && y + 1 >= 0 && y + 1 < side && (code->data[(y + 1) * side + x] & 1) != 0;
            fputs(top && bottom ? "\xe2\x96\x88"
                  : top         ? "\xe2\x96\x80"
                  : bottom      ? "\xe2\x96\x84"
                                : " ",
                  stdout);
        }
        fputs("\033[0m\n", stdout);
    }
}

static int
print_qr(const char *link)
{
    QRcode *code = QRcode_encodeString(link, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

    if (code == NULL) {
        cli_say(WORDS_NO_QR);
        return CLI_FAILED;
    }
    draw(code);
    QRcode_free(code);
    return CLI_OK;
}

int
cmd_invite(cli *c, int argc, char **argv)
{
    bool qr = false;
    const cli_option options[] = {{"--qr", &qr, NULL}, {NULL, NULL, NULL}};
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 1) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    status = cli_call(c, "invite.create", NULL, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        cli_say(WORDS_INVITE);
        puts(cli_text(answer.result, "link"));
        status = qr ? print_qr(cli_text(answer.result, "link")) : CLI_OK;
    }
    rpc_message_done(&answer);
    return status;
}
