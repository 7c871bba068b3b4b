/* A document in the making: what is seen of two clusters that already run, written as the
 * declaration whose plan would be empty. Works in turns: write the document of what is
 * known so far, observe with it, learn from what differs. Pure. */
#ifndef DR_OBSERVE_IMPORT_H
#define DR_OBSERVE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/base/buf.h"
#include "controller/base/err.h"
#include "controller/facts/facts.h"

enum { DR_IMPORT_CLUSTERS = 2, DR_IMPORT_ENDPOINTS = 32 };

struct dr_import_list {
    size_t count;
    const char *items[DR_IMPORT_ENDPOINTS];
};

struct dr_import_cluster {
    const char *name;
    struct dr_import_list sql, pd, ticdc; /* "host:port"; URLs */
    bool ticdc_found;           /* no capture was given, cluster_info lists some */
    bool ticdc_silent;          /* .. which do not answer from here */
    const char *version;        /* NULL: not learned yet */
    const char *sink_address;   /* NULL: no feed leads here */
    uint32_t increment, offset; /* 0: the server's default */
};

/* A setting of replication.config, or a parameter of the sink. */
struct dr_import_setting {
    const char *path;
    const char *value; /* as YAML takes it */
};

struct dr_import {
    struct dr_arena *arena;
    const char *name, *user; /* of the topology; drover's SQL account */
    struct dr_import_cluster clusters[DR_IMPORT_CLUSTERS];
    size_t primary;   /* index */
    const char *why;  /* why this one is the primary; NULL: a guess so far */
    const char *feed; /* id of the feed to adopt; NULL: none runs */
    /* Without a feed: the primary's TSO when it was first looked at; 0: not yet. */
    uint64_t start_ts;
    size_t start_of; /* whose it is */
    const char *sink_user;
    struct dr_import_list bypass; /* accounts that may write through the fence, others' */
    bool redo, sync_point, no_ttl;
    const char *redo_uri; /* NULL: not learned yet */
    const char *redo_size, *redo_flush, *sync_interval,
        *sync_retention; /* NULL: default */
    size_t setting_count, param_count, note_count;
    struct dr_import_setting *settings, *params;
    const char **notes; /* what the document cannot say */
    size_t setting_room, param_room, note_room;
};

/* One cluster of a command line: NAME=sql:HOST:PORT,pd:URL,ticdc:URL, in any order, each
 * kind as often as needed. Fails: DR_E_INPUT with a hint. */
int dr_import_cluster_parse(struct dr_import_cluster *out, const char *text,
                            struct dr_arena *a, struct dr_err *err) DR_MUST_CHECK;

/* The document, ordered and commented for people. looking: it is only for the next turn,
 * and names a storage that is not learned yet by a stand-in; else that is left out, and
 * said. */
void dr_import_text(const struct dr_import *m, bool looking, struct dr_buf *out);

/* Takes what the facts show and the document does not say yet. `wanted`: id of the feed
 * to adopt, NULL: the only one. Out: *learned = the document changed: observe with it
 * again. Fails: DR_E_CONFLICT (feeds in both directions, several feeds), DR_E_UNREACHABLE
 * (what must be known is not). */
int dr_import_learn(struct dr_import *m, const struct dr_facts *f, const char *wanted,
                    bool *learned, struct dr_err *err) DR_MUST_CHECK;

#endif
