/* SPDX-License-Identifier: MPL-2.0 */
/* Padding to buckets (docs/wire.md §8): the length of a message says little more than nothing. */
#include <string.h>

#include "content/message.h"

enum { PAD_MARK = 0x80, SMALLEST = 256, SMALL = 512, FINE_STEP = 1024, FINE_MAX = 16 * 1024 };

static size_t
round_up(size_t len, size_t step)
{
    return (len + step - 1) / step * step;
}

size_t
content_pad_target(size_t len)
{
    if (len > CONTENT_MAX) {
        return 0;
    }
    const size_t need = len + 1;
    return need <= SMALLEST   ? SMALLEST
           : need <= SMALL    ? SMALL
           : need <= FINE_MAX ? round_up(need, FINE_STEP)
                              : round_up(need, FINE_MAX);
}

kith_err
content_pad(kith_buf *buf)
{
    const size_t target = content_pad_target(buf->len);
    uint8_t *padding = NULL;

    KITH_ENSURE(target > 0, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(buf, target - buf->len, &padding));
    padding[0] = PAD_MARK;
    return KITH_OK;
}

kith_err
content_unpad(kith_bytes padded, kith_bytes *out)
{
    size_t len = padded.len;

    KITH_ENSURE(padded.len <= CONTENT_PADDED_MAX, KITH_ERR_LIMIT);
    while (len > 0 && padded.data[len - 1] == 0) {
        len--;
    }
    KITH_ENSURE(len > 0 && padded.data[len - 1] == PAD_MARK, KITH_ERR_MALFORMED);
    *out = kith_bytes_of(padded.data, len - 1);
    return KITH_OK;
}
