/* What of the kernel's headers for netlink is needed here: musl comes without them. Numbers are the kernel's ABI. */
#ifndef NETLINK_H
#define NETLINK_H

#include <stddef.h>
#include <stdint.h>

struct nlmsghdr {
    uint32_t nlmsg_len;
    uint16_t nlmsg_type;
    uint16_t nlmsg_flags;
    uint32_t nlmsg_seq;
    uint32_t nlmsg_pid;
};
struct nlattr {
    uint16_t nla_len;
    uint16_t nla_type;
};
#define NLM_F_REQUEST 0x1
#define NLM_F_ACK 0x4
#define NLM_F_REPLACE 0x100
#define NLM_F_EXCL 0x200
#define NLM_F_CREATE 0x400
#define NLM_F_DUMP 0x300
#define NLMSG_ERROR 2
#define NLMSG_DONE 3
#define NLA_TYPE_MASK 0x3fff
#define ALIGN4(size) (((size) + 3u) & ~3u)

/* The attribute of a type among `length` bytes, or NULL. */
const struct nlattr *attribute(const void *data, size_t length, int type);

/*
 * Carries out lines that are written as for `ip -batch`, separated by semicolons: those of `outside` where this process
 * was started, then those of `inside` in the network namespace `name`. links.c says which ones it understands.
 * Returns 0, or an errno with what failed in `error`; the lines before it stay done.
 */
int carry_out(char *outside, const char *name, char *inside, char *error, size_t room);

/* Removes the names of network namespaces, separated by semicolons. Names that do not exist are fine. */
void forget_namespaces(char *names);

/* Opens what belongs to the namespace that this process was started in. To be called first. */
int open_links(void);
/* To be called before any namespace is entered: connection tracking is the host's. */
void open_conntrack(void);

/* Makes the host forget UDP flows to a port. Returns -1 with errno. */
int forget_udp_flows(int port);

/* Enters the namespace at `path`; -1 with errno. */
int enter_namespace(const char *path);

/* Back to where this process was started: to stay would keep a namespace alive whose container has gone. */
void leave_namespace(void);

#endif
