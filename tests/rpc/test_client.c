/* SPDX-License-Identifier: MPL-2.0 */
/* The blocking client against an agent that says what a script has it say. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/rpc.h"

#define HELLO "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"schema\":1}}\n"

typedef struct stage {
    rpc_place place;
    int listening;
    pid_t agent;
} stage;

static int
open_stage(void **state)
{
    stage *s = calloc(1, sizeof *s);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(s->place.data, sizeof s->place.data, "/tmp/kith-client-XXXXXX");
    if (mkdtemp(s->place.data) == NULL ||
        rpc_path_join(s->place.data, "agent.sock", s->place.socket) != KITH_OK) {
        return -1;
    }
    memcpy(address.sun_path, s->place.socket, strlen(s->place.socket) + 1);
    s->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *state = s;
    return bind(s->listening, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(s->listening, 8) == 0
               ? 0
               : -1;
}

static int
close_stage(void **state)
{
    stage *s = *state;
    char command[RPC_PATH_MAX + 16];

    if (s->agent > 0) {
        kill(s->agent, SIGKILL);
        waitpid(s->agent, NULL, 0);
    }
    close(s->listening);
    snprintf(command, sizeof command, "rm -rf -- '%s'", s->place.data);
    const int status = system(command);
    free(s);
    return status;
}

/* One request, up to its newline. */
static void
skip_line(int fd)
{
    char c = 0;

    while (read(fd, &c, 1) == 1 && c != '\n') {
    }
}

/* An agent that gives `lines[i]` after the i-th request it gets, and then ends, or stays silent. */
static void
play(stage *s, const char *const *lines, bool stays)
{
    s->agent = fork();
    assert_true(s->agent >= 0);
    if (s->agent > 0) {
        return;
    }
    const int fd = accept(s->listening, NULL, NULL);
    for (; *lines != NULL; lines++) {
        skip_line(fd);
        if (write(fd, *lines, strlen(*lines)) < 0) {
            _exit(1);
        }
    }
    if (stays) {
        pause();
    }
    _exit(0);
}

static rpc_client *
open_client(const stage *s)
{
    rpc_client *client = NULL;
    rpc_fault fault = {0};

    assert_int_equal(rpc_client_open(&s->place, false, &client, &fault), KITH_OK);
    return client;
}

static void
an_answer_is_told_apart_from_events_that_come_first(void **state)
{
    static const char *const lines[] = {
        HELLO,
        "{\"method\":\"event\",\"params\":{\"seq\":1}}\n{\"method\":\"event\",\"params\":{\"seq\":2}}\n"
        "{\"id\":2,\"result\":{\"state\":\"none\"}}\n",
        NULL};
    rpc_message message = {0};
    const rpc_call call = {.method = "account.get"};

    play(*state, lines, true);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_call(client, &call, &message), KITH_OK);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(message.result, "state")), "none");
    rpc_message_done(&message);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        assert_int_equal(rpc_client_next(client, 0, &message), KITH_OK);
        assert_int_equal(yyjson_get_uint(yyjson_obj_get(message.result, "seq")), seq);
        rpc_message_done(&message);
    }
    assert_int_equal(rpc_client_next(client, 0, &message), KITH_ERR_NOT_FOUND);
    rpc_client_free(client);
}

static void
an_error_comes_with_its_kind(void **state)
{
    static const char *const lines[] = {
        HELLO,
        "{\"id\":2,\"error\":{\"code\":-32000,\"message\":\"m\",\"data\":{\"kind\":\"denied\"}}}\n",
        NULL};
    rpc_message message = {0};
    const rpc_call call = {.method = "invite.create"};

    play(*state, lines, true);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_call(client, &call, &message), KITH_ERR_REJECTED);
    assert_int_equal(message.fault.kind, RPC_KIND_DENIED);
    assert_string_equal(message.fault.message, "m");
    rpc_message_done(&message);
    rpc_client_free(client);
}

static void
an_agent_that_ends_is_gone(void **state)
{
    static const char *const lines[] = {HELLO, NULL};
    rpc_message message = {0};
    const rpc_call call = {.method = "account.get"};

    play(*state, lines, false);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_call(client, &call, &message), KITH_ERR_OFFLINE);
    assert_int_equal(message.fault.kind, RPC_KIND_GONE);
    assert_int_equal(rpc_client_next(client, 1000, &message), KITH_ERR_OFFLINE);
    rpc_client_free(client);
}

static void
an_agent_that_is_silent_is_waited_for_only_so_long(void **state)
{
    static const char *const lines[] = {HELLO, NULL};
    rpc_message message = {0};
    const rpc_call call = {.method = "account.get", .timeout_ms = 50};

    play(*state, lines, true);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_call(client, &call, &message), KITH_ERR_OFFLINE);
    assert_int_equal(message.fault.kind, RPC_KIND_TIMEOUT);
    rpc_client_free(client);
}

static void
an_agent_of_another_schema_is_not_talked_to(void **state)
{
    static const char *const lines[] = {
        "{\"id\":1,\"error\":{\"code\":-32000,\"message\":\"m\",\"data\":{\"kind\":\"unsupported\"}}}\n",
        NULL};
    stage *s = *state;
    rpc_client *client = NULL;
    rpc_fault fault = {0};

    play(s, lines, true);
    assert_int_equal(rpc_client_open(&s->place, false, &client, &fault), KITH_ERR_UNSUPPORTED);
    assert_null(client);
}

static void
without_an_agent_nothing_is_opened(void **state)
{
    stage *s = *state;
    rpc_client *client = NULL;
    rpc_fault fault = {0};

    close(s->listening);
    assert_int_equal(unlink(s->place.socket), 0);
    assert_int_equal(rpc_client_open(&s->place, false, &client, &fault), KITH_ERR_OFFLINE);
    assert_int_equal(fault.kind, RPC_KIND_GONE);
    s->listening = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
lines_pass_through_unread(void **state)
{
    static const char *const lines[] = {HELLO, "anything at all\n\n", NULL};
    KITH_AUTO(kith_buf) line = {0};

    play(*state, lines, true);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_write_line(client, kith_bytes_of_text("not json")), KITH_OK);
    assert_int_equal(rpc_client_read_line(client, 5000, &line), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&line), kith_bytes_of_text("anything at all")));
    assert_int_equal(rpc_client_read_line(client, 5000, &line), KITH_OK);
    assert_int_equal(line.len, 0);
    assert_int_equal(rpc_client_read_line(client, 0, &line), KITH_ERR_NOT_FOUND);
    rpc_client_free(client);
}

static void
a_parameter_too_long_for_a_line_is_not_sent(void **state)
{
    static const char *const lines[] = {HELLO, NULL};
    char *text = malloc(RPC_LINE_MAX);
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    const rpc_call call = {.method = "chat.find", .params = params};
    rpc_message message = {0};

    assert_non_null(text);
    memset(text, 'x', RPC_LINE_MAX);
    yyjson_mut_doc_set_root(params, yyjson_mut_obj(params));
    yyjson_mut_obj_add_strn(params, params->root, "who", text, RPC_LINE_MAX);
    play(*state, lines, true);
    rpc_client *client = open_client(*state);
    assert_int_equal(rpc_client_call(client, &call, &message), KITH_ERR_REJECTED);
    assert_int_equal(message.fault.kind, RPC_KIND_LIMIT);
    rpc_client_free(client);
    yyjson_mut_doc_free(params);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_told_apart_from_events_that_come_first),
        TEST(an_error_comes_with_its_kind),
        TEST(an_agent_that_ends_is_gone),
        TEST(an_agent_that_is_silent_is_waited_for_only_so_long),
        TEST(an_agent_of_another_schema_is_not_talked_to),
        TEST(without_an_agent_nothing_is_opened),
        TEST(lines_pass_through_unread),
        TEST(a_parameter_too_long_for_a_line_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
