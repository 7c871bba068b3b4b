#include "controller/observe/import.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/printable.h"
#include "controller/base/secret.h"
#include "controller/estate/carrier.h"
#include "spec/changefeed.h"

enum { NOTE_MAX = 400 };

/* What a storage differs from, so that the next look shows where the redo logs are. A
 * folder, which needs no keys: whether the true place does is not known yet. */
#define UNLEARNED_URI "/not-known-yet"

/* ---- the command line ---- */

static bool push(struct dr_import_list *l, const char *text)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i], text) == 0)
            return false;
    if (l->count == DR_IMPORT_ENDPOINTS)
        return false;
    l->items[l->count++] = text;
    return true;
}

int dr_import_cluster_parse(struct dr_import_cluster *out, const char *text,
                            struct dr_arena *a, struct dr_err *err)
{
    const char *equal = strchr(text, '=');
    *out = (struct dr_import_cluster){0};
    if (!equal || equal == text) {
        (void)dr_fail(err, DR_E_INPUT, "'%s' is not NAME=ENDPOINT,ENDPOINT..", text);
        dr_hint(err, "such as east=sql:10.0.1.4:4000,pd:http://10.0.1.1:2379");
        return err->code;
    }
    out->name = dr_strndup(a, text, (size_t)(equal - text));
    for (const char *p = equal + 1, *end; *p; p = *end ? end + 1 : end) {
        struct {
            const char *kind;
            struct dr_import_list *list;
        } kinds[] = {{"sql:", &out->sql}, {"pd:", &out->pd}, {"ticdc:", &out->ticdc}};
        end = p + strcspn(p, ",");
        size_t k = 0;
        while (k < 3 && strncmp(p, kinds[k].kind, strlen(kinds[k].kind)) != 0)
            k++;
        if (k == 3) {
            (void)dr_fail(err, DR_E_INPUT, "'%.*s' of %s is no endpoint", (int)(end - p),
                          p, out->name);
            dr_hint(err, "sql:HOST:PORT, pd:http://HOST:PORT or ticdc:http://HOST:PORT");
            return err->code;
        }
        p += strlen(kinds[k].kind);
        (void)push(kinds[k].list, dr_strndup(a, p, (size_t)(end - p)));
    }
    if (out->sql.count && out->pd.count)
        return 0;
    (void)dr_fail(err, DR_E_INPUT, "%s has no %s endpoint", out->name,
                  out->sql.count ? "pd:" : "sql:");
    dr_hint(err,
            "SQL and PD are needed of each cluster; TiCDC of the one whose changes flow");
    return err->code;
}

/* ---- the document ---- */

/* Text of a server as a YAML scalar: quoted as JSON does, which YAML 1.2 takes. */
static const char *quoted(struct dr_arena *a, const char *text)
{
    json_t *v = json_string(text); /* NULL: no UTF-8 */
    const char *out = v ? dr_json_text(a, v) : "\"?\"";
    json_decref(v);
    return out;
}

/* As it is where YAML takes it so, in a list too; else quoted. */
static const char *scalar(struct dr_arena *a, const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789",
                      later[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./:+-";
    size_t len = strlen(text);
    bool plain = len && strchr(first, text[0]) && !text[strspn(text, later)];
    return plain && text[len - 1] != ':' ? text : quoted(a, text);
}

/* Upper case, for the name of an environment variable. */
static void add_variable(struct dr_buf *out, const char *name)
{
    for (const char *p = name; *p; p++) {
        bool letter = (*p >= 'a' && *p <= 'z'), plain = (*p >= '0' && *p <= '9');
        char c = letter                                ? (char)(*p - 32)
                 : (plain || (*p >= 'A' && *p <= 'Z')) ? *p
                                                       : '_';
        dr_buf_addf(out, "%c", c);
    }
}

static void add_list(struct dr_buf *out, const struct dr_import_list *l,
                     const char *(*text)(struct dr_arena *, const char *),
                     struct dr_arena *a)
{
    dr_buf_adds(out, "[");
    for (size_t i = 0; i < l->count; i++)
        dr_buf_addf(out, "%s%s", i ? ", " : "", text(a, l->items[i]));
    dr_buf_adds(out, "]");
}

static void add_cluster(const struct dr_import_cluster *c, const char *user,
                        struct dr_arena *a, struct dr_buf *out)
{
    dr_buf_addf(out, "  - name: %s\n    region: region-of-%s    # correct it\n", c->name,
                c->name);
    if (c->version)
        dr_buf_addf(out, "    version: %s\n", scalar(a, c->version));
    dr_buf_adds(out, "    sql:\n      endpoints: ");
    add_list(out, &c->sql, scalar, a);
    dr_buf_addf(out, "\n      user: %s\n      password: {env: DROVER_", scalar(a, user));
    add_variable(out, c->name);
    dr_buf_adds(out, "_PASSWORD}\n    pd: {endpoints: ");
    add_list(out, &c->pd, quoted, a);
    dr_buf_adds(out, "}\n");
    if (c->ticdc.count) {
        dr_buf_adds(out, "    ticdc: {endpoints: ");
        add_list(out, &c->ticdc, quoted, a);
        dr_buf_adds(out, "}    # captures this cluster's changes\n");
    }
    dr_buf_addf(out, "    sink: {address: %s}\n",
                quoted(a, c->sink_address ? c->sink_address : c->sql.items[0]));
    if (c->increment)
        dr_buf_addf(out, "    autoIncrement: {increment: %u, offset: %u}\n", c->increment,
                    c->offset);
}

static bool has_redo(const struct dr_import *m, bool looking)
{
    return m->redo && (m->redo_uri || looking);
}

static void add_storage(const struct dr_import *m, bool looking, struct dr_buf *out)
{
    if (!has_redo(m, looking))
        return;
    const char *uri = m->redo_uri ? m->redo_uri : UNLEARNED_URI;
    dr_buf_adds(out,
                "  storage:\n    redo:                 # where the changefeed writes "
                "its redo logs\n      region: region-of-redo    # correct it\n");
    dr_buf_addf(out, "      uri: %s\n", quoted(m->arena, uri));
    if (strncmp(uri, "s3:", 3) == 0)
        dr_buf_adds(out, "      accessKey: {env: DROVER_STORAGE_ACCESS_KEY}\n"
                         "      secretKey: {env: DROVER_STORAGE_SECRET_KEY}\n");
}

/* The settings below `prefix`, nested; rows of one mapping stand together. */
static void add_settings(const struct dr_import *m, size_t from, size_t to, size_t skip,
                         int depth, struct dr_buf *out)
{
    for (size_t i = from; i < to;) {
        const char *rest = m->settings[i].path + skip;
        size_t len = strcspn(rest, ".");
        dr_buf_addf(out, "%*s%.*s:", depth, "", (int)len, rest);
        if (!rest[len]) {
            dr_buf_addf(out, " %s\n", m->settings[i++].value);
            continue;
        }
        size_t end = i;
        while (end < to && strncmp(m->settings[end].path + skip, rest, len + 1) == 0)
            end++;
        dr_buf_adds(out, "\n");
        add_settings(m, i, end, skip + len + 1, depth + 2, out);
        i = end;
    }
}

static void add_replication(const struct dr_import *m, bool looking, struct dr_buf *out)
{
    const char *from = m->clusters[m->primary].name;
    const char *to = m->clusters[!m->primary].name;
    dr_buf_addf(out,
                "  replication:\n    sink:\n      user: %s    # what the changefeed logs "
                "in with\n      password: {env: DROVER_SINK_SECRET}\n",
                quoted(m->arena, m->sink_user));
    if (m->param_count) {
        dr_buf_adds(out, "      params:\n");
        for (size_t i = 0; i < m->param_count; i++)
            dr_buf_addf(out, "        %s: %s\n", scalar(m->arena, m->params[i].path),
                        m->params[i].value);
    }
    if (has_redo(m, looking)) {
        dr_buf_adds(out, "    redo: {level: eventual");
        if (m->redo_size)
            dr_buf_addf(out, ", maxLogSize: %s", scalar(m->arena, m->redo_size));
        if (m->redo_flush)
            dr_buf_addf(out, ", flushInterval: %s", scalar(m->arena, m->redo_flush));
        dr_buf_adds(out, "}\n");
    }
    if (m->sync_point) {
        const char *interval = m->sync_interval ? m->sync_interval : "10m";
        dr_buf_addf(out, "    syncPoint: {interval: %s, retention: %s}\n", interval,
                    m->sync_retention ? m->sync_retention : "24h");
    }
    if (m->setting_count) {
        dr_buf_adds(out,
                    "    config:               # what differs from TiCDC's defaults\n");
        add_settings(m, 0, m->setting_count, 0, 6, out);
    }
    if (m->feed)
        dr_buf_addf(
            out,
            "    edges:\n    - {from: %s, to: %s, id: %s}    # runs already, and is "
            "adopted as it is\n",
            from, to, scalar(m->arena, m->feed));
}

void dr_import_text(const struct dr_import *m, bool looking, struct dr_buf *out)
{
    const char *primary = m->clusters[m->primary].name;
    dr_buf_adds(
        out,
        "# Made by `drover import` from what the clusters showed. Read it, correct "
        "the regions, and\n# when its plan says what you mean: management: Manage.\n");
    dr_buf_addf(
        out,
        "apiVersion: drover/v1\nkind: Topology\nmetadata:\n  name: %s\nspec:\n"
        "  management: Observe     # nothing is written, not even drover's ledger\n"
        "  mode: PrimarySecondary\n  primary: %s",
        m->name, primary);
    dr_buf_addf(out, "%s%s\n  clusters:\n", m->why ? "    # " : "", m->why ? m->why : "");
    for (size_t i = 0; i < DR_IMPORT_CLUSTERS; i++)
        add_cluster(&m->clusters[i], m->user, m->arena, out);
    add_storage(m, looking, out);
    add_replication(m, looking, out);
    if (m->feed)
        dr_buf_adds(out,
                    "  bootstrap: {method: Existing}    # the data is there already\n");
    else
        dr_buf_addf(out,
                    "  bootstrap: {method: Existing, startTs: %" PRIu64
                    "}    # the TSO since which both hold the same: that of this look is "
                    "a guess; to copy: BackupRestore\n",
                    m->start_ts ? m->start_ts : 1);
    if (m->bypass.count) {
        dr_buf_adds(out, "  switchover:\n    bypassHolders: ");
        add_list(out, &m->bypass, quoted, m->arena);
        dr_buf_adds(out, "    # they may write through the fence\n");
    }
    if (m->no_ttl)
        dr_buf_adds(out, "  ttlJobs: false\n");
    if (m->redo && !has_redo(m, looking))
        dr_buf_adds(out,
                    "# not expressed: the changefeed writes redo logs, and TiCDC does "
                    "not show where: storage.redo and replication.redo\n");
    for (size_t i = 0; i < m->note_count; i++)
        dr_buf_addf(out, "# not expressed: %s\n", m->notes[i]);
}

/* ---- learning ---- */

struct learning {
    struct dr_import *m;
    const struct dr_facts *f;
    bool learned;
};

static void set_text(struct learning *l, const char **to, const char *text)
{
    if (*to && strcmp(*to, text) == 0)
        return;
    *to = dr_strdup(l->m->arena, text);
    l->learned = true;
}

static void set_flag(struct learning *l, bool *to, bool value)
{
    l->learned |= *to != value;
    *to = value;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* What was given comes first; the rest in an order that does not depend on who answered.
 */
static void in_order(struct dr_import_list *l, size_t given)
{
    if (l->count > given)
        qsort(l->items + given, l->count - given, sizeof(*l->items), by_text);
}

static void note(struct learning *l, const char *text)
{
    struct dr_import *m = l->m;
    for (size_t i = 0; i < m->note_count; i++)
        if (strcmp(m->notes[i], text) == 0)
            return;
    *DR_PUSH(m->arena, m->notes, m->note_count, m->note_room) = text;
}

/* Whether no server of a cluster can be at that address, though a request to it may tell
 * something or do harm: link-local (where clouds keep their metadata), multicast, "this
 * host". All spellings that a resolver takes count. */
static bool is_no_server(const struct in6_addr *six)
{
    static const unsigned char aws[16] = {0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
    return IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MULTICAST(six) ||
           IN6_IS_ADDR_UNSPECIFIED(six) || memcmp(six, aws, sizeof(aws)) == 0;
}

static bool is_no_server4(uint32_t ip)
{
    return ip >> 24 == 0 || ip >> 16 == 0xa9fe /* 169.254.0.0/16 */ || ip >> 28 >= 0xe;
}

/* What a server says where others are is not asked without a look at it. */
static bool is_askable(struct learning *l, const char *address)
{
    struct dr_address at;
    struct in6_addr six;
    struct in_addr four;
    bool askable = dr_address_parse(&at, address, 1);
    if (askable && inet_pton(AF_INET6, at.host, &six) == 1) {
        uint32_t mapped;
        memcpy(&mapped, &six.s6_addr[12], sizeof(mapped));
        askable = IN6_IS_ADDR_V4MAPPED(&six) ? !is_no_server4(ntohl(mapped))
                                             : !is_no_server(&six);
    } else if (askable && inet_aton(at.host, &four)) {
        askable = !is_no_server4(ntohl(four.s_addr));
    }
    if (!askable)
        note(l,
             dr_sprintf(l->m->arena,
                        "a server names %s as one of its cluster: no server can be there "
                        "(link-local, multicast or no address), and it is not asked",
                        dr_printable(l->m->arena, address, strlen(address), 80)));
    return askable;
}

static void add_capture(struct learning *l, struct dr_import_cluster *to,
                        const char *address)
{
    if (!is_askable(l, address))
        return;
    const char *like = to->ticdc.count ? to->ticdc.items[0] : to->pd.items[0];
    l->learned |=
        push(&to->ticdc,
             dr_sprintf(l->m->arena, "%s://%s",
                        strncmp(like, "https:", 6) == 0 ? "https" : "http", address));
}

/* TiCDC lists its captures once one of them is known; that one is also known to a TiDB
 * new enough to list it in cluster_info. Source: tidb: pkg/infoschema/tables.go. */
static void learn_captures(struct learning *l, struct dr_import_cluster *to,
                           const struct dr_cluster_facts *f)
{
    to->ticdc_found |= !to->ticdc.count;
    for (size_t i = 0; !to->ticdc_silent && i < f->identity.member_count; i++)
        if (to->ticdc_found && strcmp(f->identity.members[i].type, "ticdc") == 0)
            add_capture(l, to, f->identity.members[i].instance);
    for (size_t i = 0; i < f->cdc.address_count; i++)
        add_capture(l, to, f->cdc.addresses[i]);
}

static void learn_cluster(struct learning *l, size_t c)
{
    struct dr_import_cluster *to = &l->m->clusters[c];
    const struct dr_cluster_facts *f = &l->f->clusters[c];
    set_text(l, &to->version, f->identity.version.text);
    for (size_t i = 0; i < f->identity.member_count; i++)
        if (strcmp(f->identity.members[i].type, "tidb") == 0 &&
            is_askable(l, f->identity.members[i].instance))
            l->learned |=
                push(&to->sql, dr_strdup(l->m->arena, f->identity.members[i].instance));
    const char *scheme = strncmp(to->pd.items[0], "https:", 6) == 0 ? "https" : "http";
    for (size_t i = 0; i < f->pd.address_count; i++)
        if (is_askable(l, f->pd.addresses[i]))
            l->learned |= push(
                &to->pd, dr_sprintf(l->m->arena, "%s://%s", scheme, f->pd.addresses[i]));
    learn_captures(l, to, f);
    in_order(&to->sql, 1);
    in_order(&to->pd, 1);
    in_order(&to->ticdc, to->ticdc_found ? 0 : 1);
    const struct dr_instance *x = f->instance_count ? &f->instances[0] : NULL;
    if (!x || !x->seen.known || x->auto_increment_increment <= 1)
        return;
    l->learned |= to->increment != x->auto_increment_increment;
    to->increment = x->auto_increment_increment;
    to->offset = x->auto_increment_offset;
}

static bool is_fenced(const struct dr_cluster_facts *f)
{
    for (size_t i = 0; i < f->instance_count; i++)
        if (dr_instance_is_fenced(&f->instances[i]))
            return true;
    return false;
}

/* Which feed is meant: the only one of all, or the one of that id. */
static int find_feed(struct learning *l, const char *wanted, struct dr_err *err)
{
    size_t found = 0, at = 0;
    const char *id = NULL, *list = "";
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        const struct dr_feeds *feeds = &l->f->clusters[c].feeds;
        for (size_t i = 0; feeds->seen.known && i < feeds->count; i++) {
            list = dr_sprintf(l->m->arena, "%s%s%s of %s", list, *list ? ", " : "",
                              feeds->items[i].id, l->m->clusters[c].name);
            if (wanted && strcmp(feeds->items[i].id, wanted) != 0)
                continue;
            found++;
            at = c;
            id = feeds->items[i].id;
        }
    }
    if (found > 1 || (wanted && !found)) {
        (void)dr_fail(err, DR_E_CONFLICT, "%s: %s",
                      found ? "several changefeeds run" : "no changefeed is called so",
                      *list ? list : "none runs");
        dr_hint(err, found > 1
                         ? "name the one into the secondary: --feed ID; two of them "
                           "in both directions are mode Bidirectional, which cannot "
                           "be imported"
                         : "leave --feed out, or name one of these");
        return err->code;
    }
    if (!found)
        return 0;
    l->learned |= l->m->primary != at || !l->m->feed;
    l->m->primary = at;
    l->m->feed = dr_strdup(l->m->arena, id);
    l->m->why = "the changefeed runs out of it";
    return 0;
}

static void guess_primary(struct learning *l)
{
    bool fenced[DR_IMPORT_CLUSTERS];
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        fenced[c] = is_fenced(&l->f->clusters[c]);
        const struct dr_import_cluster *x = &l->m->clusters[c];
        if (!x->ticdc.count)
            note(l, dr_sprintf(l->m->arena,
                               "whether a changefeed runs out of %s is not known: give a "
                               "ticdc: endpoint of it (%s)",
                               x->name,
                               x->ticdc_silent ? "those in its cluster_info do not answer"
                                               : "its cluster_info lists none"));
    }
    if (fenced[0] == fenced[1]) {
        l->m->why =
            "a guess: no changefeed was seen and neither side is fenced; correct it";
        return;
    }
    l->learned |= l->m->primary != (size_t)fenced[0];
    l->m->primary = fenced[0];
    l->m->why = "the other one is fenced";
}

static const char *in_quotes(struct learning *l, const char *json)
{
    size_t n = strlen(json);
    return n > 1 && json[0] == '"' ? dr_strndup(l->m->arena, json + 1, n - 2) : json;
}

/* Nanoseconds of TiCDC's API as a duration of the language; NULL: not whole ms. */
static const char *duration_of(struct learning *l, const char *ns_text)
{
    int64_t ns;
    char text[DR_DURATION_TEXT];
    if (!dr_parse_i64(ns_text, strlen(ns_text), &ns) || ns % 1000000)
        return NULL;
    return dr_strdup(l->m->arena, dr_duration_text(ns / 1000000, text));
}

/* Sorted by path, so that one mapping stands together; each once. */
static void add_setting(struct learning *l, struct dr_import_setting **list,
                        size_t *count, size_t *room, const char *path, const char *value)
{
    size_t i = 0;
    while (i < *count && strcmp((*list)[i].path, path) < 0)
        i++;
    if (i < *count && strcmp((*list)[i].path, path) == 0)
        return;
    (void)DR_PUSH(l->m->arena, *list, *count, *room);
    memmove(&(*list)[i + 1], &(*list)[i], (*count - 1 - i) * sizeof(**list));
    (*list)[i] = (struct dr_import_setting){.path = dr_strdup(l->m->arena, path),
                                            .value = dr_strdup(l->m->arena, value)};
    l->learned = true;
}

/* The URI without its keys: the document refers to them. */
static const char *without_keys(struct learning *l, const char *uri)
{
    const char *query = strchr(uri, '?');
    if (!query)
        return uri;
    char *out = dr_strndup(l->m->arena, uri, (size_t)(query - uri));
    char mark = '?';
    for (const char *p = query + 1; *p;) {
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        if (!dr_storage_param_secret(dr_strndup(l->m->arena, p, name))) {
            out = dr_sprintf(l->m->arena, "%s%c%.*s", out, mark, (int)len, p);
            mark = '&';
        }
        p += len + (p[len] == '&');
    }
    return out;
}

/* What a typed field of the language says; false: none does. */
static bool learn_typed(struct learning *l, const struct dr_difference *d)
{
    struct dr_import *m = l->m;
    const char *is = in_quotes(l, d->observed), *text;
    if (strcmp(d->field, "enable_sync_point") == 0)
        set_flag(l, &m->sync_point, strcmp(is, "true") == 0);
    else if (strcmp(d->field, "sync_point_interval") == 0 && (text = duration_of(l, is)))
        set_text(l, &m->sync_interval, text);
    else if (strcmp(d->field, "sync_point_retention") == 0 && (text = duration_of(l, is)))
        set_text(l, &m->sync_retention, text);
    else if (strcmp(d->field, "consistent.level") == 0)
        set_flag(l, &m->redo, strcmp(is, "eventual") == 0);
    else if (strcmp(d->field, "consistent.storage") == 0 && !strstr(is, "://"))
        return true; /* it is not shown */
    else if (strcmp(d->field, "consistent.storage") == 0)
        set_text(l, &m->redo_uri, without_keys(l, is));
    else if (strncmp(d->field, "consistent.storage?", 19) == 0)
        return true; /* the whole of it is taken */
    else if (strcmp(d->field, "consistent.max_log_size") == 0)
        set_text(l, &m->redo_size, dr_sprintf(m->arena, "%sMiB", is));
    else if (strcmp(d->field, "consistent.flush_interval") == 0)
        set_text(l, &m->redo_flush, dr_sprintf(m->arena, "%sms", is));
    else if (strcmp(d->field, "sink_uri.user") == 0)
        set_text(l, &m->sink_user, is);
    else if (strcmp(d->field, "sink_uri.address") == 0)
        set_text(l, &m->clusters[!m->primary].sink_address, is);
    else if (strncmp(d->field, "sink_uri?", 9) == 0)
        add_setting(l, &m->params, &m->param_count, &m->param_room, d->field + 9,
                    quoted(m->arena, is));
    else
        return false;
    return true;
}

/* A value that was cut, or of which something is masked, may be no JSON any more. */
static bool is_whole(const struct learning *l, const char *json)
{
    json_t *ignored;
    return dr_json_parse_in(l->m->arena, &ignored, json, strlen(json), NULL) == 0;
}

static void learn_setting(struct learning *l, const struct dr_setting *s,
                          const struct dr_difference *d)
{
    struct dr_import *m = l->m;
    const char *value = d->observed;
    if (s && s->type == DR_S_DURATION)
        value = duration_of(l, value);
    if (!s || s->owner || !value || !is_whole(l, d->observed)) {
        const char *text = dr_sprintf(m->arena, "%s is %s", d->field, d->observed);
        note(l, dr_printable(m->arena, text, strlen(text), NOTE_MAX));
        return;
    }
    add_setting(l, &m->settings, &m->setting_count, &m->setting_room, s->path, value);
}

/* Who else may write through the fence of the secondary is named, so that a person sees
 * it: else the plan would stop at each of them. */
static void learn_bypass(struct learning *l)
{
    struct dr_import *m = l->m;
    const struct dr_accounts *all = &l->f->clusters[!m->primary].accounts;
    for (size_t i = 0; all->seen.known && i < all->bypass_count; i++)
        if (strcmp(all->bypass[i], m->user) != 0 &&
            strcmp(all->bypass[i], m->sink_user) != 0)
            l->learned |= push(&m->bypass, dr_sprintf(m->arena, "%s@%%", all->bypass[i]));
}

static void learn_feed(struct learning *l)
{
    const struct dr_feed_detail *d = &l->f->clusters[l->m->primary].feed;
    if (!d->seen.known || !d->present || strcmp(d->id, l->m->feed) != 0)
        return;
    for (size_t i = 0; i < d->difference_count; i++)
        if (!learn_typed(l, &d->differences[i]))
            learn_setting(l, dr_setting_of_api(d->differences[i].field),
                          &d->differences[i]);
    for (size_t i = 0; i < d->extra_count; i++)
        learn_setting(l, dr_setting_find(d->extras[i].field), &d->extras[i]);
}

/* What nobody gave and does not answer is not declared. */
static void drop_silent_captures(struct learning *l)
{
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        struct dr_import_cluster *x = &l->m->clusters[c];
        if (!x->ticdc_found || !x->ticdc.count || l->f->clusters[c].feeds.seen.known)
            continue;
        x->ticdc.count = 0;
        x->ticdc_silent = true;
        l->learned = true;
    }
}

/* What must be known before anything is believed. */
static int all_known(const struct learning *l, struct dr_err *err)
{
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        const struct dr_cluster_facts *f = &l->f->clusters[c];
        const struct dr_seen *groups[] = {&f->identity.seen, &f->pd.seen};
        const char *names[] = {"SQL", "PD"};
        for (size_t i = 0; i < 2; i++)
            if (!groups[i]->known)
                return dr_fail(err, DR_E_UNREACHABLE, "%s: %s: %s", f->name, names[i],
                               groups[i]->why ? groups[i]->why : "not asked");
        if (l->m->clusters[c].ticdc.count && !f->feeds.seen.known)
            return dr_fail(err, DR_E_UNREACHABLE, "%s: TiCDC: %s", f->name,
                           f->feeds.seen.why ? f->feeds.seen.why : "not asked");
    }
    return 0;
}

/* What drover made has a document already, and generations that no import could guess. */
static int not_managed(const struct learning *l, struct dr_err *err)
{
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        const struct dr_ledger_group *g = &l->f->clusters[c].ledger;
        if (!g->decoded || !g->rows.birth.present)
            continue;
        (void)dr_fail(err, DR_E_CONFLICT,
                      "%s is managed by drover, as a cluster of topology '%s'",
                      l->f->clusters[c].name, g->rows.birth.topology);
        const char *agreed =
            g->rows.term.present && g->rows.term.agreed ? g->rows.term.agreed : "";
        dr_hint(err, "use that topology's document%s%.16s",
                *agreed ? ", of revision " : "", agreed);
        return err->code;
    }
    return 0;
}

int dr_import_learn(struct dr_import *m, const struct dr_facts *f, const char *wanted,
                    bool *learned, struct dr_err *err)
{
    struct learning l = {.m = m, .f = f};
    m->note_count = 0; /* what was in the way of an earlier turn may be said by now */
    drop_silent_captures(&l);
    int rc = all_known(&l, err);
    if (rc == 0)
        rc = not_managed(&l, err);
    if (rc == 0)
        rc = find_feed(&l, wanted, err);
    if (rc != 0)
        return rc;
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++)
        learn_cluster(&l, c);
    if (m->feed)
        learn_feed(&l);
    else
        guess_primary(&l);
    learn_bypass(&l);
    const struct dr_cluster_facts *a = &f->clusters[m->primary];
    if (!m->feed && a->ledger.tso && (!m->start_ts || m->start_of != m->primary)) {
        m->start_ts = a->ledger.tso;
        m->start_of = m->primary;
        l.learned = true;
    }
    bool off = a->instance_count && a->instances[0].seen.known &&
               !a->instances[0].ttl_job_enable;
    set_flag(&l, &m->no_ttl, off);
    *learned = l.learned;
    return 0;
}
