/* SPDX-License-Identifier: MPL-2.0 */
/* Options and witness.conf: one table of words, one function for each. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "witness.h"

#define WORDS_MAX 3
/* Every log with a key of ML-DSA-44. */
#define FILE_MAX NET_FILE_MAX

typedef struct line {
    witness_config *config;
    crypto *crypto;
    const char *words[WORDS_MAX]; /* zero-terminated; those that are not there are empty */
    size_t count;
} line;

/* Each returns NULL, or what was expected. */

static const char *
set_name(const line *l)
{
    const size_t len = strlen(l->words[1]);
    kt_note_key key;
    static const uint8_t any[32] = {1};

    if (kt_note_key_make(l->crypto, KT_COSIGN_ED25519, kith_bytes_of_text(l->words[1]),
                         KITH_BYTES(any), &key) != KITH_OK) {
        return "a name without spaces and plus signs, such as name witness.example/anna";
    }
    memcpy(l->config->name, l->words[1], len + 1);
    return NULL;
}

static const char *
set_listen(const line *l)
{
    static const char expected[] = "an address and a port, such as listen 127.0.0.1:8080";
    const char *text = l->words[1];
    proto_address address;

    if (strrchr(text, ':') == NULL ||
        proto_address_decode(kith_bytes_of_text(text), &address) != KITH_OK) {
        return expected;
    }
    memcpy(l->config->listen, address.host, sizeof address.host);
    l->config->port = address.port;
    l->config->has_listen = true;
    return NULL;
}

static const char *
add_log(const line *l)
{
    witness_config *c = l->config;

    if (c->log_count == CONFIG_LOGS_MAX) {
        return "256 lines with log at most";
    }
    if (kt_note_key_decode(l->crypto, kith_bytes_of_text(l->words[1]),
                           &c->logs[c->log_count].key) != KITH_OK) {
        return "the key of a log, such as log log.example+0123abcd+AQ...";
    }
    c->log_count++;
    return NULL;
}

static const char *
add_server(const line *l)
{
    static const char expected[] =
        "what kithd prints behind \"for witnesses:\", such as follow home.example:5484 AbC...";
    KITH_AUTO(kith_buf) identity = {0};
    witness_config *c = l->config;

    if (c->server_count == CONFIG_SERVERS_MAX) {
        return "64 lines with follow at most";
    }
    config_server *server = &c->servers[c->server_count];
    if (proto_address_decode(kith_bytes_of_text(l->words[1]), &server->address) != KITH_OK ||
        kith_base64url_decode(kith_bytes_of_text(l->words[2]), &identity) != KITH_OK ||
        identity.len != sizeof server->identity) {
        return expected;
    }
    memcpy(server->identity, identity.data, sizeof server->identity);
    c->server_count++;
    return NULL;
}

static const char *
add_push(const line *l)
{
    static const char expected[] =
        "the address and the key of a witness, such as push https://witness.example/ "
        "witness.example+0123abcd+BA...";
    witness_config *c = l->config;

    if (c->push_count == CONFIG_PUSHES_MAX) {
        return "8 lines with push at most";
    }
    config_push *push = &c->pushes[c->push_count];
    const char *url = l->words[1];
    const size_t len = strlen(url);
    const bool is_http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!is_http || len + sizeof "/add-checkpoint" > sizeof push->url ||
        kt_note_key_decode(l->crypto, kith_bytes_of_text(l->words[2]), &push->key) != KITH_OK ||
        push->key.type == KT_NOTE_ED25519) {
        return expected;
    }
    snprintf(push->url, sizeof push->url, "%s%sadd-checkpoint", url,
             url[len - 1] == '/' ? "" : "/");
    c->push_count++;
    return NULL;
}

static const struct {
    const char *word;
    size_t arguments;
    const char *(*set)(const line *l);
} table[] = {
    {"name", 1, set_name},     {"listen", 1, set_listen}, {"log", 1, add_log},
    {"follow", 2, add_server}, {"push", 2, add_push},
};

/* ---- The file ---- */

/* Cuts the text into words, in place. False: more than a line may have. */
static bool
split(char *text, line *out)
{
    char *rest = NULL;

    out->count = 0;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        out->words[i] = "";
    }
    for (char *word = strtok_r(text, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (word[0] == '#') {
            return true;
        }
        if (out->count == WORDS_MAX) {
            return false;
        }
        out->words[out->count++] = word;
    }
    return true;
}

/* NULL, or what was expected. */
static const char *
read_line(char *text, line *l)
{
    if (!split(text, l)) {
        return "fewer words";
    }
    if (l->count == 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].word, l->words[0]) == 0) {
            return l->count == table[i].arguments + 1 ? table[i].set(l) : "another number of words";
        }
    }
    return "name, listen, log, follow or push at its beginning";
}

static bool
read_lines(char *text, line *l)
{
    unsigned number = 1;

    for (char *next = text; next != NULL; number++) {
        char *const end = strchr(next, '\n');
        if (end != NULL) {
            *end = 0;
        }
        const char *expected = read_line(next, l);
        if (expected != NULL) {
            witness_complain("line %u of %s/witness.conf: expected %s", number, l->config->data,
                             expected);
            return false;
        }
        next = end != NULL ? end + 1 : NULL;
    }
    return true;
}

/* A witness without the file has a key and nothing to do. */
static bool
read_file(witness_config *c)
{
    KITH_AUTO(kith_buf) file = {0};
    char path[CONFIG_PATH_MAX + 32];
    line l = {.config = c};

    snprintf(path, sizeof path, "%s/witness.conf", c->data);
    const kith_err err = net_file_load(path, &file);
    if (err == KITH_ERR_NOT_FOUND) {
        return true;
    }
    if (err != KITH_OK || kith_buf_append(&file, kith_bytes_of("", 1)) != KITH_OK ||
        strlen((const char *)file.data) + 1 != file.len || crypto_new(NULL, &l.crypto) != KITH_OK) {
        witness_complain("cannot read %s: it may be longer than %u bytes, not be text, or not be "
                         "this user's to read",
                         path, FILE_MAX);
        return false;
    }
    const bool is_good = read_lines((char *)file.data, &l);
    crypto_free(l.crypto);
    return is_good;
}

/* ---- Options ---- */

static bool
set_data(witness_config *c, const char *text)
{
    size_t len = strlen(text);

    while (len > 1 && text[len - 1] == '/') {
        len--;
    }
    if (len == 0 || len >= sizeof c->data) {
        witness_complain("--data needs the path of a folder");
        return false;
    }
    memcpy(c->data, text, len);
    c->data[len] = 0;
    return true;
}

static bool
default_data(witness_config *c)
{
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int len = 0;

    if (geteuid() == 0) {
        return set_data(c, "/var/lib/kith-witness");
    }
    if (xdg != NULL && xdg[0] == '/') {
        len = snprintf(c->data, sizeof c->data, "%s/kith-witness", xdg);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(c->data, sizeof c->data, "%s/.local/share/kith-witness", home);
    }
    if (len <= 0 || (size_t)len >= sizeof c->data) {
        witness_complain("there is no home folder to keep things in; name one with --data DIR");
        return false;
    }
    return true;
}

static bool
read_options(int argc, char **argv, witness_config *c)
{
    for (int i = 0; i < argc; i++) {
        const char *text = NULL;
        if (strncmp(argv[i], "--data=", 7) == 0) {
            text = argv[i] + 7;
        } else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
            text = argv[++i];
        } else {
            witness_complain("what is %s? kith-witness --help lists all options", argv[i]);
            return false;
        }
        if (!set_data(c, text)) {
            return false;
        }
    }
    return c->data[0] != 0 || default_data(c);
}

witness_config *
config_load(int argc, char **argv)
{
    witness_config *c = calloc(1, sizeof *c);

    if (c == NULL) {
        witness_complain("out of memory");
        return NULL;
    }
    if (!read_options(argc, argv, c) || !read_file(c)) {
        free(c);
        return NULL;
    }
    return c;
}
