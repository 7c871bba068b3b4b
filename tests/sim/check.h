/* What must hold after every exchange, as a table. A checker sees the world before and
 * after, and what was seen on the way; it writes what is wrong. Texts: the invariants of
 * a disaster-recovery pair; ids are D (data), C (control). */
#ifndef DR_TESTS_SIM_CHECK_H
#define DR_TESTS_SIM_CHECK_H

#include "tests/sim/view.h"

enum { SIM_BACKUPS = 8 };

/* A BACKUP that was sent, by the statement itself. */
struct sim_backup {
    char prefix[192];
    uint64_t tso;
};

/* What is known from the way here. Fixed size, no pointers into views. */
struct sim_history {
    bool gc_enable; /* of A before drover came */
    int64_t gc_life_ms;
    bool gc_is_a_humans; /* the scenario set it */
    size_t backup_count;
    struct sim_backup backups[SIM_BACKUPS]; /* seen as statements */
    bool b_was_fenced;                      /* by drover, on every instance at once */
    bool fence_is_a_humans;
    bool a_person_compares;      /* and says so: that B was opened may be forgotten */
    bool fence_was_a_humans;     /* .. once: B may have been open behind drover's back */
    bool b_held_tables_at_birth; /* B held users' tables before drover came */
    uint64_t equal_at;           /* declared startTs of data that is equal already */
    bool adopts;                 /* a feed ran before drover came */
    uint64_t touches;            /* requests that change a feed of A, sent while so */
    /* The feed into B that was seen last, and how far it came; and the one before it. */
    struct {
        char id[64];
        uint64_t carried;
    } feed, feed_before;
    bool removed; /* the document left its source */
    bool hold_may_expire;
    bool hold_taken_away;     /* the last one, by hand: what GC was is noted still */
    bool ledger_dropped;      /* the scenario took a ledger away */
    size_t tables_at_restore; /* of B when its restoring row was first seen */
    bool restoring_seen;
    int64_t feed_since_ms;     /* A has a feed; 0: none yet */
    int64_t feed_new_ms;       /* .. the latest one */
    uint64_t restores;         /* RESTORE statements sent */
    uint64_t restores_before;  /* .. before a ledger was lost */
    uint64_t drops;            /* DROP statements sent to A */
    uint64_t strange_restores; /* RESTORE sent to A */
    uint64_t resumes_past;     /* feeds resumed or made below the GC safe point */
    bool needs_word;           /* disruptive steps need a human's word here */
    uint64_t wordless;         /* .. were sent without one */
    uint64_t wide_drops;       /* DROP sent to B without a right to */
    const char *holder;        /* who sent the exchange; NULL: nobody, time passed */
    bool is_stray;             /* it arrives now, its sender waits no more */
    char acting[32];           /* the last who finished a takeover */
};

struct sim_look {
    const struct sim_view *before, *now;
    const struct sim_history *history;
};

struct sim_check {
    const char *id, *text;
    void (*look)(const struct sim_look *l, struct dr_buf *wrong); /* empty: it holds */
};
extern const struct sim_check sim_checks[]; /* ends with id NULL */

/* Runs all of them. Out: the first that does not hold, its findings in `wrong`; NULL. */
const struct sim_check *sim_check_all(const struct sim_look *l, struct dr_buf *wrong);

/* A statement or request is about to be sent to cluster c: notes it. */
void sim_history_statement(struct sim_history *h, const struct sim_view *now, int c,
                           const char *text);
void sim_history_request(struct sim_history *h, const struct sim_view *now, int c,
                         const char *method, const char *target, const char *body);
/* After every exchange. */
void sim_history_step(struct sim_history *h, const struct sim_view *now);

#endif
