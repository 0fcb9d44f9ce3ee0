/* SPDX-License-Identifier: MPL-2.0 */
/* Makes and prints the operator's link. */
#include "invite.h"

#include <qrencode.h>
#include <stdio.h>
#include <string.h>

/* Modules of light around the code that readers need; two are enough for all of them. */
#define QUIET 2

static bool
is_any(const char *host)
{
    return strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
}

/* What people are told to connect to: as asked for, else the one address listened on, else a guess. */
static void
choose_address(const kithd_options *options, uint16_t port, proto_address *out)
{
    if (options->has_address) {
        *out = options->address;
        return;
    }
    *out = (proto_address){.port = port};
    if (options->listen_count > 0 && !is_any(options->listen[0].host)) {
        memcpy(out->host, options->listen[0].host, sizeof out->host);
        return;
    }
    char guess[NET_HOST_MAX + 1];
    net_address_guess(guess);
    snprintf(out->host, sizeof out->host, "%s", guess);
}

/* Two rows of modules in one line of text: light is drawn, dark is the background, so that it reads on the
 * dark background of most terminals; readers take either. */
static void
print_rows(const QRcode *code, int y)
{
    static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"};

    for (int x = -QUIET; x < code->width + QUIET; x++) {
        unsigned light = 0;
        for (int row = y; row < y + 2; row++) {
            const bool inside = x >= 0 && x < code->width && row >= 0 && row < code->width;
            const bool is_dark = inside && (code->data[row * code->width + x] & 1) != 0;
            light = light * 2 + (is_dark ? 0 : 1);
        }
        fputs(blocks[light], stdout);
    }
    fputc('\n', stdout);
}

static void
print_code(const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

    if (code == NULL) {
        return;
    }
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        print_rows(code, y);
    }
    QRcode_free(code);
}

static kith_err
make_link(const kithd_options *options, const kithd_folder *folder, uint16_t port, kith_buf *out)
{
    KITH_AUTO(proto_link) link = {.kind = PROTO_LINK_OPERATOR};

    choose_address(options, port, &link.address);
    memcpy(link.server_key, net_identity_public(folder->identity).data, sizeof link.server_key);
    memcpy(link.secret, folder->secret, sizeof link.secret);
    KITH_TRY(proto_link_encode(out, &link));
    return kith_buf_append(out, kith_bytes_of("", 1));
}

/* The line that a witness of another family puts into its file. */
static kith_err
print_follow(const kithd_options *options, const kithd_folder *folder, uint16_t port)
{
    KITH_AUTO(kith_buf) text = {0};
    proto_address address;

    choose_address(options, port, &address);
    KITH_TRY(kith_buf_append(&text, kith_bytes_of_text("for witnesses: follow ")));
    KITH_TRY(proto_address_encode(&text, &address));
    KITH_TRY(kith_buf_append(&text, kith_bytes_of_text(" ")));
    KITH_TRY(kith_base64url_encode(net_identity_public(folder->identity), &text));
    KITH_TRY(kith_buf_append(&text, kith_bytes_of("", 1)));
    puts((const char *)text.data);
    return KITH_OK;
}

bool
kithd_invite_print(const kithd_options *options, const kithd_folder *folder, uint16_t port)
{
    KITH_AUTO(kith_buf) text = {0};

    if (print_follow(options, folder, port) != KITH_OK ||
        make_link(options, folder, port, &text) != KITH_OK) {
        kithd_complain("no link can be made of this address; give another one with --address");
        return false;
    }
    puts((const char *)text.data);
    if (options->shows_qr) {
        print_code((const char *)text.data);
    }
    fflush(stdout);
    return true;
}
