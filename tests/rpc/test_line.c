/* SPDX-License-Identifier: MPL-2.0 */
/* Lines of JSON-RPC: what is a request, which error everything else gets, and that what is written can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/rpc.h"

static kith_err
parse(const char *line, rpc_request *out, rpc_fault *fault)
{
    return rpc_request_parse(kith_bytes_of_text(line), out, fault);
}

static void
assert_refused(const char *line, int code, rpc_id_type id)
{
    rpc_request request = {0};
    rpc_fault fault = {0};

    if (parse(line, &request, &fault) != KITH_ERR_MALFORMED || fault.code != code ||
        request.id.type != id) {
        fail_msg("%s: code %d, id type %d", line, fault.code, (int)request.id.type);
    }
    assert_null(request.doc);
    assert_null(request.method);
}

static void
a_request_gives_method_id_and_parameters(void **state)
{
    rpc_request request = {0};
    rpc_fault fault = {0};

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":\"a1\",\"method\":\"chat.find\","
                           "\"params\":{\"who\":\"Rose\"}}",
                           &request, &fault),
                     KITH_OK);
    assert_int_equal(request.method->id, RPC_CHAT_FIND);
    assert_int_equal(request.id.type, RPC_ID_TEXT);
    assert_string_equal(request.id.text, "a1");
    assert_string_equal(yyjson_get_str(yyjson_obj_get(request.params, "who")), "Rose");
    rpc_request_done(&request);

    assert_int_equal(
        parse("{\"id\":-7,\"jsonrpc\":\"2.0\",\"method\":\"chat.list\"}", &request, &fault),
        KITH_OK);
    assert_int_equal(request.id.number, -7);
    assert_null(request.params);
    rpc_request_done(&request);
}

static void
what_is_no_json_gets_the_parse_error(void **state)
{
    (void)state;
    assert_refused("", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("hello", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("{\"id\":1", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("{} {}", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("{\"id\":1,}", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("{\"id\":\"\xff\"}", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("{\"id\":NaN}", RPC_CODE_PARSE, RPC_ID_NULL);
    assert_refused("\xef\xbb\xbf{}", RPC_CODE_PARSE, RPC_ID_NULL);
}

static void
what_is_no_request_gets_the_request_error(void **state)
{
    (void)state;
    assert_refused("[]", RPC_CODE_REQUEST, RPC_ID_NULL);
    assert_refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.list\"}]", RPC_CODE_REQUEST,
                   RPC_ID_NULL);
    assert_refused("7", RPC_CODE_REQUEST, RPC_ID_NULL);
    assert_refused("{}", RPC_CODE_REQUEST, RPC_ID_NULL);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"chat.list\"}", RPC_CODE_REQUEST, RPC_ID_NULL);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"chat.list\"}", RPC_CODE_REQUEST,
                   RPC_ID_NULL);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"chat.list\"}", RPC_CODE_REQUEST,
                   RPC_ID_NULL);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"chat.list\"}", RPC_CODE_REQUEST,
                   RPC_ID_NULL);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000b\",\"method\":\"chat.list\"}",
                   RPC_CODE_REQUEST, RPC_ID_NULL);
    assert_refused("{\"id\":1,\"method\":\"chat.list\"}", RPC_CODE_REQUEST, RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"chat.list\"}", RPC_CODE_REQUEST,
                   RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_CODE_REQUEST, RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_CODE_REQUEST, RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.list\",\"x\":1}",
                   RPC_CODE_REQUEST, RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"chat.list\"}",
                   RPC_CODE_REQUEST, RPC_ID_NUMBER);
}

static void
an_unknown_method_gets_the_method_error(void **state)
{
    (void)state;
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", RPC_CODE_METHOD,
                   RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.lists\"}", RPC_CODE_METHOD,
                   RPC_ID_NUMBER);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.list\\u0000x\"}",
                   RPC_CODE_METHOD, RPC_ID_NUMBER);
}

static void
wrong_parameters_get_the_parameter_error(void **state)
{
    (void)state;
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"chat.list\",\"params\":[]}",
                   RPC_CODE_PARAMS, RPC_ID_TEXT);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"chat.find\"}", RPC_CODE_PARAMS,
                   RPC_ID_TEXT);
}

/* A whole line of RPC_LINE_MAX bytes: a request, and blanks behind it. */
static void
a_line_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    static const char request_text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.list\"}";
    char *line = malloc(RPC_LINE_MAX + 1);
    rpc_request request = {0};
    rpc_fault fault = {0};

    (void)state;
    assert_non_null(line);
    memset(line, ' ', RPC_LINE_MAX + 1);
    memcpy(line, request_text, sizeof request_text - 1);
    assert_int_equal(rpc_request_parse(kith_bytes_of(line, RPC_LINE_MAX), &request, &fault),
                     KITH_OK);
    rpc_request_done(&request);
    assert_int_equal(rpc_request_parse(kith_bytes_of(line, RPC_LINE_MAX + 1), &request, &fault),
                     KITH_ERR_MALFORMED);
    assert_int_equal(fault.code, RPC_CODE_PARSE);
    free(line);
}

/* {"a":[[[...]]]} with `depth` containers in all. */
static kith_err
parse_depth(size_t depth, rpc_fault *fault)
{
    char line[256] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.list\",\"params\":{\"skip\":";
    rpc_request request = {0};
    size_t len = strlen(line);

    for (size_t i = 2; i < depth; i++) {
        line[len++] = '[';
    }
    for (size_t i = 2; i < depth; i++) {
        line[len++] = ']';
    }
    memcpy(line + len, "}}", 3);
    return rpc_request_parse(kith_bytes_of_text(line), &request, fault);
}

static void
containers_may_be_as_deep_as_the_limit_and_no_deeper(void **state)
{
    rpc_fault fault = {0};

    (void)state;
    assert_int_equal(parse_depth(RPC_DEPTH_MAX, &fault), KITH_ERR_MALFORMED);
    assert_int_equal(fault.code, RPC_CODE_PARAMS);
    assert_int_equal(parse_depth(RPC_DEPTH_MAX + 1, &fault), KITH_ERR_MALFORMED);
    assert_int_equal(fault.code, RPC_CODE_PARSE);
}

static void
brackets_in_text_are_not_containers(void **state)
{
    rpc_request request = {0};
    rpc_fault fault = {0};

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chat.find\","
                           "\"params\":{\"who\":\"[[[[[[[[[[[[\\\"{{{{{{{{\\\\\"}}",
                           &request, &fault),
                     KITH_OK);
    rpc_request_done(&request);
}

static void
an_id_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    char line[256];
    char id[RPC_ID_MAX + 2];
    rpc_request request = {0};
    rpc_fault fault = {0};

    (void)state;
    memset(id, 'i', sizeof id);
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":\"%.*s\",\"method\":\"chat.list\"}",
             (int)RPC_ID_MAX, id);
    assert_int_equal(parse(line, &request, &fault), KITH_OK);
    rpc_request_done(&request);
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":\"%.*s\",\"method\":\"chat.list\"}",
             (int)RPC_ID_MAX + 1, id);
    assert_int_equal(parse(line, &request, &fault), KITH_ERR_MALFORMED);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":9223372036854775808,\"method\":\"chat.list\"}",
                   RPC_CODE_REQUEST, RPC_ID_NULL);
}

/* ---- What is written ----------------------------------------------------------------------- */

static kith_bytes
without_newline(const kith_buf *line)
{
    assert_true(line->len > 0);
    assert_int_equal(line->data[line->len - 1], '\n');
    return kith_bytes_of(line->data, line->len - 1);
}

static void
a_written_request_is_a_request(void **state)
{
    KITH_AUTO(kith_buf) line = {0};
    rpc_request request = {0};
    rpc_fault fault = {0};
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);

    (void)state;
    yyjson_mut_doc_set_root(params, yyjson_mut_obj(params));
    yyjson_mut_obj_add_str(params, params->root, "who", "line\nbreak \xe2\x80\xae");
    assert_int_equal(rpc_request_write(12, "chat.find", params, &line), KITH_OK);
    assert_int_equal(rpc_request_parse(without_newline(&line), &request, &fault), KITH_OK);
    assert_int_equal(request.id.number, 12);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(request.params, "who")),
                        "line\nbreak \xe2\x80\xae");
    rpc_request_done(&request);
    yyjson_mut_doc_free(params);
}

static void
an_answer_repeats_the_id_and_carries_the_result(void **state)
{
    KITH_AUTO(kith_buf) line = {0};
    rpc_message message = {0};
    const rpc_id id = {.type = RPC_ID_NUMBER, .number = 41};

    (void)state;
    assert_int_equal(rpc_answer_write(&id, NULL, &line), KITH_OK);
    assert_int_equal(rpc_message_parse(without_newline(&line), &message), KITH_OK);
    assert_false(message.is_event);
    assert_int_equal(message.id, 41);
    assert_int_equal(yyjson_obj_size(message.result), 0);
    rpc_message_done(&message);

    const rpc_id text = {.type = RPC_ID_TEXT, .text = "a\"b"};
    kith_buf_clear(&line);
    assert_int_equal(rpc_answer_write(&text, NULL, &line), KITH_OK);
    assert_non_null(strstr((const char *)line.data, "\"id\":\"a\\\"b\""));
}

static void
an_error_carries_code_kind_field_reason_and_data(void **state)
{
    KITH_AUTO(kith_buf) line = {0};
    rpc_message message = {0};
    const rpc_id id = {.type = RPC_ID_NUMBER, .number = 3};
    rpc_fault fault = rpc_fault_of_kind(RPC_KIND_OFFLINE, "no");
    yyjson_mut_doc *data = yyjson_mut_doc_new(NULL);

    (void)state;
    memcpy(fault.reason, "wrong_pin", 10);
    yyjson_mut_doc_set_root(data, yyjson_mut_obj(data));
    yyjson_mut_obj_add_int(data, data->root, "more", 5);
    assert_int_equal(rpc_fault_write(&id, &fault, data, &line), KITH_OK);
    assert_int_equal(rpc_message_parse(without_newline(&line), &message), KITH_OK);
    assert_null(message.result);
    assert_int_equal(message.fault.code, RPC_CODE_KIND);
    assert_int_equal(message.fault.kind, RPC_KIND_OFFLINE);
    assert_string_equal(message.fault.reason, "wrong_pin");
    assert_int_equal(yyjson_get_int(yyjson_obj_get(message.error_data, "more")), 5);
    rpc_message_done(&message);
    yyjson_mut_doc_free(data);
}

static void
an_event_is_told_apart_from_an_answer(void **state)
{
    KITH_AUTO(kith_buf) line = {0};
    rpc_message message = {0};
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);

    (void)state;
    yyjson_mut_doc_set_root(params, yyjson_mut_obj(params));
    yyjson_mut_obj_add_uint(params, params->root, "seq", 17);
    assert_int_equal(rpc_event_write(params, &line), KITH_OK);
    assert_int_equal(rpc_message_parse(without_newline(&line), &message), KITH_OK);
    assert_true(message.is_event);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(message.result, "seq")), 17);
    rpc_message_done(&message);
    yyjson_mut_doc_free(params);
}

static void
what_is_too_long_to_be_read_is_not_written(void **state)
{
    KITH_AUTO(kith_buf) line = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    char *text = malloc(RPC_LINE_MAX);
    const rpc_id id = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'x', RPC_LINE_MAX);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    yyjson_mut_obj_add_strn(doc, doc->root, "t", text, RPC_LINE_MAX);
    assert_int_equal(rpc_answer_write(&id, doc, &line), KITH_ERR_LIMIT);
    assert_int_equal(line.len, 0);
    yyjson_mut_doc_free(doc);
    free(text);
}

static void
what_is_neither_answer_nor_event_is_refused(void **state)
{
    static const char *const lines[] = {"",
                                        "x",
                                        "[]",
                                        "{}",
                                        "{\"id\":1}",
                                        "{\"id\":\"a\",\"result\":{}}",
                                        "{\"id\":1,\"result\":[]}",
                                        "{\"method\":\"event\"}",
                                        "{\"id\":1,\"error\":{}}",
                                        "{\"id\":1,\"error\":{\"code\":\"x\"}}"};
    rpc_message message = {0};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(rpc_message_parse(kith_bytes_of_text(lines[i]), &message),
                         KITH_ERR_MALFORMED);
        assert_null(message.doc);
    }
}

static void
a_line_is_found_only_when_it_is_whole(void **state)
{
    size_t len = 99;

    (void)state;
    assert_false(rpc_line_find((kith_bytes){0}, &len));
    assert_false(rpc_line_find(kith_bytes_of_text("abc"), &len));
    assert_true(rpc_line_find(kith_bytes_of_text("\nabc"), &len));
    assert_int_equal(len, 0);
    assert_true(rpc_line_find(kith_bytes_of_text("abc\nd"), &len));
    assert_int_equal(len, 3);
}

static void
every_kind_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int kind = RPC_KIND_NONE + 1; kind < RPC_KIND_COUNT; kind++) {
        assert_int_equal(rpc_kind_of_word(rpc_kind_word((rpc_kind)kind)), kind);
    }
    for (int err = KITH_OK + 1; err < KITH_ERR_COUNT; err++) {
        assert_int_not_equal(rpc_kind_of_err((kith_err)err), RPC_KIND_NONE);
    }
    assert_int_equal(rpc_kind_of_word("nonsense"), RPC_KIND_NONE);
    assert_int_equal(rpc_kind_of_err(KITH_OK), RPC_KIND_NONE);
    assert_string_equal(rpc_kind_word(RPC_KIND_NONE), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_gives_method_id_and_parameters),
        cmocka_unit_test(what_is_no_json_gets_the_parse_error),
        cmocka_unit_test(what_is_no_request_gets_the_request_error),
        cmocka_unit_test(an_unknown_method_gets_the_method_error),
        cmocka_unit_test(wrong_parameters_get_the_parameter_error),
        cmocka_unit_test(a_line_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(containers_may_be_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(brackets_in_text_are_not_containers),
        cmocka_unit_test(an_id_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(a_written_request_is_a_request),
        cmocka_unit_test(an_answer_repeats_the_id_and_carries_the_result),
        cmocka_unit_test(an_error_carries_code_kind_field_reason_and_data),
        cmocka_unit_test(an_event_is_told_apart_from_an_answer),
        cmocka_unit_test(what_is_too_long_to_be_read_is_not_written),
        cmocka_unit_test(what_is_neither_answer_nor_event_is_refused),
        cmocka_unit_test(a_line_is_found_only_when_it_is_whole),
        cmocka_unit_test(every_kind_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
