/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: reports; what decodes encodes to the same bytes. */
#include "content/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const kith_bytes in = kith_bytes_of(data, len);
    content_mark marks[CONTENT_REPORT_MAX];
    KITH_AUTO(kith_buf) again = {0};
    content_report report;
    size_t count = 0;

    if (content_report_decode(in, &report) != KITH_OK) {
        return 0;
    }
    while (content_report_next(&report, &marks[count])) {
        count++;
    }
    if (content_report_encode(&again, marks, count) != KITH_OK ||
        !kith_bytes_equal(in, kith_bytes_of_buf(&again))) {
        __builtin_trap();
    }
    return 0;
}
