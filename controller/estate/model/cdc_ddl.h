/* What TiCDC does to DDL on its way downstream. Text in, text out. */
#ifndef DR_MODEL_CDC_DDL_H
#define DR_MODEL_CDC_DDL_H

#include <stdbool.h>

#include "controller/base/buf.h"

/* The statement with TTL jobs off: whatever TTL_ENABLE says becomes 'OFF', and a TTL
 * without it gets one. Source: tiflow: cdc/owner/ddl_sink.go. */
void cdc_ddl_rewrite(struct dr_buf *out, const char *ddl);

/* Whether a job of this type leaves the cluster at all. Source: tiflow: pkg/filter
 * (white list of DDL). */
bool cdc_ddl_replicable(const char *ddl_type);

#endif
