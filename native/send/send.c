/* barge-send SOCKET: sends what comes on standard input to a unix datagram socket.
 *
 * Input is a row of messages, each after its length (BE32). A receiver that is away, as a log daemon is while it
 * restarts, is waited for; meanwhile nothing is read. Ends with the input. Exit code 1: misuse, or input that breaks
 * off within a message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_MESSAGE (1u << 20)
/* Tenths of a second for which a sender that has gone leaves us waiting for a receiver that is away. */
#define PATIENCE 100

static uint8_t message[MAX_MESSAGE];

/* 1: all of it, 0: the input ended before the first byte, -1: it broke off. */
static int read_whole(uint8_t *to, size_t length) {
    for (size_t have = 0; have < length;) {
        ssize_t n = read(0, to + have, length - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n == 0 && have == 0 ? 0 : -1;
        have += (size_t)n;
    }
    return 1;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Whether the other end of standard input has gone: nobody would end this process any more. */
static int is_orphan(void) {
    struct pollfd p = {.fd = 0};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

int main(int argc, char **argv) {
    if (argc != 2 || strlen(argv[1]) >= sizeof((struct sockaddr_un *)0)->sun_path) return 1;
    prctl(PR_SET_NAME, "barge-send");
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    int fd = -1, waited = 0;
    for (;;) {
        uint8_t head[4];
        int got = read_whole(head, sizeof head);
        if (got <= 0) return got == 0 ? 0 : 1;
        uint32_t length = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        if (length > MAX_MESSAGE || read_whole(message, length) != 1) return 1;
        for (;;) {
            if (fd < 0 && (fd = connect_to(argv[1])) < 0) {
                if (is_orphan() && ++waited > PATIENCE) return 1;
                nanosleep(&pause, NULL);
                continue;
            }
            if (send(fd, message, length, MSG_NOSIGNAL) >= 0) break;
            /* Too long for the socket: no waiting makes it shorter. */
            if (errno == EMSGSIZE) break;
            if (errno == EINTR) continue;
            if (errno == ENOBUFS) {
                nanosleep(&pause, NULL);
                continue;
            }
            close(fd);
            fd = -1;
        }
    }
}
