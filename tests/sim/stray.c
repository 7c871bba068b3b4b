#include "tests/sim/stray.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/world.h"

static struct sim_stray *free_place(struct sim_world *w)
{
    for (size_t i = 0; i < SIM_STRAYS; i++)
        if (!w->strays[i].pending)
            return &w->strays[i];
    return NULL;
}

bool sim_stray_send(struct sim_world *w, const char *holder,
                    struct dr_model_session *session, const char *text)
{
    struct sim_stray *s = free_place(w);
    if (!s) {
        dr_model_sql_close(session);
        return false;
    }
    *s = (struct sim_stray){.pending = true,
                            .session = session,
                            .text = dr_strdup(w->arena, text),
                            .due_ms = dr_model_now_ms(w->model)};
    snprintf(s->holder, sizeof(s->holder), "%s", holder);
    sim_strays_arrive(w);
    return true;
}

static uint64_t epochs(const struct sim_world *w)
{
    const struct sim_view *v = sim_world_now(w);
    return v->c[SIM_A].ledger.epoch + v->c[SIM_B].ledger.epoch;
}

enum { SOON_MS = 30, LATE_MS = 100000 };

bool sim_stray_take(struct sim_world *w, const char *holder, struct dr_carrier *from,
                    const struct dr_exchange *ex, int64_t delay_ms)
{
    struct sim_stray *s = free_place(w);
    if (!s || sim_exchange_kind(ex) == 'r')
        return false;
    *s = (struct sim_stray){.at = ex->at,
                            .again = delay_ms == SIM_STRAY_AGAIN,
                            .raised = delay_ms == SIM_STRAY_RAISED,
                            .epochs = epochs(w)};
    s->due_ms = dr_model_now_ms(w->model) + (delay_ms < 0 ? LATE_MS : delay_ms);
    snprintf(s->holder, sizeof(s->holder), "%s", holder);
    if (ex->kind == DR_EXCHANGE_SQL) {
        s->session = dr_model_carrier_leave(from, ex);
        s->text = dr_strdup(w->arena, ex->sql.text);
        s->pending = s->session != NULL;
        return s->pending;
    }
    s->method = dr_strdup(w->arena, ex->http.method);
    s->target = dr_strdup(w->arena, ex->http.target);
    s->body = dr_strdup(w->arena, ex->http.body);
    return s->pending = true;
}

static bool is_same(const struct sim_stray *s, const struct dr_exchange *ex)
{
    if (s->session)
        return ex->kind == DR_EXCHANGE_SQL && strcmp(s->text, ex->sql.text) == 0;
    return ex->kind == DR_EXCHANGE_HTTP && strcmp(s->method, ex->http.method) == 0 &&
           strcmp(s->target, ex->http.target) == 0;
}

void sim_strays_follow(struct sim_world *w, const struct dr_exchange *ex)
{
    for (size_t i = 0; i < SIM_STRAYS; i++) {
        struct sim_stray *s = &w->strays[i];
        if (!s->pending || !s->again || !is_same(s, ex))
            continue;
        s->again = false;
        s->due_ms = dr_model_now_ms(w->model) + SOON_MS;
    }
}

/* True: it has come to its end. */
static bool run_sql(struct sim_stray *s, struct dr_arena *a)
{
    struct dr_sql_answer out = {0};
    if (!dr_model_sql_alive(s->session))
        return true;
    if (s->running)
        return dr_model_sql_poll(s->session, &out, a) != DR_MODEL_RUNNING;
    return dr_model_sql_query(s->session, s->text, strlen(s->text), &out, a) !=
           DR_MODEL_RUNNING;
}

static bool run_http(struct sim_world *w, struct sim_stray *s, struct dr_arena *a)
{
    struct dr_http_answer out = {0};
    struct dr_model_request req = {.method = s->method,
                                   .target = s->target,
                                   .body = s->body,
                                   .body_len = s->body ? strlen(s->body) : 0};
    if (s->running)
        return dr_model_http_poll(w->model, s->handle, &out, a) != DR_MODEL_RUNNING;
    return !dr_model_up(w->model, &s->at) ||
           dr_model_http(w->model, &s->at, &req, &out, a, &s->handle) != DR_MODEL_RUNNING;
}

static void end(struct sim_stray *s)
{
    if (s->session)
        dr_model_sql_close(s->session);
    *s = (struct sim_stray){.pending = false};
}

static void arrive(struct sim_world *w, struct sim_stray *s)
{
    struct dr_arena *a = dr_arena_new(0);
    sim_world_judge(w, NULL);
    if (w->log && !s->running)
        dr_buf_addf(w->log, "%lld stray of %s%s: %.60s\n",
                    (long long)dr_model_now_ms(w->model), s->holder,
                    s->session && !dr_model_sql_alive(s->session) ? ", killed" : "",
                    s->session ? s->text : s->target);
    bool done = s->session ? run_sql(s, a) : run_http(w, s, a);
    s->running = true;
    w->history.is_stray = true;
    sim_world_judge(w, s->holder);
    w->history.is_stray = false;
    if (done)
        end(s);
    dr_arena_free(a);
}

static bool is_due(const struct sim_world *w, const struct sim_stray *s)
{
    return s->due_ms <= dr_model_now_ms(w->model) ||
           (s->raised && s->epochs != epochs(w));
}

void sim_strays_arrive(struct sim_world *w)
{
    for (size_t i = 0; i < SIM_STRAYS; i++)
        if (w->strays[i].pending && is_due(w, &w->strays[i]))
            arrive(w, &w->strays[i]);
}

int64_t sim_strays_until(const struct sim_world *w)
{
    int64_t until = 0;
    for (size_t i = 0; i < SIM_STRAYS; i++)
        if (w->strays[i].pending && w->strays[i].due_ms >= until)
            until = w->strays[i].due_ms + 1;
    return until;
}

void sim_strays_end(struct sim_world *w)
{
    for (size_t i = 0; i < SIM_STRAYS; i++)
        if (w->strays[i].pending)
            end(&w->strays[i]);
}
