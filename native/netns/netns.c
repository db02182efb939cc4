/*
 * barge-netns: works inside of network namespaces for the daemon, which cannot enter one itself: opens sockets, makes
 * links. One process does it all, since starting one for each request would cost more than the request. protocol.h says
 * how the daemon talks to it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"
#include "protocol.h"

/* Node's channel; see protocol.h. */
static int channel;

/* --- writing --- */

/* Sends all of it, with a descriptor if that is not negative. Ends when the daemon has gone. */
static void send_all(int to, const void *bytes, size_t length, int descriptor) {
    struct iovec part = {(void *)bytes, length};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    while (part.iov_len > 0) {
        ssize_t sent = sendmsg(to, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) exit(0);
        part.iov_base = (char *)part.iov_base + sent;
        part.iov_len -= (size_t)sent;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
}

static void reply(uint32_t id, int failure, const char *text) {
    struct {
        uint32_t length, id, failure;
        char text[512];
    } frame = {.id = htonl(id), .failure = htonl((uint32_t)failure)};
    size_t length = strnlen(text, sizeof frame.text);
    memcpy(frame.text, text, length);
    frame.length = htonl((uint32_t)(2 * sizeof(uint32_t) + length));
    send_all(REQUEST_FD, &frame, 3 * sizeof(uint32_t) + length, -1);
}

static void reply_errno(uint32_t id, const char *action) {
    char text[256];
    int failure = errno;
    snprintf(text, sizeof text, "%s: %s", action, strerror(failure));
    reply(id, failure, text);
}

/* In the form in which Node's own children hand sockets to it. */
static void hand_over(uint32_t id, const char *type, const char *kind, int descriptor) {
    char line[256], acknowledgements[1024];
    while (recv(channel, acknowledgements, sizeof acknowledgements, MSG_DONTWAIT) > 0) continue;
    int length =
        snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",%s,\"msg\":{\"id\":%u,\"kind\":\"%s\"}}\n", type, id, kind);
    send_all(channel, line, (size_t)length, descriptor);
    close(descriptor);
}

/* --- operations --- */

/* Binds a socket to the name server's address, whether the loopback interface is up yet or not. */
static int open_socket(int type, int port) {
    int on = 1;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.11", &address.sin_addr);
    if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) == 0 &&
        (type != SOCK_STREAM || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0) &&
        bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static void open_sockets(uint32_t id, const char *path, int udp_port, int tcp_port) {
    if (enter_namespace(path) < 0) {
        reply_errno(id, "entering the network namespace");
        return;
    }
    int udp = open_socket(SOCK_DGRAM, udp_port);
    int tcp = udp < 0 ? -1 : open_socket(SOCK_STREAM, tcp_port);
    if (tcp < 0) {
        reply_errno(id, udp < 0 ? "binding a UDP socket to 127.0.0.11" : "binding a TCP socket to 127.0.0.11");
        leave_namespace();
        if (udp >= 0) close(udp);
        return;
    }
    leave_namespace();
    hand_over(id, "\"type\":\"dgram.Socket\",\"dgramType\":\"udp4\"", "udp", udp);
    hand_over(id, "\"type\":\"net.Server\"", "tcp", tcp);
    reply(id, 0, "");
}

static void carry_out_request(uint32_t id, char *outside, const char *name, char *inside) {
    char error[512] = "";
    int failure = carry_out(outside, name, inside, error, sizeof error);
    reply(id, failure, error);
}

/* --- requests --- */

/* The next field of a request that ends at `end`; an empty one when there is none. */
static char *next_field(char **at, char *end) {
    static char nothing[1];
    char *field = *at, *zero = field < end ? memchr(field, 0, (size_t)(end - field)) : NULL;
    if (!zero) return nothing;
    *at = zero + 1;
    return field;
}

static void handle(uint32_t id, int operation, char *fields, char *end) {
    char *first = next_field(&fields, end), *second = next_field(&fields, end), *third = next_field(&fields, end);
    switch (operation) {
    case OPEN: open_sockets(id, first, atoi(second), atoi(third)); return;
    case FLUSH:
        if (forget_udp_flows(atoi(first)) < 0) reply_errno(id, "forgetting UDP flows");
        else reply(id, 0, "");
        return;
    case LINES: carry_out_request(id, first, second, third); return;
    case REMOVE:
        forget_namespaces(first);
        reply(id, 0, "");
        return;
    default: errno = ENOSYS; reply_errno(id, "reading a request");
    }
}

/* Ends when the daemon does. */
static void read_all(void *to, size_t length) {
    for (size_t got = 0; got < length;) {
        ssize_t n = read(REQUEST_FD, (char *)to + got, length - got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) exit(0);
        got += (size_t)n;
    }
}

int main(void) {
    const char *number = getenv("NODE_CHANNEL_FD");
    if (!number) {
        fputs("barge-netns: only barged starts it\n", stderr);
        return 2;
    }
    channel = atoi(number);
    open_conntrack();
    if (open_links() < 0) {
        perror("barge-netns: opening the network namespace that it is in");
        return 1;
    }
    for (;;) {
        enum { HEAD = 5 }; /* id and operation */
        static uint8_t request[MAX_REQUEST];
        uint32_t length, id;
        read_all(&length, sizeof length);
        length = ntohl(length);
        if (length < HEAD || length > sizeof request) {
            fprintf(stderr, "barge-netns: a request of %u bytes\n", length);
            return 2;
        }
        read_all(request, length);
        memcpy(&id, request, sizeof id);
        handle(ntohl(id), request[HEAD - 1], (char *)request + HEAD, (char *)request + length);
    }
}
