/* SPDX-License-Identifier: MPL-2.0 */
/* kith devices [remove ID] */
#include <string.h>

#include "cli.h"
#include "words.h"

static void
print_devices(yyjson_val *devices)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *device = NULL;

    yyjson_arr_foreach(devices, index, count, device)
    {
        char when[40];
        cli_time_text(cli_u64(device, "added_ms"), when, sizeof when);
        printf("%.8s  ", cli_text(device, "device"));
        cli_print_padded(stdout, cli_text(device, "name"), 16);
        printf("  " WORDS_DEVICE_SINCE, when);
        printf(cli_bool(device, "is_this") ? "  (%s)\n" : "\n", WORDS_THIS_DEVICE);
    }
}

/* The one device whose number begins like that. */
static int
find_device(yyjson_val *devices, const char *start, char id[CLI_HEX_MAX])
{
    size_t index = 0;
    size_t count = 0;
    size_t found = 0;
    yyjson_val *device = NULL;

    yyjson_arr_foreach(devices, index, count, device)
    {
        const char *text = cli_text(device, "device");
        if (strlen(start) >= 4 && strncmp(text, start, strlen(start)) == 0) {
            snprintf(id, CLI_HEX_MAX, "%s", text);
            found++;
        }
    }
    if (found != 1) {
        cli_say(found == 0 ? WORDS_DEVICE_NONE : WORDS_DEVICE_SEVERAL);
    }
    return found == 1 ? CLI_OK : CLI_NOT_FOUND;
}

static int
remove_device(cli *c, yyjson_val *devices, const char *start)
{
    char id[CLI_HEX_MAX];
    rpc_message answer = {0};

    int status = find_device(devices, start, id);
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "device", id);
    status = cli_call(c, "device.remove", &params, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        cli_say(WORDS_DEVICE_REMOVED);
    }
    rpc_message_done(&answer);
    return status;
}

int
cmd_devices(cli *c, int argc, char **argv)
{
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    const bool is_remove = argc == 3 && strcmp(argv[1], "remove") == 0;
    if (argc != 1 && !is_remove) {
        return cli_usage_error(argv[0], argc == 2 ? WORDS_MISSING : WORDS_TOO_MUCH);
    }
    status = cli_call(c, "device.list", NULL, &answer);
    yyjson_val *devices = yyjson_obj_get(answer.result, "devices");
    if (status == CLI_OK && is_remove) {
        status = remove_device(c, devices, argv[2]);
    } else if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        print_devices(devices);
    }
    rpc_message_done(&answer);
    return status;
}
