#include "controller/plan/saved.h"

#include <stdlib.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/base/json.h"
#include "controller/facts/codec.h"
#include "spec/meaning.h"

#define HEAD "droverPlan"
#define SEAL "integrity"

// clang-format off
#define TEXT(T, name_, f) {.name = (name_), .kind = DR_CODEC_TEXT, .at = DR_CODEC_AT(T, f, const char *)}

static const struct dr_codec part_codec = {
    .bytes = sizeof(struct dr_plan_part),
    .fields = (const struct dr_codec_field[]){
        TEXT(struct dr_plan_part, "kind", kind), TEXT(struct dr_plan_part, "key", key),
        TEXT(struct dr_plan_part, "subject", subject), TEXT(struct dr_plan_part, "text", text),
        TEXT(struct dr_plan_part, "value", value), {.kind = DR_CODEC_END}}};

#define S struct dr_saved_plan
static const struct dr_codec saved_codec = {
    .bytes = sizeof(S),
    .fields = (const struct dr_codec_field[]){
        TEXT(S, "drover", drover), TEXT(S, "madeAt", made_at), TEXT(S, "path", path),
        TEXT(S, "topology", topology), TEXT(S, "revision", revision), TEXT(S, "digest", digest),
        {.name = "declaration", .kind = DR_CODEC_TEXTS, .at = DR_CODEC_AT(S, lines, const char **),
         .count_at = DR_CODEC_AT(S, line_count, size_t)},
        {.name = "parts", .kind = DR_CODEC_LIST, .codec = &part_codec,
         .at = DR_CODEC_AT(S, parts, struct dr_plan_part *), .count_at = DR_CODEC_AT(S, part_count, size_t)},
        {.name = "plan", .kind = DR_CODEC_JSON, .at = DR_CODEC_AT(S, plan, const char *)},
        {.kind = DR_CODEC_END}}};
#undef S
// clang-format on

/* ---- writing ---- */

/* The lines of a text, without their ends. */
static void split(struct dr_saved_plan *out, char *text, struct dr_arena *a)
{
    size_t room = 0;
    for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        *DR_PUSH(a, out->lines, out->line_count, room) = at;
    }
}

static void split_meaning(struct dr_saved_plan *out, const struct dr_topology *t,
                          struct dr_arena *a)
{
    struct dr_buf b;
    dr_buf_init(&b, DR_MEANING_MAX);
    dr_doc_meaning(&t->doc, &b);
    split(out, dr_strndup(a, dr_buf_str(&b), b.len), a);
    dr_buf_release(&b);
}

void dr_saved_plan_of(struct dr_saved_plan *out, const struct dr_plan *p,
                      const struct dr_topology *t, struct dr_arena *a)
{
    json_t *v = dr_plan_json(p);
    *out = (struct dr_saved_plan){.topology = p->topology,
                                  .revision = p->revision,
                                  .digest = p->digest,
                                  .part_count = p->part_count,
                                  .parts = p->parts,
                                  .plan = dr_json_text(a, v)};
    json_decref(v);
    split_meaning(out, t, a);
}

/* Over the canonical text of all the rest. */
static void seal_of(const json_t *o, struct dr_arena *a, char out[DR_SHA256_HEX])
{
    const char *text = dr_json_text(a, o);
    dr_sha256_hex(out, text, strlen(text));
}

const char *dr_saved_plan_text(const struct dr_saved_plan *s, struct dr_arena *a)
{
    char seal[DR_SHA256_HEX];
    json_t *body = dr_codec_encode(s, &saved_codec, 0), *o = json_object();
    json_object_set_new(o, HEAD, json_integer(DR_SAVED_PLAN_VERSION));
    json_object_update(o, body);
    seal_of(o, a, seal);
    json_object_set_new(o, SEAL, json_string(seal));
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    const char *kept = dr_sprintf(a, "%s\n", text ? text : "");
    free(text);
    json_decref(body);
    json_decref(o);
    return kept;
}

/* ---- reading ---- */

bool dr_saved_plan_is(const char *bytes, size_t len)
{
    static const char head[] = "\"" HEAD "\"";
    size_t at = 0;
    while (at < len && strchr("{ \t\r\n", bytes[at]) && bytes[at])
        at++;
    return len - at >= sizeof(head) - 1 &&
           memcmp(bytes + at, head, sizeof(head) - 1) == 0;
}

static bool lines_fit(const struct dr_saved_plan *s)
{
    struct dr_buf b;
    char digest[DR_SHA256_HEX];
    const char *want = "";
    dr_buf_init(&b, DR_SAVED_PLAN_MAX);
    for (size_t i = 0; i < s->line_count; i++)
        dr_buf_addf(&b, "%s\n", s->lines[i]);
    dr_sha256_hex(digest, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    for (size_t i = 0; i < s->part_count; i++)
        if (strcmp(s->parts[i].kind, "declaration") == 0)
            want = s->parts[i].value;
    return strcmp(digest, want) == 0;
}

static int damaged(struct dr_err *err, const char *what)
{
    int rc = dr_fail(err, DR_E_INPUT, "the plan is damaged: %s", what);
    dr_hint(err, "plan anew: drover plan --out FILE");
    return rc;
}

/* Takes the head and the seal off. */
static int unseal(json_t *o, struct dr_arena *a, struct dr_err *err)
{
    int64_t version;
    char seal[DR_SHA256_HEX];
    if (!dr_json_i64(o, HEAD, &version))
        return damaged(err, "it does not say its format");
    if (version != DR_SAVED_PLAN_VERSION)
        return dr_fail(err, DR_E_INPUT, "the plan's format is %lld, this drover reads %d",
                       (long long)version, DR_SAVED_PLAN_VERSION);
    const char *given = dr_json_str(o, SEAL);
    const char *kept = given ? dr_strdup(a, given) : "";
    json_object_del(o, SEAL);
    seal_of(o, a, seal);
    if (strcmp(seal, kept) != 0)
        return damaged(err, "its checksum is another");
    json_object_del(o, HEAD);
    return 0;
}

int dr_saved_plan_read(struct dr_saved_plan **out, const char *bytes, size_t len,
                       struct dr_arena *a, struct dr_err *err)
{
    json_t *o;
    char digest[DR_DIGEST_TEXT];
    struct dr_saved_plan *s = DR_NEW(a, struct dr_saved_plan);
    int rc = dr_json_parse_in(a, &o, bytes, len, err);
    if (rc == 0 && !json_is_object(o))
        rc = damaged(err, "it is no object");
    if (rc == 0)
        rc = unseal(o, a, err);
    if (rc == 0)
        rc = dr_codec_decode(s, o, &saved_codec, "plan", 0, a, err);
    if (rc != 0)
        return rc;
    dr_plan_digest(s->parts, s->part_count, digest);
    if (strcmp(digest, s->digest) != 0)
        return damaged(err, "its parts have another digest");
    if (!lines_fit(s))
        return damaged(err, "its declaration is another");
    *out = s;
    return 0;
}

/* ---- comparing ---- */

/* "spec.primary = east": the length of the path. */
static size_t path_len(const char *line)
{
    const char *at = strstr(line, " = ");
    return at ? (size_t)(at - line) : strlen(line);
}

static const char *line_value(const char *line)
{
    size_t n = path_len(line);
    return line[n] ? line + n + 3 : "";
}

static const char *find_line(const struct dr_saved_plan *s, const char *like)
{
    size_t n = path_len(like);
    for (size_t i = 0; i < s->line_count; i++)
        if (path_len(s->lines[i]) == n && strncmp(s->lines[i], like, n) == 0)
            return s->lines[i];
    return NULL;
}

/* How it stands where no line says it. */
static const char *absent(const struct dr_topology *t, const char *like,
                          struct dr_arena *a)
{
    const char *value = dr_meaning_default(&t->doc, like, path_len(like));
    return value ? dr_sprintf(a, "%s (the default)", value) : "not declared";
}

static void add_line(struct dr_buf *out, const char *like, const char *was,
                     const char *now)
{
    dr_buf_addf(out, "%.*s: was %s, now %s\n", (int)path_len(like), like, was, now);
}

static void compare_lines(const struct dr_saved_plan *s, const struct dr_topology *t,
                          struct dr_arena *a, struct dr_buf *out)
{
    struct dr_saved_plan now = {0};
    split_meaning(&now, t, a);
    for (size_t i = 0; i < now.line_count; i++) {
        const char *was = find_line(s, now.lines[i]);
        if (!was || strcmp(was, now.lines[i]) != 0)
            add_line(out, now.lines[i],
                     was ? line_value(was) : absent(t, now.lines[i], a),
                     line_value(now.lines[i]));
    }
    for (size_t i = 0; i < s->line_count; i++)
        if (!find_line(&now, s->lines[i]))
            add_line(out, s->lines[i], line_value(s->lines[i]),
                     absent(t, s->lines[i], a));
}

static const struct dr_plan_part *find_part(const struct dr_plan_part *parts,
                                            size_t count, const struct dr_plan_part *like)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(parts[i].kind, like->kind) == 0 &&
            strcmp(parts[i].key, like->key) == 0 &&
            strcmp(parts[i].subject, like->subject) == 0)
            return &parts[i];
    return NULL;
}

/* "west: an empty secondary (DR-B041): was yes, now no" */
static void add_part(struct dr_buf *out, const struct dr_plan_part *like, const char *was,
                     const char *now)
{
    dr_buf_addf(out, "%s%s%s", like->subject, *like->subject ? ": " : "", like->text);
    if (*like->key)
        dr_buf_addf(out, " (%s)", like->key);
    dr_buf_addf(out, ": was %s, now %s\n", was, now);
}

enum compare {
    FACTS, /* what both plans asked */
    GONE,  /* what only the saved one asked: what follows for its steps */
    ASKED, /* what only the plan of now asks */
    STEPS
};

/* A predicate that only the saved plan asked: the step that needed it is made, or another
 * way is gone. What it says now tells. NULL: the same, or nothing. */
static const char *says_now(const struct dr_plan_part *p, const struct dr_plan_input *in,
                            struct dr_arena *a)
{
    if (strcmp(p->kind, "predicate") != 0)
        return "no longer asked";
    const char *value = dr_plan_predicate(in, p->key, p->subject, a);
    return value && strcmp(value, p->value) != 0 ? value : NULL;
}

static bool is_about(const struct dr_plan_part *p, enum compare what)
{
    return strcmp(p->kind, "declaration") != 0 &&
           (strcmp(p->kind, "step") == 0) == (what == STEPS);
}

static void compare_parts(const struct dr_saved_plan *s, const struct dr_plan *now,
                          const struct dr_plan_input *in, enum compare what,
                          struct dr_arena *a, struct dr_buf *out)
{
    const char *none = what == STEPS ? "not planned" : "not asked";
    for (size_t i = 0; i < now->part_count; i++) {
        const struct dr_plan_part *p = &now->parts[i],
                                  *was = find_part(s->parts, s->part_count, p);
        if (!is_about(p, what))
            continue;
        if (!was && what >= ASKED)
            add_part(out, p, none, p->value);
        else if (was && what == FACTS && strcmp(was->value, p->value) != 0)
            add_part(out, p, was->value, p->value);
    }
    for (size_t i = 0; i < s->part_count && (what == GONE || what == STEPS); i++) {
        const struct dr_plan_part *p = &s->parts[i];
        if (!is_about(p, what) || find_part(now->parts, now->part_count, p))
            continue;
        const char *value = what == STEPS ? none : says_now(p, in, a);
        if (value)
            add_part(out, p, p->value, value);
    }
}

bool dr_saved_plan_fits(const struct dr_saved_plan *s, const struct dr_plan *now,
                        const struct dr_plan_input *in, struct dr_arena *a,
                        struct dr_buf *changes)
{
    if (strcmp(s->digest, now->digest) == 0)
        return true;
    size_t begin = changes->len;
    compare_lines(s, in->topology, a, changes);
    /* what is asked, and the steps, follow from the facts: said when nothing else is */
    for (int what = FACTS; what <= STEPS && changes->len == begin; what++)
        compare_parts(s, now, in, (enum compare)what, a, changes);
    return false;
}
