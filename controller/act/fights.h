/* What was put right and undone again, counted by who acts. It stands in the lease, which
 * is written anyhow, so that a restart or a takeover goes on counting. */
#ifndef DR_ACT_FIGHTS_H
#define DR_ACT_FIGHTS_H

#include "controller/plan/plan.h"

/* After so many corrections within the window the next one is left to a person, until it
 * stood by itself for as long, or the document changes (that makes a new actor). */
enum { DR_FIGHT_CORRECTIONS = 3, DR_FIGHT_WINDOW_MS = 3600000, DR_FIGHTS_MAX = 16 };

struct dr_fight_memory {
    uint16_t rule, cluster;
    uint32_t count;                      /* in all, since it stood for a window */
    int64_t at_ms[DR_FIGHT_CORRECTIONS]; /* the latest corrections, newest first */
    int64_t corrected_wall_ms, undone_wall_ms;
    bool missing;     /* as the latest look told */
    bool was_right;   /* since the latest correction */
    int64_t right_ms; /* since when it is right */
    bool fought;
};

struct dr_fights {
    size_t count;
    struct dr_fight_memory items[DR_FIGHTS_MAX];
    struct dr_fight list[DR_FIGHTS_MAX]; /* for the plan */
    struct dr_fight_row *rows; /* for the lease; NULL: nothing was put right yet */
};

/* Takes up what the leases say, if under this very declaration: for who does not act yet.
 */
void dr_fights_take(struct dr_fights *f, const struct dr_plan_input *in, int64_t now_ms);
/* What the lease is to say: into *seen; it lives as long as `lasting`. */
void dr_fights_keep(struct dr_fights *f, const struct dr_plan_input *in, int64_t now_ms,
                    struct dr_last_seen *seen, struct dr_arena *lasting);

/* A look: in->facts are its. Sets in->fights, which lives as long as f. now_ms: any clock
 * that goes on steadily. */
void dr_fights_look(struct dr_fights *f, struct dr_plan_input *in, int64_t now_ms,
                    struct dr_arena *a);

/* The step is about to be made, and it corrects. */
void dr_fights_note(struct dr_fights *f, const struct dr_action *x, int64_t now_ms,
                    int64_t wall_ms);

#endif
