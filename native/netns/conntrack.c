/* Connection tracking of the host: the flows that the kernel remembers, and how to make it forget them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

struct nfgenmsg {
    uint8_t nfgen_family;
    uint8_t version;
    uint16_t res_id;
};
enum { NETLINK_NETFILTER = 12, NFNL_SUBSYS_CTNETLINK = 1 };
enum { IPCTNL_MSG_CT_GET = 1, IPCTNL_MSG_CT_DELETE = 2 };
enum { CTA_TUPLE_ORIG = 1, CTA_TUPLE_PROTO = 2, CTA_PROTO_NUM = 1, CTA_PROTO_DST_PORT = 3 };

static int conntrack;

void open_conntrack(void) { conntrack = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER); }

/* Attributes of netlink: `type` among `length` bytes, or NULL. */
const struct nlattr *attribute(const void *data, size_t length, int type) {
    const char *at = data, *end = at + length;
    while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
        const struct nlattr *one = (const void *)at;
        if (one->nla_len < sizeof *one || one->nla_len > end - at) return NULL;
        if ((one->nla_type & NLA_TYPE_MASK) == type) return one;
        at += ALIGN4(one->nla_len);
    }
    return NULL;
}

static const struct nlattr *nested(const struct nlattr *outer, int type) {
    return outer ? attribute(outer + 1, outer->nla_len - sizeof *outer, type) : NULL;
}

static int is_udp_to(const struct nlattr *tuple, int port) {
    const struct nlattr *protocol = nested(tuple, CTA_TUPLE_PROTO);
    const struct nlattr *number = nested(protocol, CTA_PROTO_NUM);
    const struct nlattr *target = nested(protocol, CTA_PROTO_DST_PORT);
    uint16_t value;
    if (!number || *(const uint8_t *)(number + 1) != IPPROTO_UDP || !target) return 0;
    memcpy(&value, target + 1, sizeof value);
    return ntohs(value) == port;
}

struct request {
    struct nlmsghdr header;
    struct nfgenmsg family;
    char attributes[256];
};

static int send_request(int type, int flags, uint8_t family, const struct nlattr *tuple) {
    struct request request = {.family = {.nfgen_family = family}};
    size_t length = sizeof request.header + sizeof request.family;
    if (tuple) {
        if (tuple->nla_len > sizeof request.attributes) return -1;
        memcpy(request.attributes, tuple, tuple->nla_len);
        length += ALIGN4(tuple->nla_len);
    }
    request.header.nlmsg_len = (uint32_t)length;
    request.header.nlmsg_type = (uint16_t)((NFNL_SUBSYS_CTNETLINK << 8) | type);
    request.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return send(conntrack, &request, length, 0) == (ssize_t)length ? 0 : -1;
}

#define MAX_FLOWS 4096

static struct {
    uint8_t family;
    char tuple[256];
} flows[MAX_FLOWS];

/* Lists all flows, notes those to the port, deletes them after it: the kernel does one thing on a socket at a time. */
int forget_udp_flows(int port) {
    _Alignas(struct nlmsghdr) static char buffer[65536];
    int count = 0, done = 0;
    if (conntrack < 0 || send_request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, NULL) < 0) return -1;
    while (!done) {
        ssize_t got = recv(conntrack, buffer, sizeof buffer, 0);
        if (got < 0) return -1;
        for (size_t at = 0; !done && at + sizeof(struct nlmsghdr) <= (size_t)got;) {
            const struct nlmsghdr *one = (const void *)(buffer + at);
            const size_t head = sizeof *one + sizeof(struct nfgenmsg);
            done = one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR;
            if (done || one->nlmsg_len < head || one->nlmsg_len > (size_t)got - at) break;
            const struct nfgenmsg *family = (const void *)(one + 1);
            const struct nlattr *tuple = attribute(family + 1, one->nlmsg_len - head, CTA_TUPLE_ORIG);
            at += ALIGN4(one->nlmsg_len);
            if (count == MAX_FLOWS || !is_udp_to(tuple, port) || tuple->nla_len > sizeof flows[0].tuple) continue;
            flows[count].family = family->nfgen_family;
            memcpy(flows[count++].tuple, tuple, tuple->nla_len);
        }
    }
    for (int i = 0; i < count; i++)
        if (send_request(IPCTNL_MSG_CT_DELETE, 0, flows[i].family, (const void *)flows[i].tuple) < 0) return -1;
    return 0;
}
