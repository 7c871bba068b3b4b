/* Readiness as text for people and as JSON for machines. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/plan/ready.h"

static const char *const words[] = {
    [DR_READY_OK] = "ok", [DR_READY_WARN] = "warn", [DR_READY_BLOCKS] = "blocks"};
static const char *const colours[] = {[DR_READY_OK] = "\033[32m",
                                      [DR_READY_WARN] = "\033[33m",
                                      [DR_READY_BLOCKS] = "\033[31m"};

static void add_age(int64_t ms, struct dr_buf *out)
{
    char text[DR_DURATION_TEXT];
    if (ms >= 0) /* to the second, once it is one */
        dr_buf_addf(out, " (%s old)",
                    dr_duration_text(ms < 1000 ? ms : ms / 1000 * 1000, text));
}

static void line_text(const struct dr_ready_line *x, bool colour, struct dr_buf *out)
{
    size_t width = strlen("blocks");
    dr_buf_addf(out, "  %s%s%s", colour ? colours[x->state] : "", words[x->state],
                colour ? "\033[0m" : "");
    dr_buf_pad(out, ' ', width - strlen(words[x->state]));
    dr_buf_addf(out, "  %-10s %-11s %s%s", x->subject, x->topic, x->code ? x->code : "",
                x->code ? " " : "");
    if (!x->known)
        dr_buf_adds(out, "unknown: ");
    dr_buf_adds(out, x->fact ? x->fact : x->rule ? x->rule : "");
    add_age(x->age_ms, out);
    if (x->reason)
        dr_buf_addf(out, " [%s]", x->reason);
    dr_buf_addc(out, '\n');
    if (x->state == DR_READY_OK)
        return;
    if (x->fact && x->rule)
        dr_buf_addf(out, "          needed   %s\n", x->rule);
    if (x->mark.file)
        dr_buf_addf(out, "          declared %s:%" PRIu32 ":%" PRIu32 "\n", x->mark.file,
                    x->mark.line, x->mark.column);
    if (x->way_out)
        dr_buf_addf(out, "          way out  %s\n", x->way_out);
}

void dr_ready_text(const struct dr_readiness *r, bool all, bool colour,
                   struct dr_buf *out)
{
    const size_t *n = r->by_state;
    bool ready = !n[DR_READY_BLOCKS];
    char at[DR_TIME_TEXT];
    dr_buf_addf(out, "%s: %s%s%s   %s   (seen %.19s UTC)\n", r->topology,
                colour ? colours[ready ? DR_READY_OK : DR_READY_BLOCKS] : "",
                ready ? "ready" : "NOT ready", colour ? "\033[0m" : "", r->goal,
                dr_time_text(r->seen_unix_ms, at));
    for (size_t i = 0; i < r->count; i++)
        if (all || r->lines[i].state != DR_READY_OK)
            line_text(&r->lines[i], colour, out);
    for (int s = DR_READY_OK; s <= DR_READY_BLOCKS; s++)
        dr_buf_addf(out, "%s%zu %s", s ? ", " : "", n[s], words[s]);
    if (r->skipped_count)
        dr_buf_addf(out, "; %zu not asked until what blocks is mended (%s..%s)",
                    r->skipped_count, r->skipped[0], r->skipped[r->skipped_count - 1]);
    dr_buf_addc(out, '\n');
}

static json_t *line_json(const struct dr_ready_line *x)
{
    json_t *o = json_object();
    dr_json_set_text(o, "topic", x->topic);
    dr_json_set_text(o, "subject", x->subject);
    dr_json_set_text(o, "state", words[x->state]);
    json_object_set_new(o, "known", json_boolean(x->known));
    dr_json_set_text(o, "code", x->code);
    dr_json_set_text(o, "fact", x->fact);
    json_object_set_new(o, "ageMs",
                        x->age_ms < 0 ? json_null() : json_integer(x->age_ms));
    dr_json_set_text(o, "rule", x->rule);
    dr_json_set_text(o, "wayOut", x->way_out);
    dr_json_set_text(o, "reason", x->reason);
    dr_json_set_text(o, "file", x->mark.file);
    json_object_set_new(o, "line", json_integer(x->mark.line));
    json_object_set_new(o, "column", json_integer(x->mark.column));
    return o;
}

json_t *dr_ready_json(const struct dr_readiness *r)
{
    json_t *o = json_object(), *lines = json_array(), *skipped = json_array();
    json_object_set_new(o, "formatVersion", json_integer(1));
    dr_json_set_text(o, "topology", r->topology);
    dr_json_set_text(o, "revision", r->revision);
    dr_json_set_text(o, "goal", r->goal);
    json_object_set_new(o, "seenUnixMs", json_integer(r->seen_unix_ms));
    json_object_set_new(o, "ready", json_boolean(!r->by_state[DR_READY_BLOCKS]));
    for (int s = DR_READY_OK; s <= DR_READY_BLOCKS; s++)
        json_object_set_new(o, words[s], json_integer((json_int_t)r->by_state[s]));
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(lines, line_json(&r->lines[i]));
    json_object_set_new(o, "checks", lines);
    for (size_t i = 0; i < r->skipped_count; i++)
        json_array_append_new(skipped, json_string(r->skipped[i]));
    json_object_set_new(o, "notAsked", skipped);
    return o;
}
