/* The sessions that an older holder left: killed, and seen gone, on every instance that
 * the cluster lists, before the first look of the new one. */
#include <string.h>

#include "controller/act/actor.h"

enum { KILL_TRIES = 20, KILL_WAIT_MS = 250 };

/* A copy that runs is adopted. A session that is only named by a row is not: its
 * statement may still be on its way, beside the one that the new holder would send. */
static bool is_spared(const struct dr_actor *x, size_t c, const char *instance,
                      const struct dr_session *s)
{
    const struct dr_ledger *l = &x->facts->clusters[c].ledger.rows;
    const struct dr_copy_row *rows[2] = {&l->backup, &l->restoring};
    static const char *const words[2] = {"BACKUP", "RESTORE"};
    for (int i = 0; i < 2; i++)
        if (rows[i]->present && rows[i]->connection_id == s->id && instance &&
            strcmp(rows[i]->instance, instance) == 0 && strcmp(s->word, words[i]) == 0)
            return true;
    return false;
}

static void kill_sessions(struct dr_actor *x, size_t c, const char *instance,
                          const uint64_t *ids, size_t count)
{
    struct dr_call call = {.kind = DR_CALL_KILL,
                           .at = {.cluster = (uint16_t)c, .instance = instance}};
    call.args.kill.count = count;
    call.args.kill.ids = ids;
    struct dr_reply r;
    dr_estate_ask(x->o.estate, &call, &r);
    dr_reply_release(&r);
}

/* The sessions of one instance that an older holder may still send on: all that its first
 * answer after the takeover shows. Those opened later read the new epoch first, so they
 * harm nobody, and controllers that stand by open some all the time. */
struct older {
    bool known;
    size_t count;
    const uint64_t *ids;
};

static bool is_older(const struct older *o, uint64_t id)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->ids[i] == id)
            return true;
    return false;
}

static void remember_older(struct dr_actor *x, const struct dr_jobs *j, struct older *o)
{
    uint64_t *ids = DR_NEW_N(x->cycle, j->session_count, uint64_t);
    for (size_t i = 0; i < j->session_count; i++)
        ids[i] = j->sessions[i].id;
    *o = (struct older){.known = true, .count = j->session_count, .ids = ids};
}

/* Kills what is left on one instance. Out: how many had to be killed; -1: not known. */
static int kill_on(struct dr_actor *x, size_t c, const struct dr_jobs *j, struct older *o)
{
    if (!j->seen.known)
        return -1;
    if (!o->known)
        remember_older(x, j, o);
    uint64_t *ids = DR_NEW_N(x->step, j->session_count, uint64_t);
    size_t n = 0;
    for (size_t i = 0; i < j->session_count; i++)
        if (is_older(o, j->sessions[i].id) &&
            !is_spared(x, c, j->instance, &j->sessions[i]))
            ids[n++] = j->sessions[i].id;
    if (n)
        kill_sessions(x, c, j->instance, ids, n);
    return (int)n;
}

static void let_pass(struct dr_actor *x, int64_t ms)
{
    struct dr_reply r; /* nothing is open: this only lets time pass */
    if (x->o.estate->wait(x->o.estate, dr_actor_now(x) + ms, &r))
        dr_reply_release(&r);
}

/* The tidb-servers that a cluster lists: one that is not declared (any more) is there
 * all the same, and an older declaration may name it. */
struct listed {
    const char *instance; /* as it is reached from here */
    bool heard;           /* its sessions are known */
    bool declared;
    struct older older; /* unless declared */
};

static struct listed *read_listed(struct dr_actor *x, size_t c, size_t *count)
{
    struct dr_call call = {.kind = DR_CALL_SQL_IDENTITY, .at = {.cluster = (uint16_t)c}};
    struct dr_reply r;
    struct listed *list = NULL;
    *count = 0;
    dr_estate_ask(x->o.estate, &call, &r);
    if (r.outcome == DR_DONE)
        list = DR_NEW_N(x->cycle, r.as.identity->member_count, struct listed);
    for (size_t i = 0; list && i < r.as.identity->member_count; i++) {
        const struct dr_member *m = &r.as.identity->members[i];
        if (strcmp(m->type, "tidb") == 0)
            list[(*count)++].instance =
                dr_strdup(x->cycle, dr_access_reachable(x->o.access, c, m->instance));
    }
    dr_reply_release(&r);
    return list;
}

static bool is_same_place(const char *a, const char *b)
{
    struct dr_address x, y;
    return dr_address_parse(&x, a, 4000) && dr_address_parse(&y, b, 4000) &&
           dr_address_equal(&x, &y);
}

static void note_declared(struct listed *list, size_t count, const struct dr_jobs *j)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_place(list[i].instance, j->instance)) {
            list[i].declared = true;
            list[i].heard = j->seen.known;
        }
}

/* Out: as kill_on. */
static int kill_undeclared(struct dr_actor *x, size_t c, struct listed *l)
{
    struct dr_call call = {.kind = DR_CALL_SQL_JOBS,
                           .at = {.cluster = (uint16_t)c, .instance = l->instance}};
    struct dr_reply r;
    int n = -1;
    dr_estate_ask(x->o.estate, &call, &r);
    if (r.outcome == DR_DONE) {
        r.as.jobs->instance = l->instance;
        n = kill_on(x, c, r.as.jobs, &l->older);
    }
    l->heard = n >= 0;
    dr_reply_release(&r);
    return n;
}

/* The one whose sessions are not known: they may still write. One that is not listed any
 * more cannot. NULL: there is none. */
static const char *unheard(const struct listed *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!list[i].heard)
            return list[i].instance;
    return NULL;
}

/* Own idle sessions are ended too: the carrier opens new ones. */
bool dr_authority_end_older(struct dr_actor *x, size_t c, const char **why)
{
    struct older *older =
        DR_NEW_N(x->cycle, x->o.access->clusters[c].sql_count, struct older);
    size_t listed;
    struct listed *list = read_listed(x, c, &listed);
    *why = "its SQL instances are not known";
    for (int i = 0; list && i < KILL_TRIES; i++) {
        size_t count;
        const struct dr_jobs *jobs = dr_observe_jobs(x->observer, c, &count);
        int left = 0;
        for (size_t k = 0; k < count; k++) {
            int n = kill_on(x, c, &jobs[k], &older[k]);
            left += n > 0 ? n : 0;
            note_declared(list, listed, &jobs[k]);
        }
        for (size_t k = 0; k < listed; k++) {
            int n = list[k].declared ? 0 : kill_undeclared(x, c, &list[k]);
            left += n > 0 ? n : 0;
        }
        const char *silent = unheard(list, listed);
        *why = silent ? dr_sprintf(x->cycle, "%s does not answer", silent)
                      : "they are not seen gone yet";
        if (!left)
            return !silent;
        if (x->o.stop && x->o.stop(x->o.arg))
            return false;
        let_pass(x, KILL_WAIT_MS);
    }
    return false;
}

static const struct dr_session *find_session(const struct dr_jobs *j, uint64_t id)
{
    for (size_t i = 0; i < j->session_count; i++)
        if (j->sessions[i].id == id)
            return &j->sessions[i];
    return NULL;
}

bool dr_authority_end_session(struct dr_actor *x, size_t c, const char *instance,
                              uint64_t id, const char *spared)
{
    if (!instance || !id)
        return false;
    for (int i = 0; i < KILL_TRIES; i++) {
        size_t count;
        const struct dr_jobs *jobs = dr_observe_jobs(x->observer, c, &count), *j = NULL;
        for (size_t k = 0; k < count && !j; k++)
            if (strcmp(jobs[k].instance ? jobs[k].instance : "", instance) == 0)
                j = &jobs[k];
        if (!j || !j->seen.known)
            return false;
        const struct dr_session *left = find_session(j, id);
        if (!left || (spared && strcmp(left->word, spared) == 0))
            return true;
        kill_sessions(x, c, instance, &id, 1);
        let_pass(x, KILL_WAIT_MS);
    }
    return false;
}
