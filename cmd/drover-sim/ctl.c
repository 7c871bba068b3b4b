/* The control socket, the server's side. */
#include "cmd/drover-sim/ctl.h"

#include <string.h>

#include "controller/base/arena.h"
#include "controller/base/json.h"

enum { LINE_MAX_BYTES = 1024 * 1024, IDLE_MS = 60 * 1000 };

struct ctl_conn {
    const struct dr_sim_peer *peer;
};

static void *open_conn(const struct dr_sim_peer *peer, struct dr_sim_stream *s,
                       int64_t now_ms)
{
    struct ctl_conn *c = dr_xcalloc(1, sizeof(*c));
    c->peer = peer;
    s->expires_ms = now_ms + IDLE_MS;
    return c;
}

static json_t *state_of(struct dr_model *m)
{
    return dr_model_state(m);
}

static json_t *print_of(struct dr_model *m)
{
    struct dr_buf text;
    dr_buf_init(&text, DR_STREAM_OUT_MAX / 4);
    dr_model_print(m, &text);
    json_t *v = json_stringn(dr_buf_str(&text), text.len);
    dr_buf_release(&text);
    return v;
}

static json_t *unknown_of(struct dr_model *m)
{
    const json_t *list = NULL;
    dr_model_unknown(m, &list);
    return list ? json_deep_copy(list) : json_array();
}

static json_t *listeners_of(struct dr_model *m)
{
    static const char *const names[] = {[DR_PORT_SQL] = "sql",
                                        [DR_PORT_STATUS] = "status",
                                        [DR_PORT_PD] = "pd",
                                        [DR_PORT_CDC] = "ticdc",
                                        [DR_PORT_STORE] = "storage"};
    json_t *all = json_array();
    size_t n;
    const struct dr_model_listener *l = dr_model_listeners(m, &n);
    for (size_t i = 0; i < n; i++) {
        char text[DR_HOST_MAX + 16];
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:b}", "at", dr_address_text(&l[i].at, text),
                           "port", names[l[i].port], "up", dr_model_up(m, &l[i].at)));
    }
    return all;
}

static const struct {
    const char *name;
    json_t *(*of)(struct dr_model *m);
} shows[] = {
    {"state", state_of},
    {"print", print_of},
    {"unknown", unknown_of},
    {"listeners", listeners_of},
};

static int run(struct dr_model *m, const json_t *command, json_t **reply,
               struct dr_err *err)
{
    const char *show = dr_json_str(command, "show");
    for (size_t i = 0; show && i < sizeof(shows) / sizeof(shows[0]); i++)
        if (strcmp(show, shows[i].name) == 0) {
            *reply = shows[i].of(m);
            return 0;
        }
    if (show)
        return dr_model_look(m, show, command, reply, err);
    return dr_model_ctl(m, command, reply, err);
}

static void answer(struct ctl_conn *c, struct dr_sim_stream *s, const char *line,
                   size_t len)
{
    struct dr_err err = {.code = 0};
    json_t *command = NULL, *reply = NULL, *out;
    int rc = dr_json_parse(&command, line, len, &err);
    if (rc == 0 && !json_is_object(command))
        rc = dr_fail(&err, DR_E_INPUT, "a command is a JSON object");
    if (rc == 0)
        rc = run(c->peer->model, command, &reply, &err);
    if (rc == 0)
        out = json_pack("{s:b, s:o}", "ok", 1, "reply", reply ? reply : json_null());
    else
        out = json_pack("{s:b, s:s, s:s}", "ok", 0, "error", err.text, "hint", err.hint);
    char *text = out ? json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        dr_buf_adds(&s->out, text);
    dr_buf_addc(&s->out, '\n');
    free(text);
    json_decref(out);
    json_decref(command);
}

static size_t input(void *self, struct dr_sim_stream *s, const char *bytes, size_t len,
                    int64_t now_ms)
{
    const char *nl = memchr(bytes, '\n', len);
    s->expires_ms = now_ms + IDLE_MS;
    if (!nl && len < LINE_MAX_BYTES)
        return 0;
    if (!nl) {
        s->close = true;
        return len;
    }
    answer(self, s, bytes, (size_t)(nl - bytes));
    return (size_t)(nl - bytes) + 1;
}

static void resume(void *self, struct dr_sim_stream *s, int64_t now_ms)
{
    (void)self, (void)s, (void)now_ms; /* every command is answered at once */
}

static void refuse(struct dr_buf *out)
{
    dr_buf_adds(out, "{\"ok\":false,\"error\":\"too many connections\"}\n");
}

const struct dr_sim_protocol dr_ctl_protocol = {
    .name = "ctl",
    .input_max = LINE_MAX_BYTES,
    .answers_half_end = true,
    .open = open_conn,
    .input = input,
    .resume = resume,
    .shut = free,
    .refuse = refuse,
};
