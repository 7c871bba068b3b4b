/* Documents as a whole: limits, values, marks, secrets, several texts. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spec/changefeed.h"
#include "spec/load.h"
#include "spec/types.h"

static struct dr_docs read_text(struct dr_arena *a, const char *text)
{
    struct dr_docs d;
    dr_docs_init(&d, a);
    dr_docs_add(&d, "t.yaml", text, strlen(text));
    dr_docs_finish(&d);
    return d;
}

/* ---- limits ---- */

static size_t work(const char *head, const char *item, size_t n, const char *tail)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_buf b;
    dr_buf_init(&b, 1 << 22);
    dr_buf_adds(&b, head);
    for (size_t i = 0; i < n; i++)
        dr_buf_addf(&b, item, (unsigned)i);
    dr_buf_adds(&b, tail);
    cr_assert_not(b.overflow);
    struct dr_docs d = read_text(a, dr_buf_str(&b));
    size_t used = dr_arena_used(a) + d.findings.count;
    dr_buf_release(&b);
    dr_arena_free(a);
    return used;
}

#define HEAD "apiVersion: drover/v1\nkind: Topology\nmetadata: {name: a}\nspec:\n"

/* What is taken from memory grows with the text, and no faster. */
Test(spec, work_is_linear_in_the_text)
{
    static const struct {
        const char *what, *head, *item, *tail;
        size_t n;
    } cases[] = {
        {"documents", "", "---\n" HEAD "  mode: PrimarySecondary\n  primary: e%u\n", "",
         400},
        {"unknown fields", HEAD, "  unknown%u: x\n", "", 400},
        {"labels",
         "apiVersion: drover/v1\nkind: Topology\nmetadata:\n  name: a\n  labels:\n",
         "    l%u: x\n", "spec: {}\n", 450},
        {"tables", HEAD "  replication:\n    allowUnreplicated:\n", "    - db.t%u\n", "",
         4000},
        {"edges", HEAD "  replication:\n    edges:\n", "    - {from: a, to: b%u}\n", "",
         500},
        {"scalars", "", "- word%u\n", "", 20000},
        {"duplicate keys", "", "a%u: x\na%1$u: y\n", "", 240},
        {"wrong characters", "", "# \xe2\x80\xae %u\n", "", 450},
        {"flow", "[", "{a: [b, %u]}, ", "]", 10000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = cases[i].n;
        size_t zero = work(cases[i].head, cases[i].item, 1, cases[i].tail);
        size_t one = work(cases[i].head, cases[i].item, n, cases[i].tail) - zero;
        size_t two = work(cases[i].head, cases[i].item, 2 * n, cases[i].tail) - zero;
        cr_assert_leq((double)two, 2.1 * (double)one + 200000,
                      "%s: %zu bytes at %zu, %zu at %zu", cases[i].what, one, n, two,
                      2 * n);
    }
}

Test(spec, memory_is_bounded_by_the_limits)
{
    struct dr_arena *a = dr_arena_new(256u << 20); /* crossing it would abort */
    static const char *const bombs[] = {
        "[", "? ", "- ", "{a: ", "a,", "\t", "--- ", "a: &b *b\n", "\"\\u202e\",", "!t "};
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        size_t len = strlen(bombs[i]), n = DR_YAML_BYTES_MAX / len;
        char *text = dr_alloc(a, n * len + 1);
        for (size_t k = 0; k < n; k++)
            memcpy(text + k * len, bombs[i], len);
        struct dr_docs d = read_text(a, text);
        cr_assert_gt(d.findings.errors, 0, "%s", bombs[i]);
        cr_assert_leq(d.findings.count, DR_FINDINGS_MAX);
        dr_arena_reset(a);
    }
    dr_arena_free(a);
}

/* ---- values ---- */

static char *slurp(struct dr_arena *a, const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s (run from the top of the repository)", path);
    char *text = dr_alloc(a, 1 << 20);
    cr_assert_gt(fread(text, 1, (1 << 20) - 1, f), 0);
    fclose(f);
    return text;
}

Test(spec, the_quickstart_decodes_to_what_it_says)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs d = read_text(a, slurp(a, "examples/quickstart/topology.yaml"));
    cr_assert_eq(d.findings.count, 0);
    cr_assert_eq(d.topology_count, 1);
    const struct dr_topology *t = d.topologies[0];
    const struct dr_cluster *east = dr_topology_cluster(t, "east");
    cr_assert_str_eq(t->doc.metadata.name, "shop");
    cr_assert_eq(t->mode, DR_MODE_PRIMARY_SECONDARY);
    cr_assert_eq(dr_topology_secondary(t), dr_topology_cluster(t, "west"));
    cr_assert_eq(east->sql.endpoint_count, 2);
    cr_assert_str_eq(east->sql.endpoints[1].host, "127.0.1.5");
    cr_assert_eq(east->sql.endpoints[1].port, 4000);
    cr_assert_str_eq(east->sql.password.env, "DROVER_EAST_PASSWORD");
    cr_assert_eq(dr_version_rank(&east->version), 8005003);
    cr_assert_str_eq(east->sink_address.text, "127.0.1.4:4000");
    cr_assert_str_eq(east->ticdc.cluster_id, "default");
    cr_assert_str_eq(t->storage.redo.uri.bucket, "redo");
    cr_assert_str_eq(t->storage.redo.uri.prefix, "shop");
    cr_assert_str_eq(t->storage.redo.uri.endpoint, "http://127.1.1.11:6060");
    cr_assert(t->storage.redo.uri.force_path_style);
    cr_assert_eq(t->replication.redo.level, DR_REDO_EVENTUAL);
    cr_assert_eq(t->replication.redo.max_log_size_bytes, 64u << 20);
    cr_assert_eq(t->bootstrap.gc_hold.deadline_ms, 72 * 3600000ll);
    cr_assert_eq(t->objectives.freshness_ms, 900000);
    cr_assert(t->policy.approve[DR_RISK_DESTRUCTIVE] &&
              t->policy.approve[DR_RISK_DATA_LOSS]);
    cr_assert(!t->policy.approve[DR_RISK_SAFE] && !t->policy.approve[DR_RISK_DISRUPTIVE]);
    cr_assert_eq(t->policy.drift[DR_DRIFT_FENCE], DR_DRIFT_ASK);
    cr_assert(t->heartbeat && t->ttl_jobs && !t->paused);
    cr_assert_str_eq(t->replication.config.json, "{}");
    cr_assert_leq(dr_arena_used(a) - (1 << 20), 24u << 10, "%zu bytes for a topology",
                  dr_arena_used(a) - (1 << 20));
    dr_arena_free(a);
}

/* Whatever a document says, what destroys or loses data waits for a human. */
Test(spec, approval_of_destruction_cannot_be_switched_off)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs d =
        read_text(a, dr_sprintf(a, "%s  policy: {approve: [disruptive]}\n",
                                slurp(a, "examples/quickstart/topology.yaml")));
    cr_assert_eq(d.topology_count, 1);
    const bool *approve = d.topologies[0]->policy.approve;
    cr_assert(!approve[DR_RISK_SAFE] && approve[DR_RISK_DISRUPTIVE] &&
              approve[DR_RISK_DESTRUCTIVE] && approve[DR_RISK_DATA_LOSS]);
    dr_arena_free(a);
}

Test(spec, marks_lead_back_to_the_text)
{
    static const char text[] = HEAD "  mode: PrimarySecondary\n"
                                    "  clusters:\n  - name: east\n    region: r1\n"
                                    "  - name: west\n    sql: {user: u}\n";
    struct dr_arena *a = dr_arena_new(0);
    struct dr_source s = {.name = "m.yaml", .bytes = text, .len = sizeof(text) - 1};
    struct dr_findings f;
    dr_findings_init(&f, a);
    struct dr_doc doc = {.file = "m.yaml", .root = dr_yaml_read(a, &s, &f)};
    static const struct {
        const char *path;
        uint32_t line, column;
        bool has;
    } cases[] = {
        {"spec.mode", 5, 9, true},
        {"spec.clusters[1].sql.user", 10, 17, true},
        {"spec.clusters[west].sql", 10, 5, true},
        {"spec.clusters[0].region", 8, 13, true},
        {"spec.clusters[0].sql", 7, 5, false},
        {"spec.paused", 4, 1, false},
        {"spec.clusters[7].sql", 6, 3, false},
        {"", 1, 1, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_mark m = dr_doc_mark(&doc, cases[i].path);
        cr_assert(m.line == cases[i].line && m.column == cases[i].column, "%s: %u:%u",
                  cases[i].path, m.line, m.column);
        cr_assert_eq(dr_doc_has(&doc, cases[i].path), cases[i].has, "%s", cases[i].path);
    }
    dr_arena_free(a);
}

Test(spec, settings_become_what_the_api_takes)
{
    static const char config[] =
        "config:\n  memory-quota: 18446744073\n  changefeed-error-stuck-duration: 1h30m\n"
        "  mounter: {worker-num: 32}\n  filter:\n    rules: ['*.*', '!tmp.*']\n"
        "    ignore-txn-start-ts: [431434047157698561]\n"
        "    event-filters:\n    - {matcher: [a.b], ignore-event: [drop table]}\n"
        "  sink: {safe-mode: true, protocol: avro, mysql-config: {write-timeout: 2m}}\n";
    struct dr_arena *a = dr_arena_new(0);
    struct dr_source s = {.name = "c", .bytes = config, .len = sizeof(config) - 1};
    struct dr_findings f;
    struct dr_changefeed_config out = {0};
    dr_findings_init(&f, a);
    struct dr_decode d = {.arena = a, .source = &s, .findings = &f};
    const struct dr_node *root = dr_yaml_read(a, &s, &f);
    dr_settings_decode(&d, dr_node_get(root, "config"), NULL, &out);
    cr_assert_eq(f.errors, 0, "%s", f.count ? f.items[0].message : "");
    cr_assert_eq(f.warnings, 1);
    cr_assert_str_eq(out.json, "{\"changefeed_error_stuck_duration\":5400000000000,"
                               "\"filter\":{\"event_filters\":"
                               "[{\"ignore_event\":[\"drop "
                               "table\"],\"matcher\":[\"a.b\"]}],\"ignore_txn_start_ts\":"
                               "[431434047157698561],\"rules\":[\"*.*\",\"!tmp.*\"]},"
                               "\"memory_quota\":18446744073,"
                               "\"mounter\":{\"worker_num\":32},\"sink\":{\"mysql_"
                               "config\":{\"write_timeout\":\"2m\"},"
                               "\"safe_mode\":true}}");
    cr_assert_eq(out.entry_count, 8);
    cr_assert_str_eq(out.entries[2].path, "mounter.worker-num");
    cr_assert_str_eq(out.entries[2].api_path, "mounter.worker_num");
    cr_assert_str_eq(out.entries[2].json, "32");
    dr_arena_free(a);
}

/* A secret in the wrong place is refused, and never repeated. */
Test(spec, secrets_are_not_quoted)
{
    static const char *const texts[] = {
        "password: CANARY",
        "password: 'CANARY'",
        "\"password\": \"CANARY\" # x",
        "password : CANARY",
        "{user: x, password: CANARY, bad: y}",
        "accessKey: CANARY\nsecretKey: CANARY",
        "passphrase: CANARY",
        "uri: 's3://b/p?access-key=CANARY&secret-access-key=CANARY&x=1'",
        "uri: 's3://b/p?session-token=CANARY'",
        "url: https://user:CANARY@git.example/dr.git",
        "uri: s3://CANARY@bucket/x",
        "password: CANARY: broken",
        "password: [CANARY",
    };
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (unsigned k = 0; k < 3; k++) {
            static const char *const heads[] = {
                ("apiVersion: drover/v1\nkind: Topology\nspec:\n  replication:\n    "
                 "sink:\n"),
                "apiVersion: drover/v1\nkind: Topology\nspec:\n  storage:\n    redo:\n",
                "apiVersion: drover/v1\nkind: Controller\nspec:\n  source:\n    git:\n"};
            struct dr_buf b, out;
            dr_buf_init(&b, 10000);
            dr_buf_init(&out, 100000);
            dr_buf_adds(&b, heads[k]);
            for (const char *p = texts[i]; *p;) {
                size_t len = strcspn(p, "\n");
                dr_buf_addf(&b, "      %.*s\n", (int)len, p);
                p += len + (p[len] == '\n');
            }
            struct dr_docs d = read_text(a, dr_buf_str(&b));
            dr_findings_text(&d.findings, false, &out);
            cr_assert_gt(d.findings.errors, 0, "%s", texts[i]);
            cr_assert_null(strstr(dr_buf_str(&out), "CANARY"), "%s", dr_buf_str(&out));
            dr_buf_release(&b);
            dr_buf_release(&out);
        }
    }
    dr_arena_free(a);
}

/* ---- several texts ---- */

/* Within the limits of each file, many files still fill the memory: reading ends, said
 * once, and nobody may conclude that a document is gone. */
Test(spec, too_much_in_all_files_ends_the_reading)
{
    struct dr_arena *a = dr_arena_new(0);
    char *good = slurp(a, "examples/quickstart/topology.yaml");
    struct dr_docs d;
    dr_docs_init(&d, a);
    dr_alloc(a, DR_DOCS_MEMORY_MAX);
    dr_docs_add(&d, "a.yaml", good, strlen(good));
    dr_docs_add(&d, "b.yaml", good, strlen(good));
    dr_docs_finish(&d);
    cr_assert_eq(d.topology_count, 0);
    cr_assert_eq(d.findings.count, 1);
    cr_assert_eq(d.findings.items[0].code, DR_V_LIMIT);
    cr_assert(d.incomplete);
    dr_arena_free(a);
}

Test(spec, a_wrong_document_is_broken_not_gone)
{
    struct dr_arena *a = dr_arena_new(0);
    char *good = slurp(a, "examples/quickstart/topology.yaml");
    struct dr_docs d;
    dr_docs_init(&d, a);
    dr_docs_add(&d, "a.yaml", good, strlen(good));
    dr_docs_add(&d, "b.yaml", good, strlen(good));
    dr_docs_finish(&d);
    cr_assert_eq(d.topology_count, 0, "two of one name: neither holds");
    cr_assert_eq(d.broken_count, 2);
    cr_assert_str_eq(d.broken[0].name, "shop");
    cr_assert_eq(d.incomplete, false);

    static const char *const places[] = {"a: &x b\n---\n%s", "%s---\na: &x b\n"};
    for (size_t i = 0; i < 2; i++) {
        dr_docs_init(&d, a);
        const char *two = dr_sprintf(a, places[i], good);
        dr_docs_add(&d, "c.yaml", two, strlen(two));
        dr_docs_finish(&d);
        cr_assert_eq(d.broken_count, 1, "only the document that holds the alias");
        cr_assert_eq(d.topology_count, 1);
        cr_assert_not(d.incomplete);
    }

    d = read_text(a, HEAD "  primary: [\n");
    cr_assert(d.incomplete, "the text ended early: documents may be missing");
    d = read_text(a, HEAD "  primary: x\n");
    cr_assert_eq(d.broken_count, 1);
    cr_assert_str_eq(d.broken[0].name, "a");
    cr_assert_not(d.incomplete);
    dr_arena_free(a);
}

static void touch(const char *dir, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f, "%s", path);
    fputs(text, f);
    fclose(f);
}

Test(spec, folders_are_read_in_the_order_of_names)
{
    char dir[] = "/tmp/drover-spec-XXXXXX", sub[300];
    struct dr_arena *a = dr_arena_new(0);
    cr_assert_not_null(mkdtemp(dir));
    snprintf(sub, sizeof(sub), "%s/b", dir);
    cr_assert_eq(mkdir(sub, 0700), 0);
    touch(dir, "c.yml", "x: 1\n");
    touch(dir, "a.yaml", "x: 1\n");
    touch(sub, "z.yaml", "x: 1\n");
    touch(dir, ".hidden.yaml", "x: [\n");
    touch(dir, "notes.txt", "x: [\n");
    snprintf(sub, sizeof(sub), "%s/pipe.yaml", dir);
    cr_assert_eq(mkfifo(sub, 0600), 0);
    struct dr_docs d;
    dr_docs_init(&d, a);
    dr_docs_add_path(&d, dir);
    dr_docs_finish(&d);
    static const char *const order[] = {"/a.yaml", "/b/z.yaml", "/c.yml", "/pipe.yaml"};
    cr_assert_eq(d.findings.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *file = d.findings.items[i].file;
        cr_assert_str_eq(file + strlen(dir), order[i]);
    }
    cr_assert_eq(d.findings.items[3].code, DR_V_UNREADABLE, "a pipe is not waited for");
    dr_arena_free(a);
    for (size_t i = 0; i < 4; i++) {
        snprintf(sub, sizeof(sub), "%s%s", dir, order[i]);
        unlink(sub);
    }
    snprintf(sub, sizeof(sub), "%s/.hidden.yaml", dir);
    unlink(sub);
    snprintf(sub, sizeof(sub), "%s/notes.txt", dir);
    unlink(sub);
    snprintf(sub, sizeof(sub), "%s/b", dir);
    rmdir(sub);
    rmdir(dir);
}

Test(spec, times_are_exact)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-11-22T00:00:00Z", true, 1795305600000},
        {"2026-11-22T01:30:00+01:30", true, 1795305600000},
        {"2026-11-21T22:00:00-02:00", true, 1795305600000},
        {"2028-02-29T23:59:59Z", true, 1835481599000},
        {"2026-02-29T00:00:00Z", false, 0},
        {"2100-02-29T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-11-22T24:00:00Z", false, 0},
        {"2026-11-22 00:00:00Z", false, 0},
        {"2026-11-22T00:00:00", false, 0},
        {"2026-11-22T00:00:00+15:00", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = 0;
        bool ok =
            dr_types[DR_T_TIME].read(NULL, cases[i].text, strlen(cases[i].text), &ms);
        cr_assert_eq(ok, cases[i].ok, "%s", cases[i].text);
        cr_assert(!ok || ms == cases[i].ms, "%s: %lld", cases[i].text, (long long)ms);
    }
}

Test(spec, storage_addresses)
{
    static const struct {
        const char *text;
        bool ok, secret;
        const char *bucket, *prefix;
    } cases[] = {
        {"s3://redo", true, false, "redo", ""},
        {"s3://redo/a/b/", true, false, "redo", "a/b"},
        {"s3://redo/a?endpoint=http%3A%2F%2Fh%3A9000", true, false, "redo", "a"},
        {"/mnt/dr/", true, false, NULL, "/mnt/dr"},
        {"file:///mnt/dr", true, false, NULL, "/mnt/dr"},
        {"local:///mnt/dr", true, false, NULL, "/mnt/dr"},
        {"nfs:///mnt/dr", true, false, NULL, "/mnt/dr"},
        {"nfs://mnt/dr", false, false, NULL, NULL},
        {"/", false, false, NULL, NULL},
        {"/mnt/../etc", false, false, NULL, NULL},
        {"s3://redo/a//b", false, false, NULL, NULL},
        {"s3://redo/..", false, false, NULL, NULL},
        {"s3://Redo", false, false, NULL, NULL},
        {"s3://redo?endpoint=ftp://h", false, false, NULL, NULL},
        {"s3://redo?endpoint=http://h%", false, false, NULL, NULL},
        {"s3://redo?endpoint=%00", false, false, NULL, NULL},
        {"s3://redo?force-path-style=yes", false, false, NULL, NULL},
        {"s3://redo?nothing=1", false, false, NULL, NULL},
        {"s3://redo?access-key=x", false, true, NULL, NULL},
        {"s3://redo?session-token=x", false, true, NULL, NULL},
        {"s3://user:x@redo/a", false, true, NULL, NULL},
        {"gcs://redo", false, false, NULL, NULL},
        {"redo", false, false, NULL, NULL},
    };
    struct dr_arena *a = dr_arena_new(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_storage_uri u;
        bool secret;
        const char *why = dr_storage_uri_parse(a, cases[i].text, &u, &secret);
        cr_assert_eq(!why, cases[i].ok, "%s: %s", cases[i].text, why ? why : "");
        cr_assert_eq(secret, cases[i].secret, "%s", cases[i].text);
        if (cases[i].bucket)
            cr_assert_str_eq(u.bucket, cases[i].bucket);
        if (cases[i].prefix)
            cr_assert_str_eq(u.prefix, cases[i].prefix);
    }
    dr_arena_free(a);
}
