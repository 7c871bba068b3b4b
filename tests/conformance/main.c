/* conformance: asks servers what the cases say and compares the answers. */
#include <curl/curl.h>
#include <getopt.h>
#include <mysql.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/json.h"
#include "tests/conformance/conform.h"

static const char usage[] =
    "usage: conformance [OPTIONS] FILE..\n"
    "  --tidb H:P,..  --status H:P,..  --pd H:P,..  --ticdc H:P,..  --s3 H:P\n"
    "  --user NAME  --password-file FILE    of a TiDB account with all rights\n"
    "  --s3-key-file FILE                   access:secret\n"
    "  --set NAME=VALUE, --set NAME=@FILE   of cases: sink, redo, bucket .. (README.md)\n"
    "  --change-cluster                     also cases that change settings of the "
    "whole\n"
    "                                       cluster for a moment\n"
    "  --simulated                          leave out where drover-sim is known to "
    "differ\n"
    "  --only TEXT  --list\n";

static void take_list(struct dr_arena *a, struct endpoints *e, const char *text)
{
    while (*text && e->count < ENDPOINTS_MAX) {
        size_t len = strcspn(text, ",");
        if (len > 0)
            e->at[e->count++] = dr_strndup(a, text, len);
        text += len + (text[len] == ',');
    }
}

static char *secret_of(struct dr_arena *a, const char *path)
{
    char *bytes;
    size_t len;
    struct dr_err err;
    if (dr_file_read(a, path, 4096, &bytes, &len, &err) != 0) {
        fprintf(stderr, "conformance: %s\n", err.text);
        exit(1);
    }
    bytes[strcspn(bytes, "\r\n")] = '\0';
    return bytes;
}

static void set(struct world *w, struct dr_arena *a, const char *text)
{
    const char *is = strchr(text, '=');
    if (is) /* NAME=@FILE: what the file says, so that no secret stands in argv */
        vars_set(&w->given, dr_strndup(a, text, (size_t)(is - text)),
                 is[1] == '@' ? secret_of(a, is + 2) : is + 1);
}

enum {
    OPT_TIDB = 1,
    OPT_STATUS,
    OPT_PD,
    OPT_TICDC,
    OPT_S3,
    OPT_USER,
    OPT_PASSWORD,
    OPT_S3_KEY,
    OPT_SET,
    OPT_CHANGE,
    OPT_ONLY,
    OPT_LIST,
    OPT_SIMULATED
};
static const struct option options[] = {{"tidb", 1, NULL, OPT_TIDB},
                                        {"status", 1, NULL, OPT_STATUS},
                                        {"pd", 1, NULL, OPT_PD},
                                        {"ticdc", 1, NULL, OPT_TICDC},
                                        {"s3", 1, NULL, OPT_S3},
                                        {"user", 1, NULL, OPT_USER},
                                        {"password-file", 1, NULL, OPT_PASSWORD},
                                        {"s3-key-file", 1, NULL, OPT_S3_KEY},
                                        {"set", 1, NULL, OPT_SET},
                                        {"change-cluster", 0, NULL, OPT_CHANGE},
                                        {"only", 1, NULL, OPT_ONLY},
                                        {"list", 0, NULL, OPT_LIST},
                                        {"simulated", 0, NULL, OPT_SIMULATED},
                                        {NULL, 0, NULL, 0}};

static bool take_option(struct dr_arena *a, struct world *w, int option, const char *text)
{
    struct endpoints *const lists[] = {[OPT_TIDB] = &w->sql,
                                       [OPT_STATUS] = &w->status,
                                       [OPT_PD] = &w->pd,
                                       [OPT_TICDC] = &w->cdc,
                                       [OPT_S3] = &w->s3};
    if (option >= OPT_TIDB && option <= OPT_S3)
        take_list(a, lists[option], text);
    else if (option == OPT_USER)
        w->login.user = text;
    else if (option == OPT_PASSWORD)
        w->login.password = secret_of(a, text);
    else if (option == OPT_S3_KEY)
        w->s3_key = secret_of(a, text);
    else if (option == OPT_SET)
        set(w, a, text);
    else if (option == OPT_CHANGE)
        w->change_cluster = true;
    else if (option == OPT_ONLY)
        w->only = text;
    else if (option == OPT_LIST)
        w->list = true;
    else if (option == OPT_SIMULATED)
        w->simulated = true;
    else
        return false;
    return true;
}

/* ---- what is behind the endpoints ---- */

static void find_version(struct dr_arena *a, struct world *w)
{
    struct sql_answer got = {0};
    struct session *s =
        w->sql.count ? session_open(a, w->sql.at[0], &w->login, &got) : NULL;
    if (s)
        session_ask(a, s, "SELECT tidb_version()", &got);
    const char *line = got.rows ? strstr(got.cells[0], "Release Version: v") : NULL;
    unsigned x = 0, y = 0, z = 0;
    if (line && sscanf(line, "Release Version: v%u.%u.%u", &x, &y, &z) == 3)
        w->version = x * 1000000 + y * 1000 + z;
    if (w->sql.count)
        printf("TiDB %s: %s\n", w->sql.at[0],
               line          ? dr_strndup(a, line + 17, strcspn(line + 17, "\r\n"))
               : s           ? "not a TiDB"
               : got.message ? got.message
                             : "no answer");
    session_close(s);
}

static void find_arch(struct dr_arena *a, struct world *w)
{
    struct http_answer got;
    json_t *config;
    struct dr_err err;
    if (!w->cdc.count)
        return;
    struct http_request r = {.url = dr_sprintf(a, "http://%s/config", w->cdc.at[0]),
                             .method = "GET"};
    http_ask(a, &w->given, &r, &got);
    if (got.failure || dr_json_parse(&config, got.body, got.body_len, &err) != 0) {
        printf("TiCDC %s: %s\n", w->cdc.at[0], got.failure ? got.failure : "no /config");
        return;
    }
    w->new_arch = json_is_true(json_object_get(config, "newarch"));
    printf("TiCDC %s: %s architecture\n", w->cdc.at[0], w->new_arch ? "new" : "classic");
    json_decref(config);
}

static void report(const struct tally *t)
{
    for (size_t i = 0; i < t->area_count; i++)
        printf("%-28s %4zu passed, %zu failed, %zu not run\n", t->areas[i].name,
               t->areas[i].passed, t->areas[i].failed, t->areas[i].skipped);
    if (t->inferred)
        printf("of these %zu rest on inference: not read in a source, nor seen\n",
               t->inferred);
    for (size_t i = 0; i < t->left_count; i++)
        printf("not covered: %zu cases (%s)\n", t->left[i].cases, t->left[i].reason);
    if (t->skipped)
        printf("%zu not run\n", t->skipped);
    printf("%zu passed, %zu failed\n", t->passed, t->failed);
}

int main(int argc, char **argv)
{
    struct dr_arena *arena = dr_arena_new(0);
    struct world w = {.login = {.user = "root", .password = ""}};
    struct tally t = {0};
    int option;
    w.given.arena = arena;
    dr_json_init();
    setvbuf(stdout, NULL, _IOLBF, 0); /* what failed is told while the rest still runs */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take_option(arena, &w, option, optarg)) {
            fputs(usage, stderr);
            return 64;
        }
    if (optind == argc) {
        fputs(usage, stderr);
        return 64;
    }
    if (!w.list) {
        find_version(arena, &w);
        find_arch(arena, &w);
    }
    for (int i = optind; i < argc; i++)
        run_file(arena, &w, argv[i], &t);
    if (!w.list)
        report(&t);
    dr_arena_free(arena);
    mysql_library_end();
    curl_global_cleanup();
    return t.failed ? 1 : 0;
}
