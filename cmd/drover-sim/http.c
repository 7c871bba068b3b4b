#include "cmd/drover-sim/http.h"

#include <string.h>

#include "cmd/drover-sim/http_parse.h"

enum {
    IDLE_MS = 10 * 60 * 1000, /* tiflow: cdc/server/server.go, read and write timeouts */
    REQUEST_MS = 60 * 1000,   /* from a request's first byte to its last */
};

struct http_conn {
    const struct dr_sim_peer *peer;
    struct dr_httpd_request request;
    bool begun;     /* a request has begun to arrive */
    bool continued; /* "100 Continue" was said */
    uint64_t handle;
    struct dr_arena *arena; /* of the answer */
    struct dr_http_answer answer;
};

static void *open_conn(const struct dr_sim_peer *peer, struct dr_sim_stream *s,
                       int64_t now_ms)
{
    struct http_conn *c = dr_xcalloc(1, sizeof(*c));
    c->peer = peer;
    dr_httpd_request_init(&c->request);
    s->expires_ms = now_ms + REQUEST_MS;
    return c;
}

static void write_answer(struct http_conn *c, struct dr_sim_stream *s)
{
    const struct dr_http_answer *a = &c->answer;
    if (a->status < 100 || a->status > 999) { /* the model drops the connection */
        s->abort = true;
        return;
    }
    bool bodiless = a->status == 204 || a->status == 304;
    s->close = s->close || !c->request.keep_alive;
    bool old_stays = c->request.http10 && !s->close; /* HTTP/1.0 wants to be told */
    char extra[128];
    snprintf(extra, sizeof(extra), "%s%s%s%s",
             old_stays ? "Connection: keep-alive\r\n" : "", a->etag ? "ETag: \"" : "",
             a->etag ? a->etag : "", a->etag ? "\"\r\n" : "");
    dr_httpd_put_head(&s->out, a->status, a->content_type, a->body_len, s->close,
                      dr_model_wall_ms(c->peer->model) / 1000, extra);
    if (!bodiless && strcmp(c->request.method, "HEAD") != 0 && a->body_len)
        dr_buf_add(&s->out, a->body, a->body_len);
}

static void finish(struct http_conn *c, struct dr_sim_stream *s, int64_t now_ms)
{
    write_answer(c, s);
    dr_arena_free(c->arena);
    c->arena = NULL;
    c->begun = c->continued = false;
    dr_httpd_request_reset(&c->request);
    s->waiting = false;
    s->expires_ms = now_ms + IDLE_MS;
}

static void serve(struct http_conn *c, struct dr_sim_stream *s, int64_t now_ms)
{
    const struct dr_httpd_request *r = &c->request;
    struct dr_model_request req = {
        .method = r->method,
        .target = r->target,
        .body = dr_buf_str(&r->body),
        .body_len = r->body.len,
        .header_count = r->header_count,
        .header_names = r->names,
        .header_values = r->values,
        .peer = c->peer->host,
    };
    c->arena = dr_arena_new(0);
    c->answer = (struct dr_http_answer){.status = 0};
    if (dr_model_http(c->peer->model, c->peer->at, &req, &c->answer, c->arena,
                      &c->handle) == DR_MODEL_DONE) {
        finish(c, s, now_ms);
    } else {
        s->waiting = true;
        s->expires_ms = 0;
    }
}

static size_t input(void *self, struct dr_sim_stream *s, const char *bytes, size_t len,
                    int64_t now_ms)
{
    struct http_conn *c = self;
    size_t used = 0;
    if (len && !c->begun) {
        c->begun = true;
        s->expires_ms = now_ms + REQUEST_MS;
    }
    switch (dr_httpd_feed(&c->request, bytes, len, &used)) {
    case DR_HTTPD_MORE:
        if (c->request.expects_continue && !c->continued) {
            c->continued = true;
            dr_buf_adds(&s->out, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        break;
    case DR_HTTPD_READY:
        serve(c, s, now_ms);
        break;
    case DR_HTTPD_BAD:
        dr_httpd_put_refusal(&s->out, c->request.status, c->request.why);
        s->close = true;
        used = len;
        break;
    }
    return used;
}

static void resume(void *self, struct dr_sim_stream *s, int64_t now_ms)
{
    struct http_conn *c = self;
    if (dr_model_http_poll(c->peer->model, c->handle, &c->answer, c->arena) ==
        DR_MODEL_DONE)
        finish(c, s, now_ms);
}

static bool alive(const void *self)
{
    const struct http_conn *c = self;
    return dr_model_up(c->peer->model, c->peer->at);
}

/* What the model still works on is left to it: a request that was taken is carried out
 * whether or not somebody waits for the answer. */
static void shut(void *self)
{
    struct http_conn *c = self;
    dr_httpd_request_release(&c->request);
    dr_arena_free(c->arena);
    free(c);
}

static void refuse(struct dr_buf *out)
{
    dr_httpd_put_refusal(out, 503, "too many connections");
}

const struct dr_sim_protocol dr_httpd_protocol = {
    .name = "http",
    .input_max = DR_HTTPD_HEAD_MAX + DR_HTTPD_CHUNK_LINE_MAX,
    .answers_half_end = true,
    .open = open_conn,
    .input = input,
    .resume = resume,
    .alive = alive,
    .shut = shut,
    .refuse = refuse,
};
