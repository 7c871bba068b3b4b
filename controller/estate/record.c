/* Neither decorator keeps anything per ticket: a reply's line names the ticket, whose
 * call stands above it. */
#include "controller/estate/record.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/base/arena.h"

enum { STATEMENT_MAX = 400 };

void dr_record_init(struct dr_record *r, size_t max_bytes)
{
    memset(r, 0, sizeof(*r));
    dr_buf_init(&r->text, max_bytes);
}

void dr_record_release(struct dr_record *r)
{
    dr_buf_release(&r->text);
}

uint64_t dr_record_mutations(const struct dr_record *r)
{
    uint64_t n = 0;
    for (size_t k = 0; k < DR_CALL_KIND_COUNT; k++)
        n += dr_call_rows[k].mutates ? r->calls[k] : 0;
    return n;
}

uint64_t dr_record_changes(const struct dr_record *r)
{
    return dr_record_mutations(r) - r->calls[DR_CALL_BEAT];
}

static void stamp(struct dr_buf *b, int64_t now_ms)
{
    dr_buf_addf(b, "%" PRId64 ".%03" PRId64 " ", now_ms / 1000, now_ms % 1000);
}

/* ---- statements ---- */

static bool has_word(const char *text, const char *word)
{
    return strcasestr(text, word) != NULL;
}

/* The end of the literal that starts at *s, past its closing quote. */
static const char *literal_end(const char *s)
{
    char quote = *s++;
    while (*s && (*s != quote || s[1] == quote)) {
        bool two = (*s == '\\' || *s == quote) && s[1];
        s += two ? 2 : 1;
    }
    return *s ? s + 1 : s;
}

/* Past a comment that begins at s; s: none does. A quote in one opens nothing. */
static const char *comment_end(const char *s)
{
    const char *end;
    bool line =
        *s == '#' || (s[0] == '-' && s[1] == '-' && s[2] && strchr(" \t\r\n", s[2]));
    if (!line && (s[0] != '/' || s[1] != '*'))
        return s;
    end = line ? strchr(s, '\n') : strstr(s + 2, "*/");
    return !end ? s + strlen(s) : line ? end : end + 2;
}

void dr_record_statement(struct dr_buf *out, const char *text, size_t max)
{
    bool hide_all = has_word(text, "IDENTIFIED") || has_word(text, "PASSWORD");
    size_t end = out->len + max;
    for (const char *s = text; *s && out->len < end;) {
        const char *past = hide_all ? comment_end(s) : s;
        if (past > s) {
            s = past;
            continue;
        }
        if (*s != '\'' && *s != '"') {
            dr_buf_addc(out, *s == '\n' ? ' ' : *s);
            s++;
            continue;
        }
        const char *close = literal_end(s);
        size_t len = (size_t)(close - s);
        bool hide = hide_all || memmem(s, len, "://", 3) != NULL;
        if (hide)
            dr_buf_adds(out, "'***'");
        else
            dr_buf_add(out, s, len < end - out->len ? len : end - out->len);
        s = close;
    }
}

/* ---- calls ---- */

static const char *const outcome_names[] = {
    [DR_DONE] = "done",
    [DR_REFUSED] = "refused",
    [DR_UNKNOWN] = "unknown",
};

struct open_call {
    struct open_call *next;
    uint64_t ticket;
    enum dr_call_kind kind;
};

struct recorded_estate {
    struct dr_estate face;
    struct dr_record *record;
    struct dr_estate *inner;
    struct open_call *open;
};

static enum dr_call_kind close_call(struct recorded_estate *s, uint64_t ticket)
{
    enum dr_call_kind kind = DR_CALL_NONE;
    for (struct open_call **at = &s->open; *at; at = &(*at)->next)
        if ((*at)->ticket == ticket) {
            struct open_call *found = *at;
            kind = found->kind;
            *at = found->next;
            free(found);
            break;
        }
    return kind;
}

static int64_t estate_now(struct dr_estate *e)
{
    struct recorded_estate *s = (struct recorded_estate *)e;
    return s->inner->now_ms(s->inner);
}

static void note_call(struct dr_record *r, const struct dr_call *call, uint64_t ticket,
                      int64_t now_ms)
{
    stamp(&r->text, now_ms);
    dr_buf_addf(&r->text, "call %" PRIu64 " %s cluster %u %s\n", ticket,
                dr_call_rows[call->kind].name, call->at.cluster,
                call->at.instance ? call->at.instance : "-");
}

static void note_reply(struct dr_record *r, enum dr_call_kind kind,
                       const struct dr_reply *reply, int64_t now_ms)
{
    stamp(&r->text, now_ms);
    dr_buf_addf(&r->text, "reply %" PRIu64 " %s %s", reply->ticket,
                dr_call_rows[kind].name, outcome_names[reply->outcome]);
    if (reply->outcome != DR_DONE)
        dr_buf_addf(&r->text, " (%s %d)", dr_code_name(reply->err.code),
                    reply->err.foreign);
    dr_buf_addc(&r->text, '\n');
}

static void estate_submit(struct dr_estate *e, const struct dr_call *call,
                          uint64_t *ticket)
{
    struct recorded_estate *s = (struct recorded_estate *)e;
    struct dr_record *r = s->record;
    s->inner->submit(s->inner, call, ticket);
    r->calls[call->kind]++;
    struct open_call *open = dr_xcalloc(1, sizeof(*open));
    *open = (struct open_call){s->open, *ticket, call->kind};
    s->open = open;
    if (r->text.max)
        note_call(r, call, *ticket, estate_now(e));
    if (r->on_call)
        r->on_call(r->arg, call, *ticket);
}

static bool estate_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct recorded_estate *s = (struct recorded_estate *)e;
    struct dr_record *r = s->record;
    if (!s->inner->wait(s->inner, until_ms, out))
        return false;
    enum dr_call_kind kind = close_call(s, out->ticket);
    r->outcomes[kind][out->outcome]++;
    if (r->text.max)
        note_reply(r, kind, out, estate_now(e));
    if (r->on_reply)
        r->on_reply(r->arg, kind, out);
    return true;
}

static void estate_free(struct dr_estate *e)
{
    struct recorded_estate *s = (struct recorded_estate *)e;
    while (s->open)
        (void)close_call(s, s->open->ticket);
    free(s);
}

struct dr_estate *dr_record_estate(struct dr_record *r, struct dr_estate *inner)
{
    struct recorded_estate *s = dr_xcalloc(1, sizeof(*s));
    s->face = (struct dr_estate){estate_submit, estate_wait, estate_now, estate_free};
    s->record = r;
    s->inner = inner;
    return &s->face;
}

/* ---- exchanges ---- */

static const char *const lane_names[DR_LANE_COUNT_] = {
    [DR_LANE_OBSERVE] = "observe", [DR_LANE_ACT] = "act",     [DR_LANE_LEASE] = "lease",
    [DR_LANE_JOB] = "job",         [DR_LANE_LOGIN] = "login",
};

static const char *const carried_names[] = {
    [DR_NOT_SENT] = "not sent",
    [DR_LOST] = "lost",
    [DR_ANSWERED] = "answered",
};

struct recorded_carrier {
    struct dr_carrier face;
    struct dr_record *record;
    struct dr_carrier *inner;
};

static int64_t carrier_now(struct dr_carrier *c)
{
    struct recorded_carrier *s = (struct recorded_carrier *)c;
    return s->inner->now_ms(s->inner);
}

static void describe(struct dr_buf *b, const struct dr_exchange *ex)
{
    char at[DR_HOST_MAX + 16];
    dr_address_text(&ex->at, at);
    if (ex->kind == DR_EXCHANGE_SQL) {
        dr_buf_addf(b, "%s %s/%s ", at, ex->sql.login->user, lane_names[ex->sql.lane]);
        dr_record_statement(b, ex->sql.text, STATEMENT_MAX);
    } else {
        dr_buf_addf(b, "%s %s %s", at, ex->http.method, ex->http.target);
    }
}

static void carrier_submit(struct dr_carrier *c, const struct dr_exchange *ex,
                           uint64_t *ticket)
{
    struct recorded_carrier *s = (struct recorded_carrier *)c;
    struct dr_record *r = s->record;
    s->inner->submit(s->inner, ex, ticket);
    r->exchanges[ex->kind]++;
    stamp(&r->text, carrier_now(c));
    dr_buf_addf(&r->text, "> %" PRIu64 " ", *ticket);
    describe(&r->text, ex);
    dr_buf_addc(&r->text, '\n');
}

static bool carrier_wait(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct recorded_carrier *s = (struct recorded_carrier *)c;
    struct dr_record *r = s->record;
    if (!s->inner->wait(s->inner, until_ms, out))
        return false;
    r->carried[out->carried]++;
    stamp(&r->text, carrier_now(c));
    dr_buf_addf(&r->text, "< %" PRIu64 " %s", out->ticket, carried_names[out->carried]);
    if (out->carried != DR_ANSWERED)
        dr_buf_addf(&r->text, " (%s)", dr_code_name(out->err.code));
    else if (out->http.status)
        dr_buf_addf(&r->text, " %d, %zu bytes", out->http.status, out->http.body_len);
    else if (out->sql.error)
        dr_buf_addf(&r->text, " error %d", out->sql.error);
    else
        dr_buf_addf(&r->text, " %zu rows", out->sql.row_count);
    dr_buf_addc(&r->text, '\n');
    return true;
}

static void carrier_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    struct recorded_carrier *s = (struct recorded_carrier *)c;
    s->inner->hang_up(s->inner, login);
    stamp(&s->record->text, carrier_now(c));
    dr_buf_addf(&s->record->text, "hang up %s\n", login ? login->user : "all");
}

static void carrier_drop(struct dr_carrier *c, uint64_t session)
{
    struct recorded_carrier *s = (struct recorded_carrier *)c;
    s->inner->drop(s->inner, session);
}

static void carrier_free(struct dr_carrier *c)
{
    free(c);
}

struct dr_carrier *dr_record_carrier(struct dr_record *r, struct dr_carrier *inner)
{
    struct recorded_carrier *s = dr_xcalloc(1, sizeof(*s));
    s->face = (struct dr_carrier){
        .submit = carrier_submit,
        .wait = carrier_wait,
        .now_ms = carrier_now,
        .hang_up = carrier_hang_up,
        .drop = inner->drop ? carrier_drop : NULL,
        .free = carrier_free,
    };
    s->record = r;
    s->inner = inner;
    return &s->face;
}
