#include "cmd/drover/progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "controller/act/conditions.h"
#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/loop/rig.h"

/* A bar and the numbers beside it stay on one line: a longer one cannot be written over.
 */
enum { BAR_CELLS = 30, BESIDE_BAR = 38, QUICK_MS = 500 };

static const char *const kind_words[] = {
    [DR_EVENT_PLAN] = "plan",           [DR_EVENT_START] = "start",
    [DR_EVENT_PROGRESS] = "progress",   [DR_EVENT_END] = "end",
    [DR_EVENT_AUTHORITY] = "authority", [DR_EVENT_STANDBY] = "standby",
    [DR_EVENT_WAIT] = "wait",           [DR_EVENT_NOTE] = "note",
    [DR_EVENT_ALARM] = "alarm",         [DR_EVENT_CHANGE] = "change"};

static int bar_cells(const struct dr_progress *p)
{
    struct winsize w = {0};
    int columns = ioctl(fileno(p->stream.file), TIOCGWINSZ, &w) == 0 && w.ws_col
                      ? w.ws_col
                      : BAR_CELLS + BESIDE_BAR;
    int cells = columns - BESIDE_BAR;
    return cells < 0 ? 0 : cells > BAR_CELLS ? BAR_CELLS : cells;
}

/* "12/27 ": the number that the step had in the plan that was shown. */
static void say_number(const struct dr_progress *p, const struct dr_action *a)
{
    for (size_t i = 0; i < p->id_count; i++)
        if (strcmp(p->ids[i], a->id) == 0)
            fprintf(p->stream.file, "%2zu/%zu ", i + 1, p->id_count);
}

static void draw_bar(struct dr_progress *p, const struct dr_event *e)
{
    char elapsed[DR_DURATION_TEXT], left[DR_DURATION_TEXT];
    int permille = e->permille < 0 ? 0 : e->permille > 1000 ? 1000 : e->permille;
    int cells = bar_cells(p);
    fprintf(p->stream.file, "\r\033[K  ");
    for (int i = 0; i < cells; i++)
        fputc(i < permille * cells / 1000 ? '#' : '.', p->stream.file);
    fputc(' ', p->stream.file);
    if (e->permille < 0)
        fprintf(p->stream.file, "  ? %%");
    else
        fprintf(p->stream.file, "%3d %%", permille / 10);
    fprintf(p->stream.file, "  %s", dr_duration_short(e->elapsed_ms, elapsed));
    if (permille > 10 && permille < 1000)
        fprintf(p->stream.file, ", about %s left",
                dr_duration_short(e->elapsed_ms * (1000 - permille) / permille, left));
    fflush(p->stream.file);
    p->bar = true;
}

/* A log gets a line for each twentieth, not one every two seconds for hours. */
static bool is_news(struct dr_progress *p, int permille)
{
    bool news = permille / 50 != p->permille / 50;
    p->permille = permille;
    return news;
}

static void end_bar(struct dr_progress *p)
{
    if (p->bar)
        fprintf(p->stream.file, "\r\033[K");
    p->bar = false;
}

static void say_end(struct dr_progress *p, const struct dr_event *e)
{
    char elapsed[DR_DURATION_TEXT];
    const char *mark =
        e->outcome == DR_JOURNAL_DONE ? "done" : dr_journal_outcome_name(e->outcome);
    const char *colour = !p->stream.colour               ? ""
                         : e->outcome == DR_JOURNAL_DONE ? "\033[32m"
                                                         : "\033[31m";
    fprintf(p->stream.file, "%s%-7s%s ", colour, mark, p->stream.colour ? "\033[0m" : "");
    say_number(p, e->action);
    fputs(e->action->what, p->stream.file);
    if (e->elapsed_ms >= QUICK_MS) /* how long a quick step took tells nothing */
        fprintf(p->stream.file, " (%s)", dr_duration_short(e->elapsed_ms, elapsed));
    if (e->text && *e->text)
        fprintf(p->stream.file, ": %s", e->text);
    fputc('\n', p->stream.file);
}

void dr_progress_stamp(const struct dr_progress *p)
{
    char time[DR_TIME_TEXT];
    if (p->stamped) /* RFC 3339, as `drover history` has it */
        fprintf(p->stream.file, "%.19sZ ", dr_time_text(dr_wall_ms(), time));
}

/* What every line begins with. */
static void begin_line(const struct dr_progress *p, const char *topology)
{
    dr_progress_stamp(p);
    if (topology)
        fprintf(p->stream.file, "%s: ", topology);
}

static void say_change(struct dr_progress *p, const struct dr_event *e)
{
    const char *colour = !p->stream.colour ? "" : e->change->alarm ? "\033[31m" : "";
    fprintf(p->stream.file, "%s%s%s\n", colour, e->text, *colour ? "\033[0m" : "");
}

static void say_alarm(struct dr_progress *p, const char *topology, const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        begin_line(p, topology);
        fprintf(p->stream.file, "%swarning:%s %.*s\n", p->stream.colour ? "\033[31m" : "",
                p->stream.colour ? "\033[0m" : "", (int)len, text);
    }
}

static void add_change(json_t *o, const struct dr_change *c)
{
    json_object_set_new(o, "change", json_string(c->verb));
    if (c->code)
        json_object_set_new(o, "code", json_string(c->code));
    if (c->subject)
        json_object_set_new(o, "subject", json_string(c->subject));
    json_object_set_new(o, "sinceMs", json_integer(c->since_ms));
    if (c->lasted_ms >= 0)
        json_object_set_new(o, "lastedMs", json_integer(c->lasted_ms));
}

static void say_json(struct dr_progress *p, const char *topology,
                     const struct dr_event *e)
{
    json_t *o = json_object();
    json_object_set_new(o, "timeMs", json_integer(dr_wall_ms()));
    if (topology)
        json_object_set_new(o, "topology", json_string(topology));
    json_object_set_new(o, "event", json_string(kind_words[e->kind]));
    if (e->action) {
        json_object_set_new(o, "action", json_string(e->action->id));
        json_object_set_new(o, "what", json_string(e->action->what));
    }
    if (e->kind == DR_EVENT_END)
        json_object_set_new(o, "outcome",
                            json_string(dr_journal_outcome_name(e->outcome)));
    if (e->change)
        add_change(o, e->change);
    if (e->permille >= 0)
        json_object_set_new(o, "permille", json_integer(e->permille));
    if (e->plan)
        json_object_set_new(o, "digest", json_string(e->plan->digest));
    if (e->text && *e->text)
        json_object_set_new(o, "text", json_string(e->text));
    char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    fprintf(p->stream.file, "%s\n", text ? text : "{}");
    free(text);
    json_decref(o);
}

void dr_progress_say(struct dr_progress *p, const char *topology,
                     const struct dr_event *e)
{
    if (p->json) {
        say_json(p, topology, e);
        fflush(p->stream.file);
        return;
    }
    if (e->kind == DR_EVENT_START && e->action->predicted_ms && !e->action->predicted)
        return; /* short steps are over before they are read */
    if (e->kind == DR_EVENT_PROGRESS) {
        if (p->stream.terminal)
            draw_bar(p, e);
        else if (e->permille >= 0 && is_news(p, e->permille)) {
            dr_progress_stamp(p);
            fprintf(p->stream.file, "        %s: %d %%\n", e->action->what,
                    e->permille / 10);
        }
        return;
    }
    end_bar(p);
    if (e->kind != DR_EVENT_ALARM) /* has lines of its own */
        begin_line(p, topology);
    switch (e->kind) {
    case DR_EVENT_PLAN:
        if (dr_plan_is_dark(e->plan)) {
            fprintf(p->stream.file, "no plan: %s, what is missing is not known\n",
                    e->text);
            break;
        }
        fprintf(p->stream.file, "plan %.12s: %s, %zu step%s\n", e->plan->digest, e->text,
                e->plan->action_count, e->plan->action_count == 1 ? "" : "s");
        break;
    case DR_EVENT_START:
        fputs("start   ", p->stream.file);
        say_number(p, e->action);
        fputs(e->text, p->stream.file);
        if (e->action->predicted && e->action->predicted_ms)
            fprintf(p->stream.file, ": %s", e->action->predicted);
        fputc('\n', p->stream.file);
        break;
    case DR_EVENT_END:
        say_end(p, e);
        break;
    case DR_EVENT_WAIT:
        fprintf(p->stream.file, "wait    %s\n", e->text);
        break;
    case DR_EVENT_STANDBY:
        fprintf(p->stream.file, "standby %s\n", e->text);
        break;
    case DR_EVENT_PROGRESS:
    case DR_EVENT_AUTHORITY:
    case DR_EVENT_NOTE:
        fprintf(p->stream.file, "%s\n", e->text);
        break;
    case DR_EVENT_CHANGE:
        say_change(p, e);
        break;
    case DR_EVENT_ALARM:
        say_alarm(p, topology, e->text);
        break;
    }
    fflush(p->stream.file);
}
