/* Finds the process behind a loopback connection: his socket's inode from /proc/net/tcp,
 * and whether a process has that inode open from /proc/PID/fd. Only asked while a
 * partition names a process (pid:N). */
#include "cmd/drover-sim/client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "0904007F:0FA0": as /proc/net/tcp spells an IPv4 address. */
static bool spell(const struct sockaddr_storage *at, char out[16])
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)at;
    if (at->ss_family != AF_INET)
        return false;
    snprintf(out, 16, "%08" PRIX32 ":%04X", in->sin_addr.s_addr, ntohs(in->sin_port));
    return true;
}

static uint64_t find_inode(const struct dr_sim_client *c)
{
    char mine[16], his[16], line[512], from[64], to[64];
    unsigned long inode = 0;
    bool found = false;
    FILE *f = spell(&c->local, mine) && spell(&c->remote, his)
                  ? fopen("/proc/net/tcp", "re")
                  : NULL;
    while (f && !found && fgets(line, sizeof(line), f))
        found = sscanf(line, " %*d: %63s %63s %*s %*s %*s %*s %*s %*s %lu", from, to,
                       &inode) == 3 &&
                strcmp(from, his) == 0 && strcmp(to, mine) == 0;
    if (f)
        fclose(f);
    return found ? inode : 0;
}

static bool is_process(const struct dr_model_client *self, uint64_t pid)
{
    struct dr_sim_client *c = (struct dr_sim_client *)(uintptr_t)self;
    char path[320], want[48], link[64];
    bool found = false;
    if (!c->inode && !c->foreign) {
        c->inode = find_inode(c);
        c->foreign = !c->inode;
    }
    if (c->foreign)
        return false;
    snprintf(want, sizeof(want), "socket:[%" PRIu64 "]", c->inode);
    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/fd", pid);
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && !found && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%" PRIu64 "/fd/%s", pid, e->d_name);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        found = strcmp(link, want) == 0;
    }
    if (d)
        closedir(d);
    return found;
}

void dr_client_init(struct dr_sim_client *c, int fd, const char *host)
{
    socklen_t local = sizeof(c->local), remote = sizeof(c->remote);
    *c = (struct dr_sim_client){.base = {.host = host, .is_process = is_process}};
    if (getsockname(fd, (struct sockaddr *)&c->local, &local) != 0 ||
        getpeername(fd, (struct sockaddr *)&c->remote, &remote) != 0)
        c->foreign = true;
}
