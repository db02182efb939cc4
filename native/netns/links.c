/* Links, addresses and routes of network namespaces by netlink, from the lines that `ip -batch` would take. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlink.h"

#define NETNS_DIRECTORY "/run/netns"
enum { NETLINK_ROUTE = 0, SOL_NETLINK_LEVEL = 270, NETLINK_EXT_ACK = 11, NLM_F_ACK_TLVS = 0x200 };
enum { RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_NEWADDR = 20, RTM_NEWROUTE = 24 };
enum { IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_LINK = 5, IFLA_MASTER = 10, IFLA_LINKINFO = 18 };
enum { IFLA_AF_SPEC = 26, IFLA_NET_NS_FD = 28, IFLA_INET6_ADDR_GEN_MODE = 8, VETH_INFO_PEER = 1 };
enum { IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2, IFLA_INFO_SLAVE_KIND = 4, IFLA_INFO_SLAVE_DATA = 5 };
enum { IFLA_BRPORT_MODE = 4, IFLA_BRPORT_ISOLATED = 33, IFLA_MACVLAN_MODE = 1, IFLA_IPVLAN_MODE = 1, IFLA_IPVLAN_FLAGS = 2 };
enum { IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_BROADCAST = 4, IFA_F_NODAD = 2, RTA_OIF = 4, RTA_GATEWAY = 5 };
enum { RT_SCOPE_LINK = 253, RT_TABLE_MAIN = 254, RTPROT_BOOT = 3, RTN_UNICAST = 1 };

struct ifinfomsg {
    uint8_t family, pad;
    uint16_t type;
    int32_t index;
    uint32_t flags, change;
};
struct ifaddrmsg {
    uint8_t family, prefix, flags, scope;
    uint32_t index;
};
struct rtmsg {
    uint8_t family, dst, src, tos, table, protocol, scope, type;
    uint32_t flags;
};

/* Of the namespace that this process was started in: itself, and a netlink socket. */
static int home, home_socket;

/* The message being made. */
static _Alignas(struct nlmsghdr) char message[2048];
#define HEADER ((struct nlmsghdr *)(void *)message)

/* Words of the line being carried out, and the next of them. */
static char *words[40];
static int count, next;

static const char *word(void) { return next < count ? words[next++] : ""; }

static int is(const char *wanted) { return next < count && strcmp(words[next], wanted) == 0 && ++next; }

static int refuse(int error) {
    errno = error;
    return -1;
}

/* --- messages --- */

static void *begin(int type, int flags, size_t size) {
    memset(message, 0, sizeof message);
    HEADER->nlmsg_type = (uint16_t)type;
    HEADER->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    HEADER->nlmsg_len = (uint32_t)(sizeof *HEADER + size);
    return HEADER + 1;
}

/* Lines are shorter than 40 words, so a message has room for whatever they say. */
static struct nlattr *add(int type, const void *data, size_t size) {
    struct nlattr *one = (void *)(message + HEADER->nlmsg_len);
    if (HEADER->nlmsg_len + sizeof *one + ALIGN4(size) > sizeof message) abort();
    one->nla_type = (uint16_t)type;
    one->nla_len = (uint16_t)(sizeof *one + size);
    if (size > 0) memcpy(one + 1, data, size);
    HEADER->nlmsg_len += ALIGN4((uint32_t)(sizeof *one + size));
    return one;
}

static struct nlattr *nest(int type) { return add(type, NULL, 0); }

static void end(struct nlattr *outer) { outer->nla_len = (uint16_t)(message + HEADER->nlmsg_len - (char *)outer); }

static void add_text(int type, const char *text) { add(type, text, strlen(text) + 1); }

static void add_u8(int type, int value) { add(type, &(uint8_t){(uint8_t)value}, 1); }

static void add_u16(int type, int value) { add(type, &(uint16_t){(uint16_t)value}, 2); }

static void add_u32(int type, uint32_t value) { add(type, &value, 4); }

/* What the kernel says of a failure beyond its number, or "". */
static char complaint[128];

static int send_message(int socket) {
    _Alignas(struct nlmsghdr) char answer[4096];
    if (send(socket, message, HEADER->nlmsg_len, 0) < 0) return -1;
    ssize_t got = recv(socket, answer, sizeof answer, 0);
    const struct nlmsghdr *head = (const void *)answer;
    if (got < (ssize_t)(sizeof *head + sizeof(int)) || head->nlmsg_type != NLMSG_ERROR) return got < 0 ? -1 : refuse(EPROTO);
    int failure = -*(const int *)(const void *)(head + 1);
    if (failure == 0) return 0;
    /* After the number, the message that failed; after that, attributes. */
    const struct nlmsghdr *echo = (const void *)((const char *)(head + 1) + sizeof(int));
    size_t before = sizeof *head + sizeof(int) + ALIGN4(echo->nlmsg_len);
    const struct nlattr *said = NULL;
    if ((head->nlmsg_flags & NLM_F_ACK_TLVS) && before < (size_t)got)
        said = attribute(answer + before, (size_t)got - before, 1);
    if (said) snprintf(complaint, sizeof complaint, "%.*s", (int)(said->nla_len - sizeof *said), (const char *)(said + 1));
    return refuse(failure);
}

static int open_route_socket(void) {
    int socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;
    if (socket_fd >= 0) setsockopt(socket_fd, SOL_NETLINK_LEVEL, NETLINK_EXT_ACK, &on, sizeof on);
    return socket_fd;
}

static int index_of(int socket, const char *name) {
    struct ifreq request = {0};
    if (snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name) >= (int)sizeof request.ifr_name) return refuse(ENODEV);
    return ioctl(socket, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

/* --- namespaces --- */

int open_links(void) {
    home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    home_socket = open_route_socket();
    return home < 0 || home_socket < 0 ? -1 : 0;
}

int enter_namespace(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int entered = setns(fd, CLONE_NEWNET);
    close(fd);
    return entered;
}

void leave_namespace(void) {
    if (setns(home, CLONE_NEWNET) < 0) abort();
}

static int open_named(const char *name) {
    char path[256];
    snprintf(path, sizeof path, NETNS_DIRECTORY "/%s", name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* As iproute2 does it: names are mounts below a shared one, so that they can be taken away again in any namespace. */
static int add_namespace(const char *name) {
    char path[256];
    snprintf(path, sizeof path, NETNS_DIRECTORY "/%s", name);
    if (mkdir(NETNS_DIRECTORY, 0755) < 0 && errno != EEXIST) return -1;
    if (mount("", NETNS_DIRECTORY, "none", MS_SHARED | MS_REC, NULL) < 0 &&
        (errno != EINVAL || mount(NETNS_DIRECTORY, NETNS_DIRECTORY, "none", MS_BIND | MS_REC, NULL) < 0 ||
         mount("", NETNS_DIRECTORY, "none", MS_SHARED | MS_REC, NULL) < 0))
        return -1;
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    close(fd);
    if (unshare(CLONE_NEWNET) == 0) {
        int mounted = mount("/proc/self/ns/net", path, "none", MS_BIND, NULL), failure = errno;
        leave_namespace();
        if (mounted == 0) return 0;
        errno = failure;
    }
    int failure = errno;
    unlink(path);
    return refuse(failure);
}

void forget_namespaces(char *names) {
    for (char *rest, *name = strtok_r(names, ";", &rest); name; name = strtok_r(NULL, ";", &rest)) {
        char path[256];
        snprintf(path, sizeof path, NETNS_DIRECTORY "/%s", name);
        umount2(path, MNT_DETACH);
        unlink(path);
    }
}

/* --- lines --- */

static int add_hardware(const char *text) {
    unsigned part[6];
    uint8_t address[6];
    if (sscanf(text, "%x:%x:%x:%x:%x:%x", part, part + 1, part + 2, part + 3, part + 4, part + 5) != 6) return refuse(EINVAL);
    for (int i = 0; i < 6; i++) address[i] = (uint8_t)part[i];
    add(IFLA_ADDRESS, address, sizeof address);
    return 0;
}

/* What a link is made with, wherever in the line it stands. `space`: a descriptor that stays open until it is sent. */
static int add_link_words(int *space, const char *stop) {
    while (next < count && strcmp(words[next], stop) != 0) {
        if (is("name")) add_text(IFLA_IFNAME, word());
        else if (is("mtu")) add_u32(IFLA_MTU, (uint32_t)atoi(word()));
        else if (is("address")) {
            if (add_hardware(word()) < 0) return -1;
        } else if (is("netns")) {
            if ((*space = open_named(word())) < 0) return -1;
            add_u32(IFLA_NET_NS_FD, (uint32_t)*space);
        } else return refuse(EINVAL);
    }
    return 0;
}

/* The number of a mode; -1 for none of them. */
static int mode_of(const char *name, const char *const *names, const int *values) {
    for (; *names; names++, values++)
        if (strcmp(*names, name) == 0) return *values;
    return refuse(EINVAL);
}

static int add_kind(int *space) {
    const char *kind = word();
    struct nlattr *info = nest(IFLA_LINKINFO);
    add_text(IFLA_INFO_KIND, kind);
    struct nlattr *data = nest(IFLA_INFO_DATA);
    if (strcmp(kind, "veth") == 0 && is("peer")) {
        struct nlattr *peer = add(VETH_INFO_PEER, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg));
        if (add_link_words(space, "") < 0) return -1;
        end(peer);
    } else if (strcmp(kind, "macvlan") == 0 && is("mode")) {
        int mode =
            mode_of(word(), (const char *const[]){"private", "vepa", "bridge", "passthru", NULL}, (const int[]){1, 2, 4, 8});
        if (mode < 0) return -1;
        add_u32(IFLA_MACVLAN_MODE, (uint32_t)mode);
    } else if (strcmp(kind, "ipvlan") == 0 && is("mode")) {
        int mode = mode_of(word(), (const char *const[]){"l2", "l3", "l3s", NULL}, (const int[]){0, 1, 2});
        int flag = next < count
                       ? mode_of(word(), (const char *const[]){"bridge", "private", "vepa", NULL}, (const int[]){0, 1, 2})
                       : 0;
        if (mode < 0 || flag < 0) return -1;
        add_u16(IFLA_IPVLAN_MODE, mode);
        add_u16(IFLA_IPVLAN_FLAGS, flag);
    } else return refuse(EINVAL);
    end(data);
    end(info);
    return 0;
}

/* link add NAME [mtu N] type veth peer …, or: link add link PARENT name NAME … type macvlan|ipvlan mode MODE [FLAG] */
static int add_link(int socket) {
    int space = -1;
    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    if (is("link")) {
        int parent = index_of(socket, word());
        if (parent < 0) return -1;
        add_u32(IFLA_LINK, (uint32_t)parent);
    } else add_text(IFLA_IFNAME, word());
    int made = add_link_words(&space, "type") < 0 || !is("type") || add_kind(&space) < 0 ? -1 : send_message(socket);
    int failure = errno;
    if (space >= 0) close(space);
    errno = failure;
    return made;
}

/* link set NAME type bridge_slave hairpin|isolated on */
static int set_port(int socket) {
    int option = is("hairpin") ? IFLA_BRPORT_MODE : is("isolated") ? IFLA_BRPORT_ISOLATED : 0;
    if (!option || !is("on")) return refuse(EINVAL);
    struct nlattr *info = nest(IFLA_LINKINFO);
    add_text(IFLA_INFO_SLAVE_KIND, "bridge");
    struct nlattr *data = nest(IFLA_INFO_SLAVE_DATA);
    add_u8(option, 1);
    end(data);
    end(info);
    return send_message(socket);
}

/* A message of its own: in one with others, the kernel would bring the link up first, and give it an address by then. */
static int set_address_mode(int socket, int index) {
    struct ifinfomsg *link = begin(RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
    link->index = index;
    struct nlattr *families = nest(IFLA_AF_SPEC), *family = nest(AF_INET6);
    add_u8(IFLA_INET6_ADDR_GEN_MODE, is("none") ? 1 : is("eui64") ? 0 : 255);
    end(family);
    end(families);
    return send_message(socket);
}

/* link set NAME [addrgenmode none|eui64] [master BRIDGE] [up] */
static int set_link(int socket) {
    int index = index_of(socket, word());
    if (index < 0 || (is("addrgenmode") && set_address_mode(socket, index) < 0)) return -1;
    struct ifinfomsg *link = begin(RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
    link->index = index;
    if (is("type")) return is("bridge_slave") ? set_port(socket) : refuse(EINVAL);
    while (next < count) {
        if (is("up")) link->flags = link->change = IFF_UP;
        else if (is("master")) {
            int master = index_of(socket, word());
            if (master < 0) return -1;
            add_u32(IFLA_MASTER, (uint32_t)master);
        } else return refuse(EINVAL);
    }
    return send_message(socket);
}

static int delete_link(int socket) {
    struct ifinfomsg *link = begin(RTM_DELLINK, 0, sizeof(struct ifinfomsg));
    return (link->index = index_of(socket, word())) < 0 ? -1 : send_message(socket);
}

/* The bytes of an address, their number, and its family; 0 for what is none. */
static size_t parse_address(const char *text, uint8_t *bytes, uint8_t *family) {
    *family = strchr(text, ':') ? AF_INET6 : AF_INET;
    return inet_pton(*family, text, bytes) != 1 ? 0 : *family == AF_INET6 ? 16 : 4;
}

/* addr add ADDRESS/PREFIX [broadcast +] [scope link] dev NAME [nodad] */
static int add_address(int socket) {
    uint8_t bytes[16];
    char text[64];
    snprintf(text, sizeof text, "%s", word());
    char *slash = strchr(text, '/');
    struct ifaddrmsg *address = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));
    if (!slash) return refuse(EINVAL);
    *slash = 0;
    size_t size = parse_address(text, bytes, &address->family);
    if (size == 0) return refuse(EINVAL);
    int prefix = atoi(slash + 1), index = 0;
    if (prefix < 0 || prefix > (int)size * 8) return refuse(EINVAL);
    address->prefix = (uint8_t)prefix;
    add(IFA_LOCAL, bytes, size);
    add(IFA_ADDRESS, bytes, size);
    while (next < count) {
        if (is("dev")) index = index_of(socket, word());
        else if (is("nodad")) address->flags = IFA_F_NODAD;
        else if (is("scope") && is("link")) address->scope = RT_SCOPE_LINK;
        else if (is("broadcast") && is("+")) {
            uint32_t last;
            memcpy(&last, bytes, sizeof last);
            last |= htonl(prefix > 0 ? (1u << (32 - prefix)) - 1 : ~0u);
            if (prefix <= 30) add(IFA_BROADCAST, &last, sizeof last);
        } else return refuse(EINVAL);
    }
    address->index = (uint32_t)index;
    return index < 0 ? -1 : send_message(socket);
}

/* route replace 0.0.0.0/0|::/0 [via GATEWAY] dev NAME */
static int replace_route(int socket) {
    uint8_t bytes[16], family;
    struct rtmsg *route = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct rtmsg));
    if (is("0.0.0.0/0")) route->family = AF_INET;
    else if (is("::/0")) route->family = AF_INET6;
    else return refuse(EINVAL);
    route->table = RT_TABLE_MAIN;
    route->protocol = RTPROT_BOOT;
    route->type = RTN_UNICAST;
    if (is("via")) {
        size_t size = parse_address(word(), bytes, &family);
        if (size == 0 || family != route->family) return refuse(EINVAL);
        add(RTA_GATEWAY, bytes, size);
    } else if (route->family == AF_INET) route->scope = RT_SCOPE_LINK;
    int index = is("dev") ? index_of(socket, word()) : refuse(EINVAL);
    if (index < 0) return -1;
    add_u32(RTA_OIF, (uint32_t)index);
    return send_message(socket);
}

static int carry_out_line(int socket) {
    if (is("netns")) return is("add") ? add_namespace(word()) : refuse(EINVAL);
    if (is("link"))
        return is("add") ? add_link(socket) : is("set") ? set_link(socket) : is("del") ? delete_link(socket) : refuse(EINVAL);
    if (is("addr")) return is("add") ? add_address(socket) : refuse(EINVAL);
    if (is("route")) return is("replace") ? replace_route(socket) : refuse(EINVAL);
    return refuse(EINVAL);
}

/* Returns 0 or an errno. */
static int carry_out_lines(int socket, char *lines, char *error, size_t room) {
    for (char *rest, *line = strtok_r(lines, ";", &rest); line; line = strtok_r(NULL, ";", &rest)) {
        char whole[256];
        snprintf(whole, sizeof whole, "%s", line);
        count = next = 0;
        for (char *more, *one = strtok_r(line, " ", &more); one && count < 40; one = strtok_r(NULL, " ", &more))
            words[count++] = one;
        complaint[0] = 0;
        if (carry_out_line(socket) == 0) continue;
        int failure = errno;
        snprintf(error, room, "%s: %s", whole, complaint[0] ? complaint : strerror(failure));
        return failure ? failure : EPROTO;
    }
    return 0;
}

int carry_out(char *outside, const char *name, char *inside, char *error, size_t room) {
    int failure = carry_out_lines(home_socket, outside, error, room);
    if (failure || !*inside) return failure;
    char path[256];
    snprintf(path, sizeof path, NETNS_DIRECTORY "/%s", name);
    int there = enter_namespace(path) < 0 ? -1 : open_route_socket();
    if (there < 0) {
        failure = errno;
        snprintf(error, room, "entering the network namespace %s: %s", name, strerror(failure));
    }
    leave_namespace();
    if (there < 0) return failure;
    failure = carry_out_lines(there, inside, error, room);
    close(there);
    return failure;
}
