/* The model's HTTP entrance: finds the server behind an address, lets faults strike, and
 * keeps the exchanges whose answer comes later. What a server answers is its own file's
 * business. */
#include "controller/estate/model/http.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/estate/model/audit.h"
#include "controller/estate/model/uri.h"

enum { ABANDONED_MS = 10 * 60 * 1000, NEVER_MS = 24 * 60 * 60 * 1000 };

struct server {
    enum dr_model_port port;
    struct dr_model_process *(*find)(struct dr_model *, const struct dr_address *);
    void (*serve)(struct dr_http_in *);
    void (*fault)(struct dr_http_in *, int status, const char *message);
    void (*changed)(struct dr_model *, struct dr_model_process *);
};

static const struct server servers[] = {
    {DR_PORT_PD, dr_pd_process, dr_pd_serve, dr_pd_fault, dr_pd_process_changed},
    {DR_PORT_CDC, dr_cdc_process, dr_cdc_serve, dr_cdc_fault, dr_cdc_process_changed},
    {DR_PORT_STORE, dr_store_process, dr_s3_serve, dr_s3_fault, NULL},
};
enum { SERVERS = sizeof(servers) / sizeof(servers[0]) };

/* An exchange that waits. Owns a copy of its request. */
struct pending {
    struct pending *next;
    uint64_t handle;
    struct dr_arena *arena;
    struct dr_model_request req;
    struct dr_http_answer answer;
    uint64_t audit; /* its entry, to be settled with the answer */
    const struct server *server;
    const struct dr_model_process *process; /* of the address asked */
    const struct dr_model_process *hung;    /* waits for this one; then asks again */
    int64_t ready_ms;                       /* the answer is there from then on */
    bool (*settle)(struct dr_http_in *in, void *arg);
    void *settle_arg;
};

struct dr_http {
    struct pending *first;
};

/* ---- helpers of the servers ---- */
void dr_http_reply(struct dr_http_in *in, int status, const char *type,
                   struct dr_buf *body)
{
    *in->out = (struct dr_http_answer){
        .status = status,
        .content_type = type,
        .body = dr_strndup(in->a, dr_buf_str(body), body->len),
        .body_len = body->len,
    };
    dr_buf_release(body);
}

void dr_http_text(struct dr_http_in *in, int status, const char *type, const char *body)
{
    *in->out = (struct dr_http_answer){
        .status = status,
        .content_type = type,
        .body = dr_strdup(in->a, body),
        .body_len = strlen(body),
    };
}

void dr_http_empty(struct dr_http_in *in, int status)
{
    *in->out = (struct dr_http_answer){.status = status, .body = ""};
}

const char *dr_http_param(const struct dr_http_in *in, const char *name)
{
    const struct dr_uri u = {.query = in->query};
    return dr_uri_param(in->a, &u, name);
}

const char *dr_http_header(const struct dr_http_in *in, const char *name)
{
    for (size_t i = 0; i < in->req->header_count; i++)
        if (!strcasecmp(in->req->header_names[i], name))
            return in->req->header_values[i];
    return NULL;
}

bool dr_http_match(struct dr_arena *a, const char *pattern, const char *path,
                   const char **args, size_t max)
{
    size_t n = 0;

    while (*pattern) {
        if (pattern[0] == '{' && pattern[1] == '}') {
            size_t len = strcspn(path, "/");
            if (!len || n == max)
                return false;
            args[n++] = dr_uri_decode(a, path, len, false);
            path += len;
            pattern += 2;
        } else if (*pattern++ != *path++)
            return false;
    }
    return !*path;
}

/* ---- processes ---- */
struct dr_model_process *dr_model_process(struct dr_model *m, const struct dr_address *at)
{
    for (size_t i = 0; i < SERVERS; i++) {
        struct dr_model_process *p = servers[i].find(m, at);
        if (p)
            return p;
    }
    return NULL;
}

void dr_model_process_changed(struct dr_model *m, struct dr_model_process *p)
{
    for (size_t i = 0; i < SERVERS; i++)
        if (servers[i].changed && servers[i].find(m, &p->at) == p)
            servers[i].changed(m, p);
}

/* ---- one exchange ---- */
static void wake(struct dr_model *m, void *arg, uint64_t n)
{
    (void)m, (void)arg, (void)n; /* only so that the clock stops there */
}

static void split_target(struct dr_http_in *in)
{
    size_t len = strcspn(in->req->target, "?");
    in->path = dr_strndup(in->a, in->req->target, len);
    in->query = in->req->target[len] ? in->req->target + len + 1 : NULL;
}

static void drop(struct dr_http_in *in)
{
    *in->out = (struct dr_http_answer){.status = 0};
}

/* f: what befalls the answer; NULL: nothing. */
static void settle_audit(struct dr_model *m, uint64_t *entry, int status,
                         const struct dr_fault *f)
{
    char text[40];
    if (!*entry)
        return;
    bool lost = f && (f->kind == DR_FAULT_DROP_AFTER || f->kind == DR_FAULT_MUTE);
    if (f && f->kind == DR_FAULT_ERROR)
        snprintf(text, sizeof(text), "not done, answered an error");
    else
        snprintf(text, sizeof(text), "%d%s", status,
                 lost                                   ? ", reply lost"
                 : f && f->kind == DR_FAULT_ERROR_AFTER ? ", answered an error"
                                                        : "");
    dr_audit_settle(m, *entry, text, -1);
    *entry = 0;
}

/* Serves the request, or lets an armed fault strike. */
static void serve(struct dr_http_in *in, const struct server *server)
{
    const struct dr_fault *f = NULL;
    struct dr_fault fault;

    if (in->m->faults)
        f = dr_model_fault_take(
            in->m, &in->server->at,
            dr_sprintf(in->a, "%s %s", in->req->method, in->req->target));
    if (f)
        fault = *f; /* serving may change the list */
    if (f && fault.kind == DR_FAULT_DROP_BEFORE) {
        drop(in);
        return;
    }
    in->audit = dr_audit_request(in);
    if (!f || fault.kind != DR_FAULT_ERROR)
        server->serve(in);
    if (!in->settle && !in->wait_for)
        settle_audit(in->m, &in->audit, in->out->status, f ? &fault : NULL);
    if (!f)
        return;
    if (fault.kind == DR_FAULT_DROP_AFTER)
        drop(in);
    else if (fault.kind == DR_FAULT_SLOW)
        in->delay_ms += fault.delay_ms;
    else if (fault.kind == DR_FAULT_MUTE)
        in->delay_ms += NEVER_MS;
    else
        server->fault(in, fault.number ? fault.number : 500, fault.message);
    if (fault.kind != DR_FAULT_SLOW) {
        in->settle = NULL;
        in->wait_for = NULL;
    }
}

static const struct server *find_server(struct dr_model *m, const struct dr_address *at,
                                        struct dr_model_process **process)
{
    for (size_t i = 0; i < SERVERS; i++)
        if ((*process = servers[i].find(m, at)) != NULL)
            return &servers[i];
    return NULL;
}

static struct pending *keep(struct dr_model *m, const struct dr_model_request *req)
{
    struct dr_arena *arena = dr_arena_new(0);
    struct pending *p = DR_NEW(arena, struct pending), **end;
    const char **names = DR_NEW_N(arena, req->header_count + 1, const char *);
    const char **values = DR_NEW_N(arena, req->header_count + 1, const char *);

    p->arena = arena;
    p->handle = ++m->next_query;
    p->req = *req;
    p->req.peer = dr_strdup(arena, req->peer);
    p->req.method = dr_strdup(arena, req->method);
    p->req.target = dr_strdup(arena, req->target);
    p->req.body = req->body ? dr_strndup(arena, req->body, req->body_len) : NULL;
    for (size_t i = 0; i < req->header_count; i++) {
        names[i] = dr_strdup(arena, req->header_names[i]);
        values[i] = dr_strdup(arena, req->header_values[i]);
    }
    p->req.header_names = names;
    p->req.header_values = values;
    if (!m->http)
        m->http = dr_xcalloc(1, sizeof(*m->http));
    for (end = &m->http->first; *end;) {
        struct pending *old = *end;
        if (!old->hung && old->ready_ms + ABANDONED_MS < m->now_ms) {
            *end = old->next;
            dr_arena_free(old->arena);
        } else
            end = &old->next;
    }
    *end = p;
    return p;
}

/* Takes over what the handler said about a later answer. */
static void note(struct dr_model *m, struct pending *p, const struct dr_http_in *in)
{
    p->hung = in->wait_for;
    p->ready_ms = m->now_ms + in->delay_ms;
    p->settle = in->settle;
    p->settle_arg = in->settle_arg;
    p->answer = *in->out;
    p->audit = in->audit;
    if (in->delay_ms > 0)
        dr_model_at(m, p->ready_ms, wake, NULL, 0);
}

static bool later(const struct dr_http_in *in)
{
    return in->wait_for || in->delay_ms > 0 || in->settle;
}

static struct dr_http_in begin(struct dr_model *m, const struct dr_model_process *process,
                               const struct dr_model_request *req,
                               struct dr_http_answer *out, struct dr_arena *a)
{
    struct dr_http_in in = {
        .m = m,
        .server = process,
        .req = req,
        .out = out,
        .a = a,
        .delay_ms = process->slow_ms,
    };
    split_target(&in);
    return in;
}

enum dr_model_done dr_model_http(struct dr_model *m, const struct dr_address *at,
                                 const struct dr_model_request *req,
                                 struct dr_http_answer *out, struct dr_arena *a,
                                 uint64_t *handle)
{
    struct dr_model_instance *instance;
    struct dr_model_process *process;
    const struct server *server = find_server(m, at, &process);
    struct dr_http_in in;
    struct pending *p;

    *out = (struct dr_http_answer){.status = 0};
    *handle = 0;
    if (!server) {
        instance = dr_model_instance(m, at);
        if (instance)
            dr_model_status_http(instance, req, out, a);
        return DR_MODEL_DONE;
    }
    if (!process->up || process->cut)
        return DR_MODEL_DONE;
    if (!process->hung) {
        in = begin(m, process, req, out, a);
        serve(&in, server);
        if (!later(&in))
            return DR_MODEL_DONE;
    } else {
        in = begin(m, process, req, out, a);
        in.wait_for = process;
    }
    /* The answer outlives the caller's arena only as a copy. */
    p = keep(m, req);
    p->server = server;
    p->process = process;
    note(m, p, &in);
    if (out->body)
        p->answer.body = dr_strndup(p->arena, out->body, out->body_len);
    *handle = p->handle;
    return DR_MODEL_RUNNING;
}

/* True: p->answer is the answer. */
static bool ready(struct dr_model *m, struct pending *p)
{
    struct dr_http_in in;

    if (!p->process->up || p->process->cut) {
        p->answer = (struct dr_http_answer){.status = 0};
        return true;
    }
    if (p->hung) {
        if (p->hung->hung)
            return false;
        if (p->hung == p->process) {
            in = begin(m, p->process, &p->req, &p->answer, p->arena);
            serve(&in, p->server);
            note(m, p, &in);
            if (p->hung)
                return false;
        }
        p->hung = NULL; /* else the answer was given beforehand */
    }
    if (p->settle) {
        in = begin(m, p->process, &p->req, &p->answer, p->arena);
        if (!p->settle(&in, p->settle_arg))
            return false;
        p->settle = NULL;
    }
    return p->ready_ms <= m->now_ms;
}

enum dr_model_done dr_model_http_poll(struct dr_model *m, uint64_t handle,
                                      struct dr_http_answer *out, struct dr_arena *a)
{
    struct pending **at = m->http ? &m->http->first : NULL, *p;

    *out = (struct dr_http_answer){.status = 0};
    while (at && *at && (*at)->handle != handle)
        at = &(*at)->next;
    if (!at || !*at)
        return DR_MODEL_DONE; /* given up: as a dropped connection */
    p = *at;
    if (!ready(m, p))
        return DR_MODEL_RUNNING;
    settle_audit(m, &p->audit, p->answer.status, NULL);
    *out = p->answer;
    if (out->body)
        out->body = dr_strndup(a, p->answer.body, p->answer.body_len);
    *at = p->next;
    dr_arena_free(p->arena);
    return DR_MODEL_DONE;
}

void dr_model_http_free(struct dr_model *m)
{
    while (m->http && m->http->first) {
        struct pending *p = m->http->first;
        m->http->first = p->next;
        dr_arena_free(p->arena);
    }
    free(m->http);
    m->http = NULL;
}
