/* SPDX-License-Identifier: MPL-2.0 */
/* Borrowed bytes, owned buffers and secrets. May not know any wire format. */
#include "base/bytes.h"

#include <assert.h>
#include <string.h>

/* Smallest block a buffer asks for. */
#define BUF_CAP_MIN 32u

kith_bytes
kith_bytes_of(const void *data, size_t len)
{
    return (kith_bytes){data, len};
}

kith_bytes
kith_bytes_of_text(const char *text)
{
    return (kith_bytes){(const uint8_t *)text, strlen(text)};
}

kith_bytes
kith_bytes_of_buf(const kith_buf *buf)
{
    return (kith_bytes){buf->data, buf->len};
}

kith_bytes
kith_bytes_of_secret(const kith_secret *secret)
{
    return (kith_bytes){secret->data, secret->len};
}

bool
kith_bytes_equal(kith_bytes a, kith_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int
kith_bytes_compare(kith_bytes a, kith_bytes b)
{
    const size_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);

    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool
kith_equal_ct(kith_bytes a, kith_bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    }
    return difference == 0;
}

void
kith_wipe(void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    memset(data, 0, len);
    /* The block may be read through `data` as far as the compiler can tell, so the writes stay. */
    __asm__ __volatile__("" : : "r"(data) : "memory");
}

void
kith_buf_done(kith_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    kith_mem_free(buf->alloc, buf->data, buf->cap);
    *buf = (kith_buf){.alloc = buf->alloc};
}

void
kith_buf_clear(kith_buf *buf)
{
    kith_wipe(buf->data, buf->len);
    buf->len = 0;
}

kith_err
kith_buf_reserve(kith_buf *buf, size_t more)
{
    KITH_ENSURE(more <= SIZE_MAX - buf->len, KITH_ERR_NO_MEMORY);
    const size_t want = buf->len + more;
    if (want <= buf->cap) {
        return KITH_OK;
    }
    /* The first block fits exactly what is asked for; only a buffer that grows again doubles. */
    void *items = buf->data;
    size_t cap = buf->cap;
    if (cap == 0) {
        cap = want < BUF_CAP_MIN ? BUF_CAP_MIN : want;
        items = kith_mem_zalloc(buf->alloc, cap, 1);
        KITH_ENSURE(items != NULL, KITH_ERR_NO_MEMORY);
    } else {
        KITH_TRY(kith_mem_grow(buf->alloc, &items, &cap, want, 1));
    }
    buf->data = items;
    buf->cap = cap;
    return KITH_OK;
}

kith_err
kith_buf_append(kith_buf *buf, kith_bytes bytes)
{
    if (bytes.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(kith_buf_reserve(buf, bytes.len));
    memcpy(buf->data + buf->len, bytes.data, bytes.len);
    buf->len += bytes.len;
    return KITH_OK;
}

kith_err
kith_buf_extend(kith_buf *buf, size_t len, uint8_t **out)
{
    uint8_t *at = NULL;

    KITH_TRY(kith_buf_reserve(buf, len));
    /* Without data `len` is 0; adding 0 to NULL is undefined. */
    if (buf->data != NULL) {
        at = buf->data + buf->len;
        memset(at, 0, len);
        buf->len += len;
    }
    *out = at;
    return KITH_OK;
}

kith_err
kith_buf_set(kith_buf *buf, kith_bytes bytes)
{
    if (bytes.len > buf->len) {
        KITH_TRY(kith_buf_reserve(buf, bytes.len - buf->len));
    }
    kith_buf_clear(buf);
    return kith_buf_append(buf, bytes);
}

void
kith_buf_drop_front(kith_buf *buf, size_t len)
{
    const size_t drop = len < buf->len ? len : buf->len;
    const size_t rest = buf->len - drop;

    if (drop == 0) {
        return;
    }
    memmove(buf->data, buf->data + drop, rest);
    kith_wipe(buf->data + rest, drop);
    buf->len = rest;
}

kith_buf
kith_buf_take(kith_buf *buf)
{
    const kith_buf taken = *buf;

    *buf = (kith_buf){.alloc = taken.alloc};
    return taken;
}

void
kith_secret_done(kith_secret *secret)
{
    if (secret != NULL) {
        kith_wipe(secret, sizeof *secret);
    }
}

kith_err
kith_secret_set(kith_secret *secret, kith_bytes bytes)
{
    KITH_ENSURE(bytes.len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    kith_secret copy = {.len = bytes.len};
    if (bytes.len > 0) {
        memcpy(copy.data, bytes.data, bytes.len);
    }
    *secret = copy;
    kith_wipe(&copy, sizeof copy);
    return KITH_OK;
}

kith_secret
kith_secret_take(kith_secret *secret)
{
    const kith_secret taken = *secret;

    kith_secret_done(secret);
    return taken;
}
