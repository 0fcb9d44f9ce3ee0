/* SPDX-License-Identifier: MPL-2.0 */
/* A POST with libcurl: no redirections, no files, a limit on time and on what comes back. */
#include "push.h"

#include <curl/curl.h>

bool
push_global_open(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void
push_global_close(void)
{
    curl_global_cleanup();
}

/* The form is libcurl's: less than `count` taken ends the transfer. */
static size_t
take_answer(char *data, size_t size, size_t count, void *ctx)
{
    push *p = ctx;
    const size_t len = size * count;

    if (p->answer.len + len > KT_ADD_ANSWER_MAX ||
        kith_buf_append(&p->answer, kith_bytes_of(data, len)) != KITH_OK) {
        return 0;
    }
    return count;
}

/* The form is libcurl's: anything but 0 ends the transfer. Called every second at least. */
static int
check_over(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    push *p = ctx;

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return atomic_load(&p->is_over) ? 1 : 0;
}

static bool
set_options(CURL *curl, push *p)
{
    return curl_easy_setopt(curl, CURLOPT_URL, p->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PUSH_SECONDS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_over) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, p) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)p->body.len) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)p->body.data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, p) == CURLE_OK;
}

static void
run_push(void *ctx)
{
    push *p = ctx;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");

    if (curl != NULL && headers != NULL && set_options(curl, p) &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_perform(curl) == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &p->status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

static void
end_push(void *ctx)
{
    push *p = ctx;

    p->done(p->ctx);
}

kith_err
push_start(net_loop *loop, push *p)
{
    p->status = 0;
    kith_buf_clear(&p->answer);
    return net_loop_work(loop, run_push, end_push, p);
}
