/*
 * The container's standard streams: output goes into the log and to the attached readers, input comes from them. A slow reader
 * pushes back: the next chunk is read only when every reader has taken the last one.
 */
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TTY_DRAIN_MS = 100 };

size_t chunk_length;
int input_fd = -1, output_fd[2] = {-1, -1};
size_t input_length;
static size_t input_offset;
static int input_ending;   /* close the container's standard input once `input` is written */

/* --- input --- */

static void close_input(void) {
    if (input_fd >= 0) close(input_fd);
    input_fd = -1;
    input_length = 0;
}

void end_input(void) {
    if (input_length == 0) close_input();
    else input_ending = 1;
}

/* Reads bytes for the container's standard input, or notices that the reader has disconnected. */
void read_attached(struct connection *c, short events) {
    int wanted = (c->flags & WANT_STDIN) && input_fd >= 0;
    if (wanted && input_length > 0) return;
    uint8_t dropped[1024];
    ssize_t n = wanted ? recv(c->fd, room->input, sizeof room->input, MSG_DONTWAIT)
                       : recv(c->fd, dropped, sizeof dropped, MSG_DONTWAIT);
    if (n > 0 && wanted) {
        input_length = (size_t)n;
        input_offset = 0;
    } else if (n == 0 && !(events & POLLHUP)) {
        c->input_ended = 1;
        if (wanted && options.stdin_once && !options.tty) close_input();
    } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
    }
}

void write_input(void) {
    ssize_t n = write(input_fd, room->input + input_offset, input_length - input_offset);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        close_input();
        return;
    }
    input_offset += (size_t)n;
    if (input_offset == input_length) input_length = 0;
    if (input_length == 0 && input_ending) close_input();
}

/* --- output --- */

static void deliver(struct connection *c) {
    uint8_t want = room->chunk[0] == 2 ? WANT_STDERR : WANT_STDOUT;
    if (!(c->flags & want)) c->sent = chunk_length;
    if (c->sent == 0 && (c->flags & RAW)) c->sent = HEADER;
    if (c->sent >= chunk_length) return;
    ssize_t n = send(c->fd, room->chunk + c->sent, chunk_length - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) c->sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR) drop(c);
}

/* Sends as much of the chunk as readers accept; drops the chunk when every reader has all of it. */
void deliver_all(void) {
    int waiting = 0;
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind != ATTACH) continue;
        deliver(c);
        if (c->kind == ATTACH && c->sent < chunk_length) waiting = 1;
    }
    if (!waiting) chunk_length = 0;
}

static void close_output(int which) {
    int fd = output_fd[which];
    output_fd[which] = -1;
    if (options.tty && input_fd == fd) input_fd = -1;
    close(fd);
}

/* Reads one chunk of a stream. Once the process has ended, an empty pipe counts as a closed one. */
void read_output(int which) {
    ssize_t n = read(output_fd[which], room->chunk + HEADER, CHUNK);
    if (n < 0 && errno == EINTR) return;
    if (n < 0 && errno == EAGAIN) {
        long long waited = now() - exited_at;
        if (exited && (!options.tty || waited > TTY_DRAIN_MS * 1000000LL)) close_output(which);
        return;
    }
    if (n <= 0) {
        close_output(which);
        return;
    }
    memset(room->chunk, 0, HEADER);
    room->chunk[0] = (uint8_t)(which + 1);
    be32(room->chunk + 4, (uint32_t)n);
    chunk_length = HEADER + (size_t)n;
    log_chunk();
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) c->sent = 0;
    deliver_all();
}
