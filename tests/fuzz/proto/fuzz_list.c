/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: device lists; what decodes is sorted, within its limits, and made of the bytes that came in. */
#include <string.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    proto_list list;

    if (proto_list_decode(kith_bytes_of(data, len), &list) != KITH_OK) {
        return 0;
    }
    if (list.device_count == 0 || list.device_count > PROTO_DEVICES_MAX || list.version == 0 ||
        list.signed_part.len + list.signature.len + list.rotation.len + 2 != len) {
        __builtin_trap();
    }
    for (size_t i = 0; i < list.device_count; i++) {
        if (proto_list_find(&list, list.devices[i].device_id) != &list.devices[i]) {
            __builtin_trap(); /* an id twice */
        }
    }
    return 0;
}
