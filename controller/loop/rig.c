#include "controller/loop/rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/digest.h"
#include "controller/estate/live/live.h"
#include "controller/estate/wire/wire.h"

int dr_rig_open_over(struct dr_rig *out, const struct dr_topology *t,
                     const char *secrets_dir, struct dr_carrier *carrier,
                     struct dr_err *err)
{
    *out = (struct dr_rig){.topology = t, .carrier = carrier};
    int rc = dr_access_open(&out->access, t, secrets_dir, err);
    if (rc == 0)
        out->estate = dr_wire_new(t, out->access, carrier);
    else
        dr_rig_close(out);
    return rc;
}

int dr_rig_open(struct dr_rig *out, const struct dr_topology *t, const char *secrets_dir,
                struct dr_err *err)
{
    struct dr_carrier *carrier;
    int rc = dr_live_new(&carrier, NULL, err);
    *out = (struct dr_rig){.topology = t};
    return rc ? rc : dr_rig_open_over(out, t, secrets_dir, carrier, err);
}

void dr_rig_close(struct dr_rig *r)
{
    /* what is still under way points into the scripts of the estate: the carrier first */
    if (r->carrier)
        r->carrier->free(r->carrier);
    if (r->estate)
        r->estate->free(r->estate);
    dr_access_free(r->access);
    *r = (struct dr_rig){0};
}

void dr_holder_new(char out[DR_HOLDER_TEXT])
{
    char host[24] = "host", hex[17] = "";
    unsigned char random[8] = {0};
    if (gethostname(host, sizeof(host)) != 0)
        snprintf(host, sizeof(host), "host");
    host[sizeof(host) - 1] = '\0';
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        int64_t now = dr_wall_ms();
        memcpy(random, &now, sizeof(random));
    }
    dr_hex(hex, random, sizeof(random));
    snprintf(out, DR_HOLDER_TEXT, "%s:%ld:%s", host, (long)getpid(), hex);
}

int64_t dr_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
