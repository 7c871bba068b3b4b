/* The lines of readiness. No rule stands here that the plan does not know: what blocks is
 * a check or a part of "protected". Only warnings are of this file. */
#include "controller/plan/ready.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/plan/build.h"
#include "controller/plan/rights.h"

struct build {
    struct dr_view v;
    struct dr_readiness *r;
    const struct dr_plan *plan;
    size_t room;
};

static const char *name_of(const struct build *b, size_t c)
{
    return dr_view_cluster(&b->v, c)->name;
}

static struct dr_ready_line *add(struct build *b, const char *topic, const char *subject,
                                 enum dr_ready_state state)
{
    struct dr_readiness *r = b->r;
    struct dr_ready_line *x = DR_PUSH(b->v.arena, r->lines, r->count, b->room);
    *x = (struct dr_ready_line){
        .topic = topic, .subject = subject, .state = state, .known = true, .age_ms = -1};
    return x;
}

/* ---- ages ---- */

/* Milliseconds since the oldest group was read; -1: one of them is not known. */
struct age {
    const struct dr_facts *f;
    int64_t ms;
    bool unknown;
};

static void look_at(struct age *x, const struct dr_seen *s)
{
    int64_t ms = x->f->now_ms - s->at_ms;
    x->unknown |= !s->known;
    x->ms = ms > x->ms ? ms : x->ms;
}

static void look_at_group(struct age *x, const struct dr_cluster_facts *c,
                          const char *name, size_t len)
{
    const struct {
        const char *name;
        const struct dr_seen *seen;
    } groups[] = {
        {"ledger", &c->ledger.seen},
        {"identity", &c->identity.seen},
        {"pd", &c->pd.seen},
        {"safepoints", &c->safepoints.seen},
        {"stores", &c->stores.seen},
        {"cdc", &c->cdc.seen},
        {"feeds", &c->feeds.seen},
        {"feed", &c->feed.seen},
        {"accounts", &c->accounts.seen},
        {"tables", &c->tables.seen},
        {"backup", &x->f->backup_prefix.seen},
        {"redo", &x->f->redo.seen},
        {"sink", &x->f->sink_login.seen},
        {"equality", &x->f->equality.seen},
    };
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strlen(groups[i].name) == len && strncmp(groups[i].name, name, len) == 0)
            look_at(x, groups[i].seen);
    for (size_t i = 0; strncmp(name, "instances", len) == 0 && i < c->instance_count; i++)
        look_at(x, &c->instances[i].seen);
}

/* Of the groups that `reads` names, of cluster c. */
static int64_t age_of(const struct dr_view *v, size_t c, const char *reads)
{
    struct age x = {.f = v->f, .ms = -1};
    while (*reads) {
        size_t len = strcspn(reads, " ");
        look_at_group(&x, dr_view_facts(v, c), reads, len);
        reads += len;
        reads += strspn(reads, " ");
    }
    return x.unknown ? -1 : x.ms;
}

/* ---- checks of the plan ---- */

/* What a block of codes is about, and what it reads; a code belongs to the last row that
 * is not behind it. */
static const struct topic {
    const char *from, *name, *reads;
} topics[] = {
    {"DR-B001", "document", ""},
    {"DR-B010", "answers", "instances identity pd ledger"},
    {"DR-B011", "identity", "identity pd"},
    {"DR-B013", "version", "identity"},
    {"DR-B014", "identity", "identity"},
    {"DR-B016", "version", "identity"},
    {"DR-B017", "identity", "identity"},
    {"DR-B018", "sink", "identity"},
    {"DR-B020", "ledger", "ledger pd"},
    {"DR-B030", "privileges", "accounts"},
    {"DR-B032", "accounts", "accounts"},
    {"DR-B040", "fence", "instances"},
    {"DR-B041", "target", "tables"},
    {"DR-B043", "fence", "instances ledger"},
    {"DR-B044", "changefeeds", "feeds"},
    {"DR-B047", "ticdc", "cdc"},
    {"DR-B048", "storage", "backup"},
    {"DR-B050", "tables", "tables"},
    {"DR-B051", "copy", "ledger"},
    {"DR-B060", "changefeed", "feeds"},
    {"DR-B063", "accounts", "sink"},
    {"DR-B064", "changefeed", "feeds ledger"},
    {"DR-B070", "changefeed", "feeds"},
    {"DR-B072", "history", "safepoints ledger"},
    {"DR-B073", "changefeed", "feed"},
    {"DR-B076", "accounts", "sink"},
    {"DR-B077", "copy", "ledger"},
    {"DR-B090", "privileges", "accounts"},
    {"DR-B091", "accounts", "accounts"},
    {"DR-B092", "other", "ledger"},
};

static const struct topic *topic_of(const char *code)
{
    size_t i = sizeof(topics) / sizeof(topics[0]) - 1;
    while (i > 0 && strcmp(topics[i].from, code) > 0)
        i--;
    return &topics[i];
}

static const char *or_null(const char *s)
{
    return *s ? s : NULL;
}

/* A check of a copy or a changefeed that holds because there is none. */
static bool not_begun(const struct dr_view *v, const struct topic *t)
{
    return dr_view_ledger(v, v->a) && !dr_view_edge(v, v->a) && !v->gen.adopted &&
           (strcmp(t->name, "copy") == 0 || strcmp(t->name, "changefeed") == 0 ||
            strcmp(t->from, "DR-B063") == 0);
}

/* What TiCDC will find at the sink address cannot be seen from here. */
static void warn_of_sink(struct build *b, struct dr_ready_line *x)
{
    const char *closed = dr_sink_notice(&b->v);
    if (!closed)
        return;
    x->state = DR_READY_WARN;
    x->known = false;
    x->age_ms = -1;
    x->fact = closed;
    x->way_out = "correct the address, or see to it that it answers where TiCDC runs";
}

static void add_check(struct build *b, const struct dr_check_answer *a)
{
    const struct topic *t = topic_of(a->code);
    struct dr_ready_line *x = add(b, t->name, a->subject,
                                  a->holds == DR_TRUE ? DR_READY_OK
                                  : a->told           ? DR_READY_WARN
                                                      : DR_READY_BLOCKS);
    x->code = a->code;
    x->known = a->holds != DR_UNSURE;
    x->rule = a->rule;
    x->fact = a->past ? dr_sprintf(b->v.arena, "no longer asked: %s", a->fact)
                      : or_null(a->fact);
    if (a->holds == DR_TRUE && !x->fact)
        x->fact = dr_rights_held(&b->v, a->code, a->cluster);
    if (a->holds == DR_TRUE && !x->fact && not_begun(&b->v, t))
        x->fact = "nothing of it stands yet";
    x->age_ms = x->known ? age_of(&b->v, a->cluster, t->reads) : -1;
    x->way_out = a->holds == DR_TRUE ? NULL : a->way_out;
    x->reason = a->reason ? dr_code_info(a->reason)->id : NULL;
    x->mark = a->mark;
    if (strcmp(a->code, "DR-B018") == 0 && a->holds == DR_TRUE)
        warn_of_sink(b, x);
}

/* Checks that would be asked if the ground were as it should be. */
static void add_skipped(struct build *b)
{
    const struct dr_plan *p = b->plan;
    size_t room = 0;
    for (size_t i = 0; dr_plan_code(i); i++) {
        bool asked = false;
        for (size_t k = 0; k < p->answer_count && !asked; k++)
            asked = strcmp(p->answers[k].code, dr_plan_code(i)) == 0;
        if (!asked && dr_view_goes(&b->v, dr_check_only(dr_plan_code(i))))
            *DR_PUSH(b->v.arena, b->r->skipped, b->r->skipped_count, room) =
                dr_plan_code(i);
    }
}

/* ---- endpoints ---- */

static void add_endpoint(struct build *b, size_t c, const struct dr_seen *s,
                         const char *what, const char *code, const char *text)
{
    struct dr_ready_line *x =
        add(b, "endpoint", name_of(b, c), s->known ? DR_READY_OK : DR_READY_BLOCKS);
    x->known = s->known;
    x->code = code;
    x->fact = dr_sprintf(b->v.arena, "%s: %s", what,
                         s->known ? text
                         : s->why ? s->why
                                  : "not asked yet");
    if (s->known) {
        x->age_ms = b->v.f->now_ms - s->at_ms;
        return;
    }
    x->reason = s->code ? dr_code_info(s->code)->id : NULL;
    x->way_out = s->code ? dr_code_info(s->code)->way_out
                         : "mend what blocks besides: it is asked then";
}

static void add_sql(struct build *b, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(&b->v, c);
    for (size_t i = 0; i < f->instance_count; i++) {
        const struct dr_instance *x = &f->instances[i];
        bool fenced = dr_instance_refuses_writes(x);
        add_endpoint(b, c, &x->seen, dr_sprintf(b->v.arena, "SQL %s", x->address),
                     "DR-B010", fenced ? "answers, refuses writes" : "answers");
    }
}

static void add_http(struct build *b, size_t c)
{
    const struct dr_cluster_facts *f = dr_view_facts(&b->v, c);
    const struct dr_pd *pd = &f->pd;
    const struct dr_cdc_server *cdc = &f->cdc;
    add_endpoint(b, c, &pd->seen, "PD", "DR-B010",
                 dr_sprintf(b->v.arena, "cluster %" PRIu64 ", %zu members, %s",
                            pd->cluster_id, pd->address_count,
                            pd->version.text ? pd->version.text : "version unknown"));
    if (dr_view_cluster(&b->v, c)->ticdc.declared)
        add_endpoint(b, c, &cdc->seen, "TiCDC", "DR-B047",
                     dr_sprintf(b->v.arena, "%s, %zu captures, %s",
                                cdc->version.text ? cdc->version.text : "version unknown",
                                cdc->capture_count,
                                !cdc->healthy    ? "not healthy"
                                : !cdc->owner_id ? "no owner"
                                                 : "healthy"));
}

/* Once the pair is made the backup is history; what was not asked is not needed. */
static void add_storage(struct build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_listing *x = &v->f->backup_prefix, *y = &v->f->redo_prefix;
    const struct dr_redo_logs *logs = &v->f->redo;
    bool made = dr_holds(v, DR_P_MADE, v->a) == DR_TRUE || v->gen.adopted;
    bool unasked = !x->seen.known && !x->seen.code;
    if (v->t->storage.backup.declared && !(made && unasked))
        add_endpoint(b, v->a, &x->seen, "backup storage", "DR-B048",
                     x->count ? dr_sprintf(v->arena, "prefix '%s' holds %zu objects",
                                           x->prefix, x->count)
                              : dr_sprintf(v->arena, "prefix '%s' is empty", x->prefix));
    if (!*v->gen.redo)
        return;
    if (made)
        add_endpoint(b, v->a, &logs->seen, "redo storage", "DR-B048",
                     logs->found ? "holds redo logs" : "holds no redo log yet");
    else
        add_endpoint(b, v->a, &y->seen, "redo storage", "DR-B048",
                     y->count ? dr_sprintf(v->arena, "prefix '%s' holds %zu objects",
                                           y->prefix, y->count)
                              : dr_sprintf(v->arena, "prefix '%s' is empty", y->prefix));
}

/* ---- what is worth knowing besides ---- */

/* Whether the ledgers tell what runs: none is lost. */
static bool ledgers_tell(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->answer_count; i++)
        if (p->answers[i].holds != DR_TRUE &&
            (strcmp(p->answers[i].code, "DR-B022") == 0 ||
             strcmp(p->answers[i].code, "DR-B027") == 0))
            return false;
    return true;
}

/* An account that is not to be used now stands locked. */
static void add_lock(struct build *b, size_t c, enum dr_account_kind k)
{
    const struct dr_accounts *all = &dr_view_facts(&b->v, c)->accounts;
    const char *user = dr_rights_user(b->v.t, c, k);
    const struct dr_account *x =
        all->seen.known && user ? dr_accounts_find(all, user) : NULL;
    struct dr_rights needed = dr_rights_needed(b->v.t, c, k);
    bool open = false;
    if (!x || !x->host_count || dr_rights_none(&needed))
        return; /* a check says so */
    for (size_t i = 0; i < x->host_count; i++)
        open |= !x->locked[i];
    struct dr_ready_line *line =
        add(b, "accounts", name_of(b, c), open ? DR_READY_WARN : DR_READY_OK);
    line->fact = dr_sprintf(b->v.arena, "%s account '%s' is %s", dr_account_kind_name(k),
                            user, open ? "not locked" : "locked");
    line->age_ms = age_of(&b->v, c, "accounts");
    if (open)
        line->way_out = dr_sprintf(b->v.arena,
                                   "ALTER USER '%s'@'%s' ACCOUNT LOCK, unless somebody "
                                   "needs it now",
                                   user, x->hosts[0]);
}

/* The language refuses what is not: this tells which they are. */
static void add_dedicated(struct build *b, size_t c)
{
    const char *list = "";
    for (unsigned k = 0; k < DR_ACCOUNT_KIND_COUNT; k++) {
        struct dr_rights needed = dr_rights_needed(b->v.t, c, (enum dr_account_kind)k);
        if (!dr_rights_none(&needed))
            list = dr_sprintf(b->v.arena, "%s%s%s '%s'", list, *list ? ", " : "",
                              dr_account_kind_name((enum dr_account_kind)k),
                              dr_rights_user(b->v.t, c, (enum dr_account_kind)k));
    }
    add(b, "accounts", name_of(b, c), DR_READY_OK)->fact =
        dr_sprintf(b->v.arena, "dedicated: %s, none of them root or another's", list);
}

/* SUPER lifts every fence; root has it from the start. */
static void add_supers(struct build *b, size_t c)
{
    const struct dr_accounts *all = &dr_view_facts(&b->v, c)->accounts;
    const char *list = "", *first = NULL;
    if (!all->seen.known)
        return; /* DR-B030 is not known, and says why */
    for (size_t i = 0; i < all->super_count; i++) {
        if (strcmp(all->supers[i], "root") == 0)
            continue;
        first = first ? first : all->supers[i];
        list =
            dr_sprintf(b->v.arena, "%s%s'%s'", list, *list ? ", " : "", all->supers[i]);
    }
    struct dr_ready_line *x =
        add(b, "accounts", name_of(b, c), first ? DR_READY_WARN : DR_READY_OK);
    x->age_ms = age_of(&b->v, c, "accounts");
    x->fact =
        first ? dr_sprintf(b->v.arena, "SUPER is held by %s: it can lift a fence", list)
              : "SUPER is held by nobody but root";
    if (first)
        x->way_out = dr_sprintf(b->v.arena,
                                "REVOKE SUPER ON *.* FROM '%s'@'%%', where it is not "
                                "needed; drover needs it nowhere",
                                first);
}

/* How long history is kept: by the cluster itself, by TiCDC for a feed that stands still,
 * by drover's hold. TiCDC gives a feed up whose checkpoint, or start, is older than
 * gc-ttl. Source: tiflow: pkg/txnutil/gc/gc_manager.go CheckStaleCheckpointTs. */
static void add_history(struct build *b)
{
    const struct dr_view *v = &b->v;
    const struct dr_cluster_facts *a = dr_view_facts(v, v->a);
    const struct dr_instance *i = a->instance_count ? &a->instances[0] : NULL;
    char ttl[DR_DURATION_TEXT], life[DR_DURATION_TEXT], hold[DR_DURATION_TEXT];
    if (!a->cdc.seen.known || !i || !i->seen.known)
        return; /* their endpoints are not known, and say why */
    int64_t ttl_ms = a->cdc.gc_ttl_s * 1000,
            hold_ms = v->t->bootstrap.gc_hold.deadline_ms;
    bool copies = v->way == DR_BY_COPY && dr_holds(v, DR_P_MADE, v->a) != DR_TRUE &&
                  ledgers_tell(b->plan);
    bool hold_long = copies && hold_ms > ttl_ms;
    bool life_long = !copies && i->gc_enable && i->gc_life_time_ms > ttl_ms;
    struct dr_ready_line *x = add(b, "history", name_of(b, v->a),
                                  hold_long || life_long ? DR_READY_WARN : DR_READY_OK);
    dr_duration_text(ttl_ms, ttl);
    dr_duration_text(hold_ms, hold);
    x->age_ms = age_of(v, v->a, "cdc instances");
    x->fact = dr_sprintf(v->arena, "TiCDC's gc-ttl is %s, GC life time %s%s%s%s%s", ttl,
                         i->gc_enable ? dr_duration_text(i->gc_life_time_ms, life)
                                      : "unlimited (GC is off)",
                         copies ? ", a hold ends after " : "", copies ? hold : "",
                         hold_long ? ": a copy that takes longer than gc-ttl is refused "
                                     "as a changefeed's start"
                         : life_long ? ": TiCDC gives a feed up that GC would still bear"
                                     : "",
                         "");
    if (hold_long)
        x->way_out = dr_sprintf(v->arena,
                                "set gc-ttl of TiCDC's servers to %" PRId64
                                " s or more, or bootstrap.gcHold.deadline to %s",
                                hold_ms / 1000, ttl);
    else if (life_long)
        x->way_out =
            dr_sprintf(v->arena, "set gc-ttl of TiCDC's servers to %" PRId64 " s",
                       i->gc_life_time_ms / 1000);
}

/* Once the pair is made, "protected" must hold as well. */
static void add_protection(struct build *b)
{
    const struct dr_plan *p = b->plan;
    if (dr_holds(&b->v, DR_P_MADE, b->v.a) != DR_TRUE)
        return;
    for (size_t i = 0; i < p->protection_count; i++) {
        const struct dr_protection *x = &p->protections[i];
        struct dr_ready_line *line =
            add(b, "protected", p->topology,
                x->holds == DR_TRUE ? DR_READY_OK : DR_READY_BLOCKS);
        line->known = x->holds != DR_UNSURE;
        line->fact = dr_sprintf(b->v.arena, "%s: %s", x->name, x->text);
        if (x->holds != DR_TRUE)
            line->way_out =
                x->help ? x->help
                        : "see `drover plan`: what drover may put right is a step there";
    }
}

static void add_words(struct build *b)
{
    const struct dr_plan *p = b->plan;
    for (size_t i = 0; i < p->question_count; i++) {
        struct dr_ready_line *x =
            add(b, "asked", p->questions[i].subject, DR_READY_BLOCKS);
        x->fact = p->questions[i].what;
        x->way_out = p->questions[i].answer;
    }
}

struct dr_readiness *dr_ready_build(const struct dr_plan_input *in, struct dr_arena *a)
{
    struct build b = {.r = DR_NEW(a, struct dr_readiness), .plan = dr_plan_build(in, a)};
    const struct dr_plan *p = b.plan;
    size_t clusters = in->topology->cluster_count < 2 ? in->topology->cluster_count : 2;
    dr_view_init(&b.v, in, a);
    b.r->topology = p->topology;
    b.r->revision = p->revision;
    b.r->goal = p->goal;
    b.r->seen_unix_ms = in->facts->wall_ms;
    if (in->topology->mode == DR_MODE_PRIMARY_SECONDARY) {
        for (size_t c = 0; c < clusters; c++) {
            add_sql(&b, c);
            add_http(&b, c);
        }
        add_storage(&b);
    }
    for (size_t i = 0; i < p->answer_count; i++)
        add_check(&b, &p->answers[i]);
    if (in->topology->mode == DR_MODE_PRIMARY_SECONDARY) {
        for (size_t c = 0; c < clusters; c++) {
            add_dedicated(&b, c);
            add_supers(&b, c);
        }
        if (dr_view_ledger(&b.v, b.v.b) && !dr_view_ledger(&b.v, b.v.b)->sink.present &&
            b.v.way != DR_BY_ADOPTION && ledgers_tell(p))
            add_lock(&b, b.v.b, DR_ACCOUNT_SINK);
        add_lock(&b, b.v.b, DR_ACCOUNT_APPLY);
        add_history(&b);
        add_protection(&b);
        add_words(&b);
    }
    add_skipped(&b);
    for (size_t i = 0; i < b.r->count; i++)
        b.r->by_state[b.r->lines[i].state]++;
    return b.r;
}
