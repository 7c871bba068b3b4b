/* What a feed lets pass: table rules, event filters, eligibility, the rules of bdr mode.
 * Expressions of event filters (ignore_insert_value_expr and its like) are kept and shown
 * but not evaluated. Source: tiflow: pkg/filter, cdc/owner/ddl_manager.go,
 * cdc/puller/ddl_puller.go. */
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "controller/base/table_filter.h"
#include "controller/estate/model/cdc.h"
#include "controller/estate/model/cdc_ddl.h"

struct event_filter {
    struct dr_table_filter *matcher;
    const json_t *events; /* names */
    regex_t *sql;         /* array of patterns of statements */
    size_t sql_count;
};

struct cdc_filter {
    struct dr_table_filter *tables;
    struct event_filter *events;
    size_t event_count, event_room;
    const json_t *txns; /* start ts of transactions to leave out */
    bool force, bdr;
};

static void free_regex(void *re)
{
    regfree(re);
}

static struct dr_table_filter *rules_of(struct dr_arena *a, const json_t *list,
                                        bool case_sensitive, const char **bad)
{
    static const char *const everything[] = {"*.*"};
    size_t n = json_array_size(list);
    const char **rules = DR_NEW_N(a, n + 1, const char *);

    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        rules[i] = text ? dr_strdup(a, text) : "";
    }
    return dr_table_filter_new(a, n ? rules : everything, n ? n : 1, case_sensitive, bad);
}

static bool add_event_filter(struct dr_arena *a, struct cdc_filter *filter,
                             const json_t *o, bool case_sensitive, const char **bad)
{
    struct event_filter *e =
        DR_PUSH(a, filter->events, filter->event_count, filter->event_room);
    const json_t *sql = json_object_get(o, "ignore_sql");
    size_t n =
        json_is_string(sql) ? *json_string_value(sql) != '\0' : json_array_size(sql);

    e->matcher = rules_of(a, json_object_get(o, "matcher"), case_sensitive, bad);
    e->events = json_object_get(o, "ignore_event");
    e->sql = DR_NEW_N(a, n + 1, regex_t);
    for (size_t i = 0; i < n; i++) {
        const char *text =
            json_string_value(json_is_string(sql) ? sql : json_array_get(sql, i));
        if (!text || regcomp(&e->sql[i], text, REG_EXTENDED | REG_NOSUB)) {
            *bad = "ignore_sql";
            return false;
        }
        dr_arena_defer(a, free_regex, &e->sql[i]);
        e->sql_count++;
    }
    return e->matcher != NULL;
}

struct cdc_filter *cdc_filter_new(struct dr_arena *a, const json_t *config,
                                  const char **bad)
{
    struct cdc_filter *filter = DR_NEW(a, struct cdc_filter);
    bool sensitive = dr_cdc_config_bool(config, "case_sensitive");
    const json_t *events = dr_cdc_config_get(config, "filter.event_filters");

    filter->tables =
        rules_of(a, dr_cdc_config_get(config, "filter.rules"), sensitive, bad);
    filter->txns = dr_cdc_config_get(config, "filter.ignore_txn_start_ts");
    filter->force = dr_cdc_config_bool(config, "force_replicate");
    filter->bdr = dr_cdc_config_bool(config, "bdr_mode");
    if (!filter->tables)
        return NULL;
    for (size_t i = 0; i < json_array_size(events); i++)
        if (!add_event_filter(a, filter, json_array_get(events, i), sensitive, bad))
            return NULL;
    return filter;
}

bool cdc_filter_table(const struct cdc_filter *filter, const char *schema,
                      const char *table)
{
    return !dr_table_filter_system(schema) &&
           dr_table_filter_table(filter->tables, schema, table);
}

static bool names_event(const json_t *events, const char *all, const char *event)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *name = json_string_value(json_array_get(events, i));
        if (name && (!strcasecmp(name, all) || (event && !strcasecmp(name, event))))
            return true;
    }
    return false;
}

static bool ignored_event(const struct cdc_filter *filter, const struct dr_table_def *t,
                          const struct dr_change *ch)
{
    static const char *const row_events[] = {
        [DR_CHANGE_PUT] = "insert", [DR_CHANGE_DELETE] = "delete", [DR_CHANGE_DDL] = ""};
    const char *event = ch->kind == DR_CHANGE_DDL                  ? ch->ddl_type
                        : ch->kind == DR_CHANGE_PUT && ch->old_row ? "update"
                                                                   : row_events[ch->kind];
    const char *all = ch->kind == DR_CHANGE_DDL ? "all ddl" : "all dml";

    for (size_t i = 0; i < filter->event_count; i++) {
        const struct event_filter *e = &filter->events[i];
        if (!dr_table_filter_table(e->matcher, t->schema, t->name))
            continue;
        if (names_event(e->events, all, event))
            return true;
        for (size_t j = 0; ch->kind == DR_CHANGE_DDL && j < e->sql_count; j++)
            if (!regexec(&e->sql[j], ch->ddl, 0, NULL, 0))
                return true;
    }
    return false;
}

static bool takes_row(const struct cdc_filter *filter, const struct dr_change *ch)
{
    const struct dr_table_def *t = ch->table;

    if (filter->bdr && ch->write_source)
        return false; /* TiKV drops it before TiCDC sees it: any mark of any cluster */
    for (size_t i = 0; i < json_array_size(filter->txns); i++)
        if ((uint64_t)json_integer_value(json_array_get(filter->txns, i)) ==
            ch->start_tso)
            return false;
    return cdc_filter_table(filter, t->schema, t->name) &&
           (filter->force || dr_table_eligible(t)) && !ignored_event(filter, t, ch);
}

/* Source: tiflow: cdc/owner/ddl_manager.go shouldSkipDDL: the role is the one recorded
 * when the job ran. */
static bool skipped_by_bdr(const struct cdc_filter *filter, const struct cdc_feed *f,
                           const struct dr_change *ch)
{
    if (!filter->bdr)
        return false;
    return !cdc_version_at_least(f->cdc, 7, 6, 0) || !ch->bdr_role ||
           strcmp(ch->bdr_role, "primary");
}

/* Source: tiflow: cdc/puller/ddl_puller.go checkIneligibleTableDDL. */
static bool takes_ddl(const struct cdc_filter *filter, const struct cdc_feed *f,
                      const struct dr_change *ch)
{
    const struct dr_table_def *old = ch->old_table;
    const struct dr_table_def *t = ch->table ? ch->table : old;

    if (skipped_by_bdr(filter, f, ch) || !cdc_ddl_replicable(ch->ddl_type))
        return false;
    if (!t)
        return !dr_table_filter_system(ch->schema) &&
               dr_table_filter_schema(filter->tables, ch->schema);
    if (!cdc_filter_table(filter, t->schema, t->name) &&
        !(old && cdc_filter_table(filter, old->schema, old->name)))
        return false;
    if (ignored_event(filter, t, ch))
        return false;
    return t->view || (!t->sequence && (filter->force || dr_table_eligible(t)));
}

bool cdc_filter_takes(const struct cdc_filter *filter, const struct cdc_feed *f,
                      const struct dr_change *ch)
{
    return ch->kind == DR_CHANGE_DDL ? takes_ddl(filter, f, ch) : takes_row(filter, ch);
}
