/* A snapshot of facts in a file: saved by who observed, planned from by who cannot. It
 * holds no secrets. */
#ifndef DR_OBSERVE_SNAPSHOT_H
#define DR_OBSERVE_SNAPSHOT_H

#include "controller/facts/facts.h"
#include "spec/topology.h"

enum { DR_SNAPSHOT_MAX = 64 << 20 };

/* Replaces the file in one move: a reader sees the old one or the new one. mode: of the
 * file. Fails: DR_E_IO. */
int dr_snapshot_save(const char *path, const struct dr_facts *f, unsigned mode,
                     struct dr_err *err) DR_MUST_CHECK;

/* Reads facts of the clusters that the topology declares. Fails: DR_E_PROTOCOL,
 * DR_E_INPUT (of other clusters, or what this version does not know). */
int dr_snapshot_parse(struct dr_facts **out, const char *bytes, size_t len,
                      const struct dr_topology *t, struct dr_arena *a,
                      struct dr_err *err) DR_MUST_CHECK;

int dr_snapshot_load(struct dr_facts **out, const char *path, const struct dr_topology *t,
                     struct dr_arena *a, struct dr_err *err) DR_MUST_CHECK;

#endif
