/* What `drover-sim ctl` prints, as people read it. */
#include <stdio.h>
#include <string.h>

#include "cmd/drover-sim/ctl.h"
#include "controller/base/json.h"

static const char *str(const json_t *o, const char *key)
{
    const char *s = dr_json_str(o, key);
    return s ? s : "";
}

static long long num(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static bool yes(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

/* ---- faults ---- */

/* As the words that would make it: "hang 127.0.1.4:4000", "partition from=a to=b". */
static void print_active(json_t *f)
{
    const char *key;
    json_t *v;
    printf("  %s", str(f, "fault"));
    if (*str(f, "at"))
        printf(" %s", str(f, "at"));
    json_object_foreach(f, key, v)
    {
        if (strcmp(key, "fault") == 0 || strcmp(key, "at") == 0)
            continue;
        if (json_is_string(v))
            printf(" %s=%s", key, json_string_value(v));
        else if (json_is_integer(v))
            printf(" %s=%lld", key, (long long)json_integer_value(v));
        else
            printf(" %s=%s", key, json_is_true(v) ? "true" : "false");
    }
    puts("");
}

static void print_faults(const json_t *v)
{
    json_t *active = json_object_get(v, "active"), *known = json_object_get(v, "known");
    puts(json_array_size(active) ? "In force:" : "In force: none");
    for (size_t i = 0; i < json_array_size(active); i++)
        print_active(json_array_get(active, i));
    puts("\nWhat can be done:");
    for (size_t i = 0; i < json_array_size(known); i++) {
        const json_t *c = json_array_get(known, i);
        printf("  %-18s %s\n", str(c, "name"), str(c, "help"));
    }
    fputs(dr_ctl_faults_help, stdout);
}

/* ---- audit ---- */

static void print_entry(const json_t *e)
{
    printf("#%lld %s %s %s%s%s ", num(e, "seq"), str(e, "at"),
           *str(e, "cluster") ? str(e, "cluster") : "-", str(e, "server"),
           strcmp(str(e, "origin"), "client") ? " " : "",
           strcmp(str(e, "origin"), "client") ? str(e, "origin") : "");
    printf("%s@%s", *str(e, "user") ? str(e, "user") : "-", str(e, "host"));
    if (num(e, "connection"))
        printf(" (%lld)", num(e, "connection"));
    printf(" [%s", str(e, "outcome"));
    if (json_object_get(e, "rows"))
        printf(", %lld rows", num(e, "rows"));
    printf("] %s\n", str(e, "text"));
}

static bool print_audit(const json_t *v, const json_t *command)
{
    const json_t *entries = json_object_get(v, "entries");
    size_t n = json_array_size(entries);
    if (strcmp(str(command, "do"), "mark") == 0) {
        printf("%lld\n", num(v, "mark"));
        return true;
    }
    if (yes(v, "truncated"))
        puts("(what was first is not kept any more)");
    for (size_t i = 0; i < n; i++)
        print_entry(json_array_get(entries, i));
    return !yes(command, "none") || (n == 0 && !yes(v, "truncated"));
}

/* ---- check ---- */

static void print_difference(const json_t *d)
{
    printf("    %s%s%s: %s\n", str(d, "table"), *str(d, "key") ? " " : "", str(d, "key"),
           str(d, "what"));
    if (*str(d, "upstream"))
        printf("      upstream   %s\n", str(d, "upstream"));
    if (*str(d, "downstream"))
        printf("      downstream %s\n", str(d, "downstream"));
}

static void print_pair(const json_t *f)
{
    const json_t *list = json_object_get(f, "differences");
    const char *feed = str(f, "feed");
    printf("%s -> %s%s%s: ", str(f, "from"), *str(f, "to") ? str(f, "to") : "?",
           *feed ? " by " : "", feed);
    if (json_object_get(f, "rows"))
        printf("%s at %s, %lld tables, %lld rows\n", yes(f, "ok") ? "equal" : "differ",
               str(f, "point"), num(f, "tables"), num(f, "rows"));
    else
        puts("not compared");
    if (*str(f, "why"))
        printf("  %s\n", str(f, "why"));
    if (json_object_get(f, "upstream_tso"))
        printf("  upstream as of %s, downstream as of %s\n", str(f, "upstream_tso"),
               str(f, "downstream_tso"));
    for (size_t i = 0; i < json_array_size(list); i++)
        print_difference(json_array_get(list, i));
    if (num(f, "difference_count") > (long long)json_array_size(list))
        printf("    .. and %lld more\n",
               num(f, "difference_count") - (long long)json_array_size(list));
    const json_t *skipped = json_object_get(f, "skipped");
    for (size_t i = 0; i < json_array_size(skipped); i++)
        printf("  not compared, it has no key: %s\n",
               json_string_value(json_array_get(skipped, i)));
}

static void print_load(const json_t *w)
{
    const json_t *rows = json_object_get(w, "rows"), *open = json_object_get(w, "open");
    printf("workload %s: %lld transactions acknowledged, %lld rows not as acknowledged",
           str(w, "name"), num(w, "acknowledged"), num(w, "wrong"));
    for (size_t i = 0; i < json_array_size(open); i++)
        printf("%s%s", i ? ", " : " on ", json_string_value(json_array_get(open, i)));
    puts("");
    if (*str(w, "why"))
        printf("  %s\n", str(w, "why"));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *r = json_array_get(rows, i);
        printf("    token=%lld on %s: acknowledged seq %lld, found %lld: %s\n",
               num(r, "token"), str(r, "cluster"), num(r, "acknowledged"),
               num(r, "found"), str(r, "what"));
    }
}

static void print_check(const json_t *v)
{
    const json_t *feeds = json_object_get(v, "feeds"),
                 *loads = json_object_get(v, "workloads");
    for (size_t i = 0; i < json_array_size(feeds); i++)
        print_pair(json_array_get(feeds, i));
    for (size_t i = 0; i < json_array_size(loads); i++)
        print_load(json_array_get(loads, i));
    if (*str(v, "why"))
        puts(str(v, "why"));
    puts(yes(v, "ok") ? "good" : "NOT GOOD");
}

/* ---- workload ---- */

static void print_one_load(json_t *w)
{
    const char *number;
    json_t *n;
    printf("%s: %s, %lld/s by %lld threads on %s as %s, %lld tables of %s\n",
           str(w, "name"), yes(w, "running") ? "running" : "stopped", num(w, "rate"),
           num(w, "threads"), str(w, "cluster"), str(w, "user"), num(w, "tables"),
           str(w, "schema"));
    printf("  transactions: %lld acknowledged, %lld refused by a fence, %lld unknown, "
           "%lld failed\n",
           num(w, "acknowledged"), num(w, "refused"), num(w, "unknown"),
           num(w, "failed"));
    printf("  rows: %lld there, %lld deleted, %lld unknown\n", num(w, "rows_there"),
           num(w, "rows_deleted"), num(w, "rows_unknown"));
    json_object_foreach(json_object_get(w, "errors"), number, n)
        printf("  error %s: %lld times\n", number, (long long)json_integer_value(n));
    if (*str(w, "last_acknowledged"))
        printf("  last acknowledged at %s\n", str(w, "last_acknowledged"));
}

static void print_workload(json_t *v)
{
    if (json_is_object(v))
        print_one_load(v);
    for (size_t i = 0; i < json_array_size(v); i++)
        print_one_load(json_array_get(v, i));
    if (json_is_array(v) && !json_array_size(v))
        puts("no workload");
}

/* ---- all ---- */

static void print_value(const json_t *v)
{
    if (!v || json_is_null(v)) {
        puts("done");
    } else if (json_is_string(v)) {
        fwrite(json_string_value(v), json_string_length(v), 1, stdout);
        puts("");
    } else {
        json_dumpf(v, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        puts("");
    }
}

bool dr_ctl_print(json_t *value, const json_t *command, bool as_json)
{
    const char *what = str(command, "show");
    bool audit = strcmp(what, "audit") == 0, check = strcmp(what, "check") == 0;
    bool good = check ? yes(value, "ok") : true;
    if (as_json) {
        print_value(value);
        return audit && yes(command, "none")
                   ? !json_array_size(json_object_get(value, "entries")) &&
                         !yes(value, "truncated")
                   : good;
    }
    if (audit)
        return print_audit(value, command);
    if (check)
        print_check(value);
    else if (strcmp(what, "faults") == 0)
        print_faults(value);
    else if (strcmp(what, "workload") == 0)
        print_workload(value);
    else
        print_value(value);
    return good;
}
