/* A document made of what servers say: whatever they are called, it says that and no
 * more. */
#include <string.h>

#include "controller/observe/import.h"
#include "tests/unit/act_kit.h"

#define BREAKS_OUT "x\"]\n  policy: {drift: {fence: ignore}} # [\""

static struct dr_import two_clusters(struct dr_arena *a)
{
    struct dr_import m = {.arena = a, .name = "shop", .user = "drover", .primary = 0};
    m.sink_user = "cdc";
    static const char *const args[DR_IMPORT_CLUSTERS] = {
        "east=sql:10.0.1.4:4000,pd:http://10.0.1.1:2379,ticdc:http://10.0.1.9:8300",
        "west=sql:[fd00::4]:4000,pd:http://[fd00::1]:2379"};
    for (size_t c = 0; c < DR_IMPORT_CLUSTERS; c++) {
        struct dr_err err;
        cr_assert_eq(dr_import_cluster_parse(&m.clusters[c], args[c], a, &err), 0);
    }
    return m;
}

/* The document, decoded; NULL: it is none. */
static const struct dr_topology *decode(const struct dr_import *m, struct dr_docs *docs,
                                        struct dr_buf *text)
{
    dr_buf_init(text, 1 << 20);
    dr_import_text(m, false, text);
    dr_docs_init(docs, m->arena);
    dr_docs_add(docs, "import", dr_strdup(m->arena, dr_buf_str(text)), text->len);
    dr_docs_finish(docs);
    return docs->findings.errors ? NULL : docs->topologies[0];
}

Test(import, addresses_of_every_kind_become_a_document)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_docs docs;
    struct dr_buf text;
    struct dr_import m = two_clusters(a);
    const struct dr_topology *t = decode(&m, &docs, &text);
    cr_assert_not_null(t, "%s", dr_buf_str(&text));
    cr_expect_str_eq(t->clusters[1].sql.endpoints[0].host, "fd00::4");
    dr_buf_release(&text);
    dr_arena_free(a);
}

/* An account or a parameter may carry any text; it never becomes another field. */
Test(import, no_name_of_a_server_becomes_a_field)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_import_setting parameter = {.path = BREAKS_OUT, .value = "\"1\""};
    for (int i = 0; i < 6; i++) {
        struct dr_import m = two_clusters(a);
        struct dr_docs docs;
        struct dr_buf text;
        const char **places[] = {&m.clusters[0].version, &m.feed, &m.redo_size,
                                 &m.clusters[0].sql.items[0]};
        m.redo = true;
        if (i < 4)
            *places[i] = BREAKS_OUT;
        else if (i == 4)
            m.bypass = (struct dr_import_list){1, {BREAKS_OUT}};
        else
            m.params = &parameter, m.param_count = 1;
        (void)decode(&m, &docs, &text);
        cr_expect_null(strstr(dr_buf_str(&text), "\n  policy:"), "%d: %s", i,
                       dr_buf_str(&text));
        dr_buf_release(&text);
    }
    dr_arena_free(a);
}

/* A filter of many tables is taken whole. */
Test(import, a_long_filter_is_taken_whole)
{
    enum { TABLES = 200 };
    struct pair p;
    struct boss b;
    struct dr_edge_spec edge = {.id = "by-hand"};
    struct dr_buf rules;
    pair_open(&p);
    pair_declare(&p, &edge);
    dr_buf_init(&rules, 1 << 16);
    for (int i = 0; i < TABLES; i++)
        dr_buf_addf(&rules, "%s\"shop.orders_%d\"", i ? ", " : "", i);
    pair_make_feed(
        &p, "by-hand", pair_copy_by_hand(&p),
        dr_sprintf(p.arena, "{\"filter\": {\"rules\": [%s]}}", dr_buf_str(&rules)));
    boss_open(&b, &p, "one");
    boss_until(&b, DR_ROUND_BLOCKED, 20);
    cr_expect_lt(strlen(b.r.text), 1200, "a fact stays readable: %s", b.r.text);
    struct dr_import m = two_clusters(p.arena);
    struct dr_docs docs;
    struct dr_buf text;
    struct dr_err err;
    bool learned;
    cr_assert_eq(dr_import_learn(&m, b.r.facts, NULL, &learned, &err), 0, "%s", err.text);
    const struct dr_topology *t = decode(&m, &docs, &text);
    cr_expect_not_null(t, "%s", dr_buf_str(&text));
    cr_expect_not_null(strstr(dr_buf_str(&text), "shop.orders_199"));
    cr_expect_null(strstr(dr_buf_str(&text), "not expressed"));
    dr_buf_release(&text);
    dr_buf_release(&rules);
    pair_over(&p, &b);
}

/* ---- captures ---- */

/* What a cluster shows of its TiCDC. */
struct shown_ticdc {
    const char *in_cluster_info[3], *in_captures[3]; /* NULL ends them */
    const char *given;                               /* URL, NULL: none */
    bool silent;
    const char *becomes; /* the list of the document */
};

static void show(struct dr_cluster_facts *f, const struct shown_ticdc *x,
                 struct dr_arena *a)
{
    f->identity.members = DR_NEW_N(a, 3, struct dr_member);
    f->identity.member_count = 0;
    for (size_t i = 0; i < 3 && x->in_cluster_info[i]; i++)
        f->identity.members[f->identity.member_count++] =
            (struct dr_member){.type = "ticdc", .instance = x->in_cluster_info[i]};
    f->cdc.addresses = DR_NEW_N(a, 3, const char *);
    f->cdc.address_count = 0;
    for (size_t i = 0; i < 3 && x->in_captures[i]; i++)
        f->cdc.addresses[f->cdc.address_count++] = x->in_captures[i];
    f->feeds.seen.known = !x->silent;
    f->feeds.count = 0;
}

Test(import, one_capture_lists_the_others)
{
    static const struct shown_ticdc cases[] = {
        {{NULL},
         {"10.0.1.9:8300", "10.0.1.8:8300"},
         "http://10.0.1.9:8300",
         false,
         "[\"http://10.0.1.9:8300\", \"http://10.0.1.8:8300\"]"},
        {{NULL},
         {"10.0.1.8:8300"},
         "https://10.0.1.9:8300",
         false,
         "[\"https://10.0.1.9:8300\", \"https://10.0.1.8:8300\"]"},
        {{"10.0.1.9:8300", "10.0.1.8:8300"},
         {NULL},
         NULL,
         false,
         "[\"http://10.0.1.8:8300\", \"http://10.0.1.9:8300\"]"},
        /* what was given is enough, and what is in cluster_info may be another TiCDC's */
        {{"10.0.1.7:8300"},
         {"10.0.1.9:8300"},
         "http://10.0.1.9:8300",
         false,
         "[\"http://10.0.1.9:8300\"]"},
        /* where no server can be nothing is asked, however it is spelled */
        {{"169.254.169.254:80", "10.0.1.8:8300", "[fe80::1]:80"},
         {NULL},
         NULL,
         false,
         "[\"http://10.0.1.8:8300\"]"},
        {{NULL},
         {"2852039166:80", "[::ffff:169.254.169.254]:80", "224.0.0.1:80"},
         "http://10.0.1.9:8300",
         false,
         "[\"http://10.0.1.9:8300\"]"},
        {{NULL},
         {"0.0.0.0:8300", "[ff02::1]:80", "0xa9.0xfe.1:80"},
         "http://10.0.1.9:8300",
         false,
         "[\"http://10.0.1.9:8300\"]"},
        {{"10.0.1.9:8300"}, {NULL}, NULL, true, NULL},
        {{NULL}, {NULL}, NULL, true, NULL},
    };
    struct pair p;
    struct boss b;
    pair_open(&p);
    boss_open(&b, &p, "one");
    dr_actor_look(b.actor, &b.r);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_facts f = *b.r.facts;
        struct dr_cluster_facts clusters[2] = {f.clusters[0], f.clusters[1]};
        f.clusters = clusters;
        struct dr_import m = two_clusters(p.arena);
        struct dr_docs docs;
        struct dr_buf text;
        struct dr_err err;
        bool learned;
        m.clusters[1].ticdc =
            (struct dr_import_list){cases[i].given != NULL, {cases[i].given}};
        for (int turn = 0; turn < 3; turn++) {
            show(&clusters[1], &cases[i], p.arena);
            cr_assert_eq(dr_import_learn(&m, &f, NULL, &learned, &err), 0, "%zu: %s", i,
                         err.text);
        }
        cr_expect_not(learned, "%zu: it comes to an end", i);
        bool told = false;
        for (size_t k = 0; k < m.note_count; k++)
            told |= strstr(m.notes[k], "no server can be there") != NULL;
        cr_expect_eq(told, i >= 4 && i <= 6, "%zu", i);
        (void)decode(&m, &docs, &text);
        const char *west = strstr(dr_buf_str(&text), "- name: west");
        const char *line = strstr(west, "ticdc: {endpoints: ");
        if (cases[i].becomes)
            cr_expect(line && strncmp(line + strlen("ticdc: {endpoints: "),
                                      cases[i].becomes, strlen(cases[i].becomes)) == 0,
                      "%zu: %s", i, west);
        else
            cr_expect(!line && strstr(west, "out of west is not known: give a ticdc:"),
                      "%zu: %s", i, west);
        dr_buf_release(&text);
    }
    pair_over(&p, &b);
}

/* Redo logs of which nobody says where they are. */
Test(import, no_stand_in_is_left_in_the_document)
{
    struct dr_arena *a = dr_arena_new(0);
    struct dr_import m = two_clusters(a);
    struct dr_docs docs;
    struct dr_buf text;
    m.redo = true;
    cr_expect_not_null(decode(&m, &docs, &text));
    cr_expect_null(strstr(dr_buf_str(&text), "not-known-yet"), "%s", dr_buf_str(&text));
    cr_expect_null(strstr(dr_buf_str(&text), "redo:"), "%s", dr_buf_str(&text));
    cr_expect_not_null(strstr(dr_buf_str(&text), "not expressed"), "%s",
                       dr_buf_str(&text));
    dr_buf_clear(&text);
    dr_import_text(&m, true, &text); /* for the next look alone */
    cr_expect_not_null(strstr(dr_buf_str(&text), "not-known-yet"));
    cr_expect_null(strstr(dr_buf_str(&text), "accessKey"), "a folder wants no keys");
    dr_buf_clear(&text);
    m.redo_uri = "s3://logs";
    dr_import_text(&m, false, &text);
    cr_expect_not_null(strstr(dr_buf_str(&text), "uri: \"s3://logs\""));
    dr_buf_release(&text);
    dr_arena_free(a);
}
